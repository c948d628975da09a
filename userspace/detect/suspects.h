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
 * @pid: of the process, 0 if only its page tables are known
 * @start: in units of FACT_START_UNIT
 * @root: page tables
 * @missing: views that had it in none of the rounds
 * @first_tsc: when it was first so
 * @seen_tsc: last run in which it was so
 * @list_end: end of the latest list without it
 * @rounds: of each view, at the last time that counted
 * @runs: times that counted
 * @paused_runs: of these, with the VM paused
 * @told: there was a verdict
 */
struct suspect {
	uint32_t pid;
	uint64_t start;
	uint64_t root;
	uint32_t missing;
	uint64_t first_tsc;
	uint64_t seen_tsc;
	uint64_t list_end;
	uint64_t rounds[VIEW_MAX];
	unsigned int runs;
	unsigned int paused_runs;
	bool told;
};

/* All zero is an empty one. */
struct suspects {
	struct suspect *list;
	size_t nr;
	uint64_t untold;
};

/*
 * The entry of a process, made if it is new; NULL if there are too many.  Sets *@err
 * to -ENOMEM without memory.
 */
struct suspect *suspects_get(struct suspects *suspects,
			     const struct entity *entity, uint64_t now,
			     int *err);

/* Forget those for whom nothing speaks since @before. */
void suspects_expire(struct suspects *suspects, uint64_t before);

/* Forget one that has turned out well, if it is there. */
void suspects_clear(struct suspects *suspects, const struct entity *entity);

void suspects_free(struct suspects *suspects);

#endif /* VMITAP_DETECT_SUSPECTS_H */
