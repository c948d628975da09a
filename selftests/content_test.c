// SPDX-License-Identifier: GPL-2.0-only
/*
 * content_test.c - what EXIT records say, for guests that do known things
 */
#include <string.h>

#include "lib/fixture.h"
#include "lib/vendor.h"

#define CLASS(name)		VMITAP_CLASS_MASK(VMITAP_CLASS_##name)
#define RING_BYTES		0x10000

/* The same bytes in every mode. */
GUEST_CODE(every_mode, 64,
	   "cpuid\n"
	   "every_mode_out: .globl every_mode_out\n"
	   "out %al, $0xf4\n");
extern const char every_mode_out[];

FIXTURE(mode)
{
	struct tapped t;
};

FIXTURE_VARIANT(mode)
{
	enum testvm_mode mode;
	int want;
	int cpl;
};

FIXTURE_VARIANT_ADD(mode, real) {
	.mode = TESTVM_REAL, .want = VMITAP_MODE_REAL, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, prot16) {
	.mode = TESTVM_PROT16, .want = VMITAP_MODE_PROT16, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, prot32) {
	.mode = TESTVM_PROT32, .want = VMITAP_MODE_PROT32, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, paged32) {
	.mode = TESTVM_PAGED32, .want = VMITAP_MODE_PROT32, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, compat16) {
	.mode = TESTVM_COMPAT16, .want = VMITAP_MODE_COMPAT16, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, compat32) {
	.mode = TESTVM_COMPAT32, .want = VMITAP_MODE_COMPAT32, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, long64) {
	.mode = TESTVM_LONG64, .want = VMITAP_MODE_LONG64, .cpl = 0,
};

FIXTURE_VARIANT_ADD(mode, long64_user) {
	.mode = TESTVM_LONG64_USER, .want = VMITAP_MODE_LONG64, .cpl = 3,
};

FIXTURE_SETUP(mode)
{
	memset(&self->t, 0, sizeof(self->t));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	TESTVM_LOAD(self->t.vm, every_mode);
	testvm_reset(self->t.vcpu, variant->mode);
	tapped_attach(&self->t, RING_BYTES, CLASS(CPUID) | CLASS(PIO),
		      VMITAP_FIELDS_ALL);
}

FIXTURE_TEARDOWN(mode)
{
	tapped_end(&self->t);
}

TEST_F(mode, fixed_part)
{
	const struct vmitap_exit *exit;
	struct tapped *t = &self->t;
	struct kvm_sregs sregs;
	struct vendor_io io;

	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_SREGS, &sregs));
	testvm_run(t->vcpu);

	exit = ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID);
	EXPECT_EQ(0, exit->record.seq);
	EXPECT_EQ(0, exit->record.flags);
	EXPECT_EQ(VENDOR_CPUID, vendor_exit(exit));
	EXPECT_EQ(variant->want, exit->mode);
	EXPECT_EQ(variant->cpl, exit->cpl);
	EXPECT_EQ(testvm_rip(t->vcpu, every_mode, every_mode), exit->rip);
	EXPECT_EQ(sregs.cr3, exit->cr3);
	EXPECT_EQ(0, exit->intr_info);

	exit = ring_expect_exit(&t->ring, VMITAP_CLASS_PIO);
	EXPECT_EQ(1, exit->record.seq);
	EXPECT_EQ(VENDOR_IO, vendor_exit(exit));
	io = vendor_io(exit);
	EXPECT_EQ(TESTVM_PORT_DONE, io.port);
	EXPECT_FALSE(io.in);
	EXPECT_EQ(1, io.size);
	EXPECT_EQ(testvm_rip(t->vcpu, every_mode, every_mode_out), exit->rip);
	/* SVM says where the next instruction is. */
	EXPECT_EQ(vendor_is_intel() ? 0 : exit->rip + 2, exit->qual2);
	EXPECT_EQ(variant->want, exit->mode);
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

