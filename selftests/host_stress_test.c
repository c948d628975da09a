// SPDX-License-Identifier: GPL-2.0-only
/*
 * host_stress_test.c - a host that does not keep still: CPUs that go and come, threads
 * that are moved, memory that is short, modules that somebody wants out
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>

#define COUNTS_VMS
#include "lib/fixture.h"
#include "lib/loops.h"

#define RING_BYTES	0x10000

/* Longest time for the test with little memory. */
#define PRESSURE_SECONDS	20

GUEST_CPUID_LOOP(cpuids);

FIXTURE(stress)
{
	struct testvm *vm;
};

FIXTURE_SETUP(stress)
{
	int i;

	self->vm = NULL;
	REQUIRE_TAP(return);
	self->vm = testvm_create(true);
	TESTVM_LOAD(self->vm, cpuids);
	for (i = 0; i < 2; i++) {
		testvm_reset(testvm_add_vcpu(self->vm), TESTVM_LONG64);
		testvm_set_gpr(&self->vm->vcpus[i], 'b', 100);
	}
	testvm_start(self->vm);
}

FIXTURE_TEARDOWN(stress)
{
	if (self->vm)
		testvm_destroy(self->vm);
}

/* Tap everything, see that it is, and leave. */
static void tap_once(struct __test_metadata *_metadata, struct testvm *vm)
{
	int fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_ALL, VMITAP_FIELDS_ALL);
	struct ring ring;

	ring_map(&ring, fd, 0);
	testvm_wait_rounds(vm, 1);
	ring_drain(&ring);
	EXPECT_LT(0, ring.nr_exits);
	ring_unmap(&ring);
	close(fd);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

/* The last CPU: stage2 keeps guests off the first. */
TEST_F(stress, cpu_hotplug)
{
	long last = sysconf(_SC_NPROCESSORS_CONF) - 1;
	char path[64];
	int i, fd;

	if (!self->vm)
		return;
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/online", last);
	if (last < 2 || access(path, W_OK))
		SKIP(return, "no CPU that can be spared");
	for (i = 0; i < 8; i++) {
		/* Tapped when it goes, or when it comes, or neither. */
		fd = session_tap(self->vm, RING_BYTES, VMITAP_CLASSES_ALL, 0);
		ASSERT_EQ(0, write_file(path, "0"));
		testvm_wait_rounds(self->vm, 1);
		if (i & 1)
			close(fd);
		tap_once(_metadata, self->vm);
		ASSERT_EQ(0, write_file(path, "1"));
		testvm_wait_rounds(self->vm, 1);
		if (!(i & 1))
			close(fd);
	}
	tap_once(_metadata, self->vm);
}

/* Threads moved by chance, through attach and detach. */
TEST_F(stress, moved_threads)
{
	int i, nr_cpus;

	if (!self->vm)
		return;
	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr_cpus < 3)
		SKIP(return, "no CPU to move to");
	srandom(1);
	for (i = 0; i < 200; i++) {
		cpu_set_t cpus;

		CPU_ZERO(&cpus);
		CPU_SET(1 + random() % (nr_cpus - 1), &cpus);
		ASSERT_EQ(0, sched_setaffinity(self->vm->vcpus[i & 1].tid,
					       sizeof(cpus), &cpus));
		if (i % 10 == 0)
			tap_once(_metadata, self->vm);
	}
}

static long available_kb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	CHECK(file, "/proc/meminfo");
	while (kb < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %ld", &kb);
	fclose(file);
	return kb;
}

/* Take nearly all memory, give it back, again and again. */
static void hog(void)
{
	enum { LEAVE_KB = 200 << 10 };

	write_file("/proc/self/oom_score_adj", "1000");
	for (;;) {
		size_t bytes = (available_kb() - LEAVE_KB) << 10;
		char *mem;

		if (available_kb() < LEAVE_KB) {
			usleep(10000);
			continue;
		}
		mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		write_file("/proc/sys/vm/drop_caches", "3");
		write_file("/proc/sys/vm/compact_memory", "1");
		if (mem != MAP_FAILED)
			munmap(mem, bytes);
	}
}

TEST_F(stress, memory_pressure)
{
	double end = now() + PRESSURE_SECONDS;
	int pid, i;

	if (!self->vm)
		return;
	pid = fork();
	if (!pid)
		hog();
	/* Where the emulated host is slow, not as often. */
	for (i = 0; i < 40 && now() < end; i++)
		tap_once(_metadata, self->vm);
	EXPECT_LT(2, i);
	/* The process is still at it. */
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

/* Also a session whose VM is gone keeps KVM from being unloaded. */
TEST(kvm_unload)
{
	const char *vendor = access("/sys/module/kvm_amd", F_OK) ? "kvm_intel" : "kvm_amd";
	char load[64];
	struct testvm *vm;
	int fd, i;

	REQUIRE_TAP(return);
	vm = testvm_create(false);
	testvm_add_vcpu(vm);
	fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_ALL, 0);
	EXPECT_EQ(-EWOULDBLOCK, unload(vendor));
	testvm_destroy(vm);
	EXPECT_EQ(1, session_stats(fd).out_vm_gone);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EWOULDBLOCK, unload(vendor));
	close(fd);

	ASSERT_EQ(0, unload(vendor));
	/* Nothing to tap, and nothing else either. */
	fd = session_open();
	EXPECT_EQ(-ENODEV, __session_attach_pid(fd, getpid(), RING_BYTES));
	close(fd);
	snprintf(load, sizeof(load), "modprobe %s", vendor);
	ASSERT_EQ(0, system(load));

	vm = testvm_create(false);
	TESTVM_LOAD(vm, cpuids);
	testvm_reset(testvm_add_vcpu(vm), TESTVM_LONG64);
	testvm_set_gpr(&vm->vcpus[0], 'b', 10);
	testvm_start(vm);
	tap_once(_metadata, vm);
	testvm_destroy(vm);
}

TEST_HARNESS_MAIN
