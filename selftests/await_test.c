// SPDX-License-Identifier: GPL-2.0-only
/*
 * await_test.c - sessions that are attached to a VM before it is made
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/fixture.h"

#define RING_BYTES	0x8000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

GUEST_CODE(guest, 64,
	   "cpuid\n"
	   "out %al, $0xf4\n");

/* Return: the session, or -errno. */
static int attach_next(__u32 pid)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach), .flags = VMITAP_ATTACH_NEXT, .pid = pid,
		.ring_bytes = RING_BYTES,
	};
	int fd = session_open();

	if (ioctl(fd, VMITAP_IOC_ATTACH, &attach) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	CHECK(!attach.out_nr_rings, "%u rings of no VM", attach.out_nr_rings);
	return fd;
}

static int attach_next_enabled(__u32 pid, __u64 classes)
{
	int fd = attach_next(pid);

	CHECK(fd >= 0, "attach to the next VM: %d", fd);
	session_config(fd, classes, 0);
	session_enable(fd, true);
	return fd;
}

static void run_first_vcpu(struct testvm *vm)
{
	struct testvm_vcpu *vcpu = testvm_add_vcpu(vm);

	TESTVM_LOAD(vm, guest);
	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_run(vcpu);
}

static struct testvm *run_vm(void)
{
	struct testvm *vm = testvm_create(false);

	run_first_vcpu(vm);
	return vm;
}

/* How many CPUID exits the session has of its only vCPU. */
static int count_cpuid(int fd)
{
	const struct vmitap_record *rec;
	struct ring ring;
	int nr = 0;

	ring_map(&ring, fd, 0);
	while ((rec = ring_next(&ring)))
		nr += rec->type == VMITAP_RECORD_EXIT;
	ring_unmap(&ring);
	return nr;
}

TEST(first_instruction_of_the_next_vm)
{
	const struct vmitap_record *rec;
	struct testvm *vm, *other;
	struct ring ring;
	int fd;

	REQUIRE_TAP(return);
	fd = attach_next_enabled(0, CLASS(CPUID) | CLASS(VCPU));
	EXPECT_EQ(0, session_poll(fd, 0));
	EXPECT_EQ(0, session_stats(fd).out_nr_rings);
	EXPECT_EQ(0, session_stats(fd).out_vm_gone);
	vm = run_vm();
	EXPECT_EQ(POLLPRI, session_poll(fd, 0) & POLLPRI);
	ring_map(&ring, fd, 0);
	rec = ring_next(&ring);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(VMITAP_RECORD_VCPU_CREATED, rec->type);
	ring_expect_exit(&ring, VMITAP_CLASS_CPUID);
	EXPECT_EQ(NULL, ring_next(&ring));

	/* It has its VM now: the next is none of its business. */
	other = run_vm();
	EXPECT_EQ(1, session_stats(fd).out_nr_rings);
	EXPECT_EQ(NULL, ring_next(&ring));
	testvm_destroy(other);
	EXPECT_EQ(0, session_stats(fd).out_vm_gone);
	ring_unmap(&ring);
	testvm_destroy(vm);
	EXPECT_EQ(POLLHUP, session_poll(fd, 0) & POLLHUP);
	EXPECT_EQ(1, session_stats(fd).out_vm_gone);
	close(fd);
}

/* VMMs try what KVM can do with VMs that never get a vCPU; and KVM may fail to make one. */
TEST(vm_without_a_vcpu_is_none)
{
	struct testvm *vm;
	int fd;

	REQUIRE_TAP(return);
	fd = attach_next_enabled(getpid(), CLASS(CPUID));
	testvm_destroy(testvm_create(false));
	EXPECT_EQ(0, session_poll(fd, 0));
	EXPECT_EQ(0, session_stats(fd).out_vm_gone);
	vm = run_vm();
	EXPECT_EQ(1, count_cpuid(fd));
	testvm_destroy(vm);
	EXPECT_EQ(1, session_stats(fd).out_vm_gone);
	close(fd);
}

/* One that has vCPUs is not the next, though it gets another. */
TEST(vm_that_has_a_vcpu)
{
	struct testvm *vm;
	int fd;

	REQUIRE_TAP(return);
	vm = run_vm();
	fd = attach_next_enabled(getpid(), CLASS(CPUID));
	testvm_add_vcpu(vm);
	EXPECT_EQ(0, session_poll(fd, 0));
	EXPECT_EQ(0, session_stats(fd).out_nr_rings);
	testvm_destroy(vm);
	EXPECT_EQ(0, session_stats(fd).out_vm_gone);
	close(fd);
}

