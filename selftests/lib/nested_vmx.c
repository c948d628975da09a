// SPDX-License-Identifier: GPL-2.0-only
/*
 * nested_vmx.c - a guest that runs a guest of its own on VMX
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, "Field
 * Encoding in VMCS", "VMX Capability Reporting Facility", "Checks on Guest State".
 */
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "nested.h"
#include "testvm.h"

/* What the processor is given: regions of a page each, and pointers to them. */
#define VMCS		NESTED_CONTROL
#define VMXON_REGION	(NESTED_CONTROL + 0x1000)
#define FIELDS		(NESTED_CONTROL + 0x2000)
#define VMCS_POINTER	(NESTED_CONTROL + 0x4000)
#define VMXON_POINTER	(NESTED_CONTROL + 0x4008)

#define MSR_FEATURE_CONTROL	0x3a
#define FEATURE_CONTROL		0x5	/* locked, VMXON outside of SMX */

#define MSR_VMX_BASIC		0x480
#define BASIC_TRUE_CONTROLS	(1ull << 55)
#define MSR_VMX_TRUE_PIN	0x48d	/* and processor, exit, entry */
#define MSR_VMX_PIN		0x481

#define PROC_HLT		(1u << 7)
#define EXIT_HOST_64		(1u << 9)
#define ENTRY_GUEST_64		(1u << 9)

#define PIN_CONTROLS		0x4000
#define PROC_CONTROLS		0x4002
#define EXIT_CONTROLS		0x400c
#define ENTRY_CONTROLS		0x4012
#define HOST_RIP		0x6c16

#define CR0	0x80000031	/* PG, NE, ET, PE */
#define CR4	0x2020		/* VMXE, PAE */
#define UNUSABLE 0x10000

struct field {
	__u64 encoding;
	__u64 value;
};

/* Those whose value is 0 are so from the start. */
static const struct field fields[] = {
	/* Guest: selectors, limits, access rights, bases. */
	{ 0x0800, TESTVM_SS }, { 0x0802, TESTVM_CS64 }, { 0x0804, TESTVM_SS },
	{ 0x0806, TESTVM_SS }, { 0x080e, 0x40 },
	{ 0x4800, ~0u }, { 0x4802, ~0u }, { 0x4804, ~0u }, { 0x4806, ~0u },
	{ 0x480e, 0x67 }, { 0x4810, 0x27 }, { 0x4812, 0xfff },
	{ 0x4814, 0xc093 }, { 0x4816, 0xa09b }, { 0x4818, 0xc093 }, { 0x481a, 0xc093 },
	{ 0x481c, UNUSABLE }, { 0x481e, UNUSABLE }, { 0x4820, UNUSABLE }, { 0x4822, 0x8b },
	{ 0x6814, TESTVM_TSS }, { 0x6816, TESTVM_GDT }, { 0x6818, TESTVM_IDT },
	/* No VMCS is linked; CR0, CR3, CR4, DR7, RSP, RIP, RFLAGS. */
	{ 0x2800, ~0ull }, { 0x6800, CR0 }, { 0x6802, NESTED_ROOT }, { 0x6804, CR4 },
	{ 0x681a, 0x400 }, { 0x681c, NESTED_STACK }, { 0x681e, NESTED_CODE },
	{ 0x6820, 0x202 },
	/* Host: selectors, CR0, CR3, CR4, bases, RSP. */
	{ 0x0c00, TESTVM_SS }, { 0x0c02, TESTVM_CS64 }, { 0x0c04, TESTVM_SS },
	{ 0x0c06, TESTVM_SS }, { 0x0c0c, 0x40 },
	{ 0x6c00, CR0 }, { 0x6c02, OUTER_ROOT }, { 0x6c04, CR4 },
	{ 0x6c0a, TESTVM_TSS }, { 0x6c0c, TESTVM_GDT }, { 0x6c0e, TESTVM_IDT },
	{ 0x6c14, TESTVM_STACK + 0xff0 },
};

/*
 * It ends outside of VMX operation, where KVM lets CR4 be set.  0x681e is RIP, 0x4402 the
 * exit reason: 10 is CPUID, 18 a hypercall; 0x4400 the error.
 */
