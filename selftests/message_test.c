// SPDX-License-Identifier: GPL-2.0-only
/*
 * message_test.c - messages that guest code sends by hypercall
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/fixture.h"
#include "lib/late.h"
#include "lib/module.h"

#define RING_BYTES	0x40000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)
#define TAG		0x0123456789abcdefull

/* What KVM answers to hypercalls that it does not know, and to those of user mode. */
#define KVM_ENOSYS	1000
#define KVM_EPERM	1

GUEST_CODE(send, 64,
	   "vmmcall\n"
	   "out %al, $0xf4\n");

FIXTURE(message)
{
	struct tapped t;
};

FIXTURE_VARIANT(message)
{
	enum testvm_mode mode;
	int cpl;
	long answer;
};

FIXTURE_VARIANT_ADD(message, kernel) {
	.mode = TESTVM_LONG64, .cpl = 0, .answer = -KVM_ENOSYS,
};

FIXTURE_VARIANT_ADD(message, user) {
	.mode = TESTVM_LONG64_USER, .cpl = 3, .answer = -KVM_EPERM,
};

FIXTURE_SETUP(message)
{
	struct testvm *vm;
	int i;

	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	vm = self->t.vm;
	TESTVM_LOAD(vm, send);
	for (i = 0; i < 0x20000; i++)
		vm->mem[TESTVM_DATA + i] = i * 7 + (i >> 8);
}

FIXTURE_TEARDOWN(message)
{
	tapped_end(&self->t);
}

static void prepare_message(struct tapped *t, enum testvm_mode mode, __u64 addr,
			    __u64 bytes)
{
	testvm_reset(t->vcpu, mode);
	testvm_set_gpr(t->vcpu, 'a', VMITAP_HYPERCALL);
	testvm_set_gpr(t->vcpu, 'b', TAG);
	testvm_set_gpr(t->vcpu, 'c', addr);
	testvm_set_gpr(t->vcpu, 'd', bytes);
}

/* Return: what the guest got in RAX. */
static long send_message(struct tapped *t, enum testvm_mode mode, __u64 addr,
			 __u64 bytes)
{
	struct kvm_regs before, after;

	prepare_message(t, mode, addr, bytes);
	CHECK(!ioctl(t->vcpu->fd, KVM_GET_REGS, &before), "KVM_GET_REGS");
	testvm_run(t->vcpu);
	CHECK(!ioctl(t->vcpu->fd, KVM_GET_REGS, &after), "KVM_GET_REGS");
	/* No other register changes. */
	before.rip = TESTVM_CODE + (send_end - send);
	before.rax = after.rax;
	CHECK(!memcmp(&before, &after, sizeof(after)), "registers changed");
	return after.rax;
}

/* The parts of one message, put together and compared with guest memory. */
static void expect_message(struct __test_metadata *_metadata, struct tapped *t,
			   struct ring *ring, int cpl, __u64 addr, __u32 bytes)
{
	const struct vmitap_message *msg;
	__u32 at = 0;

	do {
		msg = ring_expect_type(ring, VMITAP_RECORD_MESSAGE);
		ASSERT_EQ(at, msg->offset);
		EXPECT_EQ(bytes, msg->total);
		EXPECT_EQ(TAG, msg->tag);
		EXPECT_EQ(TESTVM_ROOT_A, msg->cr3);
		EXPECT_EQ(TESTVM_CODE, msg->rip);
		EXPECT_EQ(cpl, msg->cpl);
		EXPECT_EQ(VMITAP_MODE_LONG64, msg->mode);
		EXPECT_EQ(0, memcmp(t->vm->mem + addr + at, msg + 1, msg->bytes));
		at += msg->bytes;
		ASSERT_TRUE(msg->bytes || at == bytes);
	} while (at < bytes);
	EXPECT_EQ(NULL, ring_next(ring));
}

TEST_F(message, delivered)
{
	static const __u32 sizes[] = {
		0, 1, 7, 8, 100, VMITAP_MESSAGE_CHUNK, VMITAP_MESSAGE_CHUNK + 1,
		VMITAP_MESSAGE_MAX - 1, VMITAP_MESSAGE_MAX,
	};
	size_t i;

	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		EXPECT_EQ(1, send_message(&self->t, variant->mode, TESTVM_DATA,
					  sizes[i]));
		expect_message(_metadata, &self->t, &self->t.ring, variant->cpl,
			       TESTVM_DATA, sizes[i]);
		ring_release(&self->t.ring);
	}
}

TEST_F(message, spanning_pages)
{
	const __u64 addr = TESTVM_DATA + 0xff9;

	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	EXPECT_EQ(1, send_message(&self->t, variant->mode, addr, 13));
	expect_message(_metadata, &self->t, &self->t.ring, variant->cpl, addr, 13);
}

