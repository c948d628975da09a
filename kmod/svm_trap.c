// SPDX-License-Identifier: GPL-2.0-only
/*
 * svm_trap.c - traps on SVM
 *
 * A trap is a change of the VMCB.  It is lent for one run of the guest: made right
 * before the entry and undone right after the exit, with interrupts off all along.
 * KVM therefore never sees it and cannot undo it, and nothing has to be cleaned up
 * when a session ends, however it ends.
 *
 * System calls: EFER.SCE is cleared in the VMCB, so that SYSCALL and SYSRET raise
 * #UD, which is intercepted.  The guest's own EFER is in KVM's hands (accesses
 * exit), so it reads what it wrote.  The instruction is then done here, and the
 * guest is entered again without leaving KVM's inner loop: KVM could do a SYSCALL
 * itself but not a SYSRET, so no such #UD may ever get to KVM.  Writes to the MSRs
 * that say where system calls go exit as well while the trap is armed.
 *
 * Sources: AMD64 Architecture Programmer's Manual, volume 2, "VMCB Clean Bits",
 * "MSR Intercepts", "Layout of VMCB"; volume 3, "SYSCALL", "SYSRET".
 */
#include <linux/kvm_host.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/svm.h>

#include "svm.h"
#include "symbols.h"
#include "trap.h"

/* Clean bits: what hardware may have kept of the VMCB since the last run. */
#define CLEAN_INTERCEPTS	BIT(0)
#define CLEAN_PERMISSION_MAPS	BIT(1)
#define CLEAN_CONTROL_REGS	BIT(5)
#define CLEAN_SEGMENTS		BIT(8)

/*
 * Where the permission map has the MSRs 0xc0000081 to 0xc0000084 (STAR, LSTAR,
 * CSTAR, SFMASK): two bits each, the second one for writes.
 */
#define MSRPM_SYSCALL_OFFSET	(2048 + 0x81 / 4)
#define MSRPM_SYSCALL_WRITES	(BIT(3) | BIT(5) | BIT(7) | BIT(9))

/* Not in the headers of every kernel. */
#define CR4_CET			BIT_ULL(23)
#define CR4_FRED		BIT_ULL(32)

/* Bits of RFLAGS that SYSRET loads from R11; all but RF, VM and what is reserved. */
#define SYSRET_RFLAGS		0x3c7fd7ul

/* Segment attributes in the VMCB's form. */
#define ATTRIB_KERNEL_CODE	0xa9b	/* G, L, P, DPL 0, code, readable, accessed */
#define ATTRIB_KERNEL_DATA	0xc93	/* G, D/B, P, DPL 0, data, writable, accessed */
#define ATTRIB_USER_CODE64	0xafb
#define ATTRIB_USER_CODE32	0xcfb
#define ATTRIB_USER_DATA	0xcf3

static u16 *svm_msrpm_syscall(const struct vmcb *vmcb)
{
	return __va(__sme_clr(vmcb->control.msrpm_base_pa)) + MSRPM_SYSCALL_OFFSET;
}

static void svm_mark_dirty(struct vmcb *vmcb, u32 bits)
{
	vmcb->control.clean &= ~bits;
}

/*
 * System calls of a guest in long mode can be done here, unless shadow stacks or FRED
 * give SYSCALL more to do.
 */
static bool svm_can_trap_syscalls(struct kvm_vcpu *vcpu)
{
	const u64 needed = EFER_SCE | EFER_LMA;

	return (vcpu->arch.efer & needed) == needed &&
	       !(vcpu->arch.cr4 & (CR4_CET | CR4_FRED));
}

static void svm_lend_syscall(struct kvm_vcpu *vcpu, struct svm_loan *loan)
{
	struct vmcb *vmcb = loan->vmcb;
	u16 *msrpm = svm_msrpm_syscall(vmcb);

	/* Writes are seen also while the guest has system calls off. */
	loan->msrpm = ~*msrpm & MSRPM_SYSCALL_WRITES;
	*msrpm |= loan->msrpm;
	if (!svm_can_trap_syscalls(vcpu))
		return;
	loan->sce = true;
	vmcb->save.efer &= ~(u64)EFER_SCE;
	loan->exceptions = ~vmcb->control.intercepts[INTERCEPT_EXCEPTION] & BIT(UD_VECTOR);
	vmcb->control.intercepts[INTERCEPT_EXCEPTION] |= loan->exceptions;
}

