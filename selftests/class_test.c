// SPDX-License-Identifier: GPL-2.0-only
/*
 * class_test.c - classes of exits that few guests have: those that KVM asks for on both
 * vendors, whatever the guest is
 *
 * What most guests have is in content_test, what needs a guest of its own in the test of
 * that: triple faults in hostile_guest_test, nested guests in nested_test.
 */
#include <cpuid.h>
#include <string.h>

#include "lib/fixture.h"
#include "lib/vendor.h"

#define RING_BYTES	0x8000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

TAPPED_FIXTURE(rare)

/**
 * struct wanted - an exit to come
 * @class_id: enum vmitap_class
 * @what: what it is
 * @label: its instruction
 */
struct wanted {
	int class_id;
	enum vendor_exit what;
	const char *label;
};

/* Run @code, of which an exception leads to @fault; the exits are those wanted, no others. */
static void expect_exits(struct __test_metadata *_metadata, struct tapped *t,
			 const char *code, const char *end, const char *fault,
			 const struct wanted *wanted, size_t nr)
{
	const struct vmitap_exit *exit;
	__u64 classes = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		classes |= VMITAP_CLASS_MASK(wanted[i].class_id);
	testvm_load(t->vm, code, end);
	testvm_set_gate(t->vm, 6, code, fault);
	testvm_set_gate(t->vm, 13, code, fault);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	tapped_attach(t, RING_BYTES, classes, 0);
	testvm_run(t->vcpu);
	for (i = 0; i < nr; i++) {
		exit = (const void *)ring_next(&t->ring);
		ASSERT_NE(NULL, exit)
			TH_LOG("exit %zu", i);
		EXPECT_EQ(wanted[i].class_id, exit->class_id)
			TH_LOG("exit %zu", i);
		EXPECT_EQ(wanted[i].what, vendor_exit(exit))
			TH_LOG("exit %zu: reason 0x%x", i, exit->reason);
		EXPECT_EQ(testvm_rip(t->vcpu, code, wanted[i].label), exit->rip)
			TH_LOG("exit %zu", i);
	}
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

#define EXPECT_EXITS(t, code, fault, wanted)				\
	expect_exits(_metadata, t, code, code##_end, fault, wanted,	\
		     sizeof(wanted) / sizeof((wanted)[0]))

/* RDPMC is a fault where the guest has no counters. */
GUEST_CODE(privileged, 64,
	   "privileged_invd: .globl privileged_invd\n"
	   "invd\n"
	   "privileged_wbinvd: .globl privileged_wbinvd\n"
	   "wbinvd\n"
	   "xor %ecx, %ecx\n"
	   "privileged_rdpmc: .globl privileged_rdpmc\n"
	   "rdpmc\n"
	   "privileged_done: .globl privileged_done\n"
	   "out %al, $0xf4\n");
extern const char privileged_invd[], privileged_wbinvd[], privileged_rdpmc[],
	privileged_done[];

TEST_F(rare, caches_and_counters)
{
	static const struct wanted wanted[] = {
		{ VMITAP_CLASS_CACHE, VENDOR_INVD, privileged_invd },
		{ VMITAP_CLASS_CACHE, VENDOR_WBINVD, privileged_wbinvd },
		{ VMITAP_CLASS_PMC, VENDOR_RDPMC, privileged_rdpmc },
	};

	EXPECT_EXITS(&self->t, privileged, privileged_done, wanted);
}

/* With CR4.OSXSAVE, which it takes; XCR0 stays as it is after a reset. */
GUEST_CODE(xsetbv, 64,
	   "mov %cr4, %rax\n"
	   "bts $18, %rax\n"
	   "mov %rax, %cr4\n"
	   "xor %ecx, %ecx\n"
	   "xor %edx, %edx\n"
	   "mov $1, %eax\n"
	   "xsetbv_insn: .globl xsetbv_insn\n"
	   "xsetbv\n"
	   "xsetbv_done: .globl xsetbv_done\n"
	   "out %al, $0xf4\n");
extern const char xsetbv_insn[], xsetbv_done[];

/* Has this host all of these features, bits of ECX of CPUID leaf 1? */
static bool host_has(unsigned int features)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & features) == features;
}

TEST_F(rare, extended_control_register)
{
	static const struct wanted wanted[] = {
		{ VMITAP_CLASS_XCR, VENDOR_XSETBV, xsetbv_insn },
	};

	if (!host_has(bit_XSAVE | bit_OSXSAVE))
		SKIP(return, "no XSAVE");
	EXPECT_EXITS(&self->t, xsetbv, xsetbv_done, wanted);
}

/* KVM takes both as no operation. */
GUEST_CODE(mwait, 64,
	   "xor %ecx, %ecx\n"
	   "xor %edx, %edx\n"
	   "mov $0x40000, %eax\n"
	   "mwait_monitor: .globl mwait_monitor\n"
	   "monitor\n"
	   "xor %eax, %eax\n"
	   "mwait_mwait: .globl mwait_mwait\n"
	   "mwait\n"
	   "mwait_done: .globl mwait_done\n"
	   "out %al, $0xf4\n");
extern const char mwait_monitor[], mwait_mwait[], mwait_done[];

TEST_F(rare, monitor_and_mwait)
{
	static const struct wanted wanted[] = {
		{ VMITAP_CLASS_MWAIT, VENDOR_MONITOR, mwait_monitor },
		{ VMITAP_CLASS_MWAIT, VENDOR_MWAIT, mwait_mwait },
	};

	/* Bit 3 is MONITOR. */
	if (!host_has(1 << 3))
		SKIP(return, "no MONITOR");
	EXPECT_EXITS(&self->t, mwait, mwait_done, wanted);
}

/* Interrupts can come from the second instruction behind STI on. */
GUEST_CODE(window, 64,
	   "nop\n"
	   "sti\n"
	   "window_opens: .globl window_opens\n"
	   "nop\n"
	   "nop\n"
	   "window_done: .globl window_done\n"
	   "out %al, $0xf4\n");
extern const char window_opens[], window_done[];

TEST_F(rare, interrupt_window)
{
	struct testvm_vcpu *vcpu = self->t.vcpu;
	const struct vmitap_exit *exit = NULL;
	int i;

	TESTVM_LOAD(self->t.vm, window);
	tapped_attach(&self->t, RING_BYTES, CLASS(WINDOW), 0);
	/* An interrupt of the host's may come first, and then there is none. */
	for (i = 0; i < 5 && !exit; i++) {
		testvm_reset(vcpu, TESTVM_LONG64);
		vcpu->run->request_interrupt_window = 1;
		ASSERT_EQ(0, ioctl(vcpu->fd, KVM_RUN, 0));
		EXPECT_EQ(KVM_EXIT_IRQ_WINDOW_OPEN, vcpu->run->exit_reason);
		vcpu->run->request_interrupt_window = 0;
		testvm_run(vcpu);
		exit = ring_next_exit(&self->t.ring, VMITAP_CLASS_WINDOW);
	}
	ASSERT_NE(NULL, exit);
	EXPECT_EQ(VENDOR_WINDOW, vendor_exit(exit));
	EXPECT_LT(testvm_rip(vcpu, window, window_opens), exit->rip);
	EXPECT_GE(testvm_rip(vcpu, window, window_done), exit->rip);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

TEST_HARNESS_MAIN
