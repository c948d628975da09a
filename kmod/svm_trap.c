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
 * CR3: KVM could do every write.  Where hardware does not tell it the register, it has
 * its emulator do it, which costs several times the rest; so the common case is done
 * here.
 *
 * Sources: AMD64 Architecture Programmer's Manual, volume 2, "VMCB Clean Bits", "MSR
 * Intercepts", "Layout of VMCB"; volume 3, "MOV CRn", "Instruction Overview".
 */
#include <linux/kvm_host.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/svm.h>

#include "svm.h"
#include "symbols.h"
#include "syscall.h"
#include "trap.h"

/* Clean bits: what hardware may have kept of the VMCB since the last run. */
#define CLEAN_INTERCEPTS	BIT(0)
#define CLEAN_PERMISSION_MAPS	BIT(1)
#define CLEAN_CONTROL_REGS	BIT(5)
#define CLEAN_SEGMENTS		BIT(8)

/* The MSR permission map once more, as Hyper-V keeps it; hardware ignores it. */
#define CLEAN_ENLIGHTENMENTS	BIT(31)

#define CLEAN_LOAN	(CLEAN_INTERCEPTS | CLEAN_PERMISSION_MAPS | CLEAN_CONTROL_REGS | \
			 CLEAN_ENLIGHTENMENTS)

/*
 * Where the permission map has the MSRs 0xc0000081 to 0xc0000084 (STAR, LSTAR,
 * CSTAR, SFMASK): two bits each, the second one for writes.
 */
#define MSRPM_SYSCALL_OFFSET	(2048 + 0x81 / 4)
#define MSRPM_SYSCALL_WRITES	(BIT(3) | BIT(5) | BIT(7) | BIT(9))

static u16 *svm_msrpm_syscall(const struct vmcb *vmcb)
{
	return __va(__sme_clr(vmcb->control.msrpm_base_pa)) + MSRPM_SYSCALL_OFFSET;
}

static void svm_mark_dirty(struct vmcb *vmcb, u32 bits)
{
	vmcb->control.clean &= ~bits;
}

static void svm_lend_syscall(struct kvm_vcpu *vcpu, struct svm_loan *loan)
{
	struct vmcb *vmcb = loan->vmcb;
	u16 *msrpm = svm_msrpm_syscall(vmcb);

	/* Writes are seen also while the guest has system calls off. */
	loan->msrpm = ~*msrpm & MSRPM_SYSCALL_WRITES;
	*msrpm |= loan->msrpm;
	if (!vmitap_syscall_trappable(vcpu, svm_cr4(vcpu)))
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
	/* Which instruction it was could not be read. */
	if (attention & VMITAP_ATTENTION_SYSCALL && !vmitap_compat_is_encrypted(vmcb))
		svm_lend_syscall(vcpu, loan);
	svm_mark_dirty(vmcb, CLEAN_LOAN);
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
	svm_mark_dirty(vmcb, CLEAN_LOAN);
}

/* What raised #UD?  VMITAP_TRAP_LATER if what it takes to say so cannot be read. */
static struct vmitap_trap svm_fetch(struct kvm_vcpu *vcpu, bool may_sleep)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_paging paging = svm_paging(vcpu, vmcb);
	u8 bytes[VMITAP_INSN_BYTES];
	size_t len;

	paging.may_sleep = may_sleep;
	len = vmitap_guest_read(vcpu, &paging, svm_insn_addr(&vmcb->save), bytes,
				sizeof(bytes));
	return vmitap_syscall_decode(bytes, len, svm_mode(&vmcb->save) == VMITAP_MODE_LONG64);
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

static struct vmitap_trap svm_classify_undefined(struct vmitap_tap *tap,
						 struct kvm_vcpu *vcpu, u64 tsc)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_trap trap = svm_fetch(vcpu, false);

	if (trap.kind == VMITAP_TRAP_SYSCALL || trap.kind == VMITAP_TRAP_SYSRET)
		return trap;
	if (trap.kind == VMITAP_TRAP_NONE && !vmitap_trap_undefined(tap, vmcb->save.rip)) {
		trap.kind = VMITAP_TRAP_AGAIN;
		return trap;
	}
	svm_set_pending(tap, vcpu, tsc, trap.kind == VMITAP_TRAP_LATER ?
			VMITAP_PENDING_UNDEFINED : VMITAP_PENDING_OTHER);
	tap->pending.value = vmcb->save.rsp;
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
struct vmitap_trap svm_trap_classify(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
				     const struct svm_loan *loan, u64 tsc)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_trap trap = {};

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
			trap.kind = VMITAP_TRAP_LATER;
		break;
	case SVM_EXIT_VMMCALL:
		if (tap->attention & VMITAP_ATTENTION_MESSAGE &&
		    (u32)vmcb->save.rax == VMITAP_HYPERCALL)
			svm_set_pending(tap, vcpu, tsc, VMITAP_PENDING_MESSAGE);
		break;
	case SVM_EXIT_MSR:
		if (loan->msrpm && vmcb->control.exit_info_1 &&
		    svm_is_syscall_msr(vcpu->arch.regs[VCPU_REGS_RCX]))
			trap.kind = VMITAP_TRAP_ONLY;
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
	vmitap_compat_rip(vcpu) = rip;
	vmcb->save.rip = rip;
	vmcb->control.int_state &= ~(u32)SVM_INTERRUPT_SHADOW_MASK;
}

