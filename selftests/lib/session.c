// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - thin functions around the ioctls
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "session.h"
#include "testvm.h"

bool session_available(void)
{
	int fd = open(SESSION_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int session_open(void)
{
	int fd = open(SESSION_DEVICE, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, SESSION_DEVICE);
	return fd;
}

int __vmitap_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

void vmitap_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = __vmitap_ioctl(fd, cmd, arg);

	CHECK(!ret, "ioctl %lu: %d", cmd & 0xff, ret);
}

int __session_attach(int fd, const struct testvm *vm, __u32 ring_bytes)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach),
		.flags = VMITAP_ATTACH_BY_FD,
		.vm_fd = vm->fd,
		.ring_bytes = ring_bytes,
	};

	return __vmitap_ioctl(fd, VMITAP_IOC_ATTACH, &attach);
}

int session_attach(const struct testvm *vm, __u32 ring_bytes)
{
	int fd = session_open();
	int ret = __session_attach(fd, vm, ring_bytes);

	CHECK(!ret, "ATTACH: %d", ret);
	return fd;
}

int __session_attach_pid(int fd, int pid, __u32 ring_bytes)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach),
		.pid = pid,
		.ring_bytes = ring_bytes,
	};

	return __vmitap_ioctl(fd, VMITAP_IOC_ATTACH, &attach);
}

void session_config(int fd, __u64 classes, __u32 fields)
{
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = classes,
		.fields = fields,
	};

	vmitap_ioctl(fd, VMITAP_IOC_CONFIG, &config);
}

void session_enable(int fd, bool on)
{
	struct vmitap_enable enable = { .size = sizeof(enable), .enable = on };

	vmitap_ioctl(fd, VMITAP_IOC_ENABLE, &enable);
}

int __session_filter(int fd, int prog_fd)
{
	struct vmitap_filter filter = {
		.size = sizeof(filter),
		.prog_fd = prog_fd,
	};

	return __vmitap_ioctl(fd, VMITAP_IOC_FILTER, &filter);
}

struct vmitap_stats session_stats(int fd)
{
	struct vmitap_stats stats = { .size = sizeof(stats) };

	vmitap_ioctl(fd, VMITAP_IOC_STATS, &stats);
	return stats;
}

int session_tap(const struct testvm *vm, __u32 ring_bytes, __u64 classes,
		__u32 fields)
{
	int fd = session_attach(vm, ring_bytes);

	session_config(fd, classes, fields);
	session_enable(fd, true);
	return fd;
}

struct vmitap_regs session_regs(int fd, __u32 vcpu_id)
{
	struct vmitap_regs regs = { .size = sizeof(regs), .vcpu_id = vcpu_id };

	vmitap_ioctl(fd, VMITAP_IOC_REGS, &regs);
	return regs;
}

void session_pause(int fd, bool on)
{
	struct vmitap_pause pause = { .size = sizeof(pause), .pause = on };

	vmitap_ioctl(fd, VMITAP_IOC_PAUSE, &pause);
}

struct vmitap_vm_info session_vm(int fd)
{
	struct vmitap_vm_info vms[32], mine = {};
	struct vmitap_list_vms list = {
		.size = sizeof(list), .entry_size = sizeof(vms[0]), .nr = 32,
		.vms = (unsigned long)vms,
	};
	unsigned int i, nr = 0;

	vmitap_ioctl(fd, VMITAP_IOC_LIST_VMS, &list);
	for (i = 0; i < list.out_nr && i < 32; i++)
		if (vms[i].pid == (__u32)getpid()) {
			mine = vms[i];
			nr++;
		}
	CHECK(nr == 1, "this process has %u VMs", nr);
	return mine;
}

int session_poll(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLPRI };
	int ret;

	do {
		ret = poll(&pollfd, 1, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	CHECK(ret >= 0, "poll");
	return ret ? pollfd.revents : 0;
}
