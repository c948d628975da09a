// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_roots.c - which process of a Linux guest has which page tables
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "linux_owner.h"
#include "linux_roots.h"

/* A listing of some hundred tasks takes a few milliseconds. */
#define INTERVAL_S	0.1
#define MAX_AGE_S	2.0

/* Of a large guest, or on a slow host, it takes more, but a fifth of the time at most. */
#define INTERVAL_LISTINGS 5

void linux_roots_init(struct linux_roots *roots, struct linux_guest *lg)
{
	memset(roots, 0, sizeof(*roots));
	roots->lg = lg;
	roots->interval = INTERVAL_S;
	roots->max_age = MAX_AGE_S;
	roots->listed_at = -INTERVAL_S;
}

void linux_roots_free(struct linux_roots *roots)
{
	free(roots->list);
	roots->list = NULL;
	roots->nr = 0;
}

static int compare_root(const void *a, const void *b)
{
	const struct linux_process *pa = a, *pb = b;

	if (pa->root != pb->root)
		return pa->root < pb->root ? -1 : 1;
	/* Of processes that share memory, such as after vfork(), the older one. */
	return pa->pid < pb->pid ? -1 : pa->pid > pb->pid;
}

int linux_roots_set(struct linux_roots *roots, const struct linux_task *tasks,
		    size_t nr)
{
	struct linux_process *list = calloc(nr ? nr : 1, sizeof(*list));
	size_t i, kept = 0;

	if (!list)
		return -ENOMEM;
	roots->odd = false;
	for (i = 0; i < nr; i++) {
		if (!tasks[i].pgd)
			continue;
		list[kept].root = LINUX_ROOT(tasks[i].pgd);
		list[kept].pid = tasks[i].tgid;
		memcpy(list[kept].comm, tasks[i].comm,
		       sizeof(list[kept].comm));
		roots->odd |= !!(list[kept].root & LINUX_ROOT_USER);
		kept++;
	}
	qsort(list, kept, sizeof(*list), compare_root);
	free(roots->list);
	roots->list = list;
	roots->nr = kept;
	roots->asked = 0;
	return 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void keep_pace(struct linux_roots *roots, double took)
{
	double pace = took * INTERVAL_LISTINGS;

	roots->interval = pace > INTERVAL_S ? pace : INTERVAL_S;
	roots->max_age = pace > MAX_AGE_S ? pace : MAX_AGE_S;
}

static void list_again(struct linux_roots *roots, double now)
{
	double start = seconds();
	struct linux_tasks tasks;
	int err;

	roots->listed_at = now;
	roots->listings++;
	paging_flush(&roots->lg->kernel.paging);
	err = linux_tasks_list(roots->lg, 0, &tasks);
	keep_pace(roots, seconds() - start);
	if (err)
		return;
	/* With no memory for the new list the old one is still there. */
	linux_roots_set(roots, tasks.list, tasks.nr);
	linux_tasks_free(&tasks);
}

static struct linux_process *find_root(const struct linux_roots *roots,
				       uint64_t root)
{
	size_t low = 0, high = roots->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (roots->list[mid].root < root)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < roots->nr && roots->list[low].root == root)
		return &roots->list[low];
	return NULL;
}

static struct linux_process *find_cr3(const struct linux_roots *roots,
				      uint64_t cr3)
{
	struct linux_process *process = find_root(roots, LINUX_ROOT(cr3));

	if (!process && cr3 & LINUX_ROOT_USER && !roots->odd)
		process = find_root(roots, LINUX_ROOT(cr3) & ~LINUX_ROOT_USER);
	return process;
}

/* Put one in its place.  Return: NULL without memory. */
static struct linux_process *insert(struct linux_roots *roots, uint64_t root,
				    const struct linux_task *task)
{
	struct linux_process *more, *at;
	size_t i = roots->nr;

	more = realloc(roots->list, (roots->nr + 1) * sizeof(*more));
	if (!more)
		return NULL;
	roots->list = more;
	while (i && more[i - 1].root > root)
		i--;
	at = &more[i];
	memmove(at + 1, at, (roots->nr++ - i) * sizeof(*at));
	at->root = root;
	at->pid = task->tgid;
	memcpy(at->comm, task->comm, sizeof(at->comm));
	roots->asked++;
	return at;
}

/* Of page tables that no list had yet, the kernel knows whose they are. */
static struct linux_process *ask_owner(struct linux_roots *roots, uint64_t cr3)
{
	struct linux_process *process;
	struct linux_task task;
	const char *why;
	uint64_t root;

	if (roots->asked == LINUX_ROOTS_ASKED ||
	    !linux_owner_known(roots->lg, &why) ||
	    linux_owner(roots->lg, LINUX_ROOT(cr3), &task))
		return NULL;
	root = LINUX_ROOT(task.pgd);
	/* The task may have got others since it was found by these. */
	if ((root ^ LINUX_ROOT(cr3)) & ~LINUX_ROOT_USER)
		return NULL;
	/* It is known by the other half if that one was not looked for. */
	process = find_root(roots, root);
	return process ? process : insert(roots, root, &task);
}

const struct linux_process *linux_roots_find(struct linux_roots *roots,
					     uint64_t cr3, double now)
{
	const struct linux_process *process = find_cr3(roots, cr3);
	double age = now - roots->listed_at;

	if (!roots->lg || (process && age < roots->max_age))
		return process;
	if (!process) {
		process = ask_owner(roots, cr3);
		if (process)
			return process;
	}
	if (age < roots->interval)
		return process;
	list_again(roots, now);
	return find_cr3(roots, cr3);
}

void linux_roots_forget(struct linux_roots *roots, uint64_t cr3)
{
	struct linux_process *process = find_cr3(roots, cr3);

	if (!process)
		return;
	roots->nr--;
	memmove(process, process + 1,
		(roots->list + roots->nr - process) * sizeof(*process));
}
