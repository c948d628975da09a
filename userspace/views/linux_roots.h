/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux_roots.h - which process of a Linux guest has which page tables
 *
 * CR3 is what the hardware uses; the name that goes with it is what the guest's
 * kernel has in its list of tasks, and is no truer than that.
 */
#ifndef VMITAP_VIEWS_LINUX_ROOTS_H
#define VMITAP_VIEWS_LINUX_ROOTS_H

#include "linux_tasks.h"

/*
 * Without the process-context identifier, the bit that keeps its entries, and those that
 * have addresses masked (LAM).
 */
#define LINUX_ROOT(cr3)	((cr3) & 0x000ffffffffff000ULL)

/* With page-table isolation, the page tables of user mode are behind the kernel's. */
#define LINUX_ROOT_USER	0x1000ULL

/* Processes that are added by asking for their owner, until the list is made anew. */
#define LINUX_ROOTS_ASKED 4096

/**
 * struct linux_process - a process with page tables of its own
 * @root: their guest-physical address
 * @pid: PID of the process, in the first PID namespace
 * @comm: name, terminated
 */
struct linux_process {
	uint64_t root;
	uint32_t pid;
	char comm[17];
};

/**
 * struct linux_roots - processes by page tables
 * @lg: guest whose tasks are listed; NULL if there is nobody to ask
 * @list: processes in the order of @root
 * @nr: how many
 * @interval: least time between two listings, seconds; grows with the time that one takes
 * @max_age: a listing is made anew when it is older, seconds; likewise
 * @listed_at: time of the last listing
 * @listings: how many were made
 * @asked: how many of them are not from a listing, but from asking the kernel since
 * @odd: some process has page tables at an odd page, so there is no isolation
 */
struct linux_roots {
	struct linux_guest *lg;
	struct linux_process *list;
	size_t nr;
	double interval;
	double max_age;
	double listed_at;
	uint64_t listings;
	unsigned int asked;
	bool odd;
};

void linux_roots_init(struct linux_roots *roots, struct linux_guest *lg);
void linux_roots_free(struct linux_roots *roots);

/* Take over what a list of tasks says.  Return: 0 or -ENOMEM. */
int linux_roots_set(struct linux_roots *roots, const struct linux_task *tasks,
		    size_t nr);

/**
 * linux_roots_find() - the process with these page tables
 * @roots: processes
 * @cr3: CR3
 * @now: time of any clock, seconds
 *
 * Asks the guest's kernel whose a root is that is not known, and adds LINUX_ROOTS_ASKED
 * of these at most between two listings.  Lists the guest's tasks
 * again if it does not know, or if the list is old, but not more often than @interval.
 *
 * Return: the process, valid until the next call, or NULL.
 */
const struct linux_process *linux_roots_find(struct linux_roots *roots,
					     uint64_t cr3, double now);

/* Forget a process that is about to end: others may get its page tables. */
void linux_roots_forget(struct linux_roots *roots, uint64_t cr3);

#endif /* VMITAP_VIEWS_LINUX_ROOTS_H */
