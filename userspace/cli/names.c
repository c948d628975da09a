// SPDX-License-Identifier: GPL-2.0-only
/*
 * names.c - what things are called in the tool's output
 */
#include <linux/vmitap.h>

#include "names.h"

#define NAME_OF(names, i)						\
	((i) < sizeof(names) / sizeof((names)[0]) && (names)[i] ?	\
	 (names)[i] : "unknown")

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

const char *name_mechanism(unsigned int mechanism)
{
	static const char *const names[] = {
		[VMITAP_SYSCALL_SYSCALL] = "syscall",
	};

	return NAME_OF(names, mechanism);
}

const char *name_record(unsigned int type)
{
	static const char *const names[] = {
		[VMITAP_RECORD_EXIT] = "exit",
		[VMITAP_RECORD_INJECT] = "inject",
		[VMITAP_RECORD_LOST] = "lost",
		[VMITAP_RECORD_VCPU_CREATED] = "vcpu_created",
		[VMITAP_RECORD_VCPU_DESTROYED] = "vcpu_destroyed",
		[VMITAP_RECORD_VM_GONE] = "vm_gone",
		[VMITAP_RECORD_CR3] = "cr3",
		[VMITAP_RECORD_SYSCALL] = "syscall",
		[VMITAP_RECORD_SYSRET] = "sysret",
		[VMITAP_RECORD_MESSAGE] = "message",
	};

	return NAME_OF(names, type);
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