TEST_F(mode, general_registers)
{
	const struct vmitap_gprs *gprs;
	struct kvm_regs regs;
	struct tapped *t = &self->t;
	int i;

	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_REGS, &regs));
	testvm_run(t->vcpu);
	gprs = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID),
			    VMITAP_FIELD_GPRS);
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		EXPECT_EQ(i == VMITAP_RSP ? regs.rsp : testvm_reg(i), gprs->reg[i])
			TH_LOG("register %d", i);

	/* What CPUID returned is what the guest had at its next exit. */
	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_REGS, &regs));
	gprs = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_PIO),
			    VMITAP_FIELD_GPRS);
	EXPECT_EQ(regs.rax, gprs->reg[VMITAP_RAX]);
	EXPECT_EQ(regs.rbx, gprs->reg[VMITAP_RBX]);
	EXPECT_EQ(regs.rcx, gprs->reg[VMITAP_RCX]);
	EXPECT_EQ(regs.rdx, gprs->reg[VMITAP_RDX]);
	EXPECT_NE(testvm_reg(VMITAP_RBX), gprs->reg[VMITAP_RBX]);
}

TEST_F(mode, control_registers)
{
	const struct vmitap_ctrl *ctrl;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct tapped *t = &self->t;

	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_SREGS, &sregs));
	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_REGS, &regs));
	testvm_run(t->vcpu);
	ctrl = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID),
			    VMITAP_FIELD_CTRL);
	EXPECT_EQ(sregs.cr0, ctrl->cr0);
	EXPECT_EQ(sregs.cr2, ctrl->cr2);
	EXPECT_EQ(sregs.cr4, ctrl->cr4);
	EXPECT_EQ(sregs.efer, ctrl->efer);
	EXPECT_EQ(regs.rflags, ctrl->rflags);
}

static void expect_seg(struct __test_metadata *_metadata, const char *name,
		       const struct kvm_segment *want,
		       const struct vmitap_seg *seg)
{
	EXPECT_EQ(want->base, seg->base)
		TH_LOG("base of %s", name);
	EXPECT_EQ(want->limit, seg->limit)
		TH_LOG("limit of %s", name);
	EXPECT_EQ(want->selector, seg->selector)
		TH_LOG("selector of %s", name);
}

static __u16 attrib_of(const struct kvm_segment *seg)
{
	return seg->type | seg->s << 4 | seg->dpl << 5 | seg->present << 7 |
	       seg->avl << 8 | seg->l << 9 | seg->db << 10 | seg->g << 11;
}

TEST_F(mode, segment_registers)
{
	const struct vmitap_segs *segs;
	struct kvm_sregs sregs;
	struct tapped *t = &self->t;

	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_SREGS, &sregs));
	testvm_run(t->vcpu);
	segs = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID),
			    VMITAP_FIELD_SEGS);
	expect_seg(_metadata, "ES", &sregs.es, &segs->seg[VMITAP_ES]);
	expect_seg(_metadata, "CS", &sregs.cs, &segs->seg[VMITAP_CS]);
	expect_seg(_metadata, "SS", &sregs.ss, &segs->seg[VMITAP_SS]);
	expect_seg(_metadata, "DS", &sregs.ds, &segs->seg[VMITAP_DS]);
	expect_seg(_metadata, "FS", &sregs.fs, &segs->seg[VMITAP_FS]);
	expect_seg(_metadata, "GS", &sregs.gs, &segs->seg[VMITAP_GS]);
	expect_seg(_metadata, "TR", &sregs.tr, &segs->seg[VMITAP_TR]);
	EXPECT_EQ(attrib_of(&sregs.cs), segs->seg[VMITAP_CS].attrib);
	EXPECT_EQ(attrib_of(&sregs.ss), segs->seg[VMITAP_SS].attrib);
	EXPECT_NE(0, segs->seg[VMITAP_LDTR].attrib & VMITAP_SEG_UNUSABLE);

	EXPECT_EQ(sregs.gdt.base, segs->seg[VMITAP_GDTR].base);
	EXPECT_EQ(sregs.gdt.limit, segs->seg[VMITAP_GDTR].limit);
	EXPECT_EQ(sregs.idt.base, segs->seg[VMITAP_IDTR].base);
	EXPECT_EQ(sregs.idt.limit, segs->seg[VMITAP_IDTR].limit);
	EXPECT_EQ(0, segs->seg[VMITAP_GDTR].selector);
	EXPECT_EQ(0, segs->seg[VMITAP_IDTR].attrib);
}

