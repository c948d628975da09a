// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_recording.c - libFuzzer target: any file through "vmitap report" and "export"
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../userspace/cli/cli.h"
#include "../../userspace/cli/options.h"

static struct options opts;

static void run(const struct command *cmd, char *path)
{
	char *argv[] = { path, NULL };

	lseek(atoi(path + sizeof("/dev/fd/") - 1), 0, SEEK_SET);
	cmd->run(&opts, 1, argv);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	opts = (struct options){ .classes = VMITAP_CLASSES_PASSIVE };
	run(&cmd_report, path);
	opts.json = true;
	run(&cmd_report, path);
	opts.output = "/dev/null";
	opts.format = "json";
	run(&cmd_export, path);
	opts.format = "perfetto";
	run(&cmd_export, path);
	close(fd);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return freopen("/dev/null", "w", stdout) ? 0 : 1;
}