GUEST_CODE(vmx_outer, 64,
	   "mov %cr4, %rax\n"
	   "or $0x2000, %eax\n"
	   "mov %rax, %cr4\n"
	   "vmxon 0x54008\n"
	   "vmclear 0x54000\n"
	   "vmptrld 0x54000\n"
	   "mov $0x52000, %esi\n"
	   "1:\n"
	   "mov (%rsi), %rax\n"
	   "test %rax, %rax\n"
	   "jz 2f\n"
	   "mov 8(%rsi), %rbx\n"
	   "vmwrite %rbx, %rax\n"
	   "add $16, %esi\n"
	   "jmp 1b\n"
	   "2:\n"
	   "mov $0xa000, %eax\n"
	   "mov %rax, %cr3\n"
	   "vmlaunch\n"
	   "3:\n"
	   "mov $0x4400, %eax\n"
	   "vmread %rax, %rbx\n"
	   "mov %rbx, 0x40010\n"
	   "jmp 5f\n"
	   "vmx_outer_exit: .globl vmx_outer_exit\n"
	   "mov $0x4402, %eax\n"
	   "vmread %rax, %rbx\n"
	   "incq 0x40000\n"
	   "mov %rbx, 0x40008\n"
	   "mov $2, %ecx\n"
	   "cmp $10, %rbx\n"
	   "je 4f\n"
	   "mov $3, %ecx\n"
	   "cmp $18, %rbx\n"
	   "jne 5f\n"
	   "4:\n"
	   "mov $0x681e, %eax\n"
	   "vmread %rax, %rbx\n"
	   "add %rcx, %rbx\n"
	   "vmwrite %rbx, %rax\n"
	   "vmresume\n"
	   "jmp 3b\n"
	   "5:\n"
	   "vmxoff\n"
	   "out %al, $0xf4\n"
	   "jmp vmx_outer\n");
extern const char vmx_outer_exit[];

static __u64 get_msr(const struct testvm_vcpu *vcpu, __u32 index)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = index } };

	CHECK(ioctl(vcpu->fd, KVM_GET_MSRS, &msrs) == 1, "MSR 0x%x", index);
	return msrs.entry.data;
}

/* What is wanted, what has to be, and nothing that cannot be. */
static __u64 controls(const struct testvm_vcpu *vcpu, __u32 msr, __u32 want)
{
	__u64 allowed = get_msr(vcpu, msr);

	return (want | (__u32)allowed) & allowed >> 32;
}

static void put_fields(struct testvm_vcpu *vcpu)
{
	__u32 msr = get_msr(vcpu, MSR_VMX_BASIC) & BASIC_TRUE_CONTROLS ?
		    MSR_VMX_TRUE_PIN : MSR_VMX_PIN;
	const struct field more[] = {
		{ PIN_CONTROLS, controls(vcpu, msr, 0) },
		{ PROC_CONTROLS, controls(vcpu, msr + 1, PROC_HLT) },
		{ EXIT_CONTROLS, controls(vcpu, msr + 2, EXIT_HOST_64) },
		{ ENTRY_CONTROLS, controls(vcpu, msr + 3, ENTRY_GUEST_64) },
		{ HOST_RIP, testvm_rip(vcpu, vmx_outer, vmx_outer_exit) },
	};
	char *mem = vcpu->vm->mem + FIELDS;

	memcpy(mem, fields, sizeof(fields));
	memcpy(mem + sizeof(fields), more, sizeof(more));
}

void nested_vmx_prepare(struct testvm_vcpu *vcpu)
{
	char *mem = vcpu->vm->mem;
	__u32 revision;

	TESTVM_LOAD(vcpu->vm, vmx_outer);
	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_set_msr(vcpu, MSR_FEATURE_CONTROL, FEATURE_CONTROL);
	revision = get_msr(vcpu, MSR_VMX_BASIC) & 0x7fffffff;
	memcpy(mem + VMCS, &revision, sizeof(revision));
	memcpy(mem + VMXON_REGION, &revision, sizeof(revision));
	*(__u64 *)(mem + VMCS_POINTER) = VMCS;
	*(__u64 *)(mem + VMXON_POINTER) = VMXON_REGION;
	put_fields(vcpu);
}
