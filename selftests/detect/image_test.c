// SPDX-License-Identifier: GPL-2.0-only
/*
 * image_test.c - processes hidden in a real guest's memory, as a rootkit does it
 *
 * usage: image_test DIR	DIR is one that selftests/views_image.sh made
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "detect.h"
#include "linux_copy.h"
#include "linux_owner.h"
#include "records.h"
#include "roots.h"
#include "tasks.h"

#define KHZ	1000000u

/* Looks, five in a second. */
#define LOOKS		40
#define LOOKS_OWNED	5

static struct linux_guest *const lg = &linux_copy.lg;
static const struct linux_tasks *const whole = &linux_copy.tasks;
static struct view_env env = {
	.guest = &copy_guest, .lg = &linux_copy.lg, .tsc_khz = KHZ,
};
static struct view_runner runner;
static struct aggregate agg;
static struct verdicts verdicts;
static void *state;
static uint64_t now;

static void begin(void)
{
	copy_renew();
	paging_flush(&lg->kernel.paging);
	view_runner_free(&runner);
	aggregate_free(&agg);
	verdicts_free(&verdicts);
	if (state)
		detector_hidden_process.stop(state);
	free(state);
	state = calloc(1, detector_hidden_process.state_bytes);
	if (!state || view_runner_init(&runner, &env, views))
		ksft_exit_fail_msg("out of memory\n");
	now = 1000000000;
}

static bool run(bool paused)
{
	bool confirm = false;

	env.paused = paused;
	if (view_runner_sample(&runner, now, true) ||
	    aggregate_make(&agg, &runner, now) ||
	    detector_hidden_process.run(state, &agg, &verdicts, &confirm))
		ksft_exit_fail_msg("out of memory\n");
	return confirm;
}

/* The guest stands still; @task, if any, is switched to between two looks. */
static size_t looks(unsigned int nr, const struct linux_task *task)
{
	while (nr-- && !verdicts.nr) {
		now += 200 * (uint64_t)KHZ;
		if (task) {
			put_switch(&runner, 0, now - 2000, copy.regs[0].cr3,
				   task->pgd);
			put_switch(&runner, 0, now - 1000, task->pgd,
				   copy.regs[0].cr3);
		}
		if (run(false))
			run(true);
	}
	return verdicts.nr;
}

/* Empty the slot that the PID has in the tree of the first namespace. */
static void remove_pid(const struct linux_task *task)
{
	unsigned int bits = lg->layout.node_slots.elements == 64 ? 6 : 4;
	uint64_t *slot = linux_copy_at(lg->init_pid_ns + lg->layout.pidns_xa_head.offset);
	uint8_t shift;
	uint64_t node;

	do {
		node = *slot - 2;
		shift = *(uint8_t *)linux_copy_at(node + lg->layout.node_shift.offset);
		slot = linux_copy_at(node + lg->layout.node_slots.offset +
			  (task->pid >> shift & ((1u << bits) - 1)) * 8);
	} while (shift);
	*slot = 0;
}

static void rename_task(const struct linux_task *task)
{
	strcpy(linux_copy_at(task->address + lg->layout.task_comm.offset), "kworker/9:9");
}

/* As a kernel that does not keep that, or one that lies. */
static void disown(const struct linux_task *task)
{
	memset(linux_copy_at(task->mm + lg->layout.mm_owner.offset), 0, 8);
}

static const struct linux_task *sleeper(void)
{
	return tasks_find_comm(whole, "proc-", whole->nr / 2);
}

static void expect(const struct linux_task *task, bool pid, const char *name)
{
	const struct verdict *verdict = verdicts.list;

	ksft_test_result(verdicts.nr == 1 &&
			 verdict->class != VERDICT_BENIGN &&
			 verdict->process.root == task->pgd &&
			 (!pid || verdict->process.pid == task->pid),
			 "alert: %s\n", name);
	if (verdicts.nr)
		ksft_print_msg("%s: %s\n", verdict->what, verdict->evidence);
}

