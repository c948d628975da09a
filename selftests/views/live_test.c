// SPDX-License-Identifier: GPL-2.0-only
/*
 * live_test.c - views of a guest that runs, with processes that come and go
 *
 * usage: live_test DIR [SECONDS]	DIR is one that selftests/views_image.sh makes
 *					with the kernel argument churn
 *
 * Nothing stops the guest, so a list may change while it is read.  It must then say
 * so; and whatever it says, those that do not come and go are in it as they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kselftest.h>

#include "image.h"
#include "linux_tasks.h"
#include "said.h"

static struct said said;

/* What came of many lists from one source. */
struct outcome {
	const char *name;
	int (*list)(struct linux_guest *lg, unsigned int flags,
		    struct linux_tasks *tasks);
	unsigned int lists;
	unsigned int walks[LINUX_WALK_TOO_LONG + 1];
	unsigned int missing;
	unsigned int wrong;
	unsigned int short_lived;
};

static bool is_ours(const char *comm)
{
	return !strncmp(comm, "proc-", 5) || !strcmp(comm, "busy");
}

static bool task_agrees(const struct linux_task *got,
			const struct said_task *want)
{
	return !got->partial && got->tgid == want->tgid &&
	       got->ppid == want->ppid && got->uid == want->uid &&
	       got->euid == want->euid && !got->kthread && got->pgd &&
	       got->start_ns / 10000000 == want->start_ticks &&
	       !strcmp(got->comm, want->comm);
}

static void judge(struct outcome *out, const struct linux_tasks *tasks)
{
	const struct said_task *want;
	size_t i, ours = 0, there = 0;

	out->lists++;
	out->walks[tasks->walk]++;
	for (i = 0; i < said.nr_processes; i++)
		there += is_ours(said.processes[i].comm);
	for (i = 0; i < tasks->nr; i++) {
		if (!strcmp(tasks->list[i].comm, "short-lived"))
			out->short_lived++;
		if (!is_ours(tasks->list[i].comm))
			continue;
		want = said_find(said.processes, said.nr_processes,
				 tasks->list[i].pid);
		if (!want || !task_agrees(&tasks->list[i], want))
			out->wrong++;
		ours++;
	}
	/* Who says that the list is whole has them all. */
	if (tasks->walk == LINUX_WALK_WHOLE && ours != there)
		out->missing++;
}

static void report(const struct outcome *out)
{
	ksft_print_msg("%s: %u lists, %u whole, %u changed, %u broken, %u in"
		       " circles; %u short-lived processes\n", out->name,
		       out->lists, out->walks[LINUX_WALK_WHOLE],
		       out->walks[LINUX_WALK_CHANGED],
		       out->walks[LINUX_WALK_BROKEN],
		       out->walks[LINUX_WALK_LOOP], out->short_lived);
	ksft_test_result(out->short_lived > 0,
			 "%s: processes come and go\n", out->name);
	ksft_test_result(!out->wrong, "%s: what is listed is right\n",
			 out->name);
	ksft_test_result(!out->missing, "%s: what is said to be whole is\n",
			 out->name);
	ksft_test_result(out->walks[LINUX_WALK_WHOLE] > out->lists / 2,
			 "%s: most lists are whole\n", out->name);
}

int main(int argc, char **argv)
{
	struct outcome outs[] = {
		{ .name = "task list", .list = linux_tasks_list },
		{ .name = "PID tree", .list = linux_pids_list },
	};
	unsigned int opened = 0, i;
	int seconds = argc > 2 ? atoi(argv[2]) : 3;
	struct guest_image *image;
	struct linux_tasks tasks;
	struct linux_guest lg;
	struct guest guest;
	time_t end;

	if (argc < 2)
		ksft_exit_fail_msg("usage: live_test DIR [SECONDS]\n");
	ksft_print_header();
	ksft_set_plan(9);
	said_read(&said, argv[1]);
	image_open(argv[1], &image, &guest);
	for (end = time(NULL) + seconds; time(NULL) < end; ) {
		opened++;
		if (linux_open(&lg, &guest, NULL))
			ksft_exit_fail_msg("%s\n", lg.error);
		for (i = 0; i < 200; i++) {
			if (outs[i % 2].list(&lg, 0, &tasks))
				ksft_exit_fail_msg("out of memory\n");
			judge(&outs[i % 2], &tasks);
			linux_tasks_free(&tasks);
		}
		linux_close(&lg);
	}
	ksft_test_result(opened, "the kernel is found, %u times\n", opened);
	report(&outs[0]);
	report(&outs[1]);
	guest_image_close(image);
	ksft_finished();
}
