// SPDX-License-Identifier: GPL-2.0-only
/*
 * workload.c - what the test guest does all the time: forks, file I/O, timers,
 * sockets, each at a steady pace
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void do_file(void)
{
	char buf[4096];
	int fd = open("/tmp/workload", O_CREAT | O_RDWR | O_TRUNC, 0600);

	if (fd < 0)
		err(1, "/tmp/workload");
	memset(buf, 'x', sizeof(buf));
	if (write(fd, buf, sizeof(buf)) != sizeof(buf) ||
	    pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
		err(1, "/tmp/workload");
	close(fd);
}

static void do_socket(void)
{
	int pair[2];
	char c = 'x';

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "socketpair");
	if (write(pair[0], &c, 1) != 1 || read(pair[1], &c, 1) != 1)
		err(1, "socket");
	close(pair[0]);
	close(pair[1]);
}

static void loop(void (*work)(void), long ms)
{
	if (fork())
		return;
	for (;;) {
		work();
		pause_ms(ms);
	}
}

int main(void)
{
	loop(do_fork, 10);
	loop(do_file, 5);
	loop(do_socket, 5);
	for (;;)
		pause_ms(1);
}
