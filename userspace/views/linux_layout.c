// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_layout.c - members of the Linux structures that views read
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "linux_layout.h"

/* A task is read at once, so what lies between its members counts. */
#define MAX_TASK_BYTES	(64u << 10)

/* What a path is of, and that there are kernels without it. */
#define OF_TASK		(1u << 0)
#define OPTIONAL	(1u << 1)

#define MEMBER(field, path, bytes, flags) \
	{ path, offsetof(struct linux_layout, field), bytes, flags }
#define TASK_MEMBER(field, path, bytes) \
	MEMBER(field, "task_struct." path, bytes, OF_TASK)

/*
 * Of several paths for one field the first that exists counts: the newest name
 * comes first.  The size is that of an element.
 */
static const struct {
	const char *path;
	size_t field;
	uint32_t bytes;
	unsigned int flags;
} members[] = {
	TASK_MEMBER(task_flags, "flags", 4),
	TASK_MEMBER(task_tasks, "tasks", 16),
	TASK_MEMBER(task_mm, "mm", 8),
	TASK_MEMBER(task_pid, "pid", 4),
	TASK_MEMBER(task_tgid, "tgid", 4),
	TASK_MEMBER(task_real_parent, "real_parent", 8),
	TASK_MEMBER(task_thread_node, "thread_node", 16),
	TASK_MEMBER(task_pid_links, "pid_links", 16),
	TASK_MEMBER(task_start, "start_boottime", 8),
	/* Before 5.5. */
	TASK_MEMBER(task_start, "real_start_time", 8),
	TASK_MEMBER(task_cred, "cred", 8),
	TASK_MEMBER(task_comm, "comm", 1),
	TASK_MEMBER(task_signal, "signal", 8),
	MEMBER(signal_thread_head, "signal_struct.thread_head", 16, 0),
	MEMBER(cred_uid, "cred.uid", 4, 0),
	MEMBER(cred_euid, "cred.euid", 4, 0),
	MEMBER(mm_pgd, "mm_struct.pgd", 8, 0),
	MEMBER(pidns_xa_head, "pid_namespace.idr.idr_rt.xa_head", 8, 0),
	MEMBER(node_shift, "xa_node.shift", 1, 0),
	MEMBER(node_slots, "xa_node.slots", 8, 0),
	MEMBER(pid_tasks, "pid.tasks", 8, 0),
	MEMBER(uts_release, "uts_namespace.name.release", 1, 0),
	TASK_MEMBER(task_leader, "group_leader", 8),
	TASK_MEMBER(task_state, "__state", 4),
	/* Before 5.14. */
	TASK_MEMBER(task_state, "state", 8),
	/* With control groups for memory only. */
	MEMBER(mm_owner, "mm_struct.owner", 8, OPTIONAL),
	MEMBER(page_mm, "ptdesc.pt_mm", 8, OPTIONAL),
	/* Before 6.6. */
	MEMBER(page_mm, "page.pt_mm", 8, OPTIONAL),
};

#define NR_MEMBERS	(sizeof(members) / sizeof(members[0]))

static struct btf_field *field_of(struct linux_layout *layout, unsigned int i)
{
	return (struct btf_field *)((char *)layout + members[i].field);
}

/* From the lowest member of a task to the highest. */
static int measure_task(struct linux_layout *layout)
{
	uint64_t end, highest = 0;
	struct btf_field *field;
	unsigned int i;

	layout->task_lowest = UINT32_MAX;
	for (i = 0; i < NR_MEMBERS; i++) {
		field = field_of(layout, i);
		if (!(members[i].flags & OF_TASK) || !field->bytes)
			continue;
		end = field->offset + (uint64_t)field->bytes * field->elements;
		if (end > highest)
			highest = end;
		if (field->offset < layout->task_lowest)
			layout->task_lowest = field->offset;
	}
	if (highest - layout->task_lowest > MAX_TASK_BYTES)
		return -EINVAL;
	layout->task_bytes = highest - layout->task_lowest;
	return 0;
}

int linux_layout_init(struct linux_layout *layout, const struct kernel_btf *btf,
		      const char **missing)
{
	struct btf_field *field;
	unsigned int i;
	int err;

	memset(layout, 0, sizeof(*layout));
	for (i = 0; i < NR_MEMBERS; i++) {
		field = field_of(layout, i);
		if (field->elements)
			continue;
		*missing = members[i].path;
		err = kernel_btf_field(btf, members[i].path, field);
		if (err == -ENOENT && (members[i].flags & OPTIONAL ||
				       (i + 1 < NR_MEMBERS &&
					members[i + 1].field == members[i].field)))
			continue;
		if (!err && (field->bytes != members[i].bytes ||
			     !field->elements))
			err = -EINVAL;
		if (err)
			return err;
	}
	*missing = "page";
	err = kernel_btf_size(btf, "page", &layout->page_bytes);
	if (err)
		return err;
	*missing = "task_struct";
	return measure_task(layout);
}