/* The reader dies while it waits for VMs, and a VMM right after it got its session. */
TEST(killed)
{
	struct testvm *vm;
	int ready[2], fd, i;
	char byte = 0;
	pid_t child;

	REQUIRE_TAP(return);
	ASSERT_EQ(0, pipe(ready));
	child = fork();
	if (!child) {
		for (i = 0; i < 3; i++)
			attach_next_enabled(getppid(), VMITAP_CLASSES_ALL);
		_exit(write(ready[1], &byte, 1) == 1 ? pause() : 1);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	vm = run_vm();
	testvm_destroy(vm);

	fd = attach_next_enabled(0, VMITAP_CLASSES_ALL);
	child = fork();
	if (!child) {
		vm = run_vm();
		_exit(write(ready[1], &byte, 1) == 1 ? pause() : 1);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(1, session_stats(fd).out_nr_rings);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_EQ(1, session_stats(fd).out_vm_gone);
	close(fd);
}

/* Of several sessions of one process, each gets a VM. */
TEST(one_vm_for_each_session)
{
	struct testvm *vms[3];
	int fds[3], i;

	REQUIRE_TAP(return);
	for (i = 0; i < 3; i++)
		fds[i] = attach_next_enabled(getpid(), CLASS(CPUID));
	for (i = 0; i < 3; i++)
		vms[i] = run_vm();
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(1, session_stats(fds[i]).out_nr_rings);
		EXPECT_EQ(1, count_cpuid(fds[i]));
	}
	for (i = 0; i < 3; i++) {
		testvm_destroy(vms[i]);
		close(fds[i]);
	}
}

/* Those of several processes share one, also with who attached to it before. */
static void share(struct __test_metadata *_metadata, bool before)
{
	int fd, ready[2], go[2], status;
	struct testvm *vm;
	char byte = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		int own = attach_next_enabled(getppid(), CLASS(CPUID));

		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(count_cpuid(own) == 1 ? 0 : 2);
	}
	if (!before)
		fd = attach_next_enabled(getpid(), CLASS(CPUID));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	vm = testvm_create(false);
	if (before)
		fd = session_tap(vm, RING_BYTES, CLASS(CPUID), 0);
	run_first_vcpu(vm);
	EXPECT_EQ(1, count_cpuid(fd));
	ASSERT_EQ(1, write(go[1], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	close(fd);
	testvm_destroy(vm);
}

TEST(processes_share_the_next_vm)
{
	REQUIRE_TAP(return);
	share(_metadata, false);
}

TEST(sharing_with_who_attached_before)
{
	REQUIRE_TAP(return);
	share(_metadata, true);
}

/* A process that has no VM, until it is killed. */
static pid_t spawn_idle(void)
{
	pid_t child = fork();

	if (!child) {
		pause();
		_exit(0);
	}
	return child;
}

TEST(vm_of_another_process)
{
	struct testvm *vm;
	int fd;
	pid_t child;

	REQUIRE_TAP(return);
	child = spawn_idle();
	fd = attach_next_enabled(child, CLASS(CPUID));
	vm = run_vm();
	EXPECT_EQ(0, session_stats(fd).out_nr_rings);
	testvm_destroy(vm);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fd);
}

/* Nobody is woken, but at the end of its timeout poll() looks once more. */
static bool hangs_up(int fd)
{
	return comes_true(session_poll(fd, 200) & POLLHUP);
}

static void expect_gone(struct __test_metadata *_metadata, int fd)
{
	struct vmitap_config config = { .size = sizeof(config) };
	struct vmitap_enable enable = { .size = sizeof(enable) };
	struct vmitap_pause hold = { .size = sizeof(hold), .pause = 1 };
	struct vmitap_regs regs = { .size = sizeof(regs) };
	struct vmitap_ring_info ring = { .size = sizeof(ring) };

	EXPECT_EQ(1, session_stats(fd).out_vm_gone);
	EXPECT_EQ(0, session_stats(fd).out_nr_rings);
	EXPECT_EQ(-EPIPE, __vmitap_ioctl(fd, VMITAP_IOC_CONFIG, &config));
	EXPECT_EQ(-EPIPE, __vmitap_ioctl(fd, VMITAP_IOC_ENABLE, &enable));
	EXPECT_EQ(-EPIPE, __vmitap_ioctl(fd, VMITAP_IOC_PAUSE, &hold));
	EXPECT_EQ(-EPIPE, __vmitap_ioctl(fd, VMITAP_IOC_REGS, &regs));
	EXPECT_EQ(-ENOENT, __vmitap_ioctl(fd, VMITAP_IOC_RING, &ring));
	EXPECT_EQ(POLLHUP, session_poll(fd, 0));
}

TEST(process_ends_before_it_has_a_vm)
{
	int any, fd;
	pid_t child;

	REQUIRE_TAP(return);
	child = spawn_idle();
	any = attach_next_enabled(0, CLASS(CPUID));
	fd = attach_next_enabled(child, VMITAP_CLASSES_ALL);
	EXPECT_EQ(0, session_poll(fd, 500));
	EXPECT_EQ(0, session_stats(fd).out_vm_gone);
	kill(child, SIGKILL);
	EXPECT_TRUE(hangs_up(fd));
	/* Also before anybody waited for it. */
	expect_gone(_metadata, fd);
	waitpid(child, NULL, 0);
	expect_gone(_metadata, fd);
	/* Others may have one. */
	EXPECT_EQ(0, session_poll(any, 0));
	EXPECT_EQ(0, session_stats(any).out_vm_gone);
	close(fd);
	close(any);
}

TEST(process_executes_another_program)
{
	int fd, go[2];
	pid_t child;
	char byte;

	REQUIRE_TAP(return);
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) == 1)
			execl("/bin/sleep", "sleep", "600", NULL);
		_exit(1);
	}
	fd = attach_next_enabled(child, CLASS(CPUID));
	EXPECT_EQ(0, session_poll(fd, 500));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_TRUE(hangs_up(fd));
	expect_gone(_metadata, fd);
	close(fd);

	/* That program may have one. */
	fd = attach_next_enabled(child, CLASS(CPUID));
	EXPECT_EQ(0, session_poll(fd, 500));
	EXPECT_EQ(0, session_stats(fd).out_vm_gone);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_TRUE(hangs_up(fd));
	close(fd);
}

