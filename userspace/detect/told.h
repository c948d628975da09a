/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * told.h - hidden processes that were told already
 *
 * A suspicion may come to nothing and begin anew, and page tables get a PID later on;
 * to whom it was told it is still the same process.
 */
#ifndef VMITAP_DETECT_TOLD_H
#define VMITAP_DETECT_TOLD_H

#include "aggregate.h"

/* More are not kept; the guest decides how many there are.  The oldest goes first. */
#define TOLD_MAX	1024

/**
 * struct told - one of them
 * @pid: 0 if only page tables are known
 * @start: in units of FACT_START_UNIT
 * @root: page tables, 0 if they are not its any more
 * @missing: views that it was said to be missing in
 */
struct told {
	uint32_t pid;
	uint64_t start;
	uint64_t root;
	uint32_t missing;
};

/* All zero is an empty one. */
struct told_list {
	struct told *list;
	size_t nr;
	size_t next;
};

/* Whether it was told of @entity that it is missing in all of @missing. */
bool told_is(const struct told_list *told, const struct entity *entity,
	     uint32_t missing);

/* It is told now.  Return: 0 or -ENOMEM. */
int told_add(struct told_list *told, const struct entity *entity,
	     uint32_t missing);

/*
 * Learn from what is not hidden: a process that all views have again that missed it,
 * and page tables that another process has, or nobody any more.  What happens to them
 * later is new.
 */
void told_learn(struct told_list *told, const struct aggregate *agg);

void told_free(struct told_list *told);

#endif /* VMITAP_DETECT_TOLD_H */
