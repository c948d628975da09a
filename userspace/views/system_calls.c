// SPDX-License-Identifier: GPL-2.0-only
/*
 * system_calls.c - derivation: system calls of each address space
 *
 * SYSCALL makes them all on a 64-bit system, whatever the system is.  Those by
 * interrupt or SYSENTER are not seen.
 */
#include <errno.h>
#include <string.h>

#include "roots.h"
#include "view.h"

struct calls {
	struct roots roots;
	uint64_t seen;
};

static int calls_event(void *state, const struct vmitap_record *rec)
{
	const struct vmitap_cr3_write *cr3 = (const void *)rec;
	const struct vmitap_syscall *call = (const void *)rec;
	struct calls *calls = state;
	struct root *entry;

	if (rec->flags & VMITAP_RECORD_NESTED)
		return 0;
	if (rec->type == VMITAP_RECORD_CR3 && cr3->old_cr3 != cr3->new_cr3)
		roots_switch(&calls->roots, cr3->old_cr3 & ROOTS_MASK,
			     cr3->new_cr3 & ROOTS_MASK);
	if (rec->type != VMITAP_RECORD_SYSCALL)
		return 0;
	entry = roots_get(&calls->roots, call->cr3 & ROOTS_MASK, rec->tsc);
	if (!entry)
		return -ENOMEM;
	calls->seen++;
	entry->calls++;
	entry->vcpu = rec->vcpu;
	entry->last_tsc = rec->tsc;
	entry->user_tsc = rec->tsc;
	return 0;
}

static int calls_facts(void *state, struct facts *facts,
		       struct view_report *report)
{
	struct calls *calls = state;
	struct root root;
	struct fact *fact;
	uint32_t at = 0;

	report->asked = calls->seen;
	report->rounds = calls->seen;
	report->refused = calls->roots.evicted;
	if (!report->asked)
		strcpy(report->why, "no system call was seen");
	while (roots_whole(&calls->roots, &at, &root)) {
		fact = facts_add(facts, FACT_PROCESS);
		if (!fact)
			return -ENOMEM;
		fact->first_tsc = root.first_tsc;
		fact->last_tsc = root.last_tsc;
		fact->process = (struct fact_process){
			.known = FACT_ROOT | FACT_ACTIVE | FACT_CALLS,
			.root = root.root, .user_tsc = root.user_tsc,
			.calls = root.calls, .vcpu = root.vcpu,
			.split = roots_split(&calls->roots),
		};
	}
	return 0;
}

static void calls_stop(void *state)
{
	struct calls *calls = state;

	roots_free(&calls->roots);
}

const struct view view_system_calls = {
	.name = "system-calls",
	.title = "CALLS",
	.pattern = VIEW_DERIVATION,
	.binding = true,
	.knowledge = "hardware: SYSCALL, CR3",
	.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_SYSCALL) |
		   VMITAP_CLASS_MASK(VMITAP_CLASS_CR3),
	.state_bytes = sizeof(struct calls),
	.event = calls_event,
	.facts = calls_facts,
	.stop = calls_stop,
};