TEST_F(mode, instruction_bytes)
{
	size_t bytes = every_mode_end - every_mode;
	const struct vmitap_insn *insn;
	struct tapped *t = &self->t;

	testvm_run(t->vcpu);
	insn = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID),
			    VMITAP_FIELD_INSN);
	EXPECT_EQ(15, insn->len);
	EXPECT_EQ(0, memcmp(insn->bytes, every_mode, bytes));
	insn = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_PIO),
			    VMITAP_FIELD_INSN);
	EXPECT_EQ(0, memcmp(insn->bytes, every_mode_out, every_mode_end - every_mode_out));
}

TAPPED_FIXTURE(exits)

/* As firmware in flash is. */
GUEST_CODE(to_read_only, 64,
	   "mov $0x200000, %eax\n"
	   "jmp *%rax\n");

TEST_F(exits, instruction_bytes_in_read_only_memory)
{
	static const __u8 code[] = { 0x0f, 0xa2, 0xe6, TESTVM_PORT_DONE };
	const struct vmitap_insn *insn;
	struct tapped *t = &self->t;
	void *flash = testvm_add_flash(t->vm, code, sizeof(code));

	TESTVM_LOAD(t->vm, to_read_only);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	tapped_attach(t, RING_BYTES, CLASS(CPUID), VMITAP_FIELD_INSN);
	testvm_run(t->vcpu);
	insn = exit_section(ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID),
			    VMITAP_FIELD_INSN);
	EXPECT_EQ(15, insn->len);
	EXPECT_EQ(0, memcmp(insn->bytes, code, sizeof(code)));
	munmap(flash, TESTVM_FLASH_BYTES);
}

static void prepare(struct tapped *t, const char *code, const char *end,
		    __u64 classes)
{
	testvm_load(t->vm, code, end);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	tapped_attach(t, RING_BYTES, classes, VMITAP_FIELD_GPRS);
}

#define PREPARE(t, code, classes)	prepare(t, code, code##_end, classes)

GUEST_CODE(ports, 64,
	   "mov $0x42, %edx\n"
	   "in $0x42, %al\n"
	   "in %dx, %ax\n"
	   "in %dx, %eax\n"
	   "out %al, $0x43\n"
	   "out %eax, %dx\n"
	   "mov $0x40000, %esi\n"
	   "mov $3, %ecx\n"
	   "cld\n"
	   "rep outsw\n"
	   "mov $0x40000, %edi\n"
	   "insb\n"
	   "out %al, $0xf4\n");

TEST_F(exits, port_io)
{
	static const struct vendor_io want[] = {
		{ .port = 0x42, .size = 1, .in = true },
		{ .port = 0x42, .size = 2, .in = true },
		{ .port = 0x42, .size = 4, .in = true },
		{ .port = 0x43, .size = 1 },
		{ .port = 0x42, .size = 4 },
	};
	struct vendor_io io;
	struct kvm_regs regs;
	size_t i, nr_rep = 0;

	PREPARE(&self->t, ports, CLASS(PIO));
	testvm_run(self->t.vcpu);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		io = vendor_io(ring_expect_exit(&self->t.ring, VMITAP_CLASS_PIO));
		EXPECT_EQ(want[i].port, io.port);
		EXPECT_EQ(want[i].size, io.size);
		EXPECT_EQ(want[i].in, io.in);
		EXPECT_FALSE(io.string || io.rep);
	}
	/* KVM may come back between the words of one REP. */
	io = vendor_io(ring_expect_exit(&self->t.ring, VMITAP_CLASS_PIO));
	while (io.rep) {
		nr_rep++;
		EXPECT_EQ(0x42, io.port);
		EXPECT_EQ(2, io.size);
		EXPECT_TRUE(io.string && !io.in);
		io = vendor_io(ring_expect_exit(&self->t.ring, VMITAP_CLASS_PIO));
	}
	EXPECT_GE(nr_rep, 1);
	EXPECT_LE(nr_rep, 4);
	EXPECT_TRUE(io.string && io.in);
	EXPECT_EQ(1, io.size);
	io = vendor_io(ring_expect_exit(&self->t.ring, VMITAP_CLASS_PIO));
	EXPECT_EQ(TESTVM_PORT_DONE, io.port);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));

	/* The guest got what it would have got untapped. */
	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(0xa5a5a5a5, regs.rax);
	EXPECT_EQ(TESTVM_IN_BYTE, (unsigned char)self->t.vm->mem[TESTVM_DATA]);
}

