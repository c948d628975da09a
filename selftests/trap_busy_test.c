// SPDX-License-Identifier: GPL-2.0-only
/*
 * trap_busy_test.c - traps that come and go under a guest that makes system calls
 *
 * The guest counts its calls, those that arrived, and what must never be: a #UD, a
 * wrong result, a register that changed.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/fixture.h"

#define RING_BYTES	0x10000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)
#define TRAPS		(CLASS(SYSCALL) | CLASS(CR3))

/* Rounds of so many calls each. */
#define CALLS		50

/*
 * In user mode; R8 says which vCPU it is, so that each has counters of its own.  The
 * handler changes CR3 on the way, as a kernel with page-table isolation does.
 */
GUEST_CODE(caller, 64,
	   "1: mov $50, %r9d\n"
	   "2: mov %r9, %rax\n"
	   "syscall\n"
	   "caller_next: .globl caller_next\n"
	   "incq 0x40000(%r8)\n"
	   "lea caller_next(%rip), %rdx\n"
	   "cmp %rdx, %rcx\n"
	   "jne 3f\n"
	   "lea 5(%r9), %rdx\n"
	   "cmp %rdx, %rax\n"
	   "je 4f\n"
	   "3: incq 0x40018(%r8)\n"
	   "4: dec %r9\n"
	   "jnz 2b\n"
	   "out %al, $0xf4\n"
	   "jmp 1b\n"
	   "caller_entry: .globl caller_entry\n"
	   "mov $0x9000, %edx\n"
	   "mov %rdx, %cr3\n"
	   "incq 0x40008(%r8)\n"
	   "add $5, %rax\n"
	   "mov $0x1000, %edx\n"
	   "mov %rdx, %cr3\n"
	   "sysretq\n"
	   "caller_fault: .globl caller_fault\n"
	   "incq 0x40010(%r8)\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char caller_next[], caller_entry[], caller_fault[];

struct counters {
	__u64 made;
	__u64 arrived;
	__u64 undefined;
	__u64 wrong;
};

#define NR_VCPUS	2
#define SPACING		0x100

FIXTURE(busy)
{
	struct testvm *vm;
};

FIXTURE_SETUP(busy)
{
	struct testvm_vcpu *vcpu;
	struct kvm_regs regs;
	int i;

	self->vm = NULL;
	REQUIRE_TAP(return);
	self->vm = testvm_create(false);
	TESTVM_LOAD(self->vm, caller);
	testvm_set_gate(self->vm, 6, caller, caller_fault);
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu = testvm_add_vcpu(self->vm);
		testvm_reset(vcpu, TESTVM_LONG64_USER);
		testvm_set_syscall(vcpu, caller, caller_entry, 0);
		ASSERT_EQ(0, ioctl(vcpu->fd, KVM_GET_REGS, &regs));
		regs.r8 = i * SPACING;
		ASSERT_EQ(0, ioctl(vcpu->fd, KVM_SET_REGS, &regs));
	}
	testvm_start(self->vm);
}

FIXTURE_TEARDOWN(busy)
{
	if (self->vm)
		testvm_destroy(self->vm);
}

/* Stop the guest and look at what it counted. */
static void expect_consistent(struct __test_metadata *_metadata,
			      struct testvm *vm)
{
	const struct counters *counters;
	int i;

	testvm_stop(vm);
	for (i = 0; i < NR_VCPUS; i++) {
		counters = (const void *)(vm->mem + TESTVM_DATA + i * SPACING);
		EXPECT_EQ(0, counters->undefined);
		EXPECT_EQ(0, counters->wrong);
		EXPECT_LE(counters->arrived - counters->made, 1);
		EXPECT_GE(counters->made, vm->vcpus[i].rounds * CALLS);
	}
}

TEST_F(busy, arm_and_disarm)
{
	struct ring ring;
	int i, fd;

	fd = session_attach(self->vm, RING_BYTES);
	ring_map(&ring, fd, 0);
	session_enable(fd, true);
	for (i = 0; i < 60; i++) {
		session_config(fd, i & 1 ? TRAPS : CLASS(SYSCALL), 0);
		ring_drain(&ring);
		if (i % 10 == 0)
			testvm_wait_rounds(self->vm, 1);
		session_config(fd, 0, 0);
		ring_drain(&ring);
	}
	/* Calls were seen, and none is any more. */
	EXPECT_LT(0, ring.nr_traps);
	testvm_wait_rounds(self->vm, 1);
	EXPECT_EQ(0, ring_drain(&ring));
	ring_unmap(&ring);
	close(fd);
	testvm_wait_rounds(self->vm, 2);
	expect_consistent(_metadata, self->vm);
}

