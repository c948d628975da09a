// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_copy.c - the Linux kernel in a guest that is a copy, and its tasks
 */
#include <errno.h>

#include <kselftest.h>

#include "linux_copy.h"

struct linux_copy linux_copy;

void linux_copy_open(const char *dir, int max_vcpus)
{
	struct linux_guest *lg = &linux_copy.lg;

	copy_open(dir);
	if (copy.nr_vcpus > max_vcpus)
		copy.nr_vcpus = max_vcpus;
	if (linux_open(lg, &copy_guest, NULL))
		ksft_exit_fail_msg("%s\n", lg->error);
	if (linux_tasks_list(lg, 0, &linux_copy.tasks) || linux_copy.tasks.walk)
		ksft_exit_fail_msg("no whole list\n");
}

void linux_copy_close(void)
{
	linux_tasks_free(&linux_copy.tasks);
	linux_close(&linux_copy.lg);
}

void *linux_copy_at(uint64_t gva)
{
	struct paging_page page;

	if (paging_translate(&linux_copy.lg.kernel.paging, gva, &page) ||
	    page.gpa >= copy.bytes)
		ksft_exit_fail_msg("nothing at 0x%llx\n", (unsigned long long)gva);
	return copy.memory + page.gpa;
}

uint64_t *linux_copy_links(const struct linux_task *task)
{
	return linux_copy_at(task->address + linux_copy.lg.layout.task_tasks.offset);
}

void linux_copy_unlink(const struct linux_task *task)
{
	uint64_t *links = linux_copy_links(task);
	uint64_t *next = linux_copy_at(links[0]), *before = linux_copy_at(links[1]);

	next[1] = links[1];
	before[0] = links[0];
}
