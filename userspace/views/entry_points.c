// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry_points.c - derivation: where vCPUs enter their kernel
 *
 * A kernel sets these as each vCPU comes up, some of them several times.  A change of
 * what has stayed the same for a while means that something else takes system calls or
 * interrupts first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view.h"

#define MAX_VCPUS	4096

/* What has not changed for so long is what the kernel goes on with. */
#define SETTLED_MS	5000

struct entries {
	const struct view_env *env;
	struct fact_entry_points *list;
	uint64_t *since;
	uint64_t rounds;
	int nr;
};

static int entries_start(void *state, const struct view_env *env)
{
	struct entries *entries = state;

	entries->env = env;
	return 0;
}

static int make_room(struct entries *entries, int nr)
{
	struct fact_entry_points *more;
	uint64_t *since;

	if (nr <= entries->nr)
		return 0;
	since = realloc(entries->since, nr * sizeof(*since));
	if (!since)
		return -ENOMEM;
	entries->since = since;
	more = realloc(entries->list, nr * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + entries->nr, 0, (nr - entries->nr) * sizeof(*more));
	memset(since + entries->nr, 0, (nr - entries->nr) * sizeof(*since));
	entries->list = more;
	entries->nr = nr;
	return 0;
}

/* Without LSTAR, before or after, a vCPU starts or was reset. */
static void look(struct fact_entry_points *entry, uint64_t *since,
		 const struct guest_regs *regs, uint64_t settled, uint64_t now)
{
	if (entry->lstar != regs->lstar || entry->cstar != regs->cstar ||
	    entry->sysenter != regs->sysenter_eip ||
	    entry->idtr != regs->idtr_base) {
		if (entry->lstar && regs->lstar && now - *since >= settled) {
			entry->changes++;
			entry->changed_tsc = now;
		}
		*since = now;
	}
	entry->lstar = regs->lstar;
	entry->cstar = regs->cstar;
	entry->sysenter = regs->sysenter_eip;
	entry->idtr = regs->idtr_base;
}

static int entries_sample(void *state, uint64_t now)
{
	struct entries *entries = state;
	const struct guest *guest = entries->env->guest;
	uint64_t settled = (uint64_t)entries->env->tsc_khz * SETTLED_MS;
	struct guest_regs regs;
	int i, nr;

	nr = guest ? guest_nr_vcpus(guest) : 0;
	if (nr > MAX_VCPUS)
		nr = MAX_VCPUS;
	if (nr > 0 && make_room(entries, nr))
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		entries->list[i].vcpu = i;
		if (!guest_regs(guest, i, &regs))
			look(&entries->list[i], &entries->since[i], &regs,
			     settled, now);
	}
	entries->rounds += nr > 0;
	return 0;
}

static int entries_facts(void *state, struct facts *facts,
			 struct view_report *report)
{
	struct entries *entries = state;
	struct fact *fact;
	int i;

	report->asked = entries->nr;
	report->whole = entries->nr;
	report->rounds = entries->rounds;
	if (!report->asked)
		strcpy(report->why, "registers were not read");
	for (i = 0; i < entries->nr; i++) {
		fact = facts_add(facts, FACT_ENTRY_POINTS);
		if (!fact)
			return -ENOMEM;
		fact->entry = entries->list[i];
		fact->last_tsc = fact->tsc;
	}
	return 0;
}

static void entries_stop(void *state)
{
	struct entries *entries = state;

	free(entries->list);
	free(entries->since);
}

const struct view view_entry_points = {
	.name = "entry-points",
	.pattern = VIEW_DERIVATION,
	.binding = true,
	.knowledge = "hardware: LSTAR, CSTAR, SYSENTER_EIP, IDTR",
	.sample_ms = 200,
	.state_bytes = sizeof(struct entries),
	.start = entries_start,
	.sample = entries_sample,
	.facts = entries_facts,
	.stop = entries_stop,
};