TEST(while_there_is_no_vm)
{
	struct vmitap_regs regs = { .size = sizeof(regs) };
	struct vmitap_ring_info ring = { .size = sizeof(ring) };
	struct vmitap_pause hold = { .size = sizeof(hold), .pause = 1 };
	struct testvm *vm;
	int fd;

	REQUIRE_TAP(return);
	vm = testvm_create(false);
	/* All traps, which have hooks of their own. */
	fd = attach_next_enabled(0, VMITAP_CLASSES_ALL);
	EXPECT_EQ(-1, ioctl(fd, VMITAP_IOC_REGS, &regs));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, ioctl(fd, VMITAP_IOC_PAUSE, &hold));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(-1, ioctl(fd, VMITAP_IOC_RING, &ring));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-EBUSY, __session_attach(fd, vm, RING_BYTES));
	session_config(fd, CLASS(CPUID), 0);
	session_enable(fd, false);
	close(fd);
	testvm_destroy(vm);
}

/* Return: seconds that so many calls take. */
static double enable_often(int fd)
{
	double start = now();
	int i;

	for (i = 0; i < 50; i++)
		session_enable(fd, i & 1);
	return now() - start;
}

/* No vCPU can be using its configuration, so none is waited for. */
TEST(without_a_ring_nothing_is_waited_for)
{
	double awaiting, attached;
	struct testvm *vm;
	int fd;

	REQUIRE_TAP(return);
	vm = run_vm();
	fd = session_tap(vm, RING_BYTES, CLASS(CPUID), 0);
	attached = enable_often(fd);
	close(fd);
	fd = attach_next_enabled(getpid(), CLASS(CPUID));
	awaiting = enable_often(fd);
	/* Where there is something to wait for it is milliseconds each time. */
	EXPECT_GT(attached / 4 + 0.1, awaiting)
		TH_LOG("%.3f seconds, attached %.3f", awaiting, attached);
	close(fd);
	testvm_destroy(vm);
}

TEST(refused)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach),
		.flags = VMITAP_ATTACH_NEXT | VMITAP_ATTACH_BY_FD,
		.ring_bytes = RING_BYTES,
	};
	int fd, status;
	pid_t child;

	REQUIRE_TAP(return);
	EXPECT_EQ(-ESRCH, attach_next(0x7ffffffe));
	fd = session_open();
	EXPECT_EQ(-1, ioctl(fd, VMITAP_IOC_ATTACH, &attach));
	EXPECT_EQ(EINVAL, errno);

	/* Any process's VM takes a capability, and so does that of somebody else. */
	child = fork();
	if (!child) {
		attach.flags = VMITAP_ATTACH_NEXT;
		if (setresuid(65534, 65534, 65534) ||
		    !ioctl(fd, VMITAP_IOC_ATTACH, &attach) || errno != EPERM)
			_exit(1);
		attach.pid = getppid();
		_exit(!ioctl(fd, VMITAP_IOC_ATTACH, &attach) || errno != EPERM);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	close(fd);
}

/* Return: 0 or -errno. */
static int enter_landlock(void)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_SOCK,
	};
	int fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);

	if (fd < 0)
		return -errno;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : 0;
}

/* Who may trace nobody outside cannot have the VMs of anybody, with whatever right. */
TEST(any_process_from_inside_landlock)
{
	int status;
	pid_t child;

	REQUIRE_TAP(return);
	child = fork();
	if (!child) {
		if (enter_landlock())
			_exit(1);
		_exit(attach_next(getppid()) == -EPERM && attach_next(0) == -EPERM ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	if (WEXITSTATUS(status) == 1)
		SKIP(return, "this kernel has no Landlock");
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
