// SPDX-License-Identifier: GPL-2.0-only
/*
 * tapper.c - hold a session on a VM and do nothing else
 *
 * usage: tapper PID CLASSES FIELDS RING_BYTES [PINNED_FILTER]
 *
 * Prints "tapped" once events are captured, "events N lost N" after a line on
 * standard input.  Never reads the rings: what the benchmark counts is the
 * vCPU's work alone, so the rings must be large enough.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/vmitap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <bpf/bpf.h>

static void tap(int fd, unsigned long cmd, void *arg, const char *what)
{
	if (ioctl(fd, cmd, arg))
		err(1, "%s", what);
}

int main(int argc, char **argv)
{
	struct vmitap_attach attach = { .size = sizeof(attach) };
	struct vmitap_config config = { .size = sizeof(config) };
	struct vmitap_filter filter = { .size = sizeof(filter) };
	struct vmitap_enable enable = { .size = sizeof(enable), .enable = 1 };
	struct vmitap_stats stats = { .size = sizeof(stats) };
	char line[16];
	int fd;

	if (argc < 5)
		errx(2, "usage: tapper PID CLASSES FIELDS RING_BYTES [PINNED_FILTER]");
	attach.pid = strtoul(argv[1], NULL, 0);
	/* -1 is all that makes no exits by itself; traps are named. */
	config.classes = strtoull(argv[2], NULL, 0);
	if (config.classes == -1ull)
		config.classes = VMITAP_CLASSES_PASSIVE;
	config.fields = strtoul(argv[3], NULL, 0);
	attach.ring_bytes = strtoul(argv[4], NULL, 0);

	fd = open("/dev/vmitap", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/vmitap");
	tap(fd, VMITAP_IOC_ATTACH, &attach, "ATTACH");
	tap(fd, VMITAP_IOC_CONFIG, &config, "CONFIG");
	if (argc > 5) {
		filter.prog_fd = bpf_obj_get(argv[5]);
		if (filter.prog_fd < 0)
			err(1, "%s", argv[5]);
		tap(fd, VMITAP_IOC_FILTER, &filter, "FILTER");
	}
	tap(fd, VMITAP_IOC_ENABLE, &enable, "ENABLE");
	puts("tapped");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	tap(fd, VMITAP_IOC_STATS, &stats, "STATS");
	printf("events %llu lost %llu\n", stats.out_events,
	       stats.out_lost[VMITAP_LOST_FULL]);
	return 0;
}
