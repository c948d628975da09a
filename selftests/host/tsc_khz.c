// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsc_khz.c - how fast this machine's TSC is, which is that of a virtual host under TCG
 *
 * Prints kHz.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

/* Long against what an interrupt between the two clocks takes. */
#define MEASURE_NS	100000000

struct point {
	uint64_t ns;
	uint64_t tsc;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Of some readings the one that nothing came between. */
static struct point take_point(void)
{
	uint64_t best = UINT64_MAX;
	struct point point = { 0, 0 };
	int i;

	for (i = 0; i < 20; i++) {
		uint64_t before = __rdtsc(), ns = now_ns(), after = __rdtsc();

		if (after - before >= best)
			continue;
		best = after - before;
		point = (struct point){ ns, before + best / 2 };
	}
	return point;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = MEASURE_NS };
	struct point start = take_point(), end;

	nanosleep(&pause, NULL);
	end = take_point();
	printf("%.0f\n", (end.tsc - start.tsc) * 1e6 / (end.ns - start.ns));
	return 0;
}
