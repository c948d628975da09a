// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_pids.c - processes of a Linux guest, by the tree of PIDs
 *
 * The first PID namespace has an XArray of all PIDs in use: a tree of nodes with 64
 * slots (16 in small kernels).  A slot has a pointer to a node, marked by bit 1, or
 * to a struct pid, which heads a list of the tasks that use it, by how they do.
 */
#include <errno.h>
#include <string.h>

#include "linux_tasks.h"

/* Of any 64-bit kernel. */
#define MAX_PID		(1u << 22)

#define MAX_SLOTS	64
#define MAX_NODES	(1u << 17)

/* The two lowest bits of a slot say what it has; low internal ones are marks. */
#define SLOT_KIND	3u
#define SLOT_POINTER	0u
#define SLOT_INTERNAL	2u
#define SLOT_MAX_MARK	4096u

/* How a task uses a PID: index in struct pid's lists and in a task's links. */
#define PIDTYPE_PID	0
#define PIDTYPE_TGID	1

struct pid_walk {
	struct linux_guest *lg;
	struct linux_tasks *tasks;
	unsigned int flags;
	unsigned int nr_slots;
	unsigned int slot_bits;
	uint32_t nodes;
};

/* A part of the tree that cannot be read does not end the rest, but many do. */
static int skip(struct pid_walk *walk)
{
	return linux_tasks_unread(walk->tasks) == -E2BIG ? -E2BIG : 0;
}

/* Add the task that a struct pid is the PID of, if it is one that is wanted. */
static int add_pid(struct pid_walk *walk, uint64_t pid, uint64_t number)
{
	const struct linux_layout *layout = &walk->lg->layout;
	struct linux_tasks *tasks = walk->tasks;
	unsigned int type;
	uint64_t first;
	int err;

	type = walk->flags & LINUX_TASKS_THREADS ? PIDTYPE_PID : PIDTYPE_TGID;
	if (paging_read_u64(&walk->lg->kernel.paging,
			    pid + layout->pid_tasks.offset + type * 8,
			    &first))
		return skip(walk);
	/* A PID outlives its task as that of a group or session. */
	if (!first)
		return 0;
	err = linux_tasks_add(walk->lg, tasks,
			      first - layout->task_pid_links.offset - type * 16);
	if (!err && tasks->list[tasks->nr - 1].pid != number)
		linux_tasks_note(tasks, LINUX_WALK_CHANGED);
	return err == -EFAULT ? 0 : err;
}

static int walk_node(struct pid_walk *walk, uint64_t node, uint8_t shift,
		     uint64_t number);

static int visit_slot(struct pid_walk *walk, uint64_t slot, int shift,
		      uint64_t number)
{
	uint64_t node = slot - SLOT_INTERNAL;
	const struct linux_layout *layout = &walk->lg->layout;
	uint8_t below;

	if (number >= MAX_PID || !slot)
		return 0;
	if ((slot & SLOT_KIND) == SLOT_POINTER)
		return shift ? 0 : add_pid(walk, slot, number);
	if ((slot & SLOT_KIND) != SLOT_INTERNAL || slot <= SLOT_MAX_MARK)
		return 0;
	/* Every level has its own shift, so no path is longer than the levels. */
	if (paging_read(&walk->lg->kernel.paging,
			node + layout->node_shift.offset, &below,
			sizeof(below)) ||
	    below + walk->slot_bits != (unsigned int)shift ||
	    ++walk->nodes > MAX_NODES)
		return skip(walk);
	return walk_node(walk, node, below, number);
}

static int walk_node(struct pid_walk *walk, uint64_t node, uint8_t shift,
		     uint64_t number)
{
	uint64_t slots[MAX_SLOTS];
	unsigned int i;
	int err = 0;

	if (paging_read(&walk->lg->kernel.paging,
			node + walk->lg->layout.node_slots.offset, slots,
			walk->nr_slots * sizeof(slots[0])))
		return skip(walk);
	for (i = 0; i < walk->nr_slots && !err; i++)
		err = visit_slot(walk, slots[i], shift,
				 number + ((uint64_t)i << shift));
	return err;
}

/* The head is a slot of a level above the top one, whose height is not known. */
static int walk_tree(struct pid_walk *walk)
{
	const struct linux_layout *layout = &walk->lg->layout;
	struct linux_tasks *tasks = walk->tasks;
	uint64_t head;
	uint8_t shift;

	linux_tasks_begin(tasks);
	walk->nodes = 0;
	paging_flush(&walk->lg->kernel.paging);
	if (paging_read_u64(&walk->lg->kernel.paging, walk->lg->init_pid_ns +
			    layout->pidns_xa_head.offset, &head) ||
	    (head & SLOT_KIND) != SLOT_INTERNAL || head <= SLOT_MAX_MARK ||
	    paging_read(&walk->lg->kernel.paging, head - SLOT_INTERNAL +
			layout->node_shift.offset, &shift, sizeof(shift)) ||
	    shift > 24) {
		linux_tasks_note(tasks, LINUX_WALK_BROKEN);
		return 0;
	}
	return visit_slot(walk, head, shift + walk->slot_bits, 0);
}

int linux_pids_list(struct linux_guest *lg, unsigned int flags,
		    struct linux_tasks *tasks)
{
	struct pid_walk walk = { .lg = lg, .tasks = tasks, .flags = flags };
	int err, tries;

	memset(tasks, 0, sizeof(*tasks));
	walk.nr_slots = lg->layout.node_slots.elements;
	if (walk.nr_slots != 16 && walk.nr_slots != 64) {
		linux_tasks_note(tasks, LINUX_WALK_BROKEN);
		return 0;
	}
	walk.slot_bits = walk.nr_slots == 64 ? 6 : 4;
	for (tries = 0; tries < 2; tries++) {
		err = walk_tree(&walk);
		if (err == -ENOMEM) {
			linux_tasks_free(tasks);
			return err;
		}
		if (tasks->walk == LINUX_WALK_WHOLE ||
		    tasks->walk == LINUX_WALK_TOO_LONG)
			break;
	}
	return 0;
}
