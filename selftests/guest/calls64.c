// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls64.c - make known system calls, and print them as vmitap strace does
 *
 * usage: calls64 [ROUNDS]
 *
 * One line "calls: name(arguments) = result" for each, after all of them were made,
 * so that nothing comes between them.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES	(4u << 20)

static char *list;
static size_t used;

/* Note a call; @form has its name and arguments. */
__attribute__((format(printf, 2, 3)))
static void say(long result, const char *form, ...)
{
	va_list args;

	used += snprintf(list + used, MAX_BYTES - used, "calls: ");
	va_start(args, form);
	used += vsnprintf(list + used, MAX_BYTES - used, form, args);
	va_end(args);
	if (result == -1)
		used += snprintf(list + used, MAX_BYTES - used, " = -1 %s\n",
				 strerrorname_np(errno));
	else
		used += snprintf(list + used, MAX_BYTES - used, " = %ld\n",
				 result);
	if (used > MAX_BYTES - 4096)
		errx(1, "too many calls");
}

/* Paths are in memory that is there: written to. */
static char version[] = "/proc/version", nowhere[] = "/tmp/nowhere";
static char directory[] = "/tmp/dir-64", odd[] = "/tmp/a \"b\"";
static char buf[256];

static void files(void)
{
	long fd, ret;

	fd = syscall(SYS_openat, AT_FDCWD, version, O_RDONLY, 0);
	say(fd, "openat(AT_FDCWD, \"%s\", 0, 0)", version);
	ret = syscall(SYS_read, fd, buf, 16);
	say(ret, "read(%ld, %p, 16)", fd, (void *)buf);
	ret = syscall(SYS_lseek, fd, 5, SEEK_SET);
	say(ret, "lseek(%ld, 5, 0)", fd);
	ret = syscall(SYS_close, fd);
	say(ret, "close(%ld)", fd);
	ret = syscall(SYS_close, fd);
	say(ret, "close(%ld)", fd);
	ret = syscall(SYS_openat, AT_FDCWD, nowhere, O_RDWR | O_CLOEXEC, 0);
	say(ret, "openat(AT_FDCWD, \"%s\", 0x80002, 0)", nowhere);
	ret = syscall(SYS_open, odd, O_RDONLY, 0);
	say(ret, "open(\"/tmp/a \\\"b\\\"\", 0, 0)");
	ret = syscall(SYS_mkdir, directory, 0750);
	say(ret, "mkdir(\"%s\", 0750)", directory);
	ret = syscall(SYS_mkdir, directory, 0750);
	say(ret, "mkdir(\"%s\", 0750)", directory);
	ret = syscall(SYS_rename, directory, odd);
	say(ret, "rename(\"%s\", \"/tmp/a \\\"b\\\"\")", directory);
	ret = syscall(SYS_rmdir, odd);
	say(ret, "rmdir(\"/tmp/a \\\"b\\\"\")");
	ret = syscall(SYS_readlink, nowhere, NULL, 0);
	say(ret, "readlink(\"%s\", NULL, 0)", nowhere);
	ret = syscall(SYS_read, 999, NULL, 1);
	say(ret, "read(999, NULL, 1)");
}

static void identity(void)
{
	struct utsname name;
	long ret, pid;

	pid = syscall(SYS_getpid);
	say(pid, "getpid()");
	ret = syscall(SYS_getppid);
	say(ret, "getppid()");
	ret = syscall(SYS_getuid);
	say(ret, "getuid()");
	ret = syscall(SYS_uname, &name);
	say(ret, "uname(%p)", (void *)&name);
	ret = syscall(SYS_kill, pid, 0);
	say(ret, "kill(%ld, 0)", pid);
	ret = syscall(SYS_kill, pid, 99);
	say(ret, "kill(%ld, 99)", pid);
}

static void rest(void)
{
	long ret, fd;

	fd = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	say(fd, "socket(1, 1, 0)");
	ret = syscall(SYS_dup2, fd, 77);
	say(ret, "dup2(%ld, 77)", fd);
	ret = syscall(SYS_close, 77);
	say(ret, "close(77)");
	ret = syscall(SYS_close, fd);
	say(ret, "close(%ld)", fd);
	ret = syscall(SYS_sched_yield);
	say(ret, "sched_yield()");
	ret = syscall(SYS_getrandom, buf, 8, 1);
	say(ret, "getrandom(%p, 8, 1)", (void *)buf);
	ret = syscall(SYS_mmap, NULL, 0, 0, 0, -1, 0);
	say(ret, "mmap(NULL, 0, 0, 0, -1, 0)");
	ret = syscall(1000, 1, 2, 3, 4, 5, 0x123456789abcdef);
	say(ret, "syscall_0x3e8(1, 2, 3, 4, 5, 0x123456789abcdef)");
}

/* Time in which an observer learns which process this is. */
static void be_seen(void)
{
	struct timespec ts = { .tv_nsec = 250000000 };
	int i;

	for (i = 0; i < 4; i++)
		nanosleep(&ts, NULL);
}

int main(int argc, char **argv)
{
	int i, rounds = argc > 1 ? atoi(argv[1]) : 1;

	list = malloc(MAX_BYTES);
	if (!list)
		err(1, "memory");
	/* No page of it is new later. */
	memset(list, 0, MAX_BYTES);
	be_seen();
	syscall(SYS_close, -2);
	for (i = 0; i < rounds; i++) {
		files();
		identity();
		rest();
	}
	syscall(SYS_close, -3);
	fputs(list, stdout);
	printf("calls: end\n");
	return 0;
}
