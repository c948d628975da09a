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

#include "by_vcpu.h"
#include "view.h"

/* What has not changed for so long is what the kernel goes on with. */
#define SETTLED_MS	5000

/*
 * On AMD a hypervisor in the guest has the MSRs of its own guest (VMLOAD) for a moment
 * before it runs that, and after.  So on a vCPU that does this, what is different has to
 * be there in so many looks one after the other.
 */
#define NESTED_LOOKS	8

/**
 * struct entry - a vCPU, by its id
 * @is: what it has, and had
 * @since: TSC of the last change
 * @nested: it was seen to run a nested guest
 * @there: the guest had it at the last look
 * @different: looks one after the other with something else than @is
 */
struct entry {
	struct fact_entry_points is;
	uint64_t since;
	bool nested;
	bool there;
	unsigned int different;
};

struct entries {
	const struct view_env *env;
	struct entry *list;
	uint64_t rounds;
	uint32_t nr;
};

static int entries_start(void *state, const struct view_env *env)
{
	struct entries *entries = state;

	entries->env = env;
	return 0;
}

/* The entry of a vCPU.  Return: NULL without memory. */
static struct entry *get_entry(struct entries *entries, uint32_t id)
{
	struct entry *list;

	list = by_vcpu_grow(entries->list, &entries->nr, id, sizeof(*list));
	if (!list)
		return NULL;
	entries->list = list;
	return &list[id];
}

static bool is_same(const struct fact_entry_points *is,
		    const struct guest_regs *regs)
{
	return is->lstar == regs->lstar && is->cstar == regs->cstar &&
	       is->sysenter == regs->sysenter_eip &&
	       is->idtr == regs->idtr_base;
}

/* Without LSTAR, before or after, a vCPU starts or was reset. */
static void look(struct entry *entry, const struct guest_regs *regs,
		 uint64_t settled, uint64_t now)
{
	struct fact_entry_points *is = &entry->is;

	if (regs->nested) {
		entry->nested = true;
		return;
	}
	if (is_same(is, regs)) {
		entry->different = 0;
		return;
	}
	if (entry->nested && is->lstar && regs->lstar &&
	    ++entry->different < NESTED_LOOKS)
		return;
	entry->different = 0;
	if (is->lstar && regs->lstar && now - entry->since >= settled) {
		is->changes++;
		is->changed_tsc = now;
	}
	entry->since = now;
	is->lstar = regs->lstar;
	is->cstar = regs->cstar;
	is->sysenter = regs->sysenter_eip;
	is->idtr = regs->idtr_base;
}

static int entries_sample(void *state, uint64_t now)
{
	struct entries *entries = state;
	const struct guest *guest = entries->env->guest;
	uint64_t settled = (uint64_t)entries->env->tsc_khz * SETTLED_MS;
	struct guest_regs regs;
	struct entry *entry;
	uint32_t id;
	int i, nr;

	nr = guest ? guest_nr_vcpus(guest) : 0;
	for (id = 0; id < entries->nr; id++)
		entries->list[id].there = false;
	for (i = 0; i < nr; i++) {
		id = guest_vcpu_id(guest, i);
		if (id >= BY_VCPU_MAX)
			continue;
		entry = get_entry(entries, id);
		if (!entry)
			return -ENOMEM;
		entry->is.vcpu = id;
		entry->there = true;
		if (!guest_regs(guest, i, &regs))
			look(entry, &regs, settled, now);
	}
	entries->rounds += nr > 0;
	return 0;
}

static int entries_facts(void *state, struct facts *facts,
			 struct view_report *report)
{
	struct entries *entries = state;
	struct fact *fact;
	uint32_t i;

	report->asked = entries->nr;
	report->whole = entries->nr;
	report->rounds = entries->rounds;
	if (!report->asked)
		strcpy(report->why, "registers were not read");
	for (i = 0; i < entries->nr; i++) {
		if (!entries->list[i].there)
			continue;
		fact = facts_add(facts, FACT_ENTRY_POINTS);
		if (!fact)
			return -ENOMEM;
		fact->entry = entries->list[i].is;
		fact->last_tsc = fact->tsc;
	}
	return 0;
}

static void entries_stop(void *state)
{
	struct entries *entries = state;

	free(entries->list);
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
