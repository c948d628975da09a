// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap_test.c - who may map what of a ring, and for how long
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define COUNTS_VMS
#include "lib/fixture.h"

#define PAGE		4096ul
#define RING_BYTES	0x2000ul
#define ALL_BYTES	(2 * PAGE + 2 * RING_BYTES)

GUEST_CODE(one_cpuid, 64,
	   "cpuid\n"
	   "out %al, $0xf4\n");

FIXTURE(map)
{
	struct tapped t;
	__u64 offset;
};

FIXTURE_SETUP(map)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	TESTVM_LOAD(self->t.vm, one_cpuid);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	tapped_attach(&self->t, RING_BYTES, VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID),
		      VMITAP_FIELDS_ALL);
	self->offset = self->t.ring.info.out_mmap_offset;
}

FIXTURE_TEARDOWN(map)
{
	tapped_end(&self->t);
}

/* Return: 0 or the error that mmap() gives. */
static int try_map(int fd, size_t bytes, int prot, int flags, __u64 offset)
{
	void *at = mmap(NULL, bytes, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, bytes);
	return 0;
}

#define RW	(PROT_READ | PROT_WRITE)

TEST_F(map, allowed)
{
	int fd = self->t.fd;

	EXPECT_EQ(0, try_map(fd, ALL_BYTES, PROT_READ, MAP_SHARED, self->offset));
	EXPECT_EQ(0, try_map(fd, PAGE, RW, MAP_SHARED, self->offset));
	EXPECT_EQ(0, try_map(fd, PAGE, PROT_READ, MAP_SHARED, self->offset));
	EXPECT_EQ(0, try_map(fd, PAGE, PROT_READ, MAP_SHARED, self->offset + PAGE));
	EXPECT_EQ(0, try_map(fd, RING_BYTES, PROT_READ, MAP_SHARED,
			     self->offset + 2 * PAGE));
}

TEST_F(map, writable)
{
	int fd = self->t.fd;

	EXPECT_EQ(EPERM, try_map(fd, ALL_BYTES, RW, MAP_SHARED, self->offset));
	EXPECT_EQ(EPERM, try_map(fd, 2 * PAGE, RW, MAP_SHARED, self->offset));
	EXPECT_EQ(EPERM, try_map(fd, PAGE, RW, MAP_SHARED, self->offset + PAGE));
	EXPECT_EQ(EPERM, try_map(fd, PAGE, RW, MAP_SHARED, self->offset + 2 * PAGE));
	EXPECT_EQ(EPERM, try_map(fd, PAGE, PROT_WRITE, MAP_SHARED, self->offset + PAGE));
	EXPECT_EQ(EPERM, try_map(fd, PAGE, RW, MAP_SHARED,
				 self->offset + ALL_BYTES - PAGE));
}

/* What a guest writes to a ring is not to be executed. */
TEST_F(map, executable)
{
	EXPECT_EQ(EPERM, try_map(self->t.fd, ALL_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED,
				 self->offset));
	EXPECT_EQ(EPERM, try_map(self->t.fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED,
				 self->offset));
}

