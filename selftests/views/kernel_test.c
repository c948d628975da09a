// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_test.c - the search for a kernel in page tables that change meanwhile
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "kernel.h"

#define CR0_PG		(1ULL << 31)
#define CR4_PAE		(1ULL << 5)
#define EFER_LMA	(1ULL << 10)

#define PRESENT		0x1ULL
#define LARGE		0x80ULL

/* Tables at these addresses; the image is a page of 2 MiB. */
#define FREED		0
#define L4		0x1000
#define L3		0x2000
#define L2		0x3000
#define IMAGE		0x1000000
#define TEXT		0xffffffff81000000ULL
#define TOP_ENTRY	(L4 + 511 * 8)

/* Longer than the search takes, by far. */
#define SECONDS		20

static uint64_t tables[4][512];
static uint64_t freed;
static int reads_left;
static bool nested;

/* The guest frees the table of this entry after so many looks at it. */
static int tables_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	(void)arg;
	if (gpa > sizeof(tables) || len > sizeof(tables) - gpa)
		return -EFAULT;
	memcpy(buf, (char *)tables + gpa, len);
	if (gpa == freed && !reads_left--)
		memset((char *)tables + (freed & ~0xfffULL), 0, 0x1000);
	return 0;
}

/* A process ends before its top table is looked at, so many times. */
static int exits_left;

/* Of this many, all but the last are gone when their registers are asked for. */
static int nr_vcpus = 1;

static int count_vcpus(void *arg)
{
	(void)arg;
	return nr_vcpus;
}

static int vcpu_regs(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	(void)arg;
	if ((int)vcpu < nr_vcpus - 1)
		return -ENOENT;
	*regs = (struct guest_regs) {
		.cr0 = CR0_PG, .cr3 = L4, .cr4 = CR4_PAE, .efer = EFER_LMA,
		.lstar = TEXT + 0x80, .nested = nested,
	};
	if (exits_left && exits_left--)
		regs->cr3 = FREED;
	return 0;
}

static const struct guest_ops ops = {
	.read = tables_read, .nr_vcpus = count_vcpus, .regs = vcpu_regs,
};
static const struct guest guest = { .ops = &ops };

static void on_alarm(int sig)
{
	static const char text[] = "not ok the search does not end\n";

	(void)sig;
	_exit(write(STDOUT_FILENO, text, sizeof(text) - 1) < 0 ? 2 : 1);
}

/* With an entry that is there for so many looks. */
static int find(uint64_t entry, int looks, struct kernel *kernel)
{
	memset(tables, 0, sizeof(tables));
	tables[1][511] = L3 | PRESENT;
	tables[2][510] = L2 | PRESENT;
	tables[3][8] = IMAGE | LARGE | PRESENT;
	freed = entry;
	reads_left = looks;
	alarm(SECONDS);
	return kernel_find(kernel, &guest);
}

/* The process that ran ends: of its tables only the top one was its own. */
static void test_end_of_process(void)
{
	struct paging_page page;
	struct kernel kernel;
	int err = find(TOP_ENTRY, 0, &kernel);

	paging_flush(&kernel.paging);
	ksft_test_result(!err && !tables[1][511] && kernel.text == TEXT &&
			 !paging_translate(&kernel.paging, TEXT, &page) &&
			 page.gpa == IMAGE,
			 "a kernel is there when the process that ran has ended\n");
	exits_left = 1;
	ksft_test_result(!find(TOP_ENTRY, INT_MAX, &kernel) && !exits_left,
			 "registers are asked for once more\n");
	tables[1][511] = 0;
	paging_set_root(&kernel.paging, L4);
	ksft_test_result(paging_translate(&kernel.paging, TEXT, &page) == -EFAULT,
			 "of another top table nothing is kept\n");
}

int main(void)
{
	struct kernel_image image;
	struct kernel kernel, other;
	int looks, ended = 0;

	signal(SIGALRM, on_alarm);
	ksft_print_header();
	ksft_set_plan(8);
	ksft_test_result(!find(TOP_ENTRY, INT_MAX, &kernel) && kernel.text == TEXT &&
			 kernel.phys == IMAGE && kernel.end == TEXT + (2 << 20),
			 "a kernel of one page\n");
	nr_vcpus = 3;
	ksft_test_result(!find(TOP_ENTRY, INT_MAX, &other) && other.vcpu == 2,
			 "vCPUs that are gone do not end the search\n");
	nr_vcpus = 1;
	nested = true;
	ksft_test_result(find(TOP_ENTRY, INT_MAX, &other) == -ENOENT,
			 "that of a nested guest is not the guest's\n");
	nested = false;
	test_end_of_process();
	find(TOP_ENTRY, INT_MAX, &kernel);
	tables[2][510] = 0;
	paging_flush(&kernel.paging);
	ksft_test_result(!kernel_copy_image(&kernel, &image),
			 "the copy of an image whose tables are gone ends\n");
	kernel_image_free(&image);
	for (looks = 0; looks < 8; looks++) {
		find(L3 + 510 * 8, looks, &kernel);
		find(TOP_ENTRY, looks, &kernel);
		ended++;
	}
	ksft_test_result(ended == 8, "the search ends when the tables go away\n");
	ksft_finished();
}