/* Another session keeps the hooks where they are: patching them takes longest. */
TEST_F(busy, detach_200_times)
{
	int i, other = session_tap(self->vm, 0x4000, CLASS(CPUID), 0);

	for (i = 0; i < 200; i++)
		close(session_tap(self->vm, 0x4000, TRAPS, 0));
	testvm_wait_rounds(self->vm, 2);
	close(other);
	expect_consistent(_metadata, self->vm);
}

TEST_F(busy, detach_and_take_the_hooks_out)
{
	int i;

	for (i = 0; i < 25; i++)
		close(session_tap(self->vm, 0x4000, TRAPS, 0));
	testvm_wait_rounds(self->vm, 2);
	expect_consistent(_metadata, self->vm);
}

/* Every second session is closed with its trap in use by another. */
TEST_F(busy, sessions_overlap)
{
	int i, last = session_tap(self->vm, 0x4000, TRAPS, 0), next;

	for (i = 0; i < 40; i++) {
		next = session_tap(self->vm, 0x4000, i & 1 ? CLASS(CR3) :
				   CLASS(SYSCALL), 0);
		close(last);
		last = next;
	}
	close(last);
	testvm_wait_rounds(self->vm, 2);
	expect_consistent(_metadata, self->vm);
}

/* Another process has the traps, and dies. */
TEST_F(busy, consumer_killed)
{
	int i, fd, status, pipes[2];
	pid_t pid;
	char c;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, pipe(pipes));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			fd = session_open();
			CHECK(!__session_attach_pid(fd, getppid(), RING_BYTES),
			      "attach");
			session_config(fd, TRAPS, 0);
			session_enable(fd, true);
			CHECK(write(pipes[1], "x", 1) == 1, "pipe");
			pause();
		}
		ASSERT_EQ(1, read(pipes[0], &c, 1));
		testvm_wait_rounds(self->vm, 1);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		close(pipes[0]);
		close(pipes[1]);
		testvm_wait_rounds(self->vm, 1);
	}
	expect_consistent(_metadata, self->vm);
}

/* A ring that is full loses events, and the guest goes on; a LOST record says it. */
TEST_F(busy, full_ring)
{
	int fd = session_attach(self->vm, 0x1000);
	struct ring ring;

	ring_map(&ring, fd, 0);
	session_config(fd, TRAPS, 0);
	session_enable(fd, true);
	testvm_wait_rounds(self->vm, 2);
	session_config(fd, 0, 0);
	testvm_wait_rounds(self->vm, 1);
	ring_drain(&ring);
	EXPECT_LT(0, session_stats(fd).out_lost[VMITAP_LOST_FULL]);
	ring_unmap(&ring);
	close(fd);
	expect_consistent(_metadata, self->vm);
}

/* No event is lost, and each call has its return. */
TEST_F(busy, lossless)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CLASS(SYSCALL),
		.delivery = VMITAP_DELIVERY_LOSSLESS, .timeout_us = 10000000,
	};
	const struct vmitap_record *rec;
	unsigned long enters = 0, returns = 0;
	struct ring rings[NR_VCPUS];
	int i, fd;

	fd = session_attach(self->vm, 0x1000);
	for (i = 0; i < NR_VCPUS; i++)
		ring_map(&rings[i], fd, i);
	vmitap_ioctl(fd, VMITAP_IOC_CONFIG, &config);
	session_enable(fd, true);
	while (enters < 2000) {
		for (i = 0; i < NR_VCPUS; i++) {
			while ((rec = ring_next(&rings[i]))) {
				enters += rec->type == VMITAP_RECORD_SYSCALL;
				returns += rec->type == VMITAP_RECORD_SYSRET;
			}
			ring_release(&rings[i]);
		}
	}
	EXPECT_LE(returns, enters + NR_VCPUS);
	EXPECT_LE(enters, returns + NR_VCPUS);
	EXPECT_EQ(0, rings[0].nr_lost + rings[1].nr_lost);
	for (i = 0; i < NR_VCPUS; i++)
		ring_unmap(&rings[i]);
	close(fd);
	testvm_wait_rounds(self->vm, 1);
	expect_consistent(_metadata, self->vm);
}

TEST_HARNESS_MAIN
