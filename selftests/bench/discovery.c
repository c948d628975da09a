// SPDX-License-Identifier: GPL-2.0-only
/*
 * discovery.c - how long the views need to understand a guest and to list processes
 *
 * usage: discovery MEMORY REGS [RUNS]	an image as guest_image.h describes it
 *
 * Prints medians, one a line: name, value, unit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "guest_image.h"
#include "linux_tasks.h"

#define MAX_RUNS	1000

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

static double median(double *list, int nr)
{
	qsort(list, nr, sizeof(*list), by_value);
	return list[nr / 2];
}

/* One discovery, and lists of processes from both sources. */
static int run(const struct guest *guest, double *open, double *ps, double *pids)
{
	struct linux_tasks tasks;
	struct linux_guest lg;
	double start = now();

	if (linux_open(&lg, guest, NULL)) {
		fprintf(stderr, "discovery: %s\n", lg.error);
		return -1;
	}
	*open = now() - start;
	start = now();
	if (linux_tasks_list(&lg, 0, &tasks))
		return -1;
	*ps = (now() - start) * 1000;
	linux_tasks_free(&tasks);
	start = now();
	if (linux_pids_list(&lg, 0, &tasks))
		return -1;
	*pids = (now() - start) * 1000;
	linux_tasks_free(&tasks);
	linux_close(&lg);
	return 0;
}

int main(int argc, char **argv)
{
	static double open[MAX_RUNS], ps[MAX_RUNS], pids[MAX_RUNS];
	int i, runs = argc > 3 ? atoi(argv[3]) : 9;
	struct guest_image *image;
	struct guest guest;
	char error[256];

	if (argc < 3 || runs < 1 || runs > MAX_RUNS) {
		fprintf(stderr, "usage: discovery MEMORY REGS [RUNS]\n");
		return 2;
	}
	if (guest_image_open(&image, &guest, argv[1], argv[2], error,
			     sizeof(error))) {
		fprintf(stderr, "discovery: %s\n", error);
		return 1;
	}
	for (i = 0; i < runs; i++)
		if (run(&guest, &open[i], &ps[i], &pids[i]))
			return 1;
	/* The first one reads the file; it is what a user waits for. */
	printf("discovery.first_seconds %.4f s\n", open[0]);
	printf("discovery.first_ps_ms %.3f ms\n", ps[0]);
	printf("discovery.seconds %.4f s\n", median(open, runs));
	printf("discovery.ps_ms %.3f ms\n", median(ps, runs));
	printf("discovery.pid_tree_ms %.3f ms\n", median(pids, runs));
	guest_image_close(image);
	return 0;
}
