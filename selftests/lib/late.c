// SPDX-License-Identifier: GPL-2.0-only
/*
 * late.c - guest memory that the VMM does not have until the test gives it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "late.h"
#include "limit.h"
#include "testvm.h"

bool late_add(struct late *late, struct testvm *vm)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = {
		.range.len = LATE_BYTES, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct kvm_userspace_memory_region slot = {
		.slot = 2, .guest_phys_addr = LATE, .memory_size = LATE_BYTES,
	};

	late->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (late->fd < 0 && errno == ENOSYS)
		return false;
	CHECK(late->fd >= 0, "userfaultfd");
	CHECK(!ioctl(late->fd, UFFDIO_API, &api), "UFFDIO_API");
	late->mem = mmap(NULL, LATE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(late->mem != MAP_FAILED, "late memory");
	area.range.start = slot.userspace_addr = (unsigned long)late->mem;
	CHECK(!ioctl(late->fd, UFFDIO_REGISTER, &area), "UFFDIO_REGISTER");
	CHECK(!ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot),
	      "KVM_SET_USER_MEMORY_REGION");
	return true;
}

void late_give(struct late *late, __u64 gpa, const void *from)
{
	static char page[LATE_PAGE] __attribute__((aligned(LATE_PAGE)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)late->mem + (gpa - LATE), .len = LATE_PAGE,
		.src = (unsigned long)page,
	};

	memcpy(page, from, LATE_PAGE);
	CHECK(!ioctl(late->fd, UFFDIO_COPY, &copy), "UFFDIO_COPY");
}

__u64 late_wanted(struct late *late, double seconds)
{
	struct pollfd poll_fd = { .fd = late->fd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&poll_fd, 1, seconds * 1000) != 1)
		return 0;
	CHECK(read(late->fd, &msg, sizeof(msg)) == sizeof(msg), "userfaultfd");
	return LATE + (msg.arg.pagefault.address - (unsigned long)late->mem) / LATE_PAGE * LATE_PAGE;
}

void late_end(struct late *late)
{
	munmap(late->mem, LATE_BYTES);
	close(late->fd);
}

static void *run(void *vcpu)
{
	testvm_run(vcpu);
	return NULL;
}

void late_run(struct late *late, struct testvm_vcpu *vcpu, __u64 gpa, pthread_t *thread)
{
	CHECK(!pthread_create(thread, NULL, run, vcpu), "thread");
	CHECK(late_wanted(late, limit(IN_TIME)) == gpa, "nobody waits for it");
}