/**
 * svm_lend() - arm the traps for one run of the guest
 * @vcpu: the vCPU, about to be entered, interrupts are off
 * @attention: VMITAP_ATTENTION_*
 * @loan: what was changed, for svm_give_back()
 *
 * A nested guest runs with its own VMCB, where nothing is changed.
 */
void svm_lend(struct kvm_vcpu *vcpu, u32 attention, struct svm_loan *loan)
{
	struct vmcb *vmcb = svm_layout(vcpu)->vmcb;

	*loan = (struct svm_loan) {};
	if (!(attention & (VMITAP_ATTENTION_CR3 | VMITAP_ATTENTION_SYSCALL)) ||
	    vmitap_compat_is_guest_mode(vcpu) || vcpu->arch.guest_state_protected)
		return;
	loan->vmcb = vmcb;
	if (attention & VMITAP_ATTENTION_CR3 &&
	    !(vmcb->control.intercepts[INTERCEPT_CR] & BIT(INTERCEPT_CR3_WRITE))) {
		vmcb->control.intercepts[INTERCEPT_CR] |= BIT(INTERCEPT_CR3_WRITE);
		loan->cr3_write = true;
	}
	if (attention & VMITAP_ATTENTION_SYSCALL)
		svm_lend_syscall(vcpu, loan);
	svm_mark_dirty(vmcb, CLEAN_INTERCEPTS | CLEAN_PERMISSION_MAPS | CLEAN_CONTROL_REGS);
}

/**
 * svm_give_back() - make the VMCB KVM's own again
 * @loan: what svm_lend() changed; interrupts were off since
 */
void svm_give_back(const struct svm_loan *loan)
{
	struct vmcb *vmcb = loan->vmcb;

	if (!vmcb)
		return;
	if (loan->cr3_write)
		vmcb->control.intercepts[INTERCEPT_CR] &= ~BIT(INTERCEPT_CR3_WRITE);
	vmcb->control.intercepts[INTERCEPT_EXCEPTION] &= ~loan->exceptions;
	if (loan->sce)
		vmcb->save.efer |= EFER_SCE;
	*svm_msrpm_syscall(vmcb) &= ~loan->msrpm;
	svm_mark_dirty(vmcb, CLEAN_INTERCEPTS | CLEAN_PERMISSION_MAPS | CLEAN_CONTROL_REGS);
}

static bool svm_is_prefix(u8 byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
	case 0x66: case 0x67: case 0xf2: case 0xf3:
		return true;
	}
	return false;
}

/* Is it SYSCALL or SYSRET?  A LOCK prefix makes #UD of either. */
static struct svm_trap svm_decode(const u8 *bytes, size_t len, bool long64)
{
	struct svm_trap trap = {};
	size_t i = 0;

	while (i < len && svm_is_prefix(bytes[i]))
		i++;
	if (long64 && i < len && (bytes[i] & 0xf0) == 0x40)
		trap.rex_w = bytes[i++] & 8;
	if (i + 2 > len || bytes[i] != 0x0f)
		return trap;
	trap.len = i + 2;
	if (bytes[i + 1] == 0x05)
		trap.kind = SVM_TRAP_SYSCALL;
	else if (bytes[i + 1] == 0x07)
		trap.kind = SVM_TRAP_SYSRET;
	return trap;
}

/* What raised #UD?  @readable says if that could be read. */
static struct svm_trap svm_fetch(struct kvm_vcpu *vcpu, bool may_sleep, bool *readable)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_paging paging = svm_paging(vcpu, vmcb);
	u8 bytes[15];
	size_t len;

	paging.may_sleep = may_sleep;
	len = vmitap_guest_read(vcpu, &paging, svm_insn_addr(&vmcb->save), bytes,
				sizeof(bytes));
	*readable = len;
	return svm_decode(bytes, len, svm_mode(&vmcb->save) == VMITAP_MODE_LONG64);
}

