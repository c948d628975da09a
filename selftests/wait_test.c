// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait_test.c - vCPUs that wait in vmitap, and what ends or changes meanwhile
 *
 * Three ways to wait: for the end of a pause, for room after an exit, and for room
 * while a message is delivered.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "lib/fixture.h"
#include "lib/late.h"
#include "lib/module.h"
#include "lib/vmm.h"

#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)
#define NR_VCPUS	2

/* The smallest, so that it is full soon; and the longest wait there is. */
#define RING_BYTES	0x1000
#define TIMEOUT_US	10000000

/*
 * Seconds, longer than anything here takes but a wait for room.  Where the host is slow it is
 * no shorter than that, which cannot be longer; other hosts tell.
 */
#define SOON		5

/* A message and some CPUIDs, over and over. */
GUEST_CODE(chatter, 64,
	   "1: mov $0x54494d56, %eax\n"
	   "mov $0x40000, %ecx\n"
	   "mov $1000, %edx\n"
	   "vmmcall\n"
	   "mov $10, %r9d\n"
	   "2: xor %eax, %eax\n"
	   "xor %ecx, %ecx\n"
	   "cpuid\n"
	   "dec %r9d\n"
	   "jnz 2b\n"
	   "out %al, $0xf4\n"
	   "jmp 1b\n");

static struct testvm *make_vm(void)
{
	struct testvm *vm = testvm_create(false);
	int i;

	TESTVM_LOAD(vm, chatter);
	for (i = 0; i < NR_VCPUS; i++)
		testvm_reset(testvm_add_vcpu(vm), TESTVM_LONG64);
	testvm_start(vm);
	return vm;
}

FIXTURE(wait)
{
	struct testvm *vm;
	struct ring rings[NR_VCPUS];
	int pid;
	int fd;
};

FIXTURE_VARIANT(wait)
{
	/* 0 is a pause. */
	__u64 classes;
};

FIXTURE_VARIANT_ADD(wait, pause) {
	.classes = 0,
};

FIXTURE_VARIANT_ADD(wait, room) {
	.classes = CLASS(CPUID),
};

FIXTURE_VARIANT_ADD(wait, room_for_message) {
	.classes = CLASS(MESSAGE),
};

FIXTURE_SETUP(wait)
{
	self->vm = NULL;
	self->pid = 0;
	self->fd = -1;
	REQUIRE_TAP(return);
}

static void end_session(FIXTURE_DATA(wait) *self)
{
	int i;

	if (self->fd < 0)
		return;
	for (i = 0; i < NR_VCPUS; i++)
		ring_unmap(&self->rings[i]);
	close(self->fd);
	self->fd = -1;
}

FIXTURE_TEARDOWN(wait)
{
	end_session(self);
	if (self->vm)
		testvm_destroy(self->vm);
	if (self->pid)
		vmm_kill(self->pid);
}

static void wait_for_state(const struct ring *ring)
{
	CHECK(comes_true(__atomic_load_n(&ring->prod->state, __ATOMIC_ACQUIRE) &
			 VMITAP_RING_WAITING), "the vCPU does not wait");
}

/* A session on the VM of process @pid; on return all its vCPUs wait. */
static void make_wait(FIXTURE_DATA(wait) *self, int pid, __u64 classes)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = classes,
		.delivery = VMITAP_DELIVERY_LOSSLESS, .timeout_us = TIMEOUT_US,
	};
	struct vmitap_pause pause = { .size = sizeof(pause), .pause = 1 };
	struct vmitap_regs regs = { .size = sizeof(regs) };
	int i;

	self->fd = session_open();
	CHECK(!__session_attach_pid(self->fd, pid, RING_BYTES), "ATTACH");
	for (i = 0; i < NR_VCPUS; i++)
		ring_map(&self->rings[i], self->fd, i);
	if (classes) {
		vmitap_ioctl(self->fd, VMITAP_IOC_CONFIG, &config);
		session_enable(self->fd, true);
	} else {
		vmitap_ioctl(self->fd, VMITAP_IOC_PAUSE, &pause);
	}
	for (i = 0; i < NR_VCPUS; i++) {
		regs.vcpu_id = i;
		if (classes)
			wait_for_state(&self->rings[i]);
		else
			/* They can be read once it waits. */
			vmitap_ioctl(self->fd, VMITAP_IOC_REGS, &regs);
	}
}

TEST_F(wait, vmm_is_killed)
{
	double start;
	int i;

	self->pid = vmm_spawn(make_vm);
	make_wait(self, self->pid, variant->classes);
	start = now();
	vmm_kill(self->pid);
	self->pid = 0;
	EXPECT_TRUE(comes_true(session_poll(self->fd, 100) & POLLHUP));
	EXPECT_GT(limit(SOON), now() - start);
	EXPECT_EQ(1, session_stats(self->fd).out_vm_gone);
	for (i = 0; i < NR_VCPUS; i++) {
		ring_drain(&self->rings[i]);
		EXPECT_NE(0, self->rings[i].prod->state & VMITAP_RING_DEAD);
		EXPECT_EQ(0, self->rings[i].prod->state & VMITAP_RING_WAITING);
	}
}

