// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx_trap.c - traps on VMX
 *
 * As on SVM, a trap is lent for one run of the guest: made right before the entry
 * and undone right after the exit, with interrupts off all along.  KVM keeps copies
 * of the control fields that it writes; it never sees ours.
 *
 * System calls: EFER.SCE is cleared while the guest runs, so that SYSCALL and SYSRET
 * raise #UD, which exits.  If the guest's EFER is loaded at entry, because it differs
 * from the host's, it is cleared there; else guest and host share the MSR, and it is
 * cleared in that.  The host makes no use of it meanwhile: it does not go to user
 * mode between the entry and the exit.  Accesses to EFER exit, so the guest reads
 * what it wrote, and so do writes to the MSRs that say where system calls go.
 *
 * CR3: KVM takes the exit for an error of its own if the guest's page tables are none
 * of its business, so the write is done here, by KVM's own function.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3,
 * "VM-Execution Control Fields", "VM-Entry Controls", "Exit Qualification".
 */
#include <linux/kvm_host.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "symbols.h"
#include "syscall.h"
#include "trap.h"
#include "vmx.h"

/* Exit qualification of accesses to control registers. */
#define QUAL_CR(qual)		((qual) & 15)
#define QUAL_CR_TYPE(qual)	((qual) >> 4 & 3)
#define QUAL_CR_REG(qual)	((qual) >> 8 & 15)
#define QUAL_CR_MOV_TO		0

/* Set bits of a control field.  Return: true if they were not set. */
static bool vmx_set_bits(unsigned long field, unsigned long bits)
{
	unsigned long val = vmx_read(field);

	if ((val & bits) == bits)
		return false;
	vmx_write(field, val | bits);
	return true;
}

/* From what is there now: KVM may have changed others meanwhile. */
static void vmx_clear_bits(unsigned long field, unsigned long bits)
{
	vmx_write(field, vmx_read(field) & ~bits);
}

static void vmx_write_efer(u64 efer)
{
	native_wrmsr(MSR_EFER, lower_32_bits(efer), upper_32_bits(efer));
}

static void vmx_lend_syscall(struct vmx_loan *loan)
{
	loan->undefined = vmx_set_bits(EXCEPTION_BITMAP, BIT(UD_VECTOR));
	loan->sce = true;
	loan->sce_by_entry = vmx_read(VM_ENTRY_CONTROLS) & VM_ENTRY_LOAD_IA32_EFER;
	if (loan->sce_by_entry) {
		loan->efer = vmx_read(GUEST_IA32_EFER);
		vmx_write(GUEST_IA32_EFER, loan->efer & ~(u64)EFER_SCE);
	} else {
		loan->efer = __rdmsr(MSR_EFER);
		vmx_write_efer(loan->efer & ~(u64)EFER_SCE);
	}
}

/**
 * vmx_lend() - arm the traps for one run of the guest
 * @vcpu: the vCPU, about to be entered, interrupts are off
 * @attention: VMITAP_ATTENTION_*
 * @loan: what was changed, for vmx_give_back()
 *
 * A nested guest runs with its own VMCS, where nothing is changed.
 */
void vmx_lend(struct kvm_vcpu *vcpu, u32 attention, struct vmx_loan *loan)
{
	*loan = (struct vmx_loan) {};
	if (vmitap_compat_is_guest_mode(vcpu) || vcpu->arch.guest_state_protected)
		return;
	if (attention & VMITAP_ATTENTION_CR3)
		loan->cr3_write = vmx_set_bits(CPU_BASED_VM_EXEC_CONTROL,
					       CPU_BASED_CR3_LOAD_EXITING);
	if (attention & VMITAP_ATTENTION_SYSCALL && vmitap_syscall_trappable(vcpu, vmx_cr4(vcpu)))
		vmx_lend_syscall(loan);
}

/**
 * vmx_give_back() - make everything as it was
 * @loan: what vmx_lend() changed; interrupts were off since
 */
void vmx_give_back(const struct vmx_loan *loan)
{
	if (loan->sce_by_entry)
		vmx_write(GUEST_IA32_EFER, loan->efer);
	else if (loan->sce)
		vmx_write_efer(loan->efer);
	if (loan->undefined)
		vmx_clear_bits(EXCEPTION_BITMAP, BIT(UD_VECTOR));
	if (loan->cr3_write)
		vmx_clear_bits(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_CR3_LOAD_EXITING);
}