GUEST_CODE(kernel_io, 64,
	   "in $0x21, %al\n"
	   "out %al, $0x21\n"
	   "out %al, $0xf4\n");

TEST(port_io_to_the_kernel)
{
	struct vendor_io io;
	struct tapped t;

	REQUIRE_TAP(return);
	tapped_create(&t, true);
	PREPARE(&t, kernel_io, CLASS(PIO));
	testvm_run(t.vcpu);
	io = vendor_io(ring_expect_exit(&t.ring, VMITAP_CLASS_PIO));
	EXPECT_EQ(0x21, io.port);
	EXPECT_TRUE(io.in);
	io = vendor_io(ring_expect_exit(&t.ring, VMITAP_CLASS_PIO));
	EXPECT_EQ(0x21, io.port);
	EXPECT_FALSE(io.in);
	tapped_end(&t);
}

GUEST_CODE(mmio, 64,
	   "mov (%rbx), %rax\n"
	   "mmio_2: .globl mmio_2\n"
	   "mov 8(%rbx), %rax\n"
	   "mmio_3: .globl mmio_3\n"
	   "mov %rax, 16(%rbx)\n"
	   "out %al, $0xf4\n");
extern const char mmio_2[], mmio_3[];

/* With shadow page tables each access faults, and is then seen to lead nowhere. */
static void expect_mmio_faults(struct __test_metadata *_metadata, struct tapped *t)
{
	const unsigned long rip[] = {
		testvm_rip(t->vcpu, mmio, mmio), testvm_rip(t->vcpu, mmio, mmio_2),
		testvm_rip(t->vcpu, mmio, mmio_3),
	};
	const struct vmitap_exit *exit;
	struct kvm_regs regs;
	int i;

	PREPARE(t, mmio, CLASS(EXCEPTION));
	testvm_set_gpr(t->vcpu, 'b', TESTVM_MMIO);
	testvm_run(t->vcpu);
	for (i = 0; i < 3; i++) {
		do {
			exit = ring_expect_exit(&t->ring, VMITAP_CLASS_EXCEPTION);
		} while (vendor_fault_address(exit) < TESTVM_BYTES);
		EXPECT_EQ(VENDOR_PAGE_FAULT, vendor_exit(exit));
		EXPECT_EQ(TESTVM_MMIO + 8 * i, vendor_fault_address(exit));
		EXPECT_EQ(rip[i], exit->rip);
	}
	ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(TESTVM_MMIO_VALUE, regs.rax);
}

TEST_F(exits, mmio)
{
	const struct vmitap_exit *exit;
	const struct vmitap_gprs *gprs;
	struct kvm_regs regs;

	if (!vendor_has_nested_paging()) {
		expect_mmio_faults(_metadata, &self->t);
		return;
	}
	PREPARE(&self->t, mmio, CLASS(MMIO) | CLASS(NPF));
	testvm_set_gpr(self->t.vcpu, 'b', TESTVM_MMIO);
	testvm_run(self->t.vcpu);

	/* KVM does not know yet that there is nothing behind the address. */
	do {
		exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_NPF);
	} while (exit->qual2 < TESTVM_BYTES);
	EXPECT_EQ(VENDOR_NPF, vendor_exit(exit));
	EXPECT_EQ(TESTVM_MMIO, exit->qual2);
	EXPECT_FALSE(vendor_npf_write(exit));
	EXPECT_EQ(testvm_rip(self->t.vcpu, mmio, mmio), exit->rip);

	/* Now it does. */
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_MMIO);
	EXPECT_EQ(TESTVM_MMIO + 8, exit->qual2);
	EXPECT_EQ(VENDOR_NPF, vendor_exit(exit));
	EXPECT_EQ(testvm_rip(self->t.vcpu, mmio, mmio_2), exit->rip);
	gprs = exit_section(exit, VMITAP_FIELD_GPRS);
	EXPECT_EQ(TESTVM_MMIO_VALUE, gprs->reg[VMITAP_RAX]);

	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_MMIO);
	EXPECT_EQ(TESTVM_MMIO + 16, exit->qual2);
	/* VMX does not say so here. */
	EXPECT_EQ(!vendor_is_intel(), vendor_npf_write(exit));
	EXPECT_EQ(testvm_rip(self->t.vcpu, mmio, mmio_3), exit->rip);

	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_GET_REGS, &regs));
	EXPECT_EQ(TESTVM_MMIO_VALUE, regs.rax);
}