/* The signal that ends the VMM finds a session that is going away itself. */
TEST_F(wait, vmm_is_killed_with_its_reader)
{
	double start;

	self->pid = vmm_spawn(make_vm);
	make_wait(self, self->pid, variant->classes);
	start = now();
	kill(self->pid, SIGKILL);
	end_session(self);
	vmm_kill(self->pid);
	self->pid = 0;
	EXPECT_GT(limit(SOON), now() - start);
}

TEST_F(wait, module_is_to_go)
{
	double start;

	if (!getenv("VMITAP_KO"))
		SKIP(return, "VMITAP_KO does not name the module");
	self->vm = make_vm();
	make_wait(self, getpid(), variant->classes);
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	start = now();
	/* At once behind the session, while vCPUs are still on their way out. */
	end_session(self);
	ASSERT_TRUE(comes_true(!module_unload()));
	testvm_wait_rounds(self->vm, 2);
	EXPECT_GT(limit(SOON), now() - start);
	ASSERT_EQ(0, module_load());
	make_wait(self, getpid(), variant->classes);
}

/* Whoever holds the session is killed, and the module goes at once. */
TEST_F(wait, reader_is_killed)
{
	int ready[2], vmm = getpid(), pid;
	double start;
	char byte;

	if (!getenv("VMITAP_KO"))
		SKIP(return, "VMITAP_KO does not name the module");
	self->vm = make_vm();
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		make_wait(self, vmm, variant->classes);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	close(ready[0]);
	start = now();
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	ASSERT_TRUE(comes_true(!module_unload()));
	testvm_wait_rounds(self->vm, 2);
	EXPECT_GT(limit(SOON), now() - start);
	ASSERT_EQ(0, module_load());
}

/* KVM waits for all vCPUs that may be using the slots. */
TEST_F(wait, memory_slots_change)
{
	struct kvm_userspace_memory_region slot = {
		.slot = 1,
		.guest_phys_addr = 0x10000000,
		.memory_size = 0x10000,
	};
	double start;

	self->vm = make_vm();
	slot.userspace_addr = (unsigned long)self->vm->mem;
	make_wait(self, getpid(), variant->classes);
	start = now();
	ASSERT_EQ(0, ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &slot));
	slot.memory_size = 0;
	ASSERT_EQ(0, ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &slot));
	EXPECT_GT(limit(SOON), now() - start);
	start = now();
	end_session(self);
	testvm_wait_rounds(self->vm, 2);
	EXPECT_GT(limit(SOON), now() - start);
}

GUEST_CODE(touch, 64,
	   "mov 0x400000, %eax\n"
	   "out %al, $0xf4\n");

/**
 * struct asker - a thread that asks for registers
 * @fd: session
 * @ret: what the call said
 * @took: seconds
 * @done: it is over
 */
struct asker {
	int fd;
	int ret;
	double took;
	bool done;
};

static void *ask_for_regs(void *arg)
{
	struct vmitap_regs regs = { .size = sizeof(regs) };
	struct asker *asker = arg;
	double start = now();

	asker->ret = __vmitap_ioctl(asker->fd, VMITAP_IOC_REGS, &regs);
	asker->took = now() - start;
	__atomic_store_n(&asker->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Return: the longest that a reader was kept, in seconds. */
static double read_meanwhile(int fd, const struct asker *asker)
{
	struct vmitap_wake wake = { .size = sizeof(wake) };
	double longest = 0, start, took;

	while (!__atomic_load_n(&asker->done, __ATOMIC_ACQUIRE)) {
		start = now();
		session_poll(fd, 0);
		vmitap_ioctl(fd, VMITAP_IOC_WAKE, &wake);
		took = now() - start;
		if (took > longest)
			longest = took;
		usleep(1000);
	}
	return longest;
}

/*
 * A vCPU that stays in KVM keeps who asks for its registers, and so whoever else wants to
 * change something; but nobody who reads a ring.
 */
TEST(readers_wait_for_no_other_session)
{
	static const char page[LATE_PAGE];
	struct tapped stuck, other;
	struct asker asker = {};
	pthread_t vcpu, thread;
	struct late late;
	double longest;

	REQUIRE_TAP(return);
	tapped_create(&stuck, false);
	tapped_create(&other, false);
	if (!late_add(&late, stuck.vm))
		SKIP(return, "the kernel has no userfaultfd");
	TESTVM_LOAD(stuck.vm, touch);
	testvm_reset(stuck.vcpu, TESTVM_LONG64);
	tapped_attach(&stuck, RING_BYTES, 0, 0);
	tapped_attach(&other, RING_BYTES, 0, 0);
	late_run(&late, stuck.vcpu, LATE, &vcpu);

	asker.fd = stuck.fd;
	ASSERT_EQ(0, pthread_create(&thread, NULL, ask_for_regs, &asker));
	longest = read_meanwhile(other.fd, &asker);
	pthread_join(thread, NULL);
	EXPECT_EQ(-EBUSY, asker.ret);
	EXPECT_GT(asker.took / 4, longest)
		TH_LOG("kept for %.3f of %.3f seconds", longest, asker.took);

	late_give(&late, LATE, page);
	pthread_join(vcpu, NULL);
	tapped_end(&other);
	tapped_end(&stuck);
	late_end(&late);
}

TEST_HARNESS_MAIN
