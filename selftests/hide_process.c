// SPDX-License-Identifier: GPL-2.0-only
/*
 * hide_process.c - hide a process of a Linux guest as a rootkit in it would
 *
 * Writes to the guest's memory from outside, with the VM paused.  The process runs on.
 * For tests: a guest with a process hidden is not to be trusted with anything.
 *
 * usage: hide_process VMM_PID PID list|tree|both
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <vmitap.h>

#include "guest_live.h"
#include "linux_tasks.h"

#define MAX_SLOTS	64

static struct vmitap_session *session;
static struct linux_guest lg;
static pid_t vmm;

static uint64_t gpa_of(uint64_t gva)
{
	struct paging_page page;

	if (paging_translate(&lg.kernel.paging, gva, &page))
		errx(1, "nothing is mapped at 0x%llx", (unsigned long long)gva);
	return page.gpa;
}

static void write_u64(uint64_t gva, uint64_t val)
{
	struct vmitap_slot slots[MAX_SLOTS];
	struct iovec from = { &val, sizeof(val) }, to = { NULL, sizeof(val) };
	uint64_t gpa = gpa_of(gva);
	uint32_t nr, i;

	if (vmitap_session_list_slots(session, slots, sizeof(slots[0]),
				      MAX_SLOTS, &nr))
		errx(1, "%s", vmitap_session_error(session));
	for (i = 0; i < nr && i < MAX_SLOTS; i++)
		if (gpa >= slots[i].gpa && gpa - slots[i].gpa < slots[i].bytes)
			to.iov_base = (void *)(uintptr_t)
				(slots[i].hva + gpa - slots[i].gpa);
	if (process_vm_writev(vmm, &from, 1, &to, 1, 0) != sizeof(val))
		err(1, "guest-physical 0x%llx", (unsigned long long)gpa);
}

static uint64_t read_u64(uint64_t gva)
{
	uint64_t val;

	if (paging_read_u64(&lg.kernel.paging, gva, &val))
		errx(1, "nothing is mapped at 0x%llx", (unsigned long long)gva);
	return val;
}

/* Unlinked, and its own links lead to itself: to unlink it again does no harm. */
static void hide_from_list(const struct linux_task *task)
{
	uint64_t node = task->address + lg.layout.task_tasks.offset;
	uint64_t next = read_u64(node), before = read_u64(node + 8);

	write_u64(before, next);
	write_u64(next + 8, before);
	write_u64(node, node);
	write_u64(node + 8, node);
}

static void hide_from_tree(const struct linux_task *task)
{
	unsigned int bits = lg.layout.node_slots.elements == 64 ? 6 : 4;
	uint64_t slot = lg.init_pid_ns + lg.layout.pidns_xa_head.offset, node;
	uint8_t shift;

	do {
		node = read_u64(slot) - 2;
		if (paging_read(&lg.kernel.paging, node +
				lg.layout.node_shift.offset, &shift, 1))
			errx(1, "the tree of PIDs is not as expected");
		slot = node + lg.layout.node_slots.offset +
		       (task->pid >> shift & ((1u << bits) - 1)) * 8;
	} while (shift);
	write_u64(slot, 0);
}

static const struct linux_task *find(const struct linux_tasks *tasks,
				     uint32_t pid)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++)
		if (tasks->list[i].pid == pid)
			return &tasks->list[i];
	errx(1, "the guest has no process %u", pid);
}

int main(int argc, char **argv)
{
	const struct linux_task *task;
	struct linux_tasks tasks;
	struct guest_live *live;
	struct guest guest;

	if (argc != 4)
		errx(2, "usage: hide_process VMM_PID PID list|tree|both");
	vmm = atoi(argv[1]);
	if (vmitap_session_open(&session) ||
	    vmitap_session_attach_pid(session, vmm, 65536) ||
	    vmitap_session_pause(session) ||
	    guest_live_open(&live, &guest, session))
		errx(1, "%s", vmitap_session_error(session));
	if (linux_open(&lg, &guest, NULL))
		errx(1, "%s", lg.error);
	if (linux_tasks_list(&lg, 0, &tasks))
		errx(1, "out of memory");
	task = find(&tasks, atoi(argv[2]));
	printf("0x%llx\n", (unsigned long long)task->pgd);
	if (strcmp(argv[3], "tree"))
		hide_from_list(task);
	if (strcmp(argv[3], "list"))
		hide_from_tree(task);
	vmitap_session_close(session);
	return 0;
}
