// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent.c - vmitap-agent: tells the monitor which processes a guest says it has
 *
 * Runs in the guest, as any user: the list goes out by a hypercall from user mode.
 * Without a monitor that wants it, nothing happens.
 *
 * usage: vmitap-agent [--interval SECONDS]
 * Exit status: 0 a monitor has the list; 1 it has not; 2 wrong usage; 3 there is no
 * hypervisor that takes hypercalls.  With an interval it goes on in any case but 3.
 */
#include <cpuid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/vmitap.h>

#include "message.h"

#define PF_KTHREAD	0x00200000u

/* Entries that fit into one message. */
#define PART_ENTRIES	((VMITAP_MESSAGE_MAX - sizeof(struct agent_head)) / \
			 sizeof(struct agent_process))

static struct agent_process processes[AGENT_MAX_PROCESSES];

/* One message. */
static union {
	struct agent_head head;
	uint8_t bytes[VMITAP_MESSAGE_MAX];
} message;

/* What the hypercall's instruction raises where no hypervisor takes it. */
static void on_sigill(int sig)
{
	static const char text[] =
		"vmitap-agent: no hypervisor here takes hypercalls\n";

	(void)sig;
	_exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 1 : 3);
}

static bool is_amd(void)
{
	unsigned int eax, ebx, ecx, edx;

	/* AuthenticAMD, HygonGenuine */
	return __get_cpuid(0, &eax, &ebx, &ecx, &edx) &&
	       (ebx == signature_AMD_ebx || ebx == 0x6f677948);
}

/* Return: sessions that have the message, or negative errno. */
static long hypercall(const void *data, size_t bytes)
{
	long ret = VMITAP_HYPERCALL;

	if (is_amd())
		__asm__ volatile("vmmcall" : "+a"(ret) :
				 "b"(AGENT_TAG), "c"(data), "d"(bytes) :
				 "memory");
	else
		__asm__ volatile("vmcall" : "+a"(ret) :
				 "b"(AGENT_TAG), "c"(data), "d"(bytes) :
				 "memory");
	return ret;
}

/* No room is for a moment only: the monitor reads. */
static long send_message(void)
{
	struct timespec pause = { .tv_nsec = 2000000 };
	int tries = 50;
	long ret;

	do {
		ret = hypercall(&message, message.head.total);
	} while (ret == -ENOSPC && --tries && !nanosleep(&pause, NULL));
	return ret;
}

static uint64_t boot_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Send a list.  Return: whether a session has all of it. */
static bool send_list(uint32_t nr, uint32_t sequence, uint64_t time_ns)
{
	uint32_t parts = (nr + PART_ENTRIES - 1) / PART_ENTRIES;
	uint32_t part, first, entries;
	bool taken = nr;

	for (part = 0; part < parts && taken; part++) {
		first = part * PART_ENTRIES;
		entries = nr - first < PART_ENTRIES ? nr - first : PART_ENTRIES;
		message.head = (struct agent_head){
			.bytes = sizeof(message.head),
			.version = AGENT_VERSION, .type = AGENT_PROCESSES,
			.total = sizeof(message.head) +
				 entries * sizeof(processes[0]),
			.sequence = sequence, .part = part, .parts = parts,
			.entries = entries, .ticks = sysconf(_SC_CLK_TCK),
			.time_ns = time_ns,
		};
		memcpy(message.bytes + sizeof(message.head), &processes[first],
		       entries * sizeof(processes[0]));
		taken = send_message() > 0;
	}
	return taken;
}

/* The name may have anything in it, so what follows it is found from the end. */
static bool parse_stat(struct agent_process *process, char *line)
{
	char *comm = strchr(line, '('), *end = strrchr(line, ')');
	unsigned int flags = 0, ppid = 0;
	unsigned long long start = 0;
	size_t len;

	if (!comm || !end || end < comm)
		return false;
	if (sscanf(end + 1, " %*c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u"
		   " %*d %*d %*d %*d %*d %*d %llu", &ppid, &flags,
		   &start) != 3)
		return false;
	process->ppid = ppid;
	process->start = start;
	process->flags = flags & PF_KTHREAD ? AGENT_F_KTHREAD : 0;
	comm++;
	len = end - comm;
	if (len > sizeof(process->comm))
		len = sizeof(process->comm);
	memcpy(process->comm, comm, len);
	return true;
}

/* Read a file of a process.  Return: whether there was something. */
static bool read_file(const char *pid, const char *name, char *text,
		      size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

static bool read_process(struct agent_process *process, const char *pid)
{
	char text[2048];
	const char *uid;

	memset(process, 0, sizeof(*process));
	process->bytes = sizeof(*process);
	process->pid = strtoul(pid, NULL, 10);
	if (!read_file(pid, "stat", text, sizeof(text)) ||
	    !parse_stat(process, text))
		return false;
	if (!read_file(pid, "status", text, sizeof(text)))
		return false;
	uid = strstr(text, "\nUid:");
	process->uid = uid ? strtoul(uid + 5, NULL, 10) : 0;
	return uid;
}

static uint32_t read_processes(void)
{
	struct dirent *entry;
	uint32_t nr = 0;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return 0;
	while (nr < AGENT_MAX_PROCESSES && (entry = readdir(proc))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		/* One that ended meanwhile is none. */
		nr += read_process(&processes[nr], entry->d_name);
	}
	closedir(proc);
	return nr;
}

static double parse_interval(int argc, char **argv)
{
	double interval;
	char *end;

	if (argc == 1)
		return 0;
	if (argc == 3 && !strcmp(argv[1], "--interval")) {
		interval = strtod(argv[2], &end);
		if (end != argv[2] && !*end && interval >= 0.01 &&
		    interval <= 1e6)
			return interval;
	}
	fprintf(stderr, "usage: vmitap-agent [--interval SECONDS]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	double interval = parse_interval(argc, argv);
	struct timespec pause;
	uint32_t sequence = 0;
	uint64_t time_ns;
	bool taken;

	signal(SIGILL, on_sigill);
	pause.tv_sec = interval;
	pause.tv_nsec = (interval - pause.tv_sec) * 1e9;
	do {
		time_ns = boot_time_ns();
		taken = send_list(read_processes(), ++sequence, time_ns);
	} while (interval && (!nanosleep(&pause, NULL) || errno == EINTR));
	return !taken;
}
