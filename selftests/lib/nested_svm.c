// SPDX-License-Identifier: GPL-2.0-only
/*
 * nested_svm.c - a guest that runs a guest of its own on SVM
 *
 * Source: AMD64 Architecture Programmer's Manual, volume 2, "Layout of VMCB".
 */
#include <string.h>

#include "nested.h"
#include "testvm.h"

/* Of the VMCB at NESTED_CONTROL. */
#define VMCB_INTERCEPT3	0x00c
#define VMCB_INTERCEPT4	0x010
#define VMCB_ASID	0x058
#define VMCB_CS		0x410
#define VMCB_SS		0x420
#define VMCB_DS		0x430
#define VMCB_GDTR	0x460
#define VMCB_IDTR	0x480
#define VMCB_TR		0x490
#define VMCB_EFER	0x4d0
#define VMCB_CR4	0x548
#define VMCB_CR3	0x550
#define VMCB_CR0	0x558
#define VMCB_DR7	0x560
#define VMCB_DR6	0x568
#define VMCB_RFLAGS	0x570
#define VMCB_RIP	0x578
#define VMCB_RSP	0x5d8
#define VMCB_PAT	0x668

#define INTERCEPT3_CPUID	(1u << 18)
#define INTERCEPT3_HLT		(1u << 24)
#define INTERCEPT4_VMRUN	(1u << 0)
#define INTERCEPT4_VMMCALL	(1u << 1)

struct vmcb_seg {
	__u16 selector;
	__u16 attrib;
	__u32 limit;
	__u64 base;
};

/*
 * EFER.SVME, VM_HSAVE_PA.  Of the VMCB, 0x578 is RIP, 0x70 the exit code: 0x72 is CPUID,
 * 0x81 a hypercall.
 */
GUEST_CODE(svm_outer, 64,
	   "mov $0xc0000080, %ecx\n"
	   "rdmsr\n"
	   "or $0x1000, %eax\n"
	   "wrmsr\n"
	   "mov $0xc0010117, %ecx\n"
	   "mov $0x51000, %eax\n"
	   "xor %edx, %edx\n"
	   "wrmsr\n"
	   "mov $0xa000, %eax\n"
	   "mov %rax, %cr3\n"
	   "1:\n"
	   "mov $0x50000, %eax\n"
	   "vmrun\n"
	   "mov 0x50070, %rbx\n"
	   "incq 0x40000\n"
	   "mov %rbx, 0x40008\n"
	   "mov $2, %ecx\n"
	   "cmp $0x72, %rbx\n"
	   "je 2f\n"
	   "mov $3, %ecx\n"
	   "cmp $0x81, %rbx\n"
	   "je 2f\n"
	   "out %al, $0xf4\n"
	   "mov $1, %ecx\n"
	   "2:\n"
	   "add %rcx, 0x50578\n"
	   "jmp 1b\n");

static void put32(char *vmcb, unsigned int at, __u32 value)
{
	memcpy(vmcb + at, &value, sizeof(value));
}

static void put64(char *vmcb, unsigned int at, __u64 value)
{
	memcpy(vmcb + at, &value, sizeof(value));
}

static void put_seg(char *vmcb, unsigned int at, struct vmcb_seg seg)
{
	memcpy(vmcb + at, &seg, sizeof(seg));
}

void nested_svm_prepare(struct testvm_vcpu *vcpu)
{
	const struct vmcb_seg data = { TESTVM_SS, 0xc93, ~0u, 0 };
	char *vmcb = vcpu->vm->mem + NESTED_CONTROL;

	TESTVM_LOAD(vcpu->vm, svm_outer);
	testvm_reset(vcpu, TESTVM_LONG64);
	put32(vmcb, VMCB_INTERCEPT3, INTERCEPT3_CPUID | INTERCEPT3_HLT);
	put32(vmcb, VMCB_INTERCEPT4, INTERCEPT4_VMRUN | INTERCEPT4_VMMCALL);
	put32(vmcb, VMCB_ASID, 1);
	put_seg(vmcb, VMCB_CS, (struct vmcb_seg){ TESTVM_CS64, 0xa9b, ~0u, 0 });
	put_seg(vmcb, VMCB_SS, data);
	put_seg(vmcb, VMCB_DS, data);
	put_seg(vmcb, VMCB_GDTR, (struct vmcb_seg){ .limit = 0x27, .base = TESTVM_GDT });
	put_seg(vmcb, VMCB_IDTR, (struct vmcb_seg){ .limit = 0xfff, .base = TESTVM_IDT });
	put_seg(vmcb, VMCB_TR, (struct vmcb_seg){ 0x40, 0x8b, 0x67, TESTVM_TSS });
	put64(vmcb, VMCB_EFER, 0x1501);		/* SVME, LMA, LME, SCE */
	put64(vmcb, VMCB_CR4, 0x20);		/* PAE */
	put64(vmcb, VMCB_CR3, NESTED_ROOT);
	put64(vmcb, VMCB_CR0, 0x80000031);	/* PG, NE, ET, PE */
	put64(vmcb, VMCB_DR7, 0x400);
	put64(vmcb, VMCB_DR6, 0xffff0ff0);
	put64(vmcb, VMCB_RFLAGS, 0x202);	/* interrupts on */
	put64(vmcb, VMCB_RIP, NESTED_CODE);
	put64(vmcb, VMCB_RSP, NESTED_STACK);
	put64(vmcb, VMCB_PAT, 0x0007040600070406);
}
