// SPDX-License-Identifier: GPL-2.0-only
/*
 * detect.c - detectors and their verdicts
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect.h"

const struct detector *const detectors[] = {
	&detector_hidden_process, &detector_entry_points, NULL,
};

struct verdict *verdicts_add(struct verdicts *verdicts)
{
	size_t room;
	void *more;

	if (verdicts->nr == verdicts->room) {
		room = verdicts->room ? verdicts->room * 2 : 16;
		more = realloc(verdicts->list, room * sizeof(*verdicts->list));
		if (!more)
			return NULL;
		verdicts->list = more;
		verdicts->room = room;
	}
	memset(&verdicts->list[verdicts->nr], 0, sizeof(*verdicts->list));
	return &verdicts->list[verdicts->nr++];
}

void verdicts_free(struct verdicts *verdicts)
{
	free(verdicts->list);
	memset(verdicts, 0, sizeof(*verdicts));
}

void verdict_say(struct verdict *verdict, const char *fmt, ...)
{
	size_t len = strlen(verdict->evidence);
	va_list args;

	va_start(args, fmt);
	vsnprintf(verdict->evidence + len, sizeof(verdict->evidence) - len,
		  fmt, args);
	va_end(args);
}

const char *verdict_class_name(enum verdict_class class)
{
	static const char *const names[] = {
		[VERDICT_BENIGN] = "benign",
		[VERDICT_UNKNOWN] = "unknown",
		[VERDICT_MALICIOUS] = "malicious",
	};

	return names[class];
}
