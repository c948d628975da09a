// SPDX-License-Identifier: GPL-2.0-only
/*
 * tasks.c - finding one in a list of tasks
 */
#include <errno.h>
#include <string.h>

#include <kselftest.h>

#include "tasks.h"

const struct linux_task *tasks_find_pid(const struct linux_tasks *tasks, uint32_t pid)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++)
		if (tasks->list[i].pid == pid)
			return &tasks->list[i];
	return NULL;
}

const struct linux_task *tasks_find_comm(const struct linux_tasks *tasks,
					 const char *comm, size_t from)
{
	size_t i;

	for (i = from; i < tasks->nr; i++)
		if (!strncmp(tasks->list[i].comm, comm, strlen(comm)))
			return &tasks->list[i];
	ksft_exit_fail_msg("no process %s\n", comm);
	return NULL;
}