/* What raised #UD?  VMITAP_TRAP_LATER if what it takes to say so cannot be read. */
static struct vmitap_trap vmx_fetch(struct kvm_vcpu *vcpu, bool may_sleep)
{
	struct vmitap_paging paging;
	u8 bytes[VMITAP_INSN_BYTES];
	size_t len;

	/* Intel has SYSCALL and SYSRET in 64-bit mode only. */
	if (vmx_mode(vcpu) != VMITAP_MODE_LONG64)
		return (struct vmitap_trap) {};
	paging = vmx_paging(vcpu);
	paging.may_sleep = may_sleep;
	len = vmitap_guest_read(vcpu, &paging, vmx_insn_addr(vcpu), bytes, sizeof(bytes));
	return vmitap_syscall_decode(bytes, len, true);
}

static void vmx_set_pending(struct vmitap_tap *tap, struct kvm_vcpu *vcpu, u64 tsc,
			    enum vmitap_pending_kind kind)
{
	tap->pending = (struct vmitap_pending) {
		.cpl = vmx_cpl(vcpu),
		.mode = vmx_mode(vcpu),
		.tsc = tsc,
		.rip = vmx_read(GUEST_RIP),
		.cr3 = vmx_cr3(vcpu),
	};
	/* Who looks later whether RIP has changed finds it. */
	if (!vmitap_compat_reg_available(vcpu, VMITAP_REG_RIP)) {
		vmitap_compat_rip(vcpu) = tap->pending.rip;
		vmitap_compat_reg_mark_available(vcpu, VMITAP_REG_RIP);
	}
	/* Read by vmitap_trap_drain(). */
	WRITE_ONCE(tap->pending.kind, kind);
}

static struct vmitap_trap vmx_classify_undefined(struct vmitap_tap *tap,
						 struct kvm_vcpu *vcpu, u64 tsc)
{
	const u32 undefined = INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | UD_VECTOR;
	const u32 mask = INTR_INFO_VALID_MASK | INTR_INFO_INTR_TYPE_MASK |
			 INTR_INFO_VECTOR_MASK;
	struct vmitap_trap trap = {};

	if ((vmx_read(VM_EXIT_INTR_INFO) & mask) != undefined)
		return trap;
	/* The guest has changed CR4 since it was entered. */
	if (!vmitap_syscall_trappable(vcpu, vmx_cr4(vcpu))) {
		trap.kind = VMITAP_TRAP_AGAIN;
		return trap;
	}
	trap = vmx_fetch(vcpu, false);
	if (trap.kind == VMITAP_TRAP_SYSCALL || trap.kind == VMITAP_TRAP_SYSRET)
		return trap;
	if (trap.kind == VMITAP_TRAP_NONE && !vmitap_trap_undefined(tap, vmx_read(GUEST_RIP))) {
		trap.kind = VMITAP_TRAP_AGAIN;
		return trap;
	}
	vmx_set_pending(tap, vcpu, tsc, trap.kind == VMITAP_TRAP_LATER ?
			VMITAP_PENDING_UNDEFINED : VMITAP_PENDING_OTHER);
	tap->pending.value = vmx_rsp(vcpu);
	return trap;
}

static struct vmitap_trap vmx_classify_cr(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
					  const struct vmx_loan *loan, u64 tsc)
{
	unsigned long qual = vmx_read(EXIT_QUALIFICATION);
	struct vmitap_trap trap = {};
	int reg = QUAL_CR_REG(qual);
	u64 value;

	if (QUAL_CR(qual) != 3 || QUAL_CR_TYPE(qual) != QUAL_CR_MOV_TO ||
	    !(loan->cr3_write || tap->attention & VMITAP_ATTENTION_CR3))
		return trap;
	vmx_set_pending(tap, vcpu, tsc, VMITAP_PENDING_CR3);
	value = reg == VCPU_REGS_RSP ? vmx_rsp(vcpu) : vcpu->arch.regs[reg];
	tap->pending.value = tap->pending.mode == VMITAP_MODE_LONG64 ? value : (u32)value;
	tap->pending.ours = loan->cr3_write;
	if (loan->cr3_write)
		trap.kind = VMITAP_TRAP_LATER;
	return trap;
}

/**
 * vmx_trap_classify() - what has an exit to do with traps?
 * @tap: the vCPU
 * @vcpu: the vCPU, interrupts are off since the exit
 * @loan: what was armed
 * @tsc: TSC of the exit
 *
 * Changes nothing of the guest.
 *
 * Return: what it is.
 */