static void svm_switch(struct kvm_vcpu *vcpu, struct vmcb *vmcb,
		       const struct vmitap_switch *to)
{
	svm_set_seg(&vmcb->save.cs, to->cs, to->cs_attrib);
	svm_set_seg(&vmcb->save.ss, to->ss, to->ss_attrib);
	vmcb->save.cpl = to->cpl;
	vmcb->save.rflags = to->rflags;
	svm_mark_dirty(vmcb, CLEAN_SEGMENTS);
	svm_advance(vcpu, vmcb, to->rip);
}

static struct vmitap_caller svm_caller(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	return (struct vmitap_caller) {
		.cr3 = svm_cr3(vcpu, vmcb),
		.rip = vmcb->save.rip,
		.rsp = vmcb->save.rsp,
		.cpl = vmcb->save.cpl,
		.mode = svm_mode(&vmcb->save),
	};
}

/* Return: RFLAGS behind it. */
static u64 svm_do_syscall(struct kvm_vcpu *vcpu, struct vmcb *vmcb, u8 len)
{
	const struct vmcb_save_area *save01 = &svm_layout(vcpu)->vmcb01->save;
	const struct vmitap_syscall_msrs msrs = {
		.star = save01->star,
		.lstar = save01->lstar,
		.cstar = save01->cstar,
		.sfmask = save01->sfmask,
	};
	struct vmitap_switch to;

	to = vmitap_syscall_enter(vcpu, &msrs, vmcb->save.rip + len, vmcb->save.rflags,
				  svm_mode(&vmcb->save) == VMITAP_MODE_LONG64);
	svm_switch(vcpu, vmcb, &to);
	return to.rflags;
}

/* AMD's lets any address pass; #GP then comes at CPL 3.  Return: RFLAGS behind it. */
static u64 svm_do_sysret(struct kvm_vcpu *vcpu, struct vmcb *vmcb, bool to_long64)
{
	struct vmitap_switch to;

	to = vmitap_syscall_return(vcpu, svm_layout(vcpu)->vmcb01->save.star, to_long64);
	svm_switch(vcpu, vmcb, &to);
	return to.rflags;
}

/**
 * svm_trap_finish() - do what the trap kept the guest from doing
 * @tap: the vCPU, NULL if nobody listens any more
 * @vcpu: the vCPU, in its thread
 * @trap: VMITAP_TRAP_SYSCALL or VMITAP_TRAP_SYSRET
 * @tsc: TSC of the exit
 *
 * Return: what KVM is to do next.
 */
fastpath_t svm_trap_finish(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   struct vmitap_trap trap, u64 tsc)
{
	struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_caller caller = svm_caller(vcpu, vmcb);
	u64 rflags;

	if (trap.kind == VMITAP_TRAP_SYSRET && caller.cpl) {
		static_call(vmitap_kvm_queue_exception_e)(vcpu, GP_VECTOR, 0);
		return EXIT_FASTPATH_EXIT_HANDLED;
	}
	if (trap.kind == VMITAP_TRAP_SYSCALL) {
		vmitap_syscall_record(tap, vcpu, &caller, tsc);
		rflags = svm_do_syscall(vcpu, vmcb, trap.len);
	} else {
		rflags = svm_do_sysret(vcpu, vmcb, trap.rex_w);
		caller = svm_caller(vcpu, vmcb);
		vmitap_sysret_record(tap, vcpu, &caller, tsc);
	}
	return vmitap_syscall_step(vcpu, rflags) ? EXIT_FASTPATH_EXIT_HANDLED :
						   EXIT_FASTPATH_REENTER_GUEST;
}