static void svm_set_pending(struct vmitap_tap *tap, struct kvm_vcpu *vcpu, u64 tsc,
			    enum vmitap_pending_kind kind)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;

	tap->pending = (struct vmitap_pending) {
		.cpl = vmcb->save.cpl,
		.mode = svm_mode(&vmcb->save),
		.tsc = tsc,
		.rip = vmcb->save.rip,
		.cr3 = svm_cr3(vcpu, vmcb),
	};
	/* Read by vmitap_trap_drain(). */
	WRITE_ONCE(tap->pending.kind, kind);
}

static struct svm_trap svm_classify_undefined(struct vmitap_tap *tap,
					      struct kvm_vcpu *vcpu, u64 tsc)
{
	struct svm_trap trap;
	bool readable;

	trap = svm_fetch(vcpu, false, &readable);
	if (!readable) {
		svm_set_pending(tap, vcpu, tsc, VMITAP_PENDING_UNDEFINED);
		trap.kind = SVM_TRAP_LATER;
	}
	return trap;
}

static bool svm_is_syscall_msr(u32 msr)
{
	return msr >= MSR_STAR && msr <= MSR_SYSCALL_MASK;
}

/**
 * svm_trap_classify() - what has an exit to do with traps?
 * @tap: the vCPU
 * @vcpu: the vCPU, interrupts are off since the exit
 * @loan: what was armed
 * @tsc: TSC of the exit
 *
 * Changes nothing of the guest.
 *
 * Return: what it is.
 */
struct svm_trap svm_trap_classify(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
				  const struct svm_loan *loan, u64 tsc)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct svm_trap trap = {};

	if (vmitap_compat_is_guest_mode(vcpu) || vcpu->arch.guest_state_protected)
		return trap;
	switch (vmcb->control.exit_code) {
	case SVM_EXIT_EXCP_BASE + UD_VECTOR:
		if (loan->sce)
			trap = svm_classify_undefined(tap, vcpu, tsc);
		break;
	case SVM_EXIT_WRITE_CR3:
		if (tap->attention & VMITAP_ATTENTION_CR3)
			svm_set_pending(tap, vcpu, tsc, VMITAP_PENDING_CR3);
		if (loan->cr3_write)
			trap.kind = SVM_TRAP_LATER;
		break;
	case SVM_EXIT_VMMCALL:
		if (tap->attention & VMITAP_ATTENTION_MESSAGE &&
		    (u32)vmcb->save.rax == VMITAP_HYPERCALL)
			svm_set_pending(tap, vcpu, tsc, VMITAP_PENDING_MESSAGE);
		break;
	case SVM_EXIT_MSR:
		if (loan->msrpm && vmcb->control.exit_info_1 &&
		    svm_is_syscall_msr(vcpu->arch.regs[VCPU_REGS_RCX]))
			trap.kind = SVM_TRAP_ONLY;
		break;
	}
	return trap;
}

static void svm_set_seg(struct vmcb_seg *seg, u16 selector, u16 attrib)
{
	seg->selector = selector;
	seg->attrib = attrib;
	seg->limit = ~0u;
	seg->base = 0;
}

/* The instruction is done: what comes with that. */
static void svm_advance(struct kvm_vcpu *vcpu, struct vmcb *vmcb, u64 rip)
{
	vcpu->arch.regs[VCPU_REGS_RIP] = rip;
	vmcb->save.rip = rip;
	vmcb->control.int_state &= ~(u32)SVM_INTERRUPT_SHADOW_MASK;
}

static void svm_do_syscall(struct kvm_vcpu *vcpu, struct vmcb *vmcb, u8 len)
{
	const struct vmcb_save_area *msrs = &svm_layout(vcpu)->vmcb01->save;
	bool long64 = svm_mode(&vmcb->save) == VMITAP_MODE_LONG64;
	u16 selector = msrs->star >> 32 & 0xfffc;
	u64 next = vmcb->save.rip + len;

	vcpu->arch.regs[VCPU_REGS_RCX] = long64 ? next : (u32)next;
	vcpu->arch.regs[VCPU_REGS_R11] = vmcb->save.rflags & ~X86_EFLAGS_RF;
	svm_set_seg(&vmcb->save.cs, selector, ATTRIB_KERNEL_CODE);
	svm_set_seg(&vmcb->save.ss, selector + 8, ATTRIB_KERNEL_DATA);
	vmcb->save.cpl = 0;
	vmcb->save.rflags &= ~(msrs->sfmask | X86_EFLAGS_RF);
	vmcb->save.rflags |= X86_EFLAGS_FIXED;
	svm_mark_dirty(vmcb, CLEAN_SEGMENTS);
	svm_advance(vcpu, vmcb, long64 ? msrs->lstar : msrs->cstar);
}

