// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_tasks_test.c - lists of tasks, made up as they are read, whose tasks are holes
 *
 * A guest has its lists for nothing: what is between the pages that they need does not
 * have to be there.
 */
#include <errno.h>
#include <string.h>

#include <kselftest.h>

#include "linux_tasks.h"
#include "words.h"

/* Nodes of the list of tasks are at the end of every second page. */
#define NODES		0x10000000ULL
#define NODE_STEP	0x2000ULL
#define NODE_AT		0xff0ULL
#define NR_NODES	100000ULL

/* The tree of PIDs: each node has the one below it in all of its slots. */
#define PIDNS		0x1000ULL
#define NODE_2		0x2000ULL
#define NODE_1		0x3000ULL
#define NODE_0		0x4000ULL
#define PID		0x5000ULL
#define HOLE		0x6000ULL
#define SLOTS		0x200ULL
#define INTERNAL	2

/* A walk ends after less than this, where there is nothing. */
#define MANY_READS	20000

static uint64_t holes_from, holes_to, leaf, reads;

static uint64_t node(uint64_t i)
{
	return NODES + i % NR_NODES * NODE_STEP + NODE_AT;
}

static uint64_t list_word(uint64_t gpa)
{
	uint64_t i = (gpa - NODES) / NODE_STEP;

	if (gpa == node(i))
		return node(i + 1);
	if (gpa == node(i) + 8)
		return node(i + NR_NODES - 1);
	return 0;
}

static uint64_t tree_word(uint64_t gpa)
{
	switch (gpa & ~0xfffULL) {
	case PIDNS:
		return NODE_2 | INTERNAL;
	case NODE_2:
		return gpa == NODE_2 ? 12 : NODE_1 | INTERNAL;
	case NODE_1:
		return gpa == NODE_1 ? 6 : NODE_0 | INTERNAL;
	case NODE_0:
		return gpa == NODE_0 ? 0 : leaf;
	}
	return HOLE + 0x800;
}

static bool is_hole(uint64_t gpa)
{
	uint64_t i = (gpa - NODES) / NODE_STEP;

	if (gpa < NODES)
		return gpa < PIDNS || gpa >= HOLE;
	return i >= NR_NODES ||
	       (gpa & 0x1000 && i >= holes_from && i < holes_to);
}

static uint64_t word(uint64_t gpa)
{
	return gpa < NODES ? tree_word(gpa) : list_word(gpa);
}

static int made_up_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	size_t i;

	(void)arg;
	reads++;
	for (i = 0; i < len; i++) {
		if (is_hole(gpa + i))
			return -EFAULT;
	}
	read_words(word, gpa, buf, len);
	return 0;
}

static const struct guest_ops ops = { .read = made_up_read };
static const struct guest guest = { .ops = &ops };

/* Addresses are physical ones. */
static struct linux_guest lg = {
	.guest = &guest,
	.kernel.paging = { .guest = &guest, .mode = PAGING_OFF },
	.init_pid_ns = PIDNS,
	.layout = {
		.task_flags.offset = 16, .task_pid.offset = 20,
		.task_tgid.offset = 24, .task_real_parent.offset = 32,
		.task_cred.offset = 40, .task_comm = { 48, 1, 16 },
		.task_signal.offset = 64, .task_start.offset = 72,
		.task_state.offset = 80, .task_leader.offset = 88,
		.task_mm.offset = 96, .task_bytes = 104,
		.node_slots = { SLOTS, 8, 64 },
	},
};

/* A list whose tasks from the first to before the last are not there. */
static void test_list(uint64_t first, uint64_t last, size_t there, const char *name)
{
	struct linux_tasks tasks;

	holes_from = first;
	holes_to = last;
	reads = 0;
	lg.init_task = node(0);
	if (linux_tasks_list(&lg, 0, &tasks))
		ksft_exit_fail_msg("out of memory\n");
	ksft_print_msg("%zu tasks, %zu not there, %lu reads\n", tasks.nr, tasks.unread,
		       (unsigned long)reads);
	ksft_test_result(tasks.walk == LINUX_WALK_BROKEN && tasks.nr == there &&
			 (reads < MANY_READS || there > LINUX_MAX_UNREAD),
			 "list: %s\n", name);
	linux_tasks_free(&tasks);
}

static void test_tree(uint64_t in_all_slots, const char *name)
{
	struct linux_tasks pids;

	leaf = in_all_slots;
	reads = 0;
	if (linux_pids_list(&lg, 0, &pids))
		ksft_exit_fail_msg("out of memory\n");
	ksft_print_msg("%zu not there, %lu reads\n", pids.unread, (unsigned long)reads);
	ksft_test_result(pids.walk == LINUX_WALK_BROKEN && !pids.nr &&
			 reads < MANY_READS, "tree: %s\n", name);
	linux_tasks_free(&pids);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(5);
	test_list(0, NR_NODES, 0, "no task is there");
	test_list(11, NR_NODES, 10, "the first ten are there");
	test_list(11, 111, NR_NODES - 101, "some that are not there are passed over");
	test_tree(PID, "no task is there");
	test_tree(HOLE, "no PID is there");
	ksft_finished();
}
