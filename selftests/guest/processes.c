// SPDX-License-Identifier: GPL-2.0-only
/*
 * processes.c - a few hundred processes in a guest, and what it knows of them
 *
 * As the first process of the guest whose memory the views are tested on: starts
 * them, then says on a virtio port, one fact a line, what the guest itself knows of
 * them and of its kernel.  Then stays as it is, or with the argument churn has more
 * processes come and go: what the views find in the memory must be what was said.
 *
 * As a program, "processes [churn]": the same of processes alone, on its output.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_PROCESSES	300
#define NR_CPUS		2
#define PF_KTHREAD	0x00200000
#define MSR_MAJOR	202
#define MSR_LSTAR	0xc0000082

/* Where every process of ours has MARK and its PID, to be read from outside. */
#define MARK_ADDRESS	0x70000000
#define MARK		0x7669746170ULL

static void die(const char *what)
{
	printf("guest: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	if (getpid() != 1)
		exit(1);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void mark_address_space(void)
{
	uint64_t *mark = (uint64_t *)MARK_ADDRESS;

	if (mmap(mark, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != mark)
		die("mmap");
	mark[0] = MARK;
	mark[1] = getpid();
}

static void *thread_sleep(void *name)
{
	prctl(PR_SET_NAME, name);
	for (;;)
		pause();
	return NULL;
}

static void be_process(int number)
{
	static char thread_name[16];
	pthread_t thread;
	char name[32];
	int i;

	snprintf(name, sizeof(name), "proc-%d-longer-than-comm", number);
	prctl(PR_SET_NAME, name);
	mark_address_space();
	for (i = 0; i < number % 4; i++) {
		snprintf(thread_name, sizeof(thread_name), "thread-%d", number);
		if (pthread_create(&thread, NULL, thread_sleep, thread_name))
			die("pthread_create");
	}
	/* Real and effective user differ. */
	if (setresuid(1000 + number, 2000 + number, 1000 + number))
		die("setresuid");
	for (;;)
		pause();
}

/* In user mode for nearly all of its time, on a CPU of its own. */
static void be_busy(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	setpriority(PRIO_PROCESS, 0, 19);
	prctl(PR_SET_NAME, "busy");
	mark_address_space();
	for (;;)
		__asm__ volatile("pause");
}

static void start_processes(int nr_busy)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < NR_PROCESSES; i++) {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			/* Every tenth is a grandchild. */
			if (i % 10 == 9 && fork() > 0) {
				prctl(PR_SET_NAME, "parent");
				mark_address_space();
				wait(&status);
			}
			be_process(i);
		}
	}
	for (i = 0; i < nr_busy; i++) {
		pid = fork();
		if (pid == 0)
			be_busy(i);
	}
}

static void load_modules(void)
{
	struct dirent **names;
	char path[300];
	int nr, i, fd;

	nr = scandir("/modules", &names, NULL, alphasort);
	for (i = 0; i < nr; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			die(path);
		close(fd);
	}
}

static void say_lstar(FILE *out)
{
	uint64_t lstar;
	char path[40];
	int cpu, fd;

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		/* Kernels differ in where they put this device. */
		snprintf(path, sizeof(path), "/msr%d", cpu);
		mknod(path, S_IFCHR | 0600, makedev(MSR_MAJOR, cpu));
		fd = open(path, O_RDONLY);
		if (fd < 0 || pread(fd, &lstar, 8, MSR_LSTAR) != 8)
			die(path);
		fprintf(out, "lstar %d 0x%llx\n", cpu,
			(unsigned long long)lstar);
		close(fd);
	}
}

/* Copy a file of /proc, every line with @word before it. */
static void say_file(FILE *out, const char *word, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1000];

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		fprintf(out, "%s %s", word, line);
	fclose(file);
}

static long status_field(const char *path, const char *field, long *second)
{
	FILE *file = fopen(path, "r");
	long val = -1, val2 = -1;
	char line[400];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			sscanf(line + strlen(field), ":%ld%ld", &val, &val2);
	fclose(file);
	if (second)
		*second = val2;
	return val;
}

