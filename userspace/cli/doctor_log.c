// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_log.c - why the module did not load: the kernel log
 *
 * The module itself cannot be asked then, nor can the kernel's loader, which has an
 * error number for insmod and the reason for the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/* Severities of syslog(2), which are the low bits of a record's priority. */
#define SEVERITY_WARNING	4

/* A record of /dev/kmsg is "priority,number,time,flags;text\n" and more lines. */
static const char *text_of(char *record, unsigned int *priority)
{
	char *text = strchr(record, ';');

	if (!text || sscanf(record, "%u,", priority) != 1)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text + 1;
}

static bool is_reason(const char *text, unsigned int priority)
{
	/* The rest of the priority is 0 for what the kernel itself says. */
	return priority <= SEVERITY_WARNING && strstr(text, "vmitap") &&
	       !strstr(text, "taint");
}

/* What was said before has nothing to do with the module that is not loaded now. */
static bool is_success(const char *text)
{
	return !strncmp(text, "vmitap: version ", 16) ||
	       !strcmp(text, "vmitap: unloaded");
}

/* The last reason; "" if there is none. */
static void find_reason(int fd, char *reason, size_t size)
{
	unsigned int priority;
	const char *text;
	char record[8192];
	ssize_t len;

	reason[0] = '\0';
	for (;;) {
		len = read(fd, record, sizeof(record) - 1);
		/* Overwritten while it was read: the next one is there. */
		if (len < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (len <= 0)
			return;
		record[len] = '\0';
		text = text_of(record, &priority);
		if (!text)
			continue;
		if (is_reason(text, priority))
			snprintf(reason, size, "%s", text);
		else if (is_success(text))
			reason[0] = '\0';
	}
}

void doctor_check_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char reason[400];

	if (fd < 0)
		return;
	find_reason(fd, reason, sizeof(reason));
	close(fd);
	if (reason[0])
		doctor_report(FINDING_FAIL, "kernel log", "%s", reason);
}
