// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry_points.c - vCPUs that enter their kernel elsewhere than before
 *
 * A kernel that loads another (kexec) changes them as well, and all at once; so does a
 * hypervisor's guest that boots anew.  What changes them for one vCPU, or while the
 * kernel stays, wants to see system calls or interrupts first.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "by_vcpu.h"
#include "detect.h"

struct changes {
	uint32_t told[BY_VCPU_MAX];
};

static int tell(const struct aggregate *agg, const struct fact *fact,
		struct verdicts *verdicts)
{
	const struct fact_entry_points *entry = &fact->entry;
	struct verdict *verdict = verdicts_add(verdicts);

	if (!verdict)
		return -ENOMEM;
	verdict->detector = detector_entry_points.name;
	verdict->class = VERDICT_UNKNOWN;
	verdict->tsc = agg->now;
	verdict->since_tsc = entry->changed_tsc;
	verdict->seen = 1u << fact->source;
	snprintf(verdict->what, sizeof(verdict->what),
		 "vCPU %u enters its kernel elsewhere than before",
		 entry->vcpu);
	verdict_say(verdict, "now LSTAR 0x%" PRIx64 ", CSTAR 0x%" PRIx64
		    ", SYSENTER 0x%" PRIx64 ", IDTR 0x%" PRIx64
		    "; %u changes\n", entry->lstar, entry->cstar,
		    entry->sysenter, entry->idtr, entry->changes);
	return 0;
}

static int changes_run(void *state, const struct aggregate *agg,
		       struct verdicts *verdicts, bool *confirm)
{
	struct changes *changes = state;
	const struct fact *fact;
	size_t i;

	(void)confirm;
	for (i = 0; i < agg->facts.nr; i++) {
		fact = &agg->facts.list[i];
		if (fact->type != FACT_ENTRY_POINTS ||
		    fact->entry.vcpu >= BY_VCPU_MAX ||
		    fact->entry.changes == changes->told[fact->entry.vcpu])
			continue;
		changes->told[fact->entry.vcpu] = fact->entry.changes;
		if (fact->entry.changes && tell(agg, fact, verdicts))
			return -ENOMEM;
	}
	return 0;
}

const struct detector detector_entry_points = {
	.name = "entry-points",
	.state_bytes = sizeof(struct changes),
	.run = changes_run,
};
