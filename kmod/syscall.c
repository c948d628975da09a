// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall.c - SYSCALL and SYSRET done in the guest's place
 *
 * What both vendors agree on: how the instructions look, what they load, what is
 * recorded.  Loading it is the backend's part.
 *
 * Sources: AMD64 Architecture Programmer's Manual, volume 3, "SYSCALL", "SYSRET";
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, the same.
 */
#include <linux/kvm_host.h>
#include <asm/debugreg.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "symbols.h"
#include "syscall.h"
#include "trap.h"

/* Not in the headers of every kernel. */
#define CR4_CET			BIT_ULL(23)
#define CR4_FRED		BIT_ULL(32)

/* Bits of RFLAGS that SYSRET loads from R11; all but RF, VM and what is reserved. */
#define SYSRET_RFLAGS		0x3c7fd7ul

/* Attributes as in struct vmitap_seg. */
#define ATTRIB_KERNEL_CODE	0xa9b	/* G, L, P, DPL 0, code, readable, accessed */
#define ATTRIB_KERNEL_DATA	0xc93	/* G, D/B, P, DPL 0, data, writable, accessed */
#define ATTRIB_USER_CODE64	0xafb
#define ATTRIB_USER_CODE32	0xcfb
#define ATTRIB_USER_DATA	0xcf3

/**
 * vmitap_syscall_are_on() - does the guest have SYSCALL and SYSRET?
 * @vcpu: the vCPU
 *
 * Return: true in long mode if it has switched them on.
 */
bool vmitap_syscall_are_on(const struct kvm_vcpu *vcpu)
{
	const u64 needed = EFER_SCE | EFER_LMA;

	return (vcpu->arch.efer & needed) == needed;
}

/**
 * vmitap_syscall_trappable() - can system calls be done here now?
 * @vcpu: the vCPU
 * @cr4: its CR4, also of bits that the guest may change without an exit
 *
 * Those of a guest in long mode can, unless shadow stacks or FRED give SYSCALL more
 * to do.
 *
 * Return: true if they can.
 */
bool vmitap_syscall_trappable(const struct kvm_vcpu *vcpu, u64 cr4)
{
	return vmitap_syscall_are_on(vcpu) && !(cr4 & (CR4_CET | CR4_FRED));
}

static bool is_rex(u8 byte)
{
	return (byte & 0xf0) == 0x40;
}

static bool is_prefix(u8 byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
	case 0x66: case 0x67: case 0xf2: case 0xf3:
		return true;
	}
	return false;
}

/**
 * vmitap_syscall_decode() - is it SYSCALL or SYSRET?
 * @bytes: the instruction and what follows
 * @len: bytes there are, VMITAP_INSN_BYTES at most
 * @long64: it is executed in 64-bit mode
 *
 * A LOCK prefix makes #UD of either.
 *
 * Return: VMITAP_TRAP_SYSCALL, VMITAP_TRAP_SYSRET, VMITAP_TRAP_NONE, or VMITAP_TRAP_LATER
 * if the bytes end too early to tell.
 */
struct vmitap_trap vmitap_syscall_decode(const u8 *bytes, size_t len, bool long64)
{
	struct vmitap_trap trap = {};
	size_t i = 0;

	/* Only a REX prefix right before the opcode counts. */
	for (; i < len && (is_prefix(bytes[i]) || (long64 && is_rex(bytes[i]))); i++)
		trap.rex_w = is_rex(bytes[i]) && bytes[i] & 8;
	if (i < len && bytes[i] != 0x0f)
		return trap;
	trap.len = i + 2;
	if (trap.len > len)
		trap.kind = len < VMITAP_INSN_BYTES ? VMITAP_TRAP_LATER : VMITAP_TRAP_NONE;
	else if (bytes[i + 1] == 0x05)
		trap.kind = VMITAP_TRAP_SYSCALL;
	else if (bytes[i + 1] == 0x07)
		trap.kind = VMITAP_TRAP_SYSRET;
	return trap;
}

/**
 * vmitap_syscall_enter() - execute SYSCALL, but for what the backend loads
 * @vcpu: the vCPU; RCX and R11 are changed
 * @msrs: where system calls go
 * @next_rip: RIP behind the instruction
 * @rflags: RFLAGS
 * @long64: it is executed in 64-bit mode
 *
 * Return: what is to be loaded.
 */
struct vmitap_switch vmitap_syscall_enter(struct kvm_vcpu *vcpu,
					  const struct vmitap_syscall_msrs *msrs,
					  u64 next_rip, u64 rflags, bool long64)
{
	u16 selector = msrs->star >> 32 & 0xfffc;

	/* The #UD in its place set RF, which SYSCALL would not have found. */
	rflags &= ~X86_EFLAGS_RF;
	vcpu->arch.regs[VCPU_REGS_RCX] = long64 ? next_rip : (u32)next_rip;
	vcpu->arch.regs[VCPU_REGS_R11] = rflags;
	return (struct vmitap_switch) {
		.rip = long64 ? msrs->lstar : msrs->cstar,
		.rflags = (rflags & ~msrs->sfmask) | X86_EFLAGS_FIXED,
		.cs = selector,
		.ss = selector + 8,
		.cs_attrib = ATTRIB_KERNEL_CODE,
		.ss_attrib = ATTRIB_KERNEL_DATA,
		.cpl = 0,
	};
}

