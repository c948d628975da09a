// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - report a broken condition
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

void check_failed(const char *file, int line, const char *expr,
		  const char *fmt, ...)
{
	int err = errno;
	va_list args;

	fprintf(stderr, "# %s:%d: not true: %s: ", file, line, expr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " (errno: %s)\n", strerror(err));
	fflush(NULL);
	abort();
}
