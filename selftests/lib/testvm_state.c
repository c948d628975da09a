// SPDX-License-Identifier: GPL-2.0-only
/*
 * testvm_state.c - page tables, descriptors and registers a vCPU starts with
 *
 * Formats: AMD64 Architecture Programmer's Manual, volume 2, "Page Translation
 * and Protection" and "Segmented Virtual Memory".
 */
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "testvm.h"
#include "testvm_state.h"

#define PTE_TABLE	0x7ull		/* present, writable, user */
#define PTE_LARGE	0xe7ull		/* also accessed, dirty, large */

#define PDPT		0x2000ul
#define PD_FIRST	0x3000ul	/* four pages */

#define CR0_PE		0x1
#define CR0_ET		0x10
#define CR0_NE		0x20
#define CR0_PG		0x80000000
#define CR4_PSE		0x10
#define CR4_PAE		0x20
#define EFER_SCE	0x1
#define EFER_LME	0x100
#define EFER_LMA	0x400
#define RFLAGS_FIXED	0x2
#define RFLAGS_IOPL	0x3000

#define MSR_STAR	0xc0000081
#define MSR_LSTAR	0xc0000082
#define MSR_CSTAR	0xc0000083
#define MSR_SFMASK	0xc0000084

#define SEG_CODE	0xb		/* execute, read, accessed */
#define SEG_DATA	0x3		/* read, write, accessed */

void testvm_fill_tables(char *mem)
{
	__u64 *root_b = (__u64 *)(mem + TESTVM_ROOT_B);
	__u64 *root_c = (__u64 *)(mem + TESTVM_ROOT_C);
	__u64 *root = (__u64 *)(mem + TESTVM_ROOT_A);
	__u32 *pd32 = (__u32 *)(mem + TESTVM_ROOT_32);
	__u64 *pd = (__u64 *)(mem + PD_FIRST);
	__u64 *gdt = (__u64 *)(mem + TESTVM_GDT);
	__u64 *pdpt = (__u64 *)(mem + PDPT);
	int i;

	root[0] = root_b[0] = root_c[0] = PDPT | PTE_TABLE;
	for (i = 0; i < 4; i++)
		pdpt[i] = (PD_FIRST + i * 0x1000ul) | PTE_TABLE;
	for (i = 0; i < 4 * 512; i++)
		pd[i] = (__u64)i << 21 | PTE_LARGE;
	for (i = 0; i < 1024; i++)
		pd32[i] = (__u32)i << 22 | PTE_LARGE;

	gdt[TESTVM_CS64 / 8] = 0x00af9b000000ffffull;
	gdt[TESTVM_SS / 8] = 0x00cf93000000ffffull;
	gdt[TESTVM_SS_USER / 8] = 0x00cff3000000ffffull;
	gdt[TESTVM_CS64_USER / 8] = 0x00affb000000ffffull;

	/* Offset of the I/O bitmap, in a 32-bit and in a 64-bit TSS alike. */
	*(__u16 *)(mem + TESTVM_TSS + 0x66) = 0x68;
}

void testvm_set_gate(struct testvm *vm, int vector, const char *start,
		     const char *label)
{
	__u64 *gate = (__u64 *)(vm->mem + TESTVM_IDT + vector * 16ul);
	__u64 to = TESTVM_CODE + (label - start);

	/* Present, 64-bit interrupt gate. */
	gate[0] = (to & 0xffff) | (__u64)TESTVM_CS64 << 16 | 0x8eull << 40 |
		  (to >> 16 & 0xffff) << 48;
	gate[1] = to >> 32;
}

static bool mode_is_16bit(enum testvm_mode mode)
{
	return mode == TESTVM_REAL || mode == TESTVM_PROT16
	       || mode == TESTVM_COMPAT16;
}

static bool mode_is_long(enum testvm_mode mode)
{
	return mode >= TESTVM_COMPAT16;
}

static bool mode_is_user(enum testvm_mode mode)
{
	return mode == TESTVM_LONG64_USER;
}

