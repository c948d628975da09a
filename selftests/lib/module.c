// SPDX-License-Identifier: GPL-2.0-only
/*
 * module.c - take vmitap out of the kernel and put it in again
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "module.h"

int module_unload(void)
{
	return syscall(SYS_delete_module, "vmitap", O_NONBLOCK) ? -errno : 0;
}

int module_users(void)
{
	FILE *file = fopen("/sys/module/vmitap/refcnt", "r");
	int users = -1;

	CHECK(file && fscanf(file, "%d", &users) == 1, "use count of vmitap");
	fclose(file);
	return users;
}

int module_load(void)
{
	const char *path = getenv("VMITAP_KO");
	int fd = open(path ?: "", O_RDONLY | O_CLOEXEC), ret;

	CHECK(fd >= 0, "VMITAP_KO");
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}
