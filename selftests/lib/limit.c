// SPDX-License-Identifier: GPL-2.0-only
/*
 * limit.c - time, and how long something may take
 */
#include <stdlib.h>
#include <time.h>

#include "limit.h"

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

double limit(double seconds)
{
	const char *slower = getenv("SLOWER");
	double factor = slower ? atof(slower) : 1;

	return factor > 1 ? seconds * factor : seconds;
}
