// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_test.c - events that are no exits: injected events, vCPUs that come and
 * go, the end of the VM
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lib/fixture.h"
#include "lib/vendor.h"

#define RING_BYTES	0x8000
#define RFLAGS_IF	0x200
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

TAPPED_FIXTURE(inject)

static const struct vmitap_inject *expect_inject(struct ring *ring)
{
	const struct vmitap_record *rec;

	while ((rec = ring_next(ring)))
		if (rec->type == VMITAP_RECORD_INJECT)
			return (const void *)rec;
	CHECK(false, "no INJECT record");
}

/*
 * Run the guest once untapped, so that what the delivery of an event touches is
 * mapped: a nested page fault on the way has KVM inject the event again.
 */
static void prepare(struct tapped *t, __u64 classes)
{
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_run(t->vcpu);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	tapped_attach(t, RING_BYTES, classes, 0);
}

/* UD2 has two bytes; the handler goes on behind it. */
GUEST_CODE(undefined, 64,
	   "undefined_insn: .globl undefined_insn\n"
	   "ud2\n"
	   "out %al, $0xf4\n"
	   "undefined_handler: .globl undefined_handler\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char undefined_insn[], undefined_handler[];

TEST_F(inject, exception)
{
	const struct vmitap_inject *inject;
	const struct vmitap_exit *exit;

	TESTVM_LOAD(self->t.vm, undefined);
	testvm_set_gate(self->t.vm, 6, undefined, undefined_handler);
	prepare(&self->t, CLASS(EXCEPTION) | CLASS(INJECT));
	testvm_run(self->t.vcpu);

	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_EXCEPTION);
	EXPECT_EQ(VENDOR_UNDEFINED, vendor_exit(exit));
	EXPECT_EQ(TESTVM_CODE, exit->rip);
	inject = expect_inject(&self->t.ring);
	EXPECT_EQ(VMITAP_INJECT_EXCEPTION, inject->kind);
	EXPECT_EQ(6, inject->vector);
	EXPECT_EQ(0, inject->has_error);
	EXPECT_EQ(TESTVM_CODE, inject->rip);
	EXPECT_EQ(TESTVM_ROOT_A, inject->cr3);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

GUEST_CODE(bad_msr, 64,
	   "mov $0xdeadbeef, %ecx\n"
	   "bad_msr_insn: .globl bad_msr_insn\n"
	   "rdmsr\n"
	   "out %al, $0xf4\n"
	   "bad_msr_handler: .globl bad_msr_handler\n"
	   "add $8, %rsp\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char bad_msr_insn[], bad_msr_handler[];

TEST_F(inject, exception_with_error_code)
{
	const struct vmitap_inject *inject;

	TESTVM_LOAD(self->t.vm, bad_msr);
	testvm_set_gate(self->t.vm, 13, bad_msr, bad_msr_handler);
	prepare(&self->t, CLASS(INJECT));
	testvm_run(self->t.vcpu);
	inject = expect_inject(&self->t.ring);
	EXPECT_EQ(VMITAP_INJECT_EXCEPTION, inject->kind);
	EXPECT_EQ(13, inject->vector);
	EXPECT_EQ(1, inject->has_error);
	EXPECT_EQ(0, inject->error);
	EXPECT_EQ(testvm_rip(self->t.vcpu, bad_msr, bad_msr_insn), inject->rip);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

GUEST_CODE(interrupted, 64,
	   "cpuid\n"
	   "out %al, $0xf4\n"
	   "interrupted_handler: .globl interrupted_handler\n"
	   "mov $0x77, %r8\n"
	   "iretq\n");
extern const char interrupted_handler[];

/* Let an interrupt be pending.  An Intel processor does not enter if IF forbids it. */
static int __queue_interrupt(struct testvm_vcpu *vcpu, unsigned int vector)
{
	struct kvm_interrupt irq = { .irq = vector };
	struct kvm_regs regs;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &regs))
		return -errno;
	regs.rflags |= RFLAGS_IF;
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) || ioctl(vcpu->fd, KVM_INTERRUPT, &irq))
		return -errno;
	return 0;
}