struct vmitap_trap vmx_trap_classify(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
				     const struct vmx_loan *loan, u64 tsc)
{
	struct vmitap_trap trap = {};

	if (vmitap_compat_is_guest_mode(vcpu) || vcpu->arch.guest_state_protected)
		return trap;
	/* An entry that failed is none of these; other bits say what else there was. */
	switch (vmx_read(VM_EXIT_REASON) & (0xffff | VMX_EXIT_REASONS_FAILED_VMENTRY)) {
	case EXIT_REASON_EXCEPTION_NMI:
		if (loan->sce)
			trap = vmx_classify_undefined(tap, vcpu, tsc);
		break;
	case EXIT_REASON_CR_ACCESS:
		trap = vmx_classify_cr(tap, vcpu, loan, tsc);
		break;
	case EXIT_REASON_VMCALL:
		if (tap->attention & VMITAP_ATTENTION_MESSAGE &&
		    (u32)vcpu->arch.regs[VCPU_REGS_RAX] == VMITAP_HYPERCALL)
			vmx_set_pending(tap, vcpu, tsc, VMITAP_PENDING_MESSAGE);
		break;
	}
	return trap;
}

static void vmx_set_seg(unsigned long selector_field, unsigned long base_field,
			unsigned long limit_field, unsigned long attrib_field,
			u16 selector, u16 attrib)
{
	vmx_write(selector_field, selector);
	vmx_write(base_field, 0);
	vmx_write(limit_field, ~0u);
	/* The VMCS has the descriptor's bits where it has them itself. */
	vmx_write(attrib_field, (attrib & 0xff) | (attrib & 0xf00) << 4);
}

static void vmx_switch(struct kvm_vcpu *vcpu, const struct vmitap_switch *to)
{
	const u32 shadow = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;

	vmx_set_seg(GUEST_CS_SELECTOR, GUEST_CS_BASE, GUEST_CS_LIMIT, GUEST_CS_AR_BYTES,
		    to->cs, to->cs_attrib);
	vmx_set_seg(GUEST_SS_SELECTOR, GUEST_SS_BASE, GUEST_SS_LIMIT, GUEST_SS_AR_BYTES,
		    to->ss, to->ss_attrib);
	vmx_write(GUEST_RFLAGS, to->rflags);
	if (vmx_read(GUEST_INTERRUPTIBILITY_INFO) & shadow)
		vmx_clear_bits(GUEST_INTERRUPTIBILITY_INFO, shadow);
	vmitap_compat_rip(vcpu) = to->rip;
	vmitap_compat_reg_mark_dirty(vcpu, VMITAP_REG_RIP);
	/* KVM may have copies, if only as it was asked for the segments here. */
	vmitap_compat_reg_forget(vcpu, VMITAP_REG_SEGMENTS);
	vmitap_compat_reg_forget(vcpu, VMITAP_REG_RFLAGS);
}

static struct vmitap_caller vmx_caller(struct kvm_vcpu *vcpu)
{
	return (struct vmitap_caller) {
		.cr3 = vmx_cr3(vcpu),
		.rip = vmx_rip(vcpu),
		.rsp = vmx_rsp(vcpu),
		.cpl = vmx_cpl(vcpu),
		.mode = vmx_mode(vcpu),
	};
}

/* Return: RFLAGS behind it. */
static u64 vmx_do_syscall(struct kvm_vcpu *vcpu, const struct vmitap_caller *caller, u8 len)
{
	const struct vmitap_syscall_msrs msrs = {
		.star = vmx_msr(vcpu, MSR_STAR),
		.lstar = vmx_msr(vcpu, MSR_LSTAR),
		.sfmask = vmx_msr(vcpu, MSR_SYSCALL_MASK),
	};
	struct vmitap_switch to;

	to = vmitap_syscall_enter(vcpu, &msrs, caller->rip + len, vmx_read(GUEST_RFLAGS),
				  true);
	vmx_switch(vcpu, &to);
	return to.rflags;
}

static bool is_canonical(const struct kvm_vcpu *vcpu, u64 addr)
{
	int shift = vcpu->arch.cr4 & X86_CR4_LA57 ? 64 - 57 : 64 - 48;

	return (u64)((s64)(addr << shift) >> shift) == addr;
}

/* Would SYSRET raise #GP? */
static bool vmx_sysret_faults(const struct kvm_vcpu *vcpu, u8 cpl, struct vmitap_trap trap)
{
	return cpl || (trap.rex_w && !is_canonical(vcpu, vcpu->arch.regs[VCPU_REGS_RCX]));
}

