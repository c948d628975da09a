// SPDX-License-Identifier: GPL-2.0-only
/*
 * image_test.c - what the views find in a guest's memory is what the guest said
 *
 * usage: image_test DIR [pti]		DIR is one that selftests/views_image.sh made
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kselftest.h>

#include "image.h"
#include "linux_roots.h"
#include "said.h"
#include "tasks.h"

#define NS_PER_TICK	10000000ULL

static struct said said;
static struct linux_guest lg;

static void test_kernel(bool pti)
{
	struct guest_regs regs;
	uint64_t stext;

	guest_regs(lg.guest, lg.kernel.vcpu, &regs);
	ksft_test_result(lg.kernel.anchor == KERNEL_ANCHOR_LSTAR &&
			 lg.kernel.entry == said.lstar,
			 "the kernel was found from LSTAR\n");
	ksft_test_result(!symbols_address(&lg.symbols, "_stext", &stext) &&
			 stext == lg.kernel.text,
			 "text is at 0x%llx\n",
			 (unsigned long long)lg.kernel.text);
	ksft_test_result(lg.kernel.pti == pti,
			 "%s\n", pti ? "page tables of user mode were found" :
				       "no page-table isolation was found");
	ksft_test_result(!strcmp(lg.banner, said.version),
			 "the banner is /proc/version\n");
	ksft_test_result(!strcmp(lg.release, said.release), "the release\n");
}

static void test_symbols(void)
{
	const struct said_symbol *want;
	const struct symbol *got;
	size_t i, wrong = 0;
	uint64_t address;

	ksft_print_msg("%u symbols, encoding %d\n", lg.symbols.nr,
		       lg.kallsyms.encoding);
	for (i = 0; i < said.nr_symbols && i < lg.symbols.nr; i++) {
		want = &said.symbols[i];
		got = &lg.symbols.list[i];
		if (want->address == got->address && want->type == got->type &&
		    !strcmp(want->name, symbol_name(&lg.symbols, got)))
			continue;
		if (!wrong++)
			ksft_print_msg("%s, want %s\n",
				       symbol_name(&lg.symbols, got),
				       want->name);
	}
	ksft_test_result(!wrong && said.nr_symbols == lg.symbols.nr,
			 "all symbols are those of /proc/kallsyms\n");
	ksft_test_result(lg.kallsyms.entry_known,
			 "LSTAR is where entry_SYSCALL_64 is\n");

	for (i = 0, wrong = 0; i < said.nr_symbols; i++) {
		want = &said.symbols[i];
		got = symbols_at(&lg.symbols, want->address);
		wrong += !got || got->address != want->address;
		/* The first of a name has the lowest address. */
		wrong += symbols_address(&lg.symbols, want->name, &address) ||
			 address > want->address;
	}
	ksft_test_result(!wrong, "each is found by name and by address\n");
}

/*
 * A worker's name has what it does behind it when the guest says it, and for threads
 * of the kernel the guest has longer names elsewhere.
 */
static bool comm_agrees(const struct linux_task *got,
			const struct said_task *want)
{
	size_t len = strlen(want->comm);

	if (said_is_worker(want->comm))
		len = strcspn(want->comm, "-+");
	if (len > 15)
		len = 15;
	return len == strlen(got->comm) && !strncmp(got->comm, want->comm, len);
}

static bool task_agrees(const struct linux_task *got,
			const struct said_task *want)
{
	if (!got->partial && got->pid == want->pid && got->tgid == want->tgid &&
	    got->ppid == want->ppid && got->uid == want->uid &&
	    got->euid == want->euid && got->kthread == want->kthread &&
	    got->start_ns / NS_PER_TICK == want->start_ticks &&
	    !got->pgd == want->kthread && comm_agrees(got, want))
		return true;
	ksft_print_msg("PID %u %s: wrong; want PID %u %s\n", got->pid,
		       got->comm, want->pid, want->comm);
	return false;
}

/* Whether two lists are the same, but for the kernel's workers. */
static bool tasks_agree(const struct linux_tasks *got,
			const struct said_task *want, size_t nr)
{
	const struct said_task *one;
	size_t i, wrong = 0;

	for (i = 0; i < got->nr; i++) {
		one = said_find(want, nr, got->list[i].pid);
		if (one) {
			wrong += !task_agrees(&got->list[i], one);
		} else if (!said_is_worker(got->list[i].comm)) {
			ksft_print_msg("PID %u %s: the guest did not say so\n",
				       got->list[i].pid, got->list[i].comm);
			wrong++;
		}
	}
	for (i = 0; i < nr; i++) {
		if (said_is_worker(want[i].comm) || tasks_find_pid(got, want[i].pid))
			continue;
		ksft_print_msg("PID %u %s: missing\n", want[i].pid,
			       want[i].comm);
		wrong++;
	}
	return !wrong;
}

static bool same_tasks(const struct linux_tasks *a, const struct linux_tasks *b)
{
	size_t i, j;

	if (a->nr != b->nr)
		return false;
	for (i = 0; i < a->nr; i++) {
		for (j = 0; j < b->nr; j++)
			if (!memcmp(&a->list[i], &b->list[j],
				    sizeof(a->list[i])))
				break;
		if (j == b->nr)
			return false;
	}
	return true;
}