/* Or one of shadow page tables. */
TEST_F(exits, nested_page_fault)
{
	const struct vmitap_exit *exit;

	PREPARE(&self->t, every_mode, CLASS(NPF) | CLASS(EXCEPTION));
	testvm_run(self->t.vcpu);
	if (vendor_has_nested_paging()) {
		exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_NPF);
		EXPECT_EQ(VENDOR_NPF, vendor_exit(exit));
		EXPECT_LT(exit->qual2, TESTVM_BYTES);
	} else {
		exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_EXCEPTION);
		EXPECT_EQ(VENDOR_PAGE_FAULT, vendor_exit(exit));
		EXPECT_EQ(TESTVM_CODE, vendor_fault_address(exit));
	}
	EXPECT_EQ(testvm_rip(self->t.vcpu, every_mode, every_mode), exit->rip);
}

GUEST_CODE(halt, 64,
	   "hlt\n"
	   "hlt\n"
	   "hlt\n"
	   "out %al, $0xf4\n");

TEST_F(exits, hlt)
{
	const struct vmitap_exit *exit;
	int i;

	PREPARE(&self->t, halt, CLASS(HLT));
	testvm_run(self->t.vcpu);
	for (i = 0; i < 3; i++) {
		exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_HLT);
		EXPECT_EQ(VENDOR_HLT, vendor_exit(exit));
		EXPECT_EQ(testvm_rip(self->t.vcpu, halt, halt) + i, exit->rip);
	}
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	EXPECT_EQ(3, self->t.vcpu->halts);
}

GUEST_CODE(msr, 64,
	   "mov $0x277, %ecx\n"
	   "rdmsr\n"
	   "msr_write: .globl msr_write\n"
	   "wrmsr\n"
	   "out %al, $0xf4\n");
extern const char msr_write[];

TEST_F(exits, msr)
{
	const struct vmitap_exit *exit;
	const struct vmitap_gprs *gprs;

	PREPARE(&self->t, msr, CLASS(MSR_READ) | CLASS(MSR_WRITE));
	testvm_run(self->t.vcpu);
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_MSR_READ);
	gprs = exit_section(exit, VMITAP_FIELD_GPRS);
	EXPECT_EQ(VENDOR_MSR_READ, vendor_exit(exit));
	EXPECT_EQ(0x277, gprs->reg[VMITAP_RCX]);
	EXPECT_EQ(testvm_reg(VMITAP_RAX), gprs->reg[VMITAP_RAX]);

	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_MSR_WRITE);
	gprs = exit_section(exit, VMITAP_FIELD_GPRS);
	EXPECT_EQ(VENDOR_MSR_WRITE, vendor_exit(exit));
	EXPECT_EQ(testvm_rip(self->t.vcpu, msr, msr_write), exit->rip);
	EXPECT_EQ(0x277, gprs->reg[VMITAP_RCX]);
	/* The page attribute table after reset. */
	EXPECT_EQ(0x00070406, gprs->reg[VMITAP_RAX]);
	EXPECT_EQ(0x00070406, gprs->reg[VMITAP_RDX]);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

GUEST_CODE(hypercall, 64,
	   "vmmcall\n"
	   "out %al, $0xf4\n");