/* Return: RFLAGS behind it. */
static u64 vmx_do_sysret(struct kvm_vcpu *vcpu, bool to_long64)
{
	struct vmitap_switch to;

	to = vmitap_syscall_return(vcpu, vmx_msr(vcpu, MSR_STAR), to_long64);
	vmx_switch(vcpu, &to);
	return to.rflags;
}

/**
 * vmx_trap_finish() - do what the trap kept the guest from doing
 * @tap: the vCPU, NULL if nobody listens any more
 * @vcpu: the vCPU, in its thread
 * @trap: VMITAP_TRAP_SYSCALL or VMITAP_TRAP_SYSRET
 * @tsc: TSC of the exit
 *
 * Return: what KVM is to do next.
 */
fastpath_t vmx_trap_finish(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   struct vmitap_trap trap, u64 tsc)
{
	struct vmitap_caller caller = vmx_caller(vcpu);
	u64 rflags;

	if (trap.kind == VMITAP_TRAP_SYSRET && vmx_sysret_faults(vcpu, caller.cpl, trap)) {
		static_call(vmitap_kvm_queue_exception_e)(vcpu, GP_VECTOR, 0);
		return EXIT_FASTPATH_EXIT_HANDLED;
	}
	if (trap.kind == VMITAP_TRAP_SYSCALL) {
		vmitap_syscall_record(tap, vcpu, &caller, tsc);
		rflags = vmx_do_syscall(vcpu, &caller, trap.len);
	} else {
		rflags = vmx_do_sysret(vcpu, trap.rex_w);
		caller = vmx_caller(vcpu);
		vmitap_sysret_record(tap, vcpu, &caller, tsc);
	}
	return vmitap_syscall_step(vcpu, rflags) ? EXIT_FASTPATH_EXIT_HANDLED :
						   EXIT_FASTPATH_REENTER_GUEST;
}

/**
 * vmx_finish_undefined() - finish a #UD whose instruction was not at hand
 * @vcpu: the vCPU, in its thread, which may sleep
 * @tsc: TSC of the exit
 *
 * Return: VMITAP_TRAP_SYSCALL or VMITAP_TRAP_SYSRET if it was that, and is done;
 * VMITAP_TRAP_NONE if KVM is to handle the exception; VMITAP_TRAP_LATER if the guest's
 * page tables do not lead to the instruction any more.
 */
enum vmitap_trap_kind vmx_finish_undefined(struct kvm_vcpu *vcpu, u64 tsc)
{
	struct vmitap_trap trap = vmx_fetch(vcpu, true);

	if (trap.kind != VMITAP_TRAP_SYSCALL && trap.kind != VMITAP_TRAP_SYSRET)
		return trap.kind;
	rcu_read_lock();
	vmx_trap_finish(vmitap_tap_find(vcpu), vcpu, trap, tsc);
	rcu_read_unlock();
	return trap.kind;
}

/**
 * vmx_finish_cr3() - write CR3 for the guest
 * @vcpu: the vCPU, in its thread, which may sleep
 * @pending: the exit
 * @ret: what kvm_x86_ops.handle_exit is to return
 *
 * Return: true if it is done, false if KVM would have got the exit without us.
 */
bool vmx_finish_cr3(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending, int *ret)
{
	if (!pending->ours)
		return false;
	if (static_call(vmitap_kvm_set_cr3)(vcpu, pending->value))
		static_call(vmitap_kvm_queue_exception_e)(vcpu, GP_VECTOR, 0);
	else
		*ret = static_call(vmitap_kvm_skip_emulated_instruction)(vcpu);
	return true;
}

/**
 * vmx_skip_hypercall() - step over the VMCALL that exited
 * @vcpu: the vCPU, in its thread, which may sleep
 * @ret: what kvm_x86_ops.handle_exit is to return
 *
 * Return: true, as there is one.
 */
bool vmx_skip_hypercall(struct kvm_vcpu *vcpu, int *ret)
{
	*ret = static_call(vmitap_kvm_skip_emulated_instruction)(vcpu);
	return true;
}

/**
 * vmx_message_paging() - how the vCPU translates addresses
 * @vcpu: the vCPU, in its thread, at an exit
 *
 * Return: that, and that sleeping is fine.
 */
struct vmitap_paging vmx_message_paging(struct kvm_vcpu *vcpu)
{
	struct vmitap_paging paging = vmx_paging(vcpu);

	paging.may_sleep = true;
	return paging;
}