/**
 * svm_finish_undefined() - finish a #UD whose instruction was not at hand
 * @vcpu: the vCPU, in its thread, which may sleep
 * @tsc: TSC of the exit
 *
 * Return: VMITAP_TRAP_SYSCALL or VMITAP_TRAP_SYSRET if it was that, and is done;
 * VMITAP_TRAP_NONE if KVM is to handle the exception; VMITAP_TRAP_LATER if the guest's
 * page tables do not lead to the instruction any more.
 */
enum vmitap_trap_kind svm_finish_undefined(struct kvm_vcpu *vcpu, u64 tsc)
{
	struct vmitap_trap trap = svm_fetch(vcpu, true);

	if (trap.kind != VMITAP_TRAP_SYSCALL && trap.kind != VMITAP_TRAP_SYSRET)
		return trap.kind;
	rcu_read_lock();
	svm_trap_finish(vmitap_tap_find(vcpu), vcpu, trap, tsc);
	rcu_read_unlock();
	return trap.kind;
}

/*
 * Is it a MOV to CR3, in 64-bit mode?  Prefixes but REX are left to KVM.
 *
 * Return: its length, or 0; @reg is the register.
 */
static size_t svm_decode_mov_to_cr3(const u8 *bytes, size_t len, int *reg)
{
	u8 rex = 0;
	size_t i = 0;

	if (len && (bytes[0] & 0xf0) == 0x40)
		rex = bytes[i++];
	/* REX.R would make it another control register. */
	if (i + 3 > len || bytes[i] != 0x0f || bytes[i + 1] != 0x22 ||
	    (bytes[i + 2] >> 3 & 7) != 3 || rex & 4)
		return 0;
	*reg = (bytes[i + 2] & 7) | (rex & 1) << 3;
	return i + 3;
}

/*
 * Is it a write that KVM's emulator would do, and do as svm_finish_cr3() does?  With
 * decode assists KVM does it directly.
 */
static bool svm_cr3_is_simple(const struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	return !boot_cpu_has(X86_FEATURE_DECODEASSISTS) &&
	       vmitap_compat_nested_paging(vmcb) &&
	       svm_mode(&vmcb->save) == VMITAP_MODE_LONG64 && !vmcb->save.cpl &&
	       !(vmcb->save.rflags & X86_EFLAGS_TF) && !(vcpu->arch.cr4 & X86_CR4_PCIDE);
}

/**
 * svm_finish_cr3() - write CR3 for the guest
 * @vcpu: the vCPU, in its thread, which may sleep
 * @pending: the exit
 * @ret: stays as it is
 *
 * Return: true if it is done, false if KVM is to do it.
 */
bool svm_finish_cr3(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending, int *ret)
{
	struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_paging paging;
	u8 bytes[15];
	size_t len;
	int reg;

	if (!svm_cr3_is_simple(vcpu, vmcb))
		return false;
	paging = svm_message_paging(vcpu);
	len = vmitap_guest_read(vcpu, &paging, vmcb->save.rip, bytes, sizeof(bytes));
	len = svm_decode_mov_to_cr3(bytes, len, &reg);
	if (!len)
		return false;
	/* KVM's copy is as old as its last look at an exit. */
	vcpu->arch.cr3 = vmcb->save.cr3;
	/* A value that raises #GP changes nothing. */
	if (static_call(vmitap_kvm_set_cr3)(vcpu, vcpu->arch.regs[reg]))
		return false;
	/* KVM takes its copy from there once more. */
	vmcb->save.cr3 = vcpu->arch.cr3;
	vmcb->save.rflags &= ~X86_EFLAGS_RF;
	svm_mark_dirty(vmcb, CLEAN_CONTROL_REGS);
	svm_advance(vcpu, vmcb, vmcb->save.rip + len);
	return true;
}

/**
 * svm_skip_hypercall() - step over the VMMCALL that exited
 * @vcpu: the vCPU, in its thread, which may sleep
 * @ret: stays as it is
 *
 * Return: false if there is none at RIP, and nothing was done.
 */
bool svm_skip_hypercall(struct kvm_vcpu *vcpu, int *ret)
{
	struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	struct vmitap_paging paging = svm_message_paging(vcpu);
	u8 bytes[3];

	if (vmitap_guest_read(vcpu, &paging, svm_insn_addr(&vmcb->save), bytes,
			      sizeof(bytes)) != sizeof(bytes) ||
	    bytes[0] != 0x0f || bytes[1] != 0x01 || bytes[2] != 0xd9)
		return false;
	svm_advance(vcpu, vmcb, vmcb->save.rip + sizeof(bytes));
	vmitap_syscall_step(vcpu, vmcb->save.rflags);
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