TEST_F(inject, interrupt)
{
	const struct vmitap_inject *inject;
	struct kvm_regs regs;

	TESTVM_LOAD(self->t.vm, interrupted);
	testvm_set_gate(self->t.vm, 0x30, interrupted, interrupted_handler);
	prepare(&self->t, CLASS(INJECT));
	ASSERT_EQ(0, __queue_interrupt(self->t.vcpu, 0x30));
	testvm_run(self->t.vcpu);
	inject = expect_inject(&self->t.ring);
	EXPECT_EQ(VMITAP_INJECT_INTERRUPT, inject->kind);
	EXPECT_EQ(0x30, inject->vector);
	EXPECT_EQ(0, inject->has_error);
	EXPECT_EQ(TESTVM_CODE, inject->rip);
	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(0x77, regs.r8);
}

/* Delivery meets a page that is not mapped: the exit says what was under way. */
TEST_F(inject, delivery_interrupted)
{
	const struct vmitap_inject *inject;
	const struct vmitap_exit *exit;

	TESTVM_LOAD(self->t.vm, interrupted);
	testvm_set_gate(self->t.vm, 0x30, interrupted, interrupted_handler);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	tapped_attach(&self->t, RING_BYTES,
		      CLASS(INJECT) | CLASS(NPF) | CLASS(EXCEPTION), 0);
	ASSERT_EQ(0, __queue_interrupt(self->t.vcpu, 0x30));
	testvm_run(self->t.vcpu);
	expect_inject(&self->t.ring);
	exit = ring_expect_exit(&self->t.ring, vendor_has_nested_paging() ?
				VMITAP_CLASS_NPF : VMITAP_CLASS_EXCEPTION);
	/* Valid, an external interrupt, the vector. */
	EXPECT_EQ(0x80000030, exit->intr_info);
	inject = expect_inject(&self->t.ring);
	EXPECT_EQ(VMITAP_INJECT_INTERRUPT, inject->kind);
	EXPECT_EQ(0x30, inject->vector);
}

/* INT3 is the guest's own business: no exit, nothing injected. */
GUEST_CODE(breakpoint, 64,
	   "int3\n"
	   "out %al, $0xf4\n"
	   "breakpoint_handler: .globl breakpoint_handler\n"
	   "mov $0x78, %r8\n"
	   "iretq\n");
extern const char breakpoint_handler[];

TEST_F(inject, breakpoint_of_the_guest)
{
	const struct vmitap_exit *exit;
	struct kvm_regs regs;

	TESTVM_LOAD(self->t.vm, breakpoint);
	testvm_set_gate(self->t.vm, 3, breakpoint, breakpoint_handler);
	prepare(&self->t, CLASS(EXCEPTION) | CLASS(INJECT) | CLASS(PIO));
	testvm_run(self->t.vcpu);
	exit = (const void *)ring_next(&self->t.ring);
	ASSERT_NE(NULL, exit);
	EXPECT_EQ(VMITAP_CLASS_PIO, exit->class_id);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(0x78, regs.r8);
}

GUEST_CODE(one_cpuid, 64,
	   "cpuid\n"
	   "out %al, $0xf4\n");

FIXTURE(life)
{
	struct tapped t;
};

FIXTURE_SETUP(life)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	TESTVM_LOAD(self->t.vm, one_cpuid);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	tapped_attach(&self->t, RING_BYTES, CLASS(CPUID) | CLASS(VCPU), 0);
}

FIXTURE_TEARDOWN(life)
{
	tapped_end(&self->t);
}

TEST_F(life, rings_not_asked_for)
{
	int fd = session_attach(self->t.vm, RING_BYTES);
	struct ring ring;

	EXPECT_EQ(POLLPRI, session_poll(fd, 0));
	ring_map(&ring, fd, 0);
	EXPECT_EQ(0, session_poll(fd, 0));
	ring_unmap(&ring);
	close(fd);
}