TEST_F(message, too_long)
{
	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	EXPECT_EQ(-EINVAL, send_message(&self->t, variant->mode, TESTVM_DATA,
					VMITAP_MESSAGE_MAX + 1));
	EXPECT_EQ(-EINVAL, send_message(&self->t, variant->mode, TESTVM_DATA,
					1ull << 32));
	EXPECT_EQ(-EINVAL, send_message(&self->t, variant->mode, TESTVM_DATA, -1));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

TEST_F(message, unreadable)
{
	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	/* Behind memory, from memory to behind it, not mapped, not canonical. */
	EXPECT_EQ(-EFAULT, send_message(&self->t, variant->mode, TESTVM_BYTES, 1));
	EXPECT_EQ(-EFAULT, send_message(&self->t, variant->mode,
					TESTVM_BYTES - 8, 16));
	EXPECT_EQ(-EFAULT, send_message(&self->t, variant->mode, 1ull << 40, 1));
	EXPECT_EQ(-EFAULT, send_message(&self->t, variant->mode, 1ull << 60, 1))
		TH_LOG("not canonical");
	EXPECT_EQ(-EFAULT, send_message(&self->t, variant->mode, -8, 16));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

TEST_F(message, no_room)
{
	tapped_attach(&self->t, 0x1000, CLASS(MESSAGE), 0);
	EXPECT_EQ(-ENOSPC, send_message(&self->t, variant->mode, TESTVM_DATA,
					VMITAP_MESSAGE_MAX));
	EXPECT_LT(0, session_stats(self->t.fd).out_lost[VMITAP_LOST_FULL]);
}

/* What is there is less than the watermark, but there is no room for what is to come. */
TEST_F(message, no_room_below_watermark)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CLASS(MESSAGE), .watermark = 0x800,
	};

	tapped_attach(&self->t, 0x1000, CLASS(MESSAGE), 0);
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	EXPECT_EQ(1, send_message(&self->t, variant->mode, TESTVM_DATA, 1700));
	EXPECT_EQ(0, session_poll(self->t.fd, 0) & POLLIN);
	EXPECT_EQ(-ENOSPC, send_message(&self->t, variant->mode, TESTVM_DATA,
					VMITAP_MESSAGE_CHUNK));
	EXPECT_NE(0, session_poll(self->t.fd, 0) & POLLIN);
	/* There is nothing to read, and room for the loss and what comes next. */
	EXPECT_EQ(1, ring_drain(&self->t.ring));
	EXPECT_EQ(0, session_poll(self->t.fd, 0) & POLLIN);
	EXPECT_EQ(1, send_message(&self->t, variant->mode, TESTVM_DATA, 1));
	EXPECT_EQ(2, ring_drain(&self->t.ring));
	EXPECT_EQ(1, self->t.ring.nr_lost);
}

TEST_F(message, two_sessions)
{
	struct ring ring;
	int fd;

	fd = session_tap(self->t.vm, RING_BYTES, CLASS(MESSAGE), 0);
	ring_map(&ring, fd, 0);
	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	EXPECT_EQ(2, send_message(&self->t, variant->mode, TESTVM_DATA, 10));
	expect_message(_metadata, &self->t, &ring, variant->cpl, TESTVM_DATA, 10);
	expect_message(_metadata, &self->t, &self->t.ring, variant->cpl,
		       TESTVM_DATA, 10);
	ring_unmap(&ring);
	close(fd);
	EXPECT_EQ(1, send_message(&self->t, variant->mode, TESTVM_DATA, 10));
}

/* Whoever does not capture messages does not make them succeed. */
TEST_F(message, nobody_listens)
{
	EXPECT_EQ(variant->answer,
		  send_message(&self->t, variant->mode, TESTVM_DATA, 10));
	tapped_attach(&self->t, RING_BYTES, VMITAP_CLASSES_PASSIVE, 0);
	EXPECT_EQ(variant->answer,
		  send_message(&self->t, variant->mode, TESTVM_DATA, 10));
	EXPECT_EQ(NULL, ring_next_type(&self->t.ring, VMITAP_RECORD_MESSAGE));
}

static void filter(int fd, __u32 cpl_mask, const __u64 *cr3)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CLASS(MESSAGE),
		.cpl_mask = cpl_mask, .cr3s = (unsigned long)cr3, .nr_cr3s = !!cr3,
	};

	vmitap_ioctl(fd, VMITAP_IOC_CONFIG, &config);
}

