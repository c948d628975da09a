// SPDX-License-Identifier: GPL-2.0-only
/*
 * charge_test.c - whose memory a session's memory is, by cgroups
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/fixture.h"

#define MIB		(1 << 20)
#define RING_BYTES	(4 * MIB)
#define NR_SESSIONS	64
#define NR_CR3S		4096

/* Of a cgroup below the fixture's directory; "." is that itself. */
static int open_file(const char *dir, const char *group, const char *name, int flags)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s/%s", dir, group, name);
	return open(path, flags | O_CLOEXEC);
}

static bool put(const char *dir, const char *group, const char *name, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open_file(dir, group, name, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, len) == len;

	if (fd >= 0)
		close(fd);
	return good;
}

static long charged(const char *dir, const char *group)
{
	char buf[32] = "";
	int fd = open_file(dir, group, "memory.current", O_RDONLY);

	CHECK(fd >= 0 && read(fd, buf, sizeof(buf) - 1) > 0, "%s: %s", group, strerror(errno));
	close(fd);
	return atol(buf);
}

/* This process, from now on. */
static void join(const char *dir, const char *group)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	CHECK(put(dir, group, "cgroup.procs", pid), "%s: %s", group, strerror(errno));
}

/* Two cgroups: in one is this process, in the other a VMM with a vCPU that does not run. */
FIXTURE(charge)
{
	char dir[32];
	bool mounted;
	int vmm;
	int to_vmm[2];
	int from_vmm[2];
};

static void make_group(const char *dir, const char *group)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, group);
	CHECK(!mkdir(path, 0755), "%s: %s", path, strerror(errno));
}

/* A vCPU, and one more for each byte that comes. */
static void run_vmm(const char *dir, int in, int out)
{
	struct testvm *vm;
	char byte;

	join(dir, "vmm");
	vm = testvm_create(false);
	do {
		testvm_add_vcpu(vm);
		CHECK(write(out, "", 1) == 1, "nobody is there");
	} while (read(in, &byte, 1) == 1);
	_exit(0);
}

FIXTURE_SETUP(charge)
{
	char byte;

	memset(self, 0, sizeof(*self));
	REQUIRE_TAP(return);
	strcpy(self->dir, "/tmp/charge_test.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	self->mounted = !mount("none", self->dir, "cgroup2", 0, NULL);
	/* The tests say that they are skipped: they run whatever is said here. */
	if (!self->mounted || !put(self->dir, ".", "cgroup.subtree_control", "+memory"))
		return;
	make_group(self->dir, "consumer");
	make_group(self->dir, "vmm");
	ASSERT_EQ(0, pipe(self->to_vmm));
	ASSERT_EQ(0, pipe(self->from_vmm));
	self->vmm = fork();
	ASSERT_LE(0, self->vmm);
	if (!self->vmm) {
		close(self->to_vmm[1]);
		run_vmm(self->dir, self->to_vmm[0], self->from_vmm[1]);
	}
	join(self->dir, "consumer");
	ASSERT_EQ(1, read(self->from_vmm[0], &byte, 1));
}

static void remove_group(const char *dir, const char *group)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, group);
	comes_true(!rmdir(path) || errno == ENOENT);
}

FIXTURE_TEARDOWN(charge)
{
	if (self->vmm > 0) {
		kill(self->vmm, SIGKILL);
		waitpid(self->vmm, NULL, 0);
		join(self->dir, ".");
		remove_group(self->dir, "consumer");
		remove_group(self->dir, "vmm");
	}
	if (self->mounted)
		umount2(self->dir, MNT_DETACH);
	if (self->dir[0])
		rmdir(self->dir);
}

#define REQUIRE_CGROUPS(self)						\
	do {								\
		if (!(self)->vmm)					\
			SKIP(return, "this kernel has no cgroups for memory, or another use of them"); \
	} while (0)

static void add_vcpu(const FIXTURE_DATA(charge) *self)
{
	char byte;

	CHECK(write(self->to_vmm[1], "", 1) == 1 && read(self->from_vmm[0], &byte, 1) == 1,
	      "the VMM is gone");
}

/* A VMM's guest is not to run short of memory because somebody looks at it. */
TEST_F(charge, rings_of_new_vcpus_too)
{
	long consumer, vmm;
	int fd;

	REQUIRE_CGROUPS(self);
	consumer = charged(self->dir, "consumer");
	vmm = charged(self->dir, "vmm");
	fd = session_open();
	ASSERT_EQ(0, __session_attach_pid(fd, self->vmm, RING_BYTES));
	EXPECT_LE(RING_BYTES - MIB, charged(self->dir, "consumer") - consumer);
	add_vcpu(self);
	EXPECT_EQ(2, session_stats(fd).out_nr_rings);
	EXPECT_LE(2 * RING_BYTES - MIB, charged(self->dir, "consumer") - consumer);
	EXPECT_GT(MIB, charged(self->dir, "vmm") - vmm);
	close(fd);
}

/* Nor is it to fail, or anybody to be killed, where who looks may not have the memory. */
TEST_F(charge, limit_of_the_consumer)
{
	struct vmitap_pause hold = { .size = sizeof(hold), .pause = 1 };
	struct vmitap_stats stats;
	char bytes[24];
	int fd;

	REQUIRE_CGROUPS(self);
	fd = session_open();
	ASSERT_EQ(0, __session_attach_pid(fd, self->vmm, RING_BYTES));
	snprintf(bytes, sizeof(bytes), "%ld", charged(self->dir, "consumer") + RING_BYTES / 2);
	ASSERT_TRUE(put(self->dir, "consumer", "memory.max", bytes));
	add_vcpu(self);
	stats = session_stats(fd);
	EXPECT_EQ(1, stats.out_nr_rings);
	EXPECT_EQ(1, stats.out_untapped_vcpus);
	ASSERT_TRUE(put(self->dir, "consumer", "memory.max", "max"));
	add_vcpu(self);
	stats = session_stats(fd);
	EXPECT_EQ(2, stats.out_nr_rings);
	EXPECT_EQ(1, stats.out_untapped_vcpus);
	/* A pause is of all vCPUs; one without a ring can be held all the same. */
	EXPECT_EQ(0, __vmitap_ioctl(fd, VMITAP_IOC_PAUSE, &hold));
	close(fd);
}

TEST_F(charge, lists_of_a_configuration)
{
	static __u64 cr3s[NR_CR3S];
	struct vmitap_config config = {
		.size = sizeof(config), .classes = VMITAP_CLASSES_EXIT,
		.cr3s = (unsigned long)cr3s, .nr_cr3s = NR_CR3S,
	};
	struct vmitap_attach attach = {
		.size = sizeof(attach), .flags = VMITAP_ATTACH_NEXT, .pid = getpid(),
		.ring_bytes = 4096,
	};
	int fds[NR_SESSIONS], i;
	long before;

	REQUIRE_CGROUPS(self);
	before = charged(self->dir, "consumer");
	for (i = 0; i < NR_SESSIONS; i++) {
		fds[i] = session_open();
		vmitap_ioctl(fds[i], VMITAP_IOC_ATTACH, &attach);
		vmitap_ioctl(fds[i], VMITAP_IOC_CONFIG, &config);
	}
	/* Some was charged before: the kernel does so for several pages at a time. */
	EXPECT_LE(NR_SESSIONS * (long)sizeof(cr3s) / 2,
		  charged(self->dir, "consumer") - before);
	for (i = 0; i < NR_SESSIONS; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
