/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux_copy.h - the Linux kernel in a guest that is a copy, and its tasks
 */
#ifndef VIEWS_LINUX_COPY_H
#define VIEWS_LINUX_COPY_H

#include "copy.h"
#include "linux_tasks.h"

/**
 * struct linux_copy - what was found before anything was written to
 * @lg: the kernel
 * @tasks: all processes
 */
struct linux_copy {
	struct linux_guest lg;
	struct linux_tasks tasks;
};

extern struct linux_copy linux_copy;

/*
 * Copy what selftests/views_image.sh made, with so many vCPUs at most, and find the
 * kernel; exits the test if that does not work.
 */
void linux_copy_open(const char *dir, int max_vcpus);
void linux_copy_close(void);

/* Where in the copy a kernel address is; exits the test if it is nowhere. */
void *linux_copy_at(uint64_t gva);

/* The links of a task in the list of tasks: next, previous. */
uint64_t *linux_copy_links(const struct linux_task *task);

/* Take a task out of the list of tasks, and do nothing else. */
void linux_copy_unlink(const struct linux_task *task);

#endif /* VIEWS_LINUX_COPY_H */
