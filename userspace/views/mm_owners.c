// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm_owners.c - out-of-band: processes of a Linux guest, by the page tables in use
 *
 * Which page tables those are is seen by hardware; whose they are is what the guest's
 * kernel has in its memory, but in no list: to take a process out of lists does not
 * take it out of here.  Not binding, as the kernel runs on if that is false.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux_owner.h"
#include "roots.h"
#include "view.h"

/* Page tables that were not seen for so long are not asked about. */
#define LOOK_BACK_MS	2000

/* Nor are more in one look; the others have their turn in the next. */
#define MAX_FOUND	2048

#define CR0_PG		(1ULL << 31)

struct owners {
	const struct view_env *env;
	struct roots roots;
	struct linux_tasks found;
	/* Where in the table the next look begins, and how many it came too late for. */
	uint32_t next;
	uint64_t left_out;
	uint64_t begin;
	uint64_t end;
	uint64_t rounds;
	const char *why;
	bool asked;
};

static int owners_start(void *state, const struct view_env *env)
{
	struct owners *owners = state;

	owners->env = env;
	owners->why = "not sampled yet";
	return 0;
}

static int see(struct owners *owners, uint64_t cr3, uint64_t tsc)
{
	struct root *entry = roots_get(&owners->roots, cr3 & ROOTS_MASK, tsc);

	if (!entry)
		return -ENOMEM;
	if (tsc > entry->last_tsc)
		entry->last_tsc = tsc;
	return 0;
}

static int owners_event(void *state, const struct vmitap_record *rec)
{
	const struct vmitap_cr3_write *cr3 = (const void *)rec;
	const struct vmitap_exit *exit = (const void *)rec;
	struct owners *owners = state;

	if (rec->flags & VMITAP_RECORD_NESTED)
		return 0;
	if (rec->type == VMITAP_RECORD_EXIT && exit->mode != VMITAP_MODE_REAL)
		return see(owners, exit->cr3, rec->tsc);
	if (rec->type == VMITAP_RECORD_CR3)
		return see(owners, cr3->new_cr3, rec->tsc);
	return 0;
}

/* What vCPUs have loaded now: they may have had it for long, with no exit. */
static int see_registers(struct owners *owners, uint64_t now)
{
	const struct guest *guest = owners->env->guest;
	struct guest_regs regs;
	int i, nr = guest ? guest_nr_vcpus(guest) : 0;

	for (i = 0; i < nr; i++)
		if (!guest_regs(guest, i, &regs) && !regs.nested && regs.cr0 & CR0_PG &&
		    see(owners, regs.cr3, now))
			return -ENOMEM;
	return 0;
}

/* Room for one more.  Return: it, or NULL without memory. */
static struct linux_task *make_room(struct linux_tasks *tasks)
{
	if (!tasks->list) {
		tasks->list = calloc(MAX_FOUND, sizeof(*tasks->list));
		tasks->room = MAX_FOUND;
	}
	return tasks->list ? &tasks->list[tasks->nr] : NULL;
}

static int ask(struct owners *owners, const struct root *root)
{
	struct linux_task *task = make_room(&owners->found);
	int err;

	if (!task)
		return -ENOMEM;
	err = linux_owner(owners->env->lg, root->root, task);
	if (err == -ENOMEM)
		return err;
	owners->found.nr += !err;
	return 0;
}

/* A guest can have more page tables than are asked about: none is always the last. */
static int ask_all(struct owners *owners, uint64_t now)
{
	uint64_t back = (uint64_t)owners->env->tsc_khz * LOOK_BACK_MS;
	uint32_t i, at, nr = owners->roots.nr, first = owners->next;
	const struct root *root;
	bool left_out = false;

	paging_flush(&owners->env->lg->kernel.paging);
	for (i = 0; i < nr; i++) {
		at = (first + i) % nr;
		root = &owners->roots.list[at];
		if (root->last_tsc + back < now)
			continue;
		if (owners->found.nr < MAX_FOUND) {
			if (ask(owners, root))
				return -ENOMEM;
			continue;
		}
		if (!left_out)
			owners->next = at;
		left_out = true;
		owners->left_out++;
	}
	if (left_out)
		owners->why = "too many page tables: they have turns";
	return 0;
}

static int owners_sample(void *state, uint64_t now)
{
	struct owners *owners = state;
	const struct view_env *env = owners->env;
	int err;

	owners->found.nr = 0;
	owners->asked = false;
	owners->why = "the guest is not understood as Linux";
	err = see_registers(owners, now);
	if (err || !env->lg || !linux_owner_known(env->lg, &owners->why))
		return err;
	owners->why = NULL;
	owners->begin = env->clock && !env->paused ? env->clock() : now;
	err = ask_all(owners, now);
	owners->end = env->clock && !env->paused ? env->clock() : now;
	owners->asked = true;
	owners->rounds++;
	return err;
}

static int owners_facts(void *state, struct facts *facts,
			struct view_report *report)
{
	struct owners *owners = state;
	struct fact *fact;
	size_t i;

	report->asked = owners->asked;
	report->rounds = owners->rounds;
	report->begin = owners->begin;
	report->end = owners->end;
	report->refused = owners->roots.evicted + owners->left_out;
	if (owners->why)
		snprintf(report->why, sizeof(report->why), "%s", owners->why);
	for (i = 0; i < owners->found.nr; i++) {
		fact = linux_fact(facts, &owners->found.list[i]);
		if (!fact)
			return -ENOMEM;
		fact->tsc = owners->end;
		fact->first_tsc = owners->begin;
		fact->last_tsc = owners->end;
	}
	return 0;
}

static void owners_stop(void *state)
{
	struct owners *owners = state;

	linux_tasks_free(&owners->found);
	roots_free(&owners->roots);
}

const struct view view_mm_owners = {
	.name = "mm-owners",
	.title = "OWNERS",
	.pattern = VIEW_OUT_OF_BAND,
	.knowledge = "hardware: CR3; Linux: struct page of page tables, mm_struct,"
		     " its owner",
	.classes = VMITAP_CLASSES_EXIT | VMITAP_CLASS_MASK(VMITAP_CLASS_CR3),
	.sample_ms = 200,
	.state_bytes = sizeof(struct owners),
	.start = owners_start,
	.event = owners_event,
	.sample = owners_sample,
	.facts = owners_facts,
	.stop = owners_stop,
};
