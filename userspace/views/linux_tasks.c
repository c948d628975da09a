// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_tasks.c - processes of a Linux guest, by the list of tasks
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux_tasks.h"

#define PF_KTHREAD	0x00200000

/* As much of a task_struct as is read at once, and where that begins. */
struct task_bytes {
	const struct linux_layout *layout;
	uint8_t *data;
};

static uint32_t field_u32(const struct task_bytes *task,
			  const struct btf_field *field)
{
	uint32_t val;

	memcpy(&val, task->data + field->offset - task->layout->task_lowest,
	       sizeof(val));
	return val;
}

static uint64_t field_u64(const struct task_bytes *task,
			  const struct btf_field *field)
{
	uint64_t val;

	memcpy(&val, task->data + field->offset - task->layout->task_lowest,
	       sizeof(val));
	return val;
}

static void copy_comm(struct linux_task *task, const struct task_bytes *bytes)
{
	const struct btf_field *field = &bytes->layout->task_comm;
	size_t len = field->elements;

	if (len > sizeof(task->comm) - 1)
		len = sizeof(task->comm) - 1;
	memcpy(task->comm, bytes->data + field->offset -
	       bytes->layout->task_lowest, len);
}

int linux_mm_root(struct linux_guest *lg, uint64_t mm, uint64_t *gpa)
{
	struct paging_page page;
	uint64_t pgd;

	if (paging_read_u64(&lg->kernel.paging, mm + lg->layout.mm_pgd.offset,
			    &pgd) ||
	    paging_translate(&lg->kernel.paging, pgd, &page))
		return -EFAULT;
	*gpa = page.gpa;
	return 0;
}

/* What a task only has pointers to. */
static int follow_pointers(struct linux_guest *lg, struct linux_task *task,
			   const struct task_bytes *bytes)
{
	const struct linux_layout *layout = &lg->layout;
	struct paging *paging = &lg->kernel.paging;
	uint64_t cred = field_u64(bytes, &layout->task_cred);
	uint64_t parent = field_u64(bytes, &layout->task_real_parent);
	int err = 0;

	err |= paging_read_u32(paging, cred + layout->cred_uid.offset,
			       &task->uid);
	err |= paging_read_u32(paging, cred + layout->cred_euid.offset,
			       &task->euid);
	err |= paging_read_u32(paging, parent + layout->task_tgid.offset,
			       &task->ppid);
	if (task->mm && !task->kthread)
		err |= linux_mm_root(lg, task->mm, &task->pgd);
	return err;
}

int linux_task_read(struct linux_guest *lg, struct linux_task *task,
		    uint64_t address)
{
	const struct linux_layout *layout = &lg->layout;
	struct task_bytes bytes = { .layout = layout };
	int err;

	memset(task, 0, sizeof(*task));
	bytes.data = malloc(layout->task_bytes);
	if (!bytes.data)
		return -ENOMEM;
	err = paging_read(&lg->kernel.paging, address + layout->task_lowest,
			  bytes.data, layout->task_bytes);
	if (!err) {
		task->address = address;
		task->pid = field_u32(&bytes, &layout->task_pid);
		task->tgid = field_u32(&bytes, &layout->task_tgid);
		task->flags = field_u32(&bytes, &layout->task_flags);
		task->kthread = task->flags & PF_KTHREAD;
		task->start_ns = field_u64(&bytes, &layout->task_start);
		task->state = field_u32(&bytes, &layout->task_state);
		task->leader = field_u64(&bytes, &layout->task_leader);
		task->mm = field_u64(&bytes, &layout->task_mm);
		copy_comm(task, &bytes);
		task->partial = follow_pointers(lg, task, &bytes);
	}
	free(bytes.data);
	return err ? -EFAULT : 0;
}

int linux_tasks_unread(struct linux_tasks *tasks)
{
	linux_tasks_note(tasks, LINUX_WALK_BROKEN);
	return ++tasks->unread < LINUX_MAX_UNREAD ? -EFAULT : -E2BIG;
}

int linux_tasks_add(struct linux_guest *lg, struct linux_tasks *tasks,
		    uint64_t address)
{
	size_t room;
	void *more;
	int err;

	if (tasks->nr == LINUX_MAX_TASKS) {
		linux_tasks_note(tasks, LINUX_WALK_TOO_LONG);
		return -E2BIG;
	}
	if (tasks->nr == tasks->room) {
		room = tasks->room ? tasks->room * 2 : 512;
		more = realloc(tasks->list, room * sizeof(*tasks->list));
		if (!more)
			return -ENOMEM;
		tasks->list = more;
		tasks->room = room;
	}
	err = linux_task_read(lg, &tasks->list[tasks->nr], address);
	if (err == -EFAULT)
		return linux_tasks_unread(tasks);
	if (!err)
		tasks->nr++;
	return err;
}

