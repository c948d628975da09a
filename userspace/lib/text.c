// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * text.c - names of what the interface numbers
 */
#include <vmitap.h>

#define TEXT_OF(texts, i)						\
	((i) < sizeof(texts) / sizeof((texts)[0]) && (texts)[i] ?	\
	 (texts)[i] : "unknown")

const char *vmitap_class_name(unsigned int class_id)
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
		[VMITAP_CLASS_CR3] = "cr3", [VMITAP_CLASS_SYSCALL] = "syscall",
		[VMITAP_CLASS_MESSAGE] = "message",
	};

	return TEXT_OF(names, class_id);
}

const char *vmitap_lost_text(unsigned int lost)
{
	static const char *const names[] = {
		[VMITAP_LOST_FULL] = "ring full",
		[VMITAP_LOST_TIMEOUT] = "wait expired",
		[VMITAP_LOST_CONSUMER] = "bad consumer position",
		[VMITAP_LOST_PROTECTED] = "hidden by hardware, or cannot be trapped",
	};

	return TEXT_OF(names, lost);
}

const char *vmitap_vendor_name(unsigned int vendor)
{
	static const char *const names[] = {
		[VMITAP_VENDOR_NONE] = "none", [VMITAP_VENDOR_SVM] = "svm",
		[VMITAP_VENDOR_VMX] = "vmx",
	};

	return TEXT_OF(names, vendor);
}