TEST_F(life, vcpu_created)
{
	const struct vmitap_record *rec;
	struct testvm_vcpu *vcpu;
	struct ring ring;

	EXPECT_EQ(0, session_poll(self->t.fd, 0));
	vcpu = testvm_add_vcpu(self->t.vm);
	EXPECT_EQ(POLLPRI, session_poll(self->t.fd, 1000) & POLLPRI);
	ring_map(&ring, self->t.fd, 1);
	EXPECT_EQ(0, session_poll(self->t.fd, 0) & POLLPRI);
	EXPECT_EQ(1, ring.info.out_vcpu_id);
	EXPECT_EQ(2, session_stats(self->t.fd).out_nr_rings);
	rec = ring_next(&ring);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(VMITAP_RECORD_VCPU_CREATED, rec->type);
	EXPECT_EQ(1, rec->vcpu);

	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_run(vcpu);
	ring_expect_exit(&ring, VMITAP_CLASS_CPUID);
	EXPECT_EQ(NULL, ring_next(&ring));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	ring_unmap(&ring);
}

/* Without the class, vCPUs get rings but no records. */
TEST_F(life, vcpu_created_unseen)
{
	struct ring ring;

	session_config(self->t.fd, CLASS(CPUID), 0);
	testvm_add_vcpu(self->t.vm);
	ring_map(&ring, self->t.fd, 1);
	EXPECT_EQ(NULL, ring_next(&ring));
	ring_unmap(&ring);
}

TEST_F(life, vm_gone)
{
	struct vmitap_list_slots slots = { .size = sizeof(slots),
		.entry_size = sizeof(struct vmitap_slot) };
	struct vmitap_config config = { .size = sizeof(config) };
	struct vmitap_enable enable = { .size = sizeof(enable) };
	const struct vmitap_record *rec;
	struct vmitap_stats stats;
	int events;

	testvm_run(self->t.vcpu);
	testvm_destroy(self->t.vm);
	self->t.vm = NULL;

	events = session_poll(self->t.fd, 5000);
	EXPECT_EQ(POLLHUP, events & POLLHUP);
	EXPECT_EQ(POLLIN, events & POLLIN);
	EXPECT_NE(0, self->t.ring.prod->state & VMITAP_RING_DEAD);

	/* What was captured before is not lost. */
	ring_expect_exit(&self->t.ring, VMITAP_CLASS_CPUID);
	rec = ring_next(&self->t.ring);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(VMITAP_RECORD_VCPU_DESTROYED, rec->type);
	rec = ring_next(&self->t.ring);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(VMITAP_RECORD_VM_GONE, rec->type);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	ring_release(&self->t.ring);
	EXPECT_EQ(POLLHUP, session_poll(self->t.fd, 0));

	EXPECT_EQ(-EPIPE, __vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config));
	EXPECT_EQ(-EPIPE, __vmitap_ioctl(self->t.fd, VMITAP_IOC_ENABLE, &enable));
	EXPECT_EQ(-EPIPE, __vmitap_ioctl(self->t.fd, VMITAP_IOC_LIST_SLOTS, &slots));
	EXPECT_EQ(-EPIPE, __session_filter(self->t.fd, -1));
	stats = session_stats(self->t.fd);
	EXPECT_EQ(1, stats.out_vm_gone);
	EXPECT_EQ(3, stats.out_events);
}

/* The last records have room even if the ring is full. */
TEST_F(life, vm_gone_with_a_full_ring)
{
	int i, fd = session_attach(self->t.vm, 4096);
	struct ring ring;

	session_config(fd, CLASS(CPUID) | CLASS(VCPU), VMITAP_FIELDS_ALL);
	session_enable(fd, true);
	ring_map(&ring, fd, 0);
	for (i = 0; i < 30; i++) {
		testvm_reset(self->t.vcpu, TESTVM_LONG64);
		testvm_run(self->t.vcpu);
	}
	testvm_destroy(self->t.vm);
	self->t.vm = NULL;
	ring_drain(&ring);
	EXPECT_EQ(30, ring.nr_exits + ring.nr_lost);
	EXPECT_EQ(1, ring.nr_lost_records);
	EXPECT_EQ(2, ring.nr_marks);
	ring_unmap(&ring);
	close(fd);
}

TEST_HARNESS_MAIN