static void set_seg(struct kvm_segment *seg, int type, __u16 selector,
		    __u64 base, __u32 limit, int dpl)
{
	memset(seg, 0, sizeof(*seg));
	seg->type = type;
	seg->selector = selector;
	seg->base = base;
	seg->limit = limit;
	seg->dpl = dpl;
	seg->s = 1;
	seg->present = 1;
	seg->g = limit > 0xfffff;
	seg->db = limit > 0xfffff;
}

static void set_segs_16(struct kvm_sregs *sregs, enum testvm_mode mode)
{
	bool real = mode == TESTVM_REAL;
	int code = real ? SEG_DATA : SEG_CODE;

	set_seg(&sregs->cs, code, real ? TESTVM_CODE >> 4 : TESTVM_CS64,
		TESTVM_CODE, 0xffff, 0);
	set_seg(&sregs->ss, SEG_DATA, real ? TESTVM_STACK >> 4 : TESTVM_SS,
		TESTVM_STACK, 0xffff, 0);
	set_seg(&sregs->ds, SEG_DATA, real ? TESTVM_DATA >> 4 : TESTVM_SS,
		TESTVM_DATA, 0xffff, 0);
	sregs->es = sregs->fs = sregs->gs = sregs->ds;
}

static void set_segs_flat(struct kvm_sregs *sregs, enum testvm_mode mode)
{
	bool user = mode_is_user(mode);
	bool code64 = mode >= TESTVM_LONG64;

	set_seg(&sregs->cs, SEG_CODE, user ? TESTVM_CS64_USER : TESTVM_CS64, 0,
		~0u, user ? 3 : 0);
	sregs->cs.l = code64;
	sregs->cs.db = !code64;
	set_seg(&sregs->ss, SEG_DATA, user ? TESTVM_SS_USER : TESTVM_SS, 0, ~0u,
		user ? 3 : 0);
	sregs->ds = sregs->ss;
	sregs->es = sregs->fs = sregs->gs = sregs->ss;
	/* Something to recognize FS and GS by. */
	sregs->fs.base = TESTVM_DATA + 0x100;
	sregs->gs.base = TESTVM_DATA + 0x200;
}

static void set_ctrl(struct kvm_sregs *sregs, enum testvm_mode mode)
{
	sregs->cr0 = CR0_ET | CR0_NE;
	sregs->cr3 = 0;
	sregs->cr4 = 0;
	sregs->efer = 0;
	if (mode != TESTVM_REAL)
		sregs->cr0 |= CR0_PE;
	if (mode == TESTVM_PAGED32) {
		sregs->cr0 |= CR0_PG;
		sregs->cr4 = CR4_PSE;
		sregs->cr3 = TESTVM_ROOT_32;
	}
	if (mode_is_long(mode)) {
		sregs->cr0 |= CR0_PG;
		sregs->cr4 = CR4_PAE;
		sregs->cr3 = TESTVM_ROOT_A;
		sregs->efer = EFER_LME | EFER_LMA;
	}
}

static void set_tables(struct kvm_sregs *sregs, enum testvm_mode mode)
{
	sregs->gdt.base = TESTVM_GDT;
	sregs->gdt.limit = 0x27;
	sregs->idt.base = mode_is_long(mode) ? TESTVM_IDT : 0;
	sregs->idt.limit = mode_is_long(mode) ? 0xfff : 0x3ff;
	memset(&sregs->tr, 0, sizeof(sregs->tr));
	sregs->tr.base = TESTVM_TSS;
	/* The I/O bitmap needs a byte more than it has bits. */
	sregs->tr.limit = 0x68 + 0x2000;
	sregs->tr.type = 0xb;
	sregs->tr.present = 1;
	sregs->tr.selector = 0x40;
	memset(&sregs->ldt, 0, sizeof(sregs->ldt));
	sregs->ldt.type = 2;
	sregs->ldt.unusable = 1;
}

__u64 testvm_reg(int nr)
{
	return 0x0101010101010101ull * (0x10 + nr);
}