/* The address spaces are those of the processes: each has its PID in it. */
static bool marks_agree(const struct linux_tasks *tasks)
{
	struct paging paging = lg.kernel.paging;
	unsigned int nr = 0;
	uint64_t mark[2];
	size_t i;

	for (i = 0; i < tasks->nr; i++) {
		if (tasks->list[i].kthread)
			continue;
		paging_set_root(&paging, tasks->list[i].pgd);
		if (paging_read(&paging, SAID_MARK_ADDRESS, mark, sizeof(mark)) ||
		    mark[0] != SAID_MARK || mark[1] != tasks->list[i].tgid)
			return false;
		nr++;
	}
	return nr >= 300;
}

/* What a vCPU in user mode runs is in the list, by its page tables. */
static bool vcpus_agree(const struct linux_tasks *tasks)
{
	int vcpu, nr = guest_nr_vcpus(lg.guest), users = 0;
	struct guest_regs regs;
	size_t i;

	for (vcpu = 0; vcpu < nr; vcpu++) {
		if (guest_regs(lg.guest, vcpu, &regs) || regs.cpl != 3)
			continue;
		users++;
		for (i = 0; i < tasks->nr; i++)
			if (tasks->list[i].pgd == (regs.cr3 & ~0x1fffULL) ||
			    tasks->list[i].pgd == (regs.cr3 & ~0xfffULL))
				break;
		if (i == tasks->nr || strcmp(tasks->list[i].comm, "busy"))
			return false;
	}
	return users > 0;
}

static void test_tasks(void)
{
	struct linux_tasks tasks, pids, threads, tids;

	if (linux_tasks_list(&lg, 0, &tasks) ||
	    linux_pids_list(&lg, 0, &pids) ||
	    linux_tasks_list(&lg, LINUX_TASKS_THREADS, &threads) ||
	    linux_pids_list(&lg, LINUX_TASKS_THREADS, &tids))
		ksft_exit_fail_msg("out of memory\n");
	ksft_print_msg("%zu processes, %zu threads\n", tasks.nr, threads.nr);
	ksft_test_result(tasks.walk == LINUX_WALK_WHOLE &&
			 tasks_agree(&tasks, said.processes, said.nr_processes),
			 "processes of the task list\n");
	ksft_test_result(pids.walk == LINUX_WALK_WHOLE &&
			 tasks_agree(&pids, said.processes, said.nr_processes),
			 "processes of the PID tree\n");
	ksft_test_result(threads.walk == LINUX_WALK_WHOLE &&
			 tasks_agree(&threads, said.threads, said.nr_threads),
			 "threads of the task list\n");
	ksft_test_result(tids.walk == LINUX_WALK_WHOLE &&
			 tasks_agree(&tids, said.threads, said.nr_threads),
			 "threads of the PID tree\n");
	ksft_test_result(same_tasks(&tasks, &pids) &&
			 same_tasks(&threads, &tids),
			 "both sources say the same\n");
	ksft_test_result(marks_agree(&tasks), "page tables of each process\n");
	ksft_test_result(vcpus_agree(&tasks), "processes that vCPUs run\n");
	linux_tasks_free(&tasks);
	linux_tasks_free(&pids);
	linux_tasks_free(&threads);
	linux_tasks_free(&tids);
}

static const struct guest_ops *fast;

static int read_slowly(void *arg, uint64_t gpa, void *buf, size_t len)
{
	usleep(1000);
	return fast->read(arg, gpa, buf, len);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Where a listing takes long, what no list has does not have it made all the time. */
static void test_pace(struct guest *guest)
{
	const uint64_t nobody = 0xdead000;
	struct linux_roots roots;
	struct guest_ops slow;
	double took;

	fast = guest->ops;
	slow = *fast;
	slow.read = read_slowly;
	slow.map = NULL;
	guest->ops = &slow;
	linux_roots_init(&roots, &lg);
	took = now();
	linux_roots_find(&roots, nobody, 0);
	took = now() - took;
	linux_roots_find(&roots, nobody, took * 2);
	ksft_test_result(took > 0.1 && roots.listings == 1,
			 "a listing that took %.1f s is not made again at once\n", took);
	linux_roots_find(&roots, nobody, took * 6);
	ksft_test_result(roots.listings == 2, "but is later\n");
	linux_roots_free(&roots);
	guest->ops = fast;
}

int main(int argc, char **argv)
{
	struct guest_image *image;
	struct guest guest;

	if (argc < 2)
		ksft_exit_fail_msg("usage: image_test DIR [pti]\n");
	ksft_print_header();
	ksft_set_plan(17);
	said_read(&said, argv[1]);
	image_open(argv[1], &image, &guest);
	if (linux_open(&lg, &guest, NULL))
		ksft_exit_fail_msg("%s\n", lg.error);
	test_kernel(argc > 2 && !strcmp(argv[2], "pti"));
	test_symbols();
	test_tasks();
	test_pace(&guest);
	linux_close(&lg);
	guest_image_close(image);
	ksft_finished();
}