/* One line for a task: kind pid tgid ppid uid euid start flags comm */
static void say_task(FILE *out, const char *kind, const char *dir)
{
	long uid, euid, tgid, ppid, pid;
	unsigned long long start = 0;
	unsigned int flags = 0;
	char path[300], buf[1000] = "", *p, *comm;
	FILE *file;

	snprintf(path, sizeof(path), "%s/stat", dir);
	file = fopen(path, "r");
	if (!file)
		return;
	if (!fgets(buf, sizeof(buf), file))
		buf[0] = '\0';
	fclose(file);
	comm = strchr(buf, '(');
	p = strrchr(buf, ')');
	if (!comm || !p)
		return;
	*p = '\0';
	sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d"
	       " %*d %*d %*d %*d %*d %llu", &flags, &start);
	snprintf(path, sizeof(path), "%s/status", dir);
	pid = status_field(path, "Pid", NULL);
	tgid = status_field(path, "Tgid", NULL);
	ppid = status_field(path, "PPid", NULL);
	uid = status_field(path, "Uid", &euid);
	fprintf(out, "%s %ld %ld %ld %ld %ld %llu %d %s\n", kind, pid, tgid,
		ppid, uid, euid, start, !!(flags & PF_KTHREAD), comm + 1);
}

static void say_tasks(FILE *out)
{
	struct dirent *proc, *task;
	DIR *procs, *tasks;
	char path[600];

	procs = opendir("/proc");
	while ((proc = readdir(procs))) {
		if (proc->d_name[0] < '1' || proc->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s", proc->d_name);
		say_task(out, "process", path);
		snprintf(path, sizeof(path), "/proc/%s/task", proc->d_name);
		tasks = opendir(path);
		while (tasks && (task = readdir(tasks))) {
			if (task->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s",
				 proc->d_name, task->d_name);
			say_task(out, "thread", path);
		}
		if (tasks)
			closedir(tasks);
	}
	closedir(procs);
}

/* Processes and threads that come and go, as fast as the guest can. */
static void churn(void)
{
	pthread_t thread;
	pid_t pid;

	if (fork())
		return;
	prctl(PR_SET_NAME, "churn");
	signal(SIGCHLD, SIG_IGN);
	/* Registers are taken before: they must not be of what is gone then. */
	sleep(1);
	for (;;) {
		pid = fork();
		if (pid < 0)
			usleep(1000);
		if (pid)
			continue;
		/* Init reaps it. */
		if (fork())
			_exit(0);
		prctl(PR_SET_NAME, "short-lived");
		pthread_create(&thread, NULL, thread_sleep, "short-thread");
		usleep(rand() % 20000);
		_exit(0);
	}
}

/* What the guest has of its kernel, beside its processes. */
static FILE *begin_image(void)
{
	FILE *out = fopen("/dev/vport0p1", "w");

	if (!out)
		die("/dev/vport0p1");
	say_lstar(out);
	say_file(out, "version", "/proc/version");
	say_file(out, "release", "/proc/sys/kernel/osrelease");
	say_file(out, "symbol", "/proc/kallsyms");
	return out;
}

int main(int argc, char **argv)
{
	bool init = getpid() == 1;
	FILE *out = stdout;

	if (init) {
		mount("proc", "/proc", "proc", 0, NULL);
		mount("dev", "/dev", "devtmpfs", 0, NULL);
		load_modules();
		mark_address_space();
	}
	start_processes(init ? NR_CPUS : 0);
	/* Let the kernel's own threads come to rest. */
	sleep(1);

	if (init)
		out = begin_image();
	say_tasks(out);
	fprintf(out, "end\n");
	fflush(out);
	printf("guest: all said\n");
	fflush(stdout);
	/* The kernel hands on words of its command line that it does not know. */
	if (argc > 1 && !strcmp(argv[argc - 1], "churn"))
		churn();
	for (;;)
		if (wait(NULL) < 0)
			pause();
}
