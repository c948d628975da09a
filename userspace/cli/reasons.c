// SPDX-License-Identifier: GPL-2.0-only
/*
 * reasons.c - names of exit reasons
 *
 * SVM: AMD64 Architecture Programmer's Manual, volume 2, appendix "SVM Intercept
 * Exit Codes".  VMX: Intel Software Developer's Manual, volume 3, appendix "VMX
 * Basic Exit Reasons".
 */
#include <stdio.h>

#include <linux/vmitap.h>

#include "names.h"

#define VMX_ENTRY_FAILED (1U << 31)

static const char *const svm_names[] = {
	[0x60] = "intr", [0x61] = "nmi", [0x62] = "smi", [0x63] = "init",
	[0x64] = "vintr", [0x65] = "cr0_sel_write", [0x66] = "idtr_read",
	[0x67] = "gdtr_read", [0x68] = "ldtr_read", [0x69] = "tr_read",
	[0x6a] = "idtr_write", [0x6b] = "gdtr_write", [0x6c] = "ldtr_write",
	[0x6d] = "tr_write", [0x6e] = "rdtsc", [0x6f] = "rdpmc",
	[0x70] = "pushf", [0x71] = "popf", [0x72] = "cpuid", [0x73] = "rsm",
	[0x74] = "iret", [0x75] = "swint", [0x76] = "invd", [0x77] = "pause",
	[0x78] = "hlt", [0x79] = "invlpg", [0x7a] = "invlpga", [0x7b] = "ioio",
	[0x7c] = "msr", [0x7d] = "task_switch", [0x7e] = "ferr_freeze",
	[0x7f] = "shutdown", [0x80] = "vmrun", [0x81] = "vmmcall",
	[0x82] = "vmload", [0x83] = "vmsave", [0x84] = "stgi", [0x85] = "clgi",
	[0x86] = "skinit", [0x87] = "rdtscp", [0x88] = "icebp",
	[0x89] = "wbinvd", [0x8a] = "monitor", [0x8b] = "mwait",
	[0x8c] = "mwait_cond", [0x8d] = "xsetbv", [0x8e] = "rdpru",
	[0x8f] = "efer_write_trap", [0xa0] = "invlpgb", [0xa2] = "invpcid",
	[0xa3] = "mcommit", [0xa4] = "tlbsync", [0xa5] = "buslock",
	[0xa6] = "idle_hlt",
};

static const char *const svm_late_names[] = {
	[0x00] = "npf", [0x01] = "avic_incomplete_ipi", [0x02] = "avic_noaccel",
	[0x03] = "vmgexit", [0x07] = "pml_full",
};

static const char *const vmx_names[] = {
	[0] = "exception_nmi", [1] = "external_intr", [2] = "triple_fault",
	[3] = "init", [4] = "sipi", [5] = "io_smi", [6] = "other_smi",
	[7] = "intr_window", [8] = "nmi_window", [9] = "task_switch",
	[10] = "cpuid", [11] = "getsec", [12] = "hlt", [13] = "invd",
	[14] = "invlpg", [15] = "rdpmc", [16] = "rdtsc", [17] = "rsm",
	[18] = "vmcall", [19] = "vmclear", [20] = "vmlaunch", [21] = "vmptrld",
	[22] = "vmptrst", [23] = "vmread", [24] = "vmresume", [25] = "vmwrite",
	[26] = "vmxoff", [27] = "vmxon", [28] = "cr_access",
	[29] = "dr_access", [30] = "io", [31] = "rdmsr", [32] = "wrmsr",
	[33] = "invalid_state", [34] = "msr_load_fail", [36] = "mwait",
	[37] = "monitor_trap", [39] = "monitor", [40] = "pause",
	[41] = "mce_during_entry", [43] = "tpr_below", [44] = "apic_access",
	[45] = "eoi_induced", [46] = "gdtr_idtr", [47] = "ldtr_tr",
	[48] = "ept_violation", [49] = "ept_misconfig", [50] = "invept",
	[51] = "rdtscp", [52] = "preemption_timer", [53] = "invvpid",
	[54] = "wbinvd", [55] = "xsetbv", [56] = "apic_write", [57] = "rdrand",
	[58] = "invpcid", [59] = "vmfunc", [60] = "encls", [61] = "rdseed",
	[62] = "pml_full", [63] = "xsaves", [64] = "xrstors",
	[67] = "umwait", [68] = "tpause", [74] = "bus_lock", [75] = "notify",
	[77] = "tdcall", [84] = "rdmsr_imm", [85] = "wrmsr_imm",
};

static const char *const exceptions[] = {
	"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "CSO",
	"#TS", "#NP", "#SS", "#GP", "#PF", NULL, "#MF", "#AC", "#MC", "#XM",
	"#VE", "#CP", NULL, NULL, NULL, NULL, NULL, NULL, "#HV", "#VC", "#SX",
};

#define LOOK_UP(names, i)						\
	((i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : NULL)

static const char *svm_name(char *buf, uint32_t reason)
{
	const char *name;

	if (reason < 0x40) {
		snprintf(buf, NAME_MAX_REASON, "%s_%s%u",
			 reason & 0x20 ? "dr" : "cr",
			 reason & 0x10 ? "write" : "read", reason & 0xf);
		return buf;
	}
	if (reason < 0x60) {
		name = LOOK_UP(exceptions, reason - 0x40);
		if (name)
			return name;
		snprintf(buf, NAME_MAX_REASON, "exception_%u", reason - 0x40);
		return buf;
	}
	if (reason >= 0x90 && reason < 0xa0) {
		snprintf(buf, NAME_MAX_REASON, "cr%u_write_trap", reason & 0xf);
		return buf;
	}
	if (reason >= 0x400 && reason < 0x500)
		return LOOK_UP(svm_late_names, reason - 0x400);
	return reason == ~0U ? "invalid" : LOOK_UP(svm_names, reason);
}

const char *name_reason(char buf[NAME_MAX_REASON], uint32_t vendor,
			uint32_t reason)
{
	uint32_t basic = reason & ~VMX_ENTRY_FAILED;
	const char *name = NULL;

	if (vendor == VMITAP_VENDOR_SVM)
		name = svm_name(buf, reason);
	else if (vendor == VMITAP_VENDOR_VMX)
		name = LOOK_UP(vmx_names, basic);
	if (!name)
		snprintf(buf, NAME_MAX_REASON, "0x%x", reason);
	else if (vendor == VMITAP_VENDOR_VMX && basic != reason)
		snprintf(buf, NAME_MAX_REASON, "%s_failed", name);
	else if (name != buf)
		snprintf(buf, NAME_MAX_REASON, "%s", name);
	return buf;
}