/* A message that no session wants is a hypercall that KVM does not know. */
TEST_F(message, filtered_out)
{
	const __u64 wrong = TESTVM_ROOT_B, right = TESTVM_ROOT_A;
	struct vmitap_stats stats;

	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	filter(self->t.fd, 0xf & ~(1u << variant->cpl), NULL);
	EXPECT_EQ(variant->answer,
		  send_message(&self->t, variant->mode, TESTVM_DATA, 5000));
	filter(self->t.fd, 0, &wrong);
	EXPECT_EQ(variant->answer,
		  send_message(&self->t, variant->mode, TESTVM_DATA, 5000));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	/* Each counts once, and nothing is lost. */
	stats = session_stats(self->t.fd);
	EXPECT_EQ(1, stats.out_filtered[VMITAP_FILTERED_CPL]);
	EXPECT_EQ(1, stats.out_filtered[VMITAP_FILTERED_CR3]);
	EXPECT_EQ(0, stats.out_lost[VMITAP_LOST_FULL]);

	filter(self->t.fd, 1u << variant->cpl, &right);
	EXPECT_EQ(1, send_message(&self->t, variant->mode, TESTVM_DATA, 5000));
	expect_message(_metadata, &self->t, &self->t.ring, variant->cpl, TESTVM_DATA,
		       5000);
}

/* Of two sessions one wants it, whichever was there first. */
TEST_F(message, filtered_out_for_one)
{
	struct ring rings[2];
	int fds[2], i;

	for (i = 0; i < 2; i++) {
		fds[i] = session_tap(self->t.vm, RING_BYTES, CLASS(MESSAGE), 0);
		ring_map(&rings[i], fds[i], 0);
	}
	for (i = 0; i < 2; i++) {
		filter(fds[i], 0xf & ~(1u << variant->cpl), NULL);
		EXPECT_EQ(1, send_message(&self->t, variant->mode, TESTVM_DATA, 5000));
		expect_message(_metadata, &self->t, &rings[!i], variant->cpl,
			       TESTVM_DATA, 5000);
		EXPECT_EQ(NULL, ring_next(&rings[i]));
		EXPECT_EQ(1, session_stats(fds[i]).out_filtered[VMITAP_FILTERED_CPL]);
		filter(fds[i], 0, NULL);
	}
	for (i = 0; i < 2; i++) {
		ring_unmap(&rings[i]);
		close(fds[i]);
	}
}

/* Another hypercall is KVM's, also while messages are captured. */
TEST_F(message, other_hypercalls)
{
	struct kvm_regs regs;

	tapped_attach(&self->t, RING_BYTES, CLASS(MESSAGE), 0);
	testvm_reset(self->t.vcpu, variant->mode);
	testvm_set_gpr(self->t.vcpu, 'a', VMITAP_HYPERCALL + 1);
	testvm_run(self->t.vcpu);
	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(variant->answer, (long)regs.rax);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

GUEST_CODE(rounds, 64,
	   "1: out %al, $0xf4\n"
	   "jmp 1b\n");

static struct testvm *other_vm(void)
{
	struct testvm *vm = testvm_create(false);

	TESTVM_LOAD(vm, rounds);
	testvm_reset(testvm_add_vcpu(vm), TESTVM_LONG64);
	testvm_start(vm);
	return vm;
}

/* A process that pauses one VM and waits for messages of another, until it is killed. */
static int spawn_reader(const struct testvm *paused, const struct testvm *vm)
{
	int ready[2], pid;
	char byte;

	CHECK(!pipe(ready), "pipe");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		session_pause(session_attach(paused, RING_BYTES), true);
		session_tap(vm, RING_BYTES, CLASS(MESSAGE), 0);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1, "the reader did not start");
	close(ready[0]);
	return pid;
}

/*
 * The VMM does not give the memory that a message is in.  Its reader can be killed all the
 * same, and what else it kept goes on.
 */
TEST_F(message, reader_is_killed_while_it_is_fetched)
{
	static const char page[LATE_PAGE];
	struct testvm *other = other_vm();
	struct kvm_regs regs;
	struct late late;
	pthread_t thread;
	double start;
	int pid;

	if (!late_add(&late, self->t.vm))
		SKIP(return, "the kernel has no userfaultfd");
	pid = spawn_reader(other, self->t.vm);
	prepare_message(&self->t, variant->mode, LATE, 10);
	late_run(&late, self->t.vcpu, LATE, &thread);

	start = now();
	kill(pid, SIGKILL);
	EXPECT_TRUE(comes_true(waitpid(pid, NULL, WNOHANG) == pid));
	testvm_wait_rounds(other, 2);
	EXPECT_GT(limit(3), now() - start);
	/* The vCPU is still in the hook. */
	EXPECT_EQ(0, late_wanted(&late, 1));
	EXPECT_EQ(1, module_users());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());

	late_give(&late, LATE, page);
	pthread_join(thread, NULL);
	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(-ENOSPC, (long)regs.rax);
	EXPECT_TRUE(comes_true(!module_users()));
	testvm_destroy(other);
	late_end(&late);
}

TEST_HARNESS_MAIN
