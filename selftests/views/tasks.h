/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tasks.h - finding one in a list of tasks
 */
#ifndef VIEWS_TASKS_H
#define VIEWS_TASKS_H

#include "linux_tasks.h"

/* Return: the task, or NULL if there is none. */
const struct linux_task *tasks_find_pid(const struct linux_tasks *tasks, uint32_t pid);

/* The first at @from or later whose name begins so; exits the test if there is none. */
const struct linux_task *tasks_find_comm(const struct linux_tasks *tasks,
					 const char *comm, size_t from);

#endif /* VIEWS_TASKS_H */
