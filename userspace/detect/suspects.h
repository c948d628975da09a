/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * suspects.h - processes that views disagree about, and for how long already
 */
#ifndef VMITAP_DETECT_SUSPECTS_H
#define VMITAP_DETECT_SUSPECTS_H

#include "aggregate.h"

/* More at a time are not followed: the guest decides how many there are. */
#define SUSPECTS_MAX	4096

/**
 * struct suspect - one of them
 * @at: its place in the list
 * @pid: of the process, 0 if only its page tables are known
 * @start: in units of FACT_START_UNIT
 * @root: page tables
 * @missing: views that had it in none of the rounds
 * @paused_missing: views that had it in no pause, and not since
 * @first_tsc: when it was first so
 * @seen_tsc: last run in which it was so
 * @list_end: end of the latest list without it
 * @pause_end: the same of the VM paused
 * @absent_tsc: a moment at which the VM was paused and lists did not have it; 0 if none
 * @rounds: of each view, at the last time that counted
 * @paused_rounds: the same of the VM paused
 * @runs: times that counted
 * @paused_runs: of these, with the VM paused
 * @cleared: times that a suspicion of these page tables came to nothing
 * @gap: views that it is missing in said nothing at times, so they may have had it
 */
struct suspect {
	size_t at;
	uint32_t pid;
	uint64_t start;
	uint64_t root;
	uint32_t missing;
	uint32_t paused_missing;
	uint64_t first_tsc;
	uint64_t seen_tsc;
	uint64_t list_end;
	uint64_t pause_end;
	uint64_t absent_tsc;
	uint64_t rounds[VIEW_MAX];
	uint64_t paused_rounds[VIEW_MAX];
	unsigned int runs;
	unsigned int paused_runs;
	unsigned int cleared;
	bool gap;
};

/*
 * struct suspects - all of them, in no order, and how to find one (tsearch(3)).  All zero
 * is an empty one.
 */
struct suspects {
	struct suspect **list;
	size_t nr;
	void *tree;
};

/*
 * The entry of a process, made if it is new: if there are too many, the half for which
 * less speaks is forgotten.  It is valid until the next call.  NULL without memory.
 */
struct suspect *suspects_get(struct suspects *suspects,
			     const struct entity *entity, uint64_t now);

/* Begin anew with a suspicion of an entity that @missing, a set of views, do not have. */
void suspects_restart(struct suspect *suspect, const struct entity *entity,
		      uint32_t missing, uint64_t now);

/* Forget those for whom nothing speaks since @before. */
void suspects_expire(struct suspects *suspects, uint64_t before);

/*
 * Forget one that has turned out well, if it is there: a view that it was missing in
 * has it, or all of those could say so and do not miss it.  @silent are the views that
 * say nothing now, which speaks for nobody.  Of page tables it is kept that there was a
 * suspicion.
 */
void suspects_clear(struct suspects *suspects, const struct entity *entity,
		    uint32_t silent, uint64_t now);

void suspects_free(struct suspects *suspects);

#endif /* VMITAP_DETECT_SUSPECTS_H */