/**
 * vmitap_syscall_return() - execute SYSRET, but for what the backend loads
 * @vcpu: the vCPU; vmitap_sysret_faults() says it does not fault
 * @star: STAR
 * @to_long64: it returns to 64-bit mode
 *
 * AMD's SYSRET leaves the attributes of SS as they are, which software has to work
 * around; Intel's sets them, and so does this.
 *
 * Return: what is to be loaded.
 */
struct vmitap_switch vmitap_syscall_return(struct kvm_vcpu *vcpu, u64 star,
					   bool to_long64)
{
	u64 rip = vcpu->arch.regs[VCPU_REGS_RCX];
	u16 selector = star >> 48;

	return (struct vmitap_switch) {
		.rip = to_long64 ? rip : (u32)rip,
		.rflags = (vcpu->arch.regs[VCPU_REGS_R11] & SYSRET_RFLAGS) |
			  X86_EFLAGS_FIXED,
		.cs = (to_long64 ? selector + 16 : selector) | 3,
		.ss = (selector + 8) | 3,
		.cs_attrib = to_long64 ? ATTRIB_USER_CODE64 : ATTRIB_USER_CODE32,
		.ss_attrib = ATTRIB_USER_DATA,
		.cpl = 3,
	};
}

/**
 * vmitap_syscall_step() - trap behind an instruction that was done here, if it steps
 * @vcpu: the vCPU
 * @rflags: behind the instruction, which SYSCALL and SYSRET go by
 *
 * A VMM that steps the guest itself has set the flag, for itself.
 *
 * Return: true if there is a #DB to be injected.
 */
bool vmitap_syscall_step(struct kvm_vcpu *vcpu, u64 rflags)
{
	if (!(rflags & X86_EFLAGS_TF) || vcpu->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		return false;
	static_call(vmitap_kvm_queue_exception_p)(vcpu, DB_VECTOR, DR_STEP);
	return true;
}

/**
 * vmitap_syscall_record() - record that a system call begins
 * @tap: the vCPU, or NULL
 * @vcpu: the vCPU, its registers those before the call
 * @caller: the rest of them
 * @tsc: TSC of the exit
 */
void vmitap_syscall_record(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   const struct vmitap_caller *caller, u64 tsc)
{
	static const u8 args64[] = { VCPU_REGS_RDI, VCPU_REGS_RSI, VCPU_REGS_RDX,
				     VCPU_REGS_R10, VCPU_REGS_R8, VCPU_REGS_R9 };
	static const u8 args32[] = { VCPU_REGS_RBX, VCPU_REGS_RBP, VCPU_REGS_RDX,
				     VCPU_REGS_RSI, VCPU_REGS_RDI, VCPU_REGS_R9 };
	const u8 *args = caller->mode == VMITAP_MODE_LONG64 ? args64 : args32;
	struct vmitap_syscall rec = {
		.record.type = VMITAP_RECORD_SYSCALL,
		.record.size = sizeof(rec),
		.record.tsc = tsc,
		.cr3 = caller->cr3,
		.rip = caller->rip,
		.rsp = caller->rsp,
		.nr = vcpu->arch.regs[VCPU_REGS_RAX],
		.mechanism = VMITAP_SYSCALL_SYSCALL,
		.mode = caller->mode,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rec.args); i++)
		rec.args[i] = vcpu->arch.regs[args[i]];
	vmitap_trap_record(tap, VMITAP_CLASS_SYSCALL, caller->cpl, rec.cr3, rec.cr3,
			   &rec.record);
}

/**
 * vmitap_sysret_record() - record that a system call returns
 * @tap: the vCPU, or NULL
 * @vcpu: the vCPU
 * @caller: its registers behind SYSRET
 * @tsc: TSC of the exit
 */
void vmitap_sysret_record(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			  const struct vmitap_caller *caller, u64 tsc)
{
	struct vmitap_sysret rec = {
		.record.type = VMITAP_RECORD_SYSRET,
		.record.size = sizeof(rec),
		.record.tsc = tsc,
		.cr3 = caller->cr3,
		.rip = caller->rip,
		.rsp = caller->rsp,
		.result = vcpu->arch.regs[VCPU_REGS_RAX],
		.mechanism = VMITAP_SYSCALL_SYSCALL,
		.mode = caller->mode,
	};

	vmitap_trap_record(tap, VMITAP_CLASS_SYSCALL, caller->cpl, rec.cr3, rec.cr3,
			   &rec.record);
}