static void test_nothing(void)
{
	size_t i, listed = 0;

	begin();
	ksft_test_result(!looks(LOOKS, NULL), "no alert: nothing is hidden\n");
	for (i = 0; i < agg.nr; i++)
		listed += agg.list[i].process.known & FACT_PID &&
			  !agg.list[i].missing;
	ksft_test_result(listed == whole->nr && !agg.nr_conflicts,
			 "all %zu processes are in both lists\n", listed);
	begin();
	ksft_test_result(!looks(LOOKS, sleeper()),
			 "no alert: a process runs that is in the lists\n");
}

static bool owned(size_t i, uint32_t pid)
{
	struct linux_task task;

	return !linux_owner(lg, whole->list[i].pgd, &task) && task.pid == pid &&
	       task.start_ns == whole->list[i].start_ns;
}

static void test_owners(void)
{
	const struct linux_task *task = sleeper();
	size_t i, right = 0, wrong = 0, of = task - whole->list;
	bool new, exiting;

	begin();
	for (i = 0; i < whole->nr; i++) {
		if (!whole->list[i].pgd)
			continue;
		if (owned(i, whole->list[i].pid))
			right++;
		else
			wrong++;
	}
	ksft_test_result(right >= 300 && !wrong,
			 "%zu page tables are those of their processes\n", right);
	*(uint32_t *)linux_copy_at(task->address + lg->layout.task_state.offset) = 0x800;
	new = owned(of, task->pid);
	begin();
	*(uint32_t *)linux_copy_at(task->address + lg->layout.task_flags.offset) |= 4;
	exiting = owned(of, task->pid);
	begin();
	ksft_test_result(!new && !exiting && owned(of, task->pid),
			 "nobody's: of one being forked, or about to exit\n");
}

static void test_sleeping(void)
{
	const struct linux_task *task = sleeper();

	begin();
	linux_copy_unlink(task);
	looks(LOOKS, NULL);
	expect(task, true, "not in the list of tasks");
	begin();
	remove_pid(task);
	looks(LOOKS, NULL);
	expect(task, true, "not in the tree of PIDs");
	begin();
	linux_copy_unlink(task);
	remove_pid(task);
	ksft_test_result(!looks(LOOKS, NULL),
			 "no alert: in neither, and does not run: nobody knows\n");
	begin();
	linux_copy_unlink(task);
	remove_pid(task);
	rename_task(task);
	looks(LOOKS_OWNED, task);
	expect(task, true, "in neither, renamed, and runs now and then");
	begin();
	linux_copy_unlink(task);
	remove_pid(task);
	disown(task);
	looks(LOOKS, task);
	expect(task, false, "in neither, nobody's page tables, and runs");
}

/* The process that a vCPU was in when the image was made. */
static void test_running(void)
{
	uint64_t root = copy.regs[0].cr3 & ROOTS_MASK;
	const struct linux_task *task = NULL;
	size_t i;

	if (lg->kernel.pti)
		root &= ~ROOTS_USER_HALF;
	for (i = 0; i < whole->nr && copy.regs[0].cpl == 3; i++)
		if (whole->list[i].pgd == root)
			task = &whole->list[i];
	if (!task) {
		ksft_test_result_skip("no vCPU was in user mode\n");
		ksft_test_result_skip("no vCPU was in user mode\n");
		return;
	}
	begin();
	linux_copy_unlink(task);
	remove_pid(task);
	run(true);
	expect(task, true, "in neither, and a vCPU runs it: at once");
	begin();
	linux_copy_unlink(task);
	run(true);
	expect(task, true, "not in the list, and a vCPU runs it: at once");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		ksft_exit_fail_msg("usage: image_test DIR\n");
	ksft_print_header();
	ksft_set_plan(12);
	linux_copy_open(argv[1], COPY_MAX_VCPUS);
	test_nothing();
	test_owners();
	test_sleeping();
	test_running();
	detector_hidden_process.stop(state);
	free(state);
	view_runner_free(&runner);
	aggregate_free(&agg);
	verdicts_free(&verdicts);
	linux_copy_close();
	ksft_finished();
}
