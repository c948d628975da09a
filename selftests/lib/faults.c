// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - fault injection of the kernel, by /proc/thread-self/fail-nth
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "faults.h"

#define DEBUGFS	"/sys/kernel/debug/"

/* Everything can fail, and says nothing of it. */
static const struct {
	const char *file;
	const char *value;
} settings[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
	{ DEBUGFS "failslab/verbose", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "0" },
	{ DEBUGFS "fail_usercopy/verbose", "0" },
};

static bool write_file(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(value);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, value, len) == len;
	close(fd);
	return ok;
}

bool faults_available(void)
{
	size_t i;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return false;
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		CHECK(write_file(settings[i].file, settings[i].value),
		      "%s", settings[i].file);
	return true;
}

/* Opened before the fault is armed, as opening allocates. */
static __thread int fail_nth = -1;

void faults_arm(unsigned long nth)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu", nth);

	if (fail_nth < 0)
		fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	CHECK(fail_nth >= 0, "fail-nth");
	CHECK(pwrite(fail_nth, text, len, 0) == len, "fail-nth");
}

unsigned long faults_disarm(void)
{
	unsigned long left = 1;
	char text[32] = "";

	/* The answer itself is a copy: it fails if it is the one that should. */
	if (pread(fail_nth, text, sizeof(text) - 1, 0) > 0)
		left = strtoul(text, NULL, 10);
	else
		CHECK(errno == EFAULT, "fail-nth");
	/* So is this; either way nothing is armed any more. */
	if (pwrite(fail_nth, "0", 1, 0) != 1)
		CHECK(errno == EFAULT, "fail-nth");
	return left;
}