static void svm_do_sysret(struct kvm_vcpu *vcpu, struct vmcb *vmcb, bool to_long64)
{
	u16 selector = svm_layout(vcpu)->vmcb01->save.star >> 48;
	u64 rip = vcpu->arch.regs[VCPU_REGS_RCX];

	if (to_long64)
		svm_set_seg(&vmcb->save.cs, (selector + 16) | 3, ATTRIB_USER_CODE64);
	else
		svm_set_seg(&vmcb->save.cs, selector | 3, ATTRIB_USER_CODE32);
	/*
	 * AMD's SYSRET leaves the attributes of SS as they are, which software has
	 * to work around; Intel's sets them.
	 */
	svm_set_seg(&vmcb->save.ss, (selector + 8) | 3, ATTRIB_USER_DATA);
	vmcb->save.cpl = 3;
	vmcb->save.rflags = (vcpu->arch.regs[VCPU_REGS_R11] & SYSRET_RFLAGS) |
			    X86_EFLAGS_FIXED;
	svm_mark_dirty(vmcb, CLEAN_SEGMENTS);
	svm_advance(vcpu, vmcb, to_long64 ? rip : (u32)rip);
}

static void svm_record_syscall(struct vmitap_tap *tap, struct kvm_vcpu *vcpu, u64 tsc)
{
	static const u8 args64[] = { VCPU_REGS_RDI, VCPU_REGS_RSI, VCPU_REGS_RDX,
				     VCPU_REGS_R10, VCPU_REGS_R8, VCPU_REGS_R9 };
	static const u8 args32[] = { VCPU_REGS_RBX, VCPU_REGS_RBP, VCPU_REGS_RDX,
				     VCPU_REGS_RSI, VCPU_REGS_RDI, VCPU_REGS_R9 };
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_syscall rec = {
		.record.type = VMITAP_RECORD_SYSCALL,
		.record.size = sizeof(rec),
		.record.tsc = tsc,
		.cr3 = svm_cr3(vcpu, vmcb),
		.rip = vmcb->save.rip,
		.rsp = vmcb->save.rsp,
		.nr = vmcb->save.rax,
		.mechanism = VMITAP_SYSCALL_SYSCALL,
		.mode = svm_mode(&vmcb->save),
	};
	const u8 *args = rec.mode == VMITAP_MODE_LONG64 ? args64 : args32;
	int i;

	for (i = 0; i < ARRAY_SIZE(rec.args); i++)
		rec.args[i] = vcpu->arch.regs[args[i]];
	vmitap_trap_record(tap, VMITAP_CLASS_SYSCALL, vmcb->save.cpl, rec.cr3, rec.cr3,
			   &rec.record);
}

/* After SYSRET was done: the state is that of the caller. */
static void svm_record_sysret(struct vmitap_tap *tap, struct kvm_vcpu *vcpu, u64 tsc)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_sysret rec = {
		.record.type = VMITAP_RECORD_SYSRET,
		.record.size = sizeof(rec),
		.record.tsc = tsc,
		.cr3 = svm_cr3(vcpu, vmcb),
		.rip = vmcb->save.rip,
		.rsp = vmcb->save.rsp,
		.result = vmcb->save.rax,
		.mechanism = VMITAP_SYSCALL_SYSCALL,
		.mode = svm_mode(&vmcb->save),
	};

	vmitap_trap_record(tap, VMITAP_CLASS_SYSCALL, vmcb->save.cpl, rec.cr3, rec.cr3,
			   &rec.record);
}