static void expect_hypercall(struct __test_metadata *_metadata,
			     struct tapped *t, enum testvm_mode mode, int cpl)
{
	const struct vmitap_exit *exit;
	const struct vmitap_gprs *gprs;

	PREPARE(t, hypercall, CLASS(HYPERCALL));
	testvm_reset(t->vcpu, mode);
	testvm_run(t->vcpu);
	exit = ring_expect_exit(&t->ring, VMITAP_CLASS_HYPERCALL);
	gprs = exit_section(exit, VMITAP_FIELD_GPRS);
	EXPECT_EQ(VENDOR_HYPERCALL, vendor_exit(exit));
	EXPECT_EQ(cpl, exit->cpl);
	EXPECT_EQ(testvm_rip(t->vcpu, hypercall, hypercall), exit->rip);
	EXPECT_EQ(testvm_reg(VMITAP_RAX), gprs->reg[VMITAP_RAX]);
	EXPECT_EQ(testvm_reg(VMITAP_RBX), gprs->reg[VMITAP_RBX]);
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

TEST_F(exits, hypercall_of_the_kernel)
{
	expect_hypercall(_metadata, &self->t, TESTVM_LONG64, 0);
}

TEST_F(exits, hypercall_of_a_process)
{
	expect_hypercall(_metadata, &self->t, TESTVM_LONG64_USER, 3);
}

GUEST_CODE(control, 64,
	   "mov %cr4, %rax\n"
	   "control_write_cr4: .globl control_write_cr4\n"
	   "mov %rax, %cr4\n"
	   "mov %cr0, %rax\n"
	   "bts $30, %rax\n"
	   "control_write_cr0: .globl control_write_cr0\n"
	   "mov %rax, %cr0\n"
	   "out %al, $0xf4\n");
extern const char control_write_cr4[], control_write_cr0[];

/* With shadow page tables KVM intercepts reads as well. */
static const struct vmitap_exit *next_control_write(struct ring *ring)
{
	const struct vmitap_exit *exit;

	do {
		exit = ring_next_exit(ring, VMITAP_CLASS_CR);
	} while (exit && (vendor_exit(exit) == VENDOR_READ_CR4 ||
			  vendor_exit(exit) == VENDOR_OTHER));
	return exit;
}

TEST_F(exits, control_register_access)
{
	const struct vmitap_exit *exit;

	PREPARE(&self->t, control, CLASS(CR));
	testvm_run(self->t.vcpu);
	exit = next_control_write(&self->t.ring);
	ASSERT_NE(NULL, exit);
	/* On VMX no exit: it changes nothing. */
	if (!vendor_is_intel()) {
		EXPECT_EQ(VENDOR_WRITE_CR4, vendor_exit(exit));
		EXPECT_EQ(testvm_rip(self->t.vcpu, control, control_write_cr4),
			  exit->rip);
		exit = next_control_write(&self->t.ring);
		ASSERT_NE(NULL, exit);
	}
	EXPECT_EQ(VENDOR_WRITE_CR0, vendor_exit(exit));
	EXPECT_EQ(testvm_rip(self->t.vcpu, control, control_write_cr0), exit->rip);
	EXPECT_EQ(NULL, next_control_write(&self->t.ring));
}

GUEST_CODE(debug, 64,
	   "mov %rax, %dr0\n"
	   "cpuid\n"
	   "mov %dr0, %rbx\n"
	   "out %al, $0xf4\n");

TEST_F(exits, debug_register_access)
{
	const struct vmitap_exit *exit;

	PREPARE(&self->t, debug, CLASS(DR));
	testvm_run(self->t.vcpu);
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_DR);
	EXPECT_EQ(VENDOR_WRITE_DR0, vendor_exit(exit));
	/* KVM lets the guest have the registers until its next exit. */
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_DR);
	EXPECT_EQ(VENDOR_READ_DR0, vendor_exit(exit));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* By IRET to a virtual-8086 task at CS:IP = 0x1000:vm86_task. */