static void set_regs(struct testvm_vcpu *vcpu)
{
	struct kvm_regs regs = {
		.rax = testvm_reg(0), .rcx = testvm_reg(1), .rdx = testvm_reg(2),
		.rbx = testvm_reg(3), .rbp = testvm_reg(5), .rsi = testvm_reg(6),
		.rdi = testvm_reg(7), .r8 = testvm_reg(8), .r9 = testvm_reg(9),
		.r10 = testvm_reg(10), .r11 = testvm_reg(11),
		.r12 = testvm_reg(12), .r13 = testvm_reg(13),
		.r14 = testvm_reg(14), .r15 = testvm_reg(15),
		.rflags = RFLAGS_FIXED | RFLAGS_IOPL,
	};

	regs.rip = vcpu->base ? 0 : TESTVM_CODE;
	regs.rsp = 0x1000ul * (vcpu->id + 1) - 0x10;
	if (!vcpu->base)
		regs.rsp += TESTVM_STACK;
	CHECK(!ioctl(vcpu->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

void testvm_reset(struct testvm_vcpu *vcpu, enum testvm_mode mode)
{
	struct kvm_mp_state running = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs sregs;

	CHECK(!ioctl(vcpu->fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	if (mode_is_16bit(mode))
		set_segs_16(&sregs, mode);
	else
		set_segs_flat(&sregs, mode);
	vcpu->base = mode_is_16bit(mode) ? TESTVM_CODE : 0;
	set_ctrl(&sregs, mode);
	set_tables(&sregs, mode);
	CHECK(!ioctl(vcpu->fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	set_regs(vcpu);
	/* Beside the first, vCPUs wait for an INIT if there is an irqchip. */
	ioctl(vcpu->fd, KVM_SET_MP_STATE, &running);
}

__u64 testvm_rip(const struct testvm_vcpu *vcpu, const char *start,
		 const char *label)
{
	return (vcpu->base ? 0 : TESTVM_CODE) + (label - start);
}

void testvm_set_gpr(struct testvm_vcpu *vcpu, char name, __u64 value)
{
	struct kvm_regs regs;

	CHECK(!ioctl(vcpu->fd, KVM_GET_REGS, &regs), "KVM_GET_REGS");
	switch (name) {
	case 'a': regs.rax = value; break;
	case 'b': regs.rbx = value; break;
	case 'c': regs.rcx = value; break;
	case 'd': regs.rdx = value; break;
	default: CHECK(false, "no register %c", name);
	}
	CHECK(!ioctl(vcpu->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

void testvm_interrupts_on(struct testvm_vcpu *vcpu)
{
	struct kvm_regs regs;

	CHECK(!ioctl(vcpu->fd, KVM_GET_REGS, &regs), "KVM_GET_REGS");
	regs.rflags |= 0x200;
	CHECK(!ioctl(vcpu->fd, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

void testvm_set_msr(struct testvm_vcpu *vcpu, __u32 msr, __u64 value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1,
		   .entry = { .index = msr, .data = value } };

	CHECK(ioctl(vcpu->fd, KVM_SET_MSRS, &msrs) == 1, "MSR 0x%x", msr);
}

void testvm_set_syscall(struct testvm_vcpu *vcpu, const char *start,
			const char *label, __u32 sfmask)
{
	__u64 entry = TESTVM_CODE + (label - start);
	struct kvm_sregs sregs;

	CHECK(!ioctl(vcpu->fd, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.efer |= EFER_SCE;
	CHECK(!ioctl(vcpu->fd, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	testvm_set_msr(vcpu, MSR_STAR, TESTVM_STAR);
	testvm_set_msr(vcpu, MSR_LSTAR, entry);
	testvm_set_msr(vcpu, MSR_CSTAR, entry);
	testvm_set_msr(vcpu, MSR_SFMASK, sfmask);
	*(__u64 *)(vcpu->vm->mem + TESTVM_TSS + 4) = TESTVM_DATA + 0x2000;
}