static bool svm_is_canonical(struct kvm_vcpu *vcpu, u64 addr)
{
	int shift = vcpu->arch.cr4 & X86_CR4_LA57 ? 64 - 57 : 64 - 48;

	return (u64)((s64)(addr << shift) >> shift) == addr;
}

/* Would SYSRET raise #GP? */
static bool svm_sysret_faults(struct kvm_vcpu *vcpu, const struct vmcb *vmcb,
			      struct svm_trap trap)
{
	return vmcb->save.cpl ||
	       (trap.rex_w && !svm_is_canonical(vcpu, vcpu->arch.regs[VCPU_REGS_RCX]));
}

/**
 * svm_trap_finish() - do what the trap kept the guest from doing
 * @tap: the vCPU, NULL if nobody listens any more
 * @vcpu: the vCPU, in its thread
 * @trap: SVM_TRAP_SYSCALL or SVM_TRAP_SYSRET
 * @tsc: TSC of the exit
 *
 * Return: what KVM is to do next.
 */
fastpath_t svm_trap_finish(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   struct svm_trap trap, u64 tsc)
{
	struct vmcb *vmcb = svm_layout(vcpu)->vmcb;

	if (trap.kind == SVM_TRAP_SYSCALL) {
		svm_record_syscall(tap, vcpu, tsc);
		svm_do_syscall(vcpu, vmcb, trap.len);
		return EXIT_FASTPATH_REENTER_GUEST;
	}
	if (svm_sysret_faults(vcpu, vmcb, trap)) {
		static_call(vmitap_kvm_queue_exception_e)(vcpu, GP_VECTOR, 0);
		return EXIT_FASTPATH_EXIT_HANDLED;
	}
	svm_do_sysret(vcpu, vmcb, trap.rex_w);
	svm_record_sysret(tap, vcpu, tsc);
	return EXIT_FASTPATH_REENTER_GUEST;
}

/* KVM's handler does this first; it is not called for exits finished here. */
static void svm_sync_crs(struct kvm_vcpu *vcpu)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;

	vcpu->arch.cr0 = svm_cr0(vcpu, vmcb);
	vcpu->arch.cr3 = svm_cr3(vcpu, vmcb);
}

/**
 * svm_finish_undefined() - finish a #UD whose instruction was not at hand
 * @vcpu: the vCPU, in its thread, which may sleep
 * @tsc: TSC of the exit
 *
 * Return: true if it was a trapped instruction and is done, false if KVM is to
 * handle the exception.
 */
bool svm_finish_undefined(struct kvm_vcpu *vcpu, u64 tsc)
{
	struct svm_trap trap;
	bool readable;

	trap = svm_fetch(vcpu, true, &readable);
	if (trap.kind == SVM_TRAP_NONE)
		return false;
	svm_sync_crs(vcpu);
	rcu_read_lock();
	svm_trap_finish(vmitap_tap_find(vcpu), vcpu, trap, tsc);
	rcu_read_unlock();
	return true;
}

/**
 * svm_skip_hypercall() - step over the VMMCALL that exited
 * @vcpu: the vCPU, in its thread, which may sleep
 *
 * Return: false if there is none at RIP, and nothing was done.
 */
bool svm_skip_hypercall(struct kvm_vcpu *vcpu)
{
	struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_paging paging = svm_message_paging(vcpu);
	u8 bytes[3];

	if (vmitap_guest_read(vcpu, &paging, svm_insn_addr(&vmcb->save), bytes,
			      sizeof(bytes)) != sizeof(bytes) ||
	    bytes[0] != 0x0f || bytes[1] != 0x01 || bytes[2] != 0xd9)
		return false;
	svm_sync_crs(vcpu);
	svm_advance(vcpu, vmcb, vmcb->save.rip + sizeof(bytes));
	return true;
}

/**
 * svm_message_paging() - how the vCPU translates addresses
 * @vcpu: the vCPU, in its thread, at an exit
 *
 * Return: that, and that sleeping is fine.
 */
struct vmitap_paging svm_message_paging(struct kvm_vcpu *vcpu)
{
	struct vmitap_paging paging = svm_paging(vcpu, svm_layout(vcpu)->vmcb);

	paging.may_sleep = true;
	return paging;
}
