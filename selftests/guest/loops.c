// SPDX-License-Identifier: GPL-2.0-only
/*
 * loops.c - how long a system call takes, and a process
 *
 * usage: loops syscall|fork COUNT
 *
 * Prints "loops: KIND NANOSECONDS", for one, by the guest's clock.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void one_syscall(void)
{
	syscall(SYS_getppid);
}

static void one_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	void (*one)(void);
	double start;
	long i, count;

	if (argc < 3)
		errx(2, "usage: loops syscall|fork COUNT");
	one = strcmp(argv[1], "fork") ? one_syscall : one_fork;
	count = atol(argv[2]);
	/* What is slow only the first time does not count. */
	for (i = 0; i < count / 10 + 1; i++)
		one();
	start = now_ns();
	for (i = 0; i < count; i++)
		one();
	printf("loops: %s %.1f\n", argv[1], (now_ns() - start) / count);
	return 0;
}
