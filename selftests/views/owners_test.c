// SPDX-License-Identifier: GPL-2.0-only
/*
 * owners_test.c - processes by their page tables, as a made-up kernel has them
 *
 * Every second page from ROOTS on is the top table of a process; what the kernel knows
 * of it is made up when it is read.
 */
#include <errno.h>
#include <string.h>

#include <kselftest.h>

#include "linux_roots.h"
#include "records.h"
#include "words.h"

/* More than are found in one look, and fewer than in two. */
#define NR		3000

#define BASE_AT		0x1000ULL
#define PAGES		0x10000000ULL
#define PAGE_BYTES	64
#define MMS		0x20000000ULL
#define MM_BYTES	64
#define TASKS		0x30000000ULL
#define TASK_BYTES	128
#define ROOTS		0x40000000ULL
#define ROOT_STEP	0x2000ULL

#define PAGE_MM		8
#define MM_PGD		16
#define MM_OWNER	24
#define TASK_PID	16	/* and the TGID behind it */
#define TASK_MM		24
#define TASK_LEADER	32

static uint64_t root_of(uint64_t i)
{
	return ROOTS + i * ROOT_STEP;
}

static uint64_t page_word(uint64_t gpa)
{
	uint64_t root = (gpa - PAGES) / PAGE_BYTES << 12;

	if (gpa % PAGE_BYTES != PAGE_MM || root < ROOTS || root % ROOT_STEP)
		return 0;
	return MMS + (root - ROOTS) / ROOT_STEP * MM_BYTES;
}

static uint64_t mm_word(uint64_t gpa)
{
	uint64_t i = (gpa - MMS) / MM_BYTES;

	switch (gpa % MM_BYTES) {
	case MM_PGD:
		return root_of(i);
	case MM_OWNER:
		return TASKS + i * TASK_BYTES;
	}
	return 0;
}

static uint64_t task_word(uint64_t gpa)
{
	uint64_t i = (gpa - TASKS) / TASK_BYTES;

	switch (gpa % TASK_BYTES) {
	case TASK_PID:
		return (i + 1) | (i + 1) << 32;
	case TASK_MM:
		return MMS + i * MM_BYTES;
	case TASK_LEADER:
		return TASKS + i * TASK_BYTES;
	}
	return 0;
}

static uint64_t word(uint64_t gpa)
{
	if (gpa >= TASKS)
		return task_word(gpa);
	if (gpa >= MMS)
		return mm_word(gpa);
	if (gpa >= PAGES)
		return page_word(gpa);
	return gpa == BASE_AT ? PAGES : 0;
}

static int made_up_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	(void)arg;
	if (gpa >= ROOTS)
		return -EFAULT;
	read_words(word, gpa, buf, len);
	return 0;
}

static const struct guest_ops ops = { .read = made_up_read };
static const struct guest guest = { .ops = &ops };

/* Addresses are physical ones. */
static struct linux_guest lg = {
	.guest = &guest,
	.kernel.paging = { .guest = &guest, .mode = PAGING_OFF },
	.layout = {
		.task_flags.offset = 40, .task_state.offset = 44,
		.task_pid.offset = TASK_PID, .task_tgid.offset = TASK_PID + 4,
		.task_mm.offset = TASK_MM, .task_leader.offset = TASK_LEADER,
		.task_real_parent.offset = 48, .task_cred.offset = 56,
		.task_start.offset = 64, .task_comm = { 72, 1, 16 },
		.task_bytes = TASK_BYTES,
		.mm_pgd.offset = MM_PGD,
		.mm_owner = { MM_OWNER, 8, 1 }, .page_mm = { PAGE_MM, 8, 1 },
		.page_bytes = PAGE_BYTES,
	},
};

static struct view_env env = { .tsc_khz = 1000000, .lg = &lg };
static struct view_runner runner;
static struct view_report report;
static struct facts facts;

/* How many processes one more look says something of that none before it did. */
static unsigned int look(uint64_t tsc)
{
	static bool seen[NR];
	unsigned int nr = 0;
	uint32_t pid;
	size_t i;

	view_runner_sample(&runner, tsc, true);
	view_runner_facts(&runner, tsc, &facts, &report);
	for (i = 0; i < facts.nr; i++) {
		pid = facts.list[i].process.pid;
		if (!pid || pid > NR || facts.list[i].process.root != root_of(pid - 1))
			ksft_exit_fail_msg("no such process\n");
		nr += !seen[pid - 1];
		seen[pid - 1] = true;
	}
	return nr;
}

static void test_turns(void)
{
	const struct view *list[] = { &view_mm_owners, NULL };
	unsigned int i, first, second;

	if (view_runner_init(&runner, &env, list))
		ksft_exit_fail_msg("out of memory\n");
	for (i = 0; i < NR; i++)
		put_switch(&runner, 0, 1000 + i, root_of(i), root_of((i + 1) % NR));
	first = look(10000);
	ksft_test_result(first && first < NR && report.asked && report.why[0] &&
			 report.refused == NR - first,
			 "mm-owners: who had no turn is counted\n");
	second = look(20000);
	ksft_test_result(first + second == NR,
			 "mm-owners: all had their turn in two looks\n");
	view_runner_free(&runner);
}

static bool is_process(struct linux_roots *roots, uint64_t cr3, uint64_t i)
{
	const struct linux_process *process = linux_roots_find(roots, cr3, 0);

	return process && process->pid == i + 1 && process->root == root_of(i);
}

static void test_bits(void)
{
	struct linux_roots roots;

	linux_roots_init(&roots, &lg);
	ksft_test_result(is_process(&roots, root_of(7) | 1ULL << 63 | 1ULL << 62 |
				    1ULL << 61 | 0x123, 7) &&
			 is_process(&roots, root_of(7), 7) && roots.nr == 1,
			 "roots: bits of CR3 that are no address\n");
	linux_roots_free(&roots);
}

/* With one at an odd page there is no isolation, and the half below is not looked for. */
static void test_odd(void)
{
	const struct linux_task odd = { .tgid = 9999, .pgd = ROOTS + 0x1000 };
	struct linux_roots roots;
	unsigned int i, same = 0;

	linux_roots_init(&roots, &lg);
	if (linux_roots_set(&roots, &odd, 1))
		ksft_exit_fail_msg("out of memory\n");
	for (i = 0; i < 100; i++)
		same += is_process(&roots, root_of(7) | LINUX_ROOT_USER, 7);
	ksft_test_result(same == 100 && roots.nr == 2, "roots: no process twice\n");
	linux_roots_free(&roots);
}

static void test_flood(void)
{
	struct linux_roots roots;
	unsigned int i, named = 0;

	linux_roots_init(&roots, &lg);
	for (i = 0; i < 3 * LINUX_ROOTS_ASKED; i++) {
		named += is_process(&roots, root_of(i), i);
		if (roots.nr > LINUX_ROOTS_ASKED)
			break;
	}
	ksft_test_result(i == 3 * LINUX_ROOTS_ASKED && named > LINUX_ROOTS_ASKED / 2,
			 "roots: any number of them, a list with a limit\n");
	linux_roots_free(&roots);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(5);
	if (symbols_add(&lg.symbols, BASE_AT, 'D', "vmemmap_base", 12) ||
	    symbols_finish(&lg.symbols))
		ksft_exit_fail_msg("out of memory\n");
	test_turns();
	test_bits();
	test_odd();
	test_flood();
	facts_free(&facts);
	symbols_free(&lg.symbols);
	ksft_finished();
}
