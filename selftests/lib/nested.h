/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nested.h - a guest that runs a guest of its own
 *
 * The outer guest is a hypervisor of some instructions, for this host's vendor.  It enters
 * the nested one; when that exits for CPUID or a hypercall, it steps over the instruction and
 * goes on; when it executes HLT, both are done.
 *
 * What they have of guest memory, see testvm.h:
 *
 *	0x40000	notes that the outer guest makes: NESTED_*
 *	0x50000	VMCB or VMCS, and what else the processor needs
 *	0x60000	code of the nested guest, whose page tables are those at TESTVM_ROOT_B
 */
#ifndef NESTED_H
#define NESTED_H

#include <stdbool.h>

struct testvm_vcpu;

#define NESTED_CONTROL	0x50000ul
#define NESTED_CODE	0x60000ul
#define NESTED_STACK	0x70000ul

/* Page tables of the outer guest, which it loads before it enters the nested one. */
#define OUTER_ROOT	TESTVM_ROOT_C
#define NESTED_ROOT	TESTVM_ROOT_B

/* Notes: quadwords from TESTVM_DATA on. */
#define NESTED_EXITS	0	/* how many, from the nested guest to the outer one */
#define NESTED_REASON	1	/* of the last: exit code or exit reason */
#define NESTED_FAILED	2	/* the nested guest could not be entered: VM-instruction error */
#define NESTED_FREE	4	/* for the nested guest, from here on */

/**
 * nested_available() - can guests have guests here?
 *
 * Return: whether KVM lets them.
 */
bool nested_available(void);

/**
 * nested_prepare() - make a vCPU run a guest that runs a guest
 * @vcpu: the vCPU, not running
 * @start: code of the nested guest, for NESTED_CODE
 * @end: its end
 *
 * The vCPU is reset, and is to begin with the outer guest, in 64-bit mode.
 */
void nested_prepare(struct testvm_vcpu *vcpu, const char *start, const char *end);

/**
 * nested_set_syscall() - have SYSCALL lead to a label of the nested guest
 * @vcpu: the vCPU, prepared
 * @offset: of the label, from the start of that guest's code
 *
 * The MSRs are those of outer and nested guest alike.
 */
void nested_set_syscall(struct testvm_vcpu *vcpu, unsigned long offset);

/* Of this host's vendor: load the outer guest's code, fill what is at NESTED_CONTROL. */
void nested_svm_prepare(struct testvm_vcpu *vcpu);
void nested_vmx_prepare(struct testvm_vcpu *vcpu);

#endif /* NESTED_H */