GUEST_CODE(vm86, 32,
	   "xor %eax, %eax\n"
	   "mov $6, %ecx\n"
	   "1: push %eax\n"
	   "loop 1b\n"
	   "push $0x23002\n"
	   "push $0x1000\n"
	   "push $(vm86_task - vm86)\n"
	   "iret\n"
	   "vm86_task: .globl vm86_task\n"
	   "cpuid\n"
	   "out %al, $0xf4\n");
extern const char vm86_task[];

TEST_F(exits, virtual_8086_mode)
{
	const struct vmitap_exit *exit;
	const struct vmitap_segs *segs;

	PREPARE(&self->t, vm86, 0);
	session_config(self->t.fd, CLASS(CPUID), VMITAP_FIELD_SEGS);
	testvm_reset(self->t.vcpu, TESTVM_PROT32);
	/*
	 * Whatever comes behind CPUID: QEMU's TCG cannot enter a guest in this
	 * mode again.
	 */
	ASSERT_EQ(0, ioctl(self->t.vcpu->fd, KVM_RUN, 0));
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_CPUID);
	segs = exit_section(exit, VMITAP_FIELD_SEGS);
	EXPECT_EQ(VMITAP_MODE_VM86, exit->mode);
	EXPECT_EQ(3, exit->cpl);
	EXPECT_EQ(vm86_task - vm86, exit->rip);
	EXPECT_EQ(0x1000, segs->seg[VMITAP_CS].selector);
	EXPECT_EQ(0x10000, segs->seg[VMITAP_CS].base);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* x2APIC on, then an interrupt to itself, which stays pending. */
GUEST_CODE(icr, 64,
	   "mov $0x1b, %ecx\n"
	   "xor %edx, %edx\n"
	   "mov $0xfee00d00, %eax\n"
	   "wrmsr\n"
	   "mov $0x80f, %ecx\n"
	   "mov $0x1ff, %eax\n"
	   "wrmsr\n"
	   "mov $0x830, %ecx\n"
	   "mov $0x30, %eax\n"
	   "icr_write: .globl icr_write\n"
	   "wrmsr\n"
	   "out %al, $0xf4\n");
extern const char icr_write[];

/* KVM's fast path needs the processor to say where the next instruction is. */
static bool host_saves_next_rip(void)
{
	return vendor_is_intel() || !system("grep -qw nrip_save /proc/cpuinfo");
}

TEST(fast_path)
{
	const struct vmitap_exit *exit;
	struct tapped t;

	REQUIRE_TAP(return);
	if (!host_saves_next_rip())
		SKIP(return, "no processor with NRIP save: KVM has no fast path");
	tapped_create(&t, true);
	PREPARE(&t, icr, CLASS(MSR_WRITE));
	testvm_run(t.vcpu);
	exit = ring_expect_exit(&t.ring, VMITAP_CLASS_MSR_WRITE);
	EXPECT_EQ(0, exit->record.flags);
	exit = ring_expect_exit(&t.ring, VMITAP_CLASS_MSR_WRITE);
	EXPECT_EQ(0, exit->record.flags);
	exit = ring_expect_exit(&t.ring, VMITAP_CLASS_MSR_WRITE);
	EXPECT_EQ(VMITAP_RECORD_FASTPATH, exit->record.flags);
	EXPECT_EQ(testvm_rip(t.vcpu, icr, icr_write), exit->rip);
	EXPECT_EQ(NULL, ring_next(&t.ring));
	tapped_end(&t);
}

/* Sections by class: CPUID has registers, port I/O has none. */
TEST_F(exits, fields_by_class)
{
	struct vmitap_class_fields fields = { VMITAP_CLASS_CPUID, VMITAP_FIELD_GPRS };
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = CLASS(CPUID) | CLASS(PIO),
		.fields = VMITAP_FIELD_CTRL,
		.nr_class_fields = 1,
		.class_fields = (unsigned long)&fields,
	};
	const struct vmitap_exit *exit;

	PREPARE(&self->t, every_mode, 0);
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	testvm_run(self->t.vcpu);
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_CPUID);
	EXPECT_EQ(VMITAP_FIELD_GPRS, exit->record.fields);
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_PIO);
	EXPECT_EQ(VMITAP_FIELD_CTRL, exit->record.fields);
}

TEST_HARNESS_MAIN