/*
 * A walk over one of the kernel's circular lists.  A node whose back pointer is not
 * the node before it was moved while the walk went on, or the list is forged.
 */
struct list_walk {
	struct linux_guest *lg;
	uint64_t head;
	uint64_t node;
	uint64_t before;
	/* To find circles (Brent): one node is kept for 2^n steps. */
	uint64_t kept;
	uint32_t steps;
	uint32_t limit;
};

static int list_start(struct list_walk *walk, struct linux_guest *lg,
		      uint64_t head)
{
	memset(walk, 0, sizeof(*walk));
	walk->lg = lg;
	walk->head = head;
	walk->before = head;
	walk->limit = 1;
	return paging_read_u64(&lg->kernel.paging, head, &walk->node);
}

/* Go to the next node.  Return: 1 there is one, 0 it was the last, or -EFAULT. */
static int list_next(struct list_walk *walk, struct linux_tasks *tasks)
{
	uint64_t links[2];

	if (paging_read(&walk->lg->kernel.paging, walk->node, links,
			sizeof(links))) {
		linux_tasks_note(tasks, LINUX_WALK_BROKEN);
		return -EFAULT;
	}
	if (links[1] != walk->before)
		linux_tasks_note(tasks, LINUX_WALK_CHANGED);
	if (walk->node == walk->head)
		return 0;
	if (walk->node == walk->kept) {
		linux_tasks_note(tasks, LINUX_WALK_LOOP);
		return -EFAULT;
	}
	if (++walk->steps == walk->limit) {
		walk->limit *= 2;
		walk->kept = walk->node;
	}
	walk->before = walk->node;
	walk->node = links[0];
	return 1;
}

/* All threads of a process but the first, which is @task. */
static int add_threads(struct linux_guest *lg, struct linux_tasks *tasks,
		       uint64_t task)
{
	const struct linux_layout *layout = &lg->layout;
	struct list_walk walk;
	uint64_t signal, thread;
	int err;

	if (paging_read_u64(&lg->kernel.paging,
			    task + layout->task_signal.offset, &signal) ||
	    list_start(&walk, lg, signal + layout->signal_thread_head.offset)) {
		linux_tasks_note(tasks, LINUX_WALK_BROKEN);
		return -EFAULT;
	}
	while ((err = list_next(&walk, tasks)) > 0) {
		thread = walk.before - layout->task_thread_node.offset;
		if (thread == task)
			continue;
		err = linux_tasks_add(lg, tasks, thread);
		if (err)
			break;
	}
	return err;
}

static int walk_tasks(struct linux_guest *lg, unsigned int flags,
		      struct linux_tasks *tasks)
{
	uint32_t offset = lg->layout.task_tasks.offset;
	struct list_walk walk;
	uint64_t task;
	int err;

	linux_tasks_begin(tasks);
	/* The guest may have run since. */
	paging_flush(&lg->kernel.paging);
	if (list_start(&walk, lg, lg->init_task + offset)) {
		linux_tasks_note(tasks, LINUX_WALK_BROKEN);
		return 0;
	}
	while ((err = list_next(&walk, tasks)) > 0) {
		task = walk.before - offset;
		err = linux_tasks_add(lg, tasks, task);
		/* Threads that cannot be had do not end the list of processes. */
		if (!err && flags & LINUX_TASKS_THREADS)
			err = add_threads(lg, tasks, task);
		if (err == -ENOMEM || err == -E2BIG)
			break;
	}
	return err == -ENOMEM ? err : 0;
}

int linux_tasks_list(struct linux_guest *lg, unsigned int flags,
		     struct linux_tasks *tasks)
{
	int err;

	memset(tasks, 0, sizeof(*tasks));
	err = walk_tasks(lg, flags, tasks);
	if (!err && tasks->walk != LINUX_WALK_WHOLE &&
	    tasks->walk != LINUX_WALK_TOO_LONG)
		err = walk_tasks(lg, flags, tasks);
	if (err)
		linux_tasks_free(tasks);
	return err;
}

void linux_tasks_free(struct linux_tasks *tasks)
{
	free(tasks->list);
	memset(tasks, 0, sizeof(*tasks));
}

const char *linux_walk_text(enum linux_walk walk)
{
	static const char *const texts[] = {
		[LINUX_WALK_WHOLE] = "whole",
		[LINUX_WALK_CHANGED] = "changed while it was read",
		[LINUX_WALK_BROKEN] = "leads to memory that is not there",
		[LINUX_WALK_LOOP] = "goes in circles",
		[LINUX_WALK_TOO_LONG] = "too long",
	};

	return texts[walk];
}
