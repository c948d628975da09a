// SPDX-License-Identifier: GPL-2.0-only
/*
 * names.c - what things are called in the tool's output
 */
#include <linux/vmitap.h>

#include "names.h"

#define NAME_OF(names, i)						\
	((i) < sizeof(names) / sizeof((names)[0]) && (names)[i] ?	\
	 (names)[i] : "unknown")

const char *name_class(unsigned int class_id)
{
	static const char *const names[] = {
		[VMITAP_CLASS_OTHER] = "other",
		[VMITAP_CLASS_EXCEPTION] = "exception",
		[VMITAP_CLASS_INTERRUPT] = "interrupt",
		[VMITAP_CLASS_NMI] = "nmi", [VMITAP_CLASS_SMI] = "smi",
		[VMITAP_CLASS_WINDOW] = "window",
		[VMITAP_CLASS_TASK_SWITCH] = "task_switch",
		[VMITAP_CLASS_CPUID] = "cpuid", [VMITAP_CLASS_HLT] = "hlt",
		[VMITAP_CLASS_PAUSE] = "pause", [VMITAP_CLASS_MWAIT] = "mwait",
		[VMITAP_CLASS_PIO] = "pio", [VMITAP_CLASS_MMIO] = "mmio",
		[VMITAP_CLASS_NPF] = "npf", [VMITAP_CLASS_CR] = "cr",
		[VMITAP_CLASS_DR] = "dr", [VMITAP_CLASS_MSR_READ] = "msr_read",
		[VMITAP_CLASS_MSR_WRITE] = "msr_write",
		[VMITAP_CLASS_XCR] = "xcr", [VMITAP_CLASS_DTABLE] = "dtable",
		[VMITAP_CLASS_TSC] = "tsc", [VMITAP_CLASS_PMC] = "pmc",
		[VMITAP_CLASS_TLB] = "tlb", [VMITAP_CLASS_CACHE] = "cache",
		[VMITAP_CLASS_RANDOM] = "random", [VMITAP_CLASS_INSN] = "insn",
		[VMITAP_CLASS_HYPERCALL] = "hypercall",
		[VMITAP_CLASS_NESTED] = "nested", [VMITAP_CLASS_APIC] = "apic",
		[VMITAP_CLASS_STEP] = "step", [VMITAP_CLASS_TIMER] = "timer",
		[VMITAP_CLASS_SHUTDOWN] = "shutdown",
		[VMITAP_CLASS_FAIL] = "fail",
		[VMITAP_CLASS_ENCLAVE] = "enclave",
		[VMITAP_CLASS_INJECT] = "inject", [VMITAP_CLASS_VCPU] = "vcpu",
	};

	return NAME_OF(names, class_id);
}

const char *name_lost(unsigned int lost)
{
	static const char *const names[] = {
		[VMITAP_LOST_FULL] = "ring full",
		[VMITAP_LOST_TIMEOUT] = "wait expired",
		[VMITAP_LOST_CONSUMER] = "bad consumer position",
		[VMITAP_LOST_PROTECTED] = "state protected",
	};

	return NAME_OF(names, lost);
}

const char *name_lost_key(unsigned int lost)
{
	static const char *const names[] = {
		[VMITAP_LOST_FULL] = "full", [VMITAP_LOST_TIMEOUT] = "timeout",
		[VMITAP_LOST_CONSUMER] = "consumer",
		[VMITAP_LOST_PROTECTED] = "protected",
	};

	return NAME_OF(names, lost);
}

const char *name_inject(unsigned int kind)
{
	static const char *const names[] = {
		[VMITAP_INJECT_INTERRUPT] = "interrupt",
		[VMITAP_INJECT_NMI] = "nmi",
		[VMITAP_INJECT_EXCEPTION] = "exception",
		[VMITAP_INJECT_SOFT_INTERRUPT] = "soft_interrupt",
		[VMITAP_INJECT_PRIV_SOFT_EXCEPTION] = "priv_soft_exception",
		[VMITAP_INJECT_SOFT_EXCEPTION] = "soft_exception",
	};

	return NAME_OF(names, kind);
}

const char *name_mode(unsigned int mode)
{
	static const char *const names[] = {
		[VMITAP_MODE_REAL] = "real", [VMITAP_MODE_VM86] = "vm86",
		[VMITAP_MODE_PROT16] = "prot16", [VMITAP_MODE_PROT32] = "prot32",
		[VMITAP_MODE_COMPAT16] = "compat16",
		[VMITAP_MODE_COMPAT32] = "compat32",
		[VMITAP_MODE_LONG64] = "long64",
	};

	return NAME_OF(names, mode);
}

const char *name_vendor(unsigned int vendor)
{
	static const char *const names[] = {
		[VMITAP_VENDOR_NONE] = "none", [VMITAP_VENDOR_SVM] = "svm",
		[VMITAP_VENDOR_VMX] = "vmx",
	};

	return NAME_OF(names, vendor);
}

const char *name_gpr(unsigned int gpr)
{
	static const char *const names[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
		"r9", "r10", "r11", "r12", "r13", "r14", "r15",
	};

	return NAME_OF(names, gpr);
}

const char *name_segreg(unsigned int segreg)
{
	static const char *const names[] = {
		"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr", "gdtr", "idtr",
	};

	return NAME_OF(names, segreg);
}
