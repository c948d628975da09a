/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux_tasks.h - processes of a Linux guest, from two sources
 *
 * Both are lists that the guest's kernel keeps; an attacker in it may take a task
 * out of either.  A task that is in one only is worth a look.
 */
#ifndef VMITAP_VIEWS_LINUX_TASKS_H
#define VMITAP_VIEWS_LINUX_TASKS_H

#include "fact.h"
#include "linux.h"

/* More are not listed. */
#define LINUX_MAX_TASKS		(1u << 20)

/* After so many that lead to memory that is not there, a list is at its end. */
#define LINUX_MAX_UNREAD	256

/* List threads too, not only the first of each process. */
#define LINUX_TASKS_THREADS	(1u << 0)

/**
 * struct linux_task - a task
 * @address: of its task_struct
 * @start_ns: when it was started, since the guest booted
 * @leader: task_struct of the first thread of its process
 * @mm: its mm_struct; 0 for a thread of the kernel, or after it has exited
 * @pgd: guest-physical address of its page tables; 0 for a thread of the kernel, or
 *	a process that has exited
 * @pid: of the thread
 * @tgid: of the process
 * @ppid: of the parent's process
 * @uid: real user
 * @euid: effective user
 * @flags: PF_* of the kernel
 * @state: TASK_* of the kernel
 * @kthread: a thread of the kernel
 * @partial: something of it could not be read and is 0
 * @comm: name, terminated
 */
struct linux_task {
	uint64_t address;
	uint64_t leader;
	uint64_t start_ns;
	uint64_t mm;
	uint64_t pgd;
	uint32_t pid;
	uint32_t tgid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t euid;
	uint32_t flags;
	uint32_t state;
	bool kthread;
	bool partial;
	char comm[17];
};

/* What became of a walk; the worst of it counts, which comes last here. */
enum linux_walk {
	/* Came to its end, and everything agreed. */
	LINUX_WALK_WHOLE,
	/* Changed while it was read: tasks may be missing, or be there twice. */
	LINUX_WALK_CHANGED,
	/* Led to something that cannot be: what comes after it is missing. */
	LINUX_WALK_BROKEN,
	/* Goes in circles, and not through its head. */
	LINUX_WALK_LOOP,
	/* More than LINUX_MAX_TASKS. */
	LINUX_WALK_TOO_LONG,
};

/**
 * struct linux_tasks - tasks listed
 * @list: the tasks; linux_tasks_free() it
 * @nr: how many
 * @unread: how many, and parts of the source, could not be read
 * @walk: whether they are all
 */
struct linux_tasks {
	struct linux_task *list;
	size_t nr;
	size_t unread;
	enum linux_walk walk;
	size_t room;
};

/**
 * linux_tasks_list() - tasks by the list that starts at init_task
 * @lg: Linux guest
 * @flags: LINUX_TASKS_*
 * @tasks: result
 *
 * A list that changes under the walk, or is broken, is walked once more; if that
 * does not help either, the second result is what is returned.  init_task itself
 * (PID 0) is not in it.
 *
 * Return: 0 or -ENOMEM.
 */
int linux_tasks_list(struct linux_guest *lg, unsigned int flags,
		     struct linux_tasks *tasks);

/* The same by the tree of PIDs of the first PID namespace, in the order of PIDs. */
int linux_pids_list(struct linux_guest *lg, unsigned int flags,
		    struct linux_tasks *tasks);

void linux_tasks_free(struct linux_tasks *tasks);

/* Read one task.  Return: 0, -EFAULT if it is not there, or -ENOMEM. */
int linux_task_read(struct linux_guest *lg, struct linux_task *task,
		    uint64_t address);

/* Page tables of an mm_struct, as a guest-physical address.  Return: 0 or -EFAULT. */
int linux_mm_root(struct linux_guest *lg, uint64_t mm, uint64_t *gpa);

/* Add a task, the first of its process, as a fact.  Return: NULL without memory. */
struct fact *linux_fact(struct facts *facts, const struct linux_task *task);

/* What became of a walk, in words. */
const char *linux_walk_text(enum linux_walk walk);

/* For the sources of tasks: note what became of the walk. */
static inline void linux_tasks_note(struct linux_tasks *tasks,
				    enum linux_walk walk)
{
	if (walk > tasks->walk)
		tasks->walk = walk;
}

/* For the sources of tasks: a walk begins, which has found nothing yet. */
static inline void linux_tasks_begin(struct linux_tasks *tasks)
{
	tasks->nr = 0;
	tasks->unread = 0;
	tasks->walk = LINUX_WALK_WHOLE;
}

/*
 * For the sources of tasks: something could not be read.  A guest can have any number
 * of such, which cost time and add nothing.  Return: -EFAULT, or -E2BIG to end the walk.
 */
int linux_tasks_unread(struct linux_tasks *tasks);

/*
 * For the sources of tasks: read a task and add it to @tasks.  Return: 0, -EFAULT if it
 * is not there, -E2BIG to end the walk, or -ENOMEM.
 */
int linux_tasks_add(struct linux_guest *lg, struct linux_tasks *tasks,
		    uint64_t address);

#endif /* VMITAP_VIEWS_LINUX_TASKS_H */
