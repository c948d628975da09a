// SPDX-License-Identifier: GPL-2.0-only
/*
 * capture.c - what the tool's main.c has, for tests of its parts
 */
#include <stdarg.h>
#include <stdio.h>

#include "../../userspace/cli/cli.h"
#include "capture.h"

char captured[512];

int fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(captured, sizeof(captured), fmt, ap);
	va_end(ap);
	return code;
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(captured, sizeof(captured), fmt, ap);
	va_end(ap);
}

bool output_failed(void)
{
	return ferror(stdout);
}