TEST_F(map, made_writable_later)
{
	char *all = mmap(NULL, ALL_BYTES, PROT_READ, MAP_SHARED, self->t.fd,
			 self->offset);

	ASSERT_NE(MAP_FAILED, all);
	EXPECT_EQ(-1, mprotect(all, ALL_BYTES, RW));
	EXPECT_EQ(EACCES, errno);
	/* Not even the part of it that could have been. */
	EXPECT_EQ(-1, mprotect(all, PAGE, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(all + PAGE, PAGE, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(all, ALL_BYTES, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	munmap(all, ALL_BYTES);
}

TEST_F(map, too_much)
{
	int fd = self->t.fd;

	EXPECT_EQ(EINVAL, try_map(fd, ALL_BYTES + PAGE, PROT_READ, MAP_SHARED,
				  self->offset));
	EXPECT_EQ(EINVAL, try_map(fd, 2 * PAGE, PROT_READ, MAP_SHARED,
				  self->offset + ALL_BYTES - PAGE));
	EXPECT_EQ(EINVAL, try_map(fd, PAGE, PROT_READ, MAP_SHARED,
				  self->offset + ALL_BYTES));
	EXPECT_EQ(EINVAL, try_map(fd, 1ul << 30, PROT_READ, MAP_SHARED, self->offset));
}

TEST_F(map, wrong_offset)
{
	int fd = self->t.fd;

	EXPECT_EQ(EINVAL, try_map(fd, PAGE, PROT_READ, MAP_SHARED,
				  self->offset + (1ull << 32)));
	EXPECT_EQ(EINVAL, try_map(fd, PAGE, PROT_READ, MAP_SHARED, 1ull << 62));
	EXPECT_EQ(EINVAL, try_map(fd, PAGE, PROT_READ, MAP_SHARED,
				  self->offset + (1ull << 31)));
}

TEST_F(map, grown_later)
{
	char *all = mmap(NULL, ALL_BYTES, PROT_READ, MAP_SHARED, self->t.fd,
			 self->offset);

	ASSERT_NE(MAP_FAILED, all);
	EXPECT_EQ(MAP_FAILED, mremap(all, ALL_BYTES, 2 * ALL_BYTES, MREMAP_MAYMOVE));
	munmap(all, ALL_BYTES);
}

TEST_F(map, private)
{
	/* A private page would never tell the kernel anything. */
	EXPECT_EQ(EINVAL, try_map(self->t.fd, PAGE, RW, MAP_PRIVATE, self->offset));
	EXPECT_EQ(EPERM, try_map(self->t.fd, PAGE, RW, MAP_PRIVATE, self->offset + PAGE));
}

TEST_F(map, before_attach)
{
	int fd = session_open();

	EXPECT_EQ(EINVAL, try_map(fd, PAGE, PROT_READ, MAP_SHARED, 0));
	close(fd);
}

TEST_F(map, data_twice)
{
	const char *data = self->t.ring.data;
	unsigned long i;

	/* More than once around. */
	for (i = 0; i < 20; i++) {
		testvm_reset(self->t.vcpu, TESTVM_LONG64);
		testvm_run(self->t.vcpu);
		EXPECT_EQ(1, ring_drain(&self->t.ring));
	}
	EXPECT_LT(RING_BYTES, self->t.ring.pos);
	EXPECT_EQ(0, memcmp(data, data + RING_BYTES, RING_BYTES));
	for (i = 0; i < RING_BYTES && !data[i]; i++)
		;
	EXPECT_LT(i, RING_BYTES);
}

TEST_F(map, consumer_page_in_both)
{
	const __u64 *read_only = (const void *)((char *)self->t.ring.prod - PAGE);

	self->t.ring.cons->consumer_pos = 0x1230;
	EXPECT_EQ(0x1230, *(const volatile __u64 *)read_only);
}

static __u32 count_sessions(void)
{
	struct vmitap_vm_info info = {};
	struct vmitap_list_vms list = {
		.size = sizeof(list), .entry_size = sizeof(info), .nr = 1,
		.vms = (unsigned long)&info,
	};
	int fd = session_open();

	vmitap_ioctl(fd, VMITAP_IOC_LIST_VMS, &list);
	close(fd);
	CHECK(list.out_nr == 1, "%u VMs: do not run this beside others", list.out_nr);
	return info.nr_sessions;
}

/* A mapping keeps the file, and with it the session. */
TEST_F(map, outlives_close)
{
	struct ring *ring = &self->t.ring;

	testvm_run(self->t.vcpu);
	close(self->t.fd);
	self->t.fd = -1;
	EXPECT_EQ(1, ring_drain(ring));
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_run(self->t.vcpu);
	EXPECT_EQ(1, ring_drain(ring));
	EXPECT_EQ(1, count_sessions());
	ring_unmap(ring);
	EXPECT_EQ(0, count_sessions());
}

TEST_F(map, outlives_the_vm)
{
	testvm_run(self->t.vcpu);
	testvm_destroy(self->t.vm);
	self->t.vm = NULL;
	EXPECT_LE(1, ring_drain(&self->t.ring));
	EXPECT_NE(0, self->t.ring.prod->state & VMITAP_RING_DEAD);
}

TEST_F(map, unmapped_while_in_use)
{
	struct ring again;

	ring_unmap(&self->t.ring);
	testvm_run(self->t.vcpu);
	ring_map(&again, self->t.fd, 0);
	EXPECT_EQ(1, ring_drain(&again));
	self->t.ring = again;
}

TEST_F(map, read_by_a_child)
{
	int pid, status;

	testvm_run(self->t.vcpu);
	pid = fork();
	if (!pid)
		_exit(ring_drain(&self->t.ring));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(1, WEXITSTATUS(status));
	/* The position is shared. */
	EXPECT_EQ(self->t.ring.prod->producer_pos, self->t.ring.cons->consumer_pos);
}

TEST_HARNESS_MAIN
