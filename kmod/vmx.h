/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmx.h - a vCPU of kvm_intel: what its VMCS says
 *
 * VMREAD and VMWRITE go to the VMCS that is loaded on this CPU.  That is the vCPU's
 * in the vcpu_run hook, and wherever else the thread runs that has the vCPU loaded:
 * when it is preempted and gets another CPU, KVM loads the VMCS there first.
 */
#ifndef VMITAP_VMX_H
#define VMITAP_VMX_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>
#include <asm/asm.h>
#include <asm/vmx.h>

#include "compat/compat.h"
#include "guestmem.h"
#include "tap.h"
#include "trap.h"

/* How KVM is set up; valid between vmitap_kvm_get() and vmitap_kvm_put(). */
extern bool vmx_has_ept;
extern bool vmx_has_unrestricted_guest;

/* A segment register as KVM has it, which may differ from the VMCS in real mode. */
DECLARE_STATIC_CALL(vmitap_vmx_get_segment, *((struct kvm_x86_ops *)NULL)->get_segment);
DECLARE_STATIC_CALL(vmitap_vmx_get_rflags, *((struct kvm_x86_ops *)NULL)->get_rflags);
DECLARE_STATIC_CALL(vmitap_vmx_get_msr, *((struct kvm_x86_ops *)NULL)->get_msr);

/*
 * Either instruction is undefined once the host is going down and has left VMX
 * operation; the fault is then skipped, and the value is 0.
 */
static __always_inline unsigned long vmx_read(unsigned long field)
{
	unsigned long val = 0;

	asm volatile("1:	vmread %1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+r"(val) : "r"(field) : "cc");
	return val;
}

static __always_inline void vmx_write(unsigned long field, unsigned long val)
{
	asm volatile("1:	vmwrite %1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : : "r"(field), "r"(val) : "cc");
}

/*
 * Without unrestricted guest, KVM runs real mode in virtual-8086 mode: what the VMCS
 * has is not what the guest sees.
 */
static __always_inline bool vmx_fakes_real_mode(const struct kvm_vcpu *vcpu)
{
	return !vmx_has_unrestricted_guest && !(vcpu->arch.cr0 & X86_CR0_PE);
}

/* Guest CR3; without EPT, or without paging, the VMCS may have one of KVM's. */
static __always_inline u64 vmx_cr3(const struct kvm_vcpu *vcpu)
{
	if (likely(vmx_has_ept &&
		   (vmx_has_unrestricted_guest || vcpu->arch.cr0 & X86_CR0_PG)))
		return vmx_read(GUEST_CR3);
	return vcpu->arch.cr3;
}

/* Guest CR4; KVM's copy of bits that the guest owns is as old as its last look. */
static inline u64 vmx_cr4(const struct kvm_vcpu *vcpu)
{
	u64 owned = vcpu->arch.cr4_guest_owned_bits;

	return (vcpu->arch.cr4 & ~owned) | (vmx_read(GUEST_CR4) & owned);
}

static __always_inline u8 vmx_cpl(const struct kvm_vcpu *vcpu)
{
	if (unlikely(vmx_fakes_real_mode(vcpu)))
		return 0;
	return VMX_AR_DPL(vmx_read(GUEST_SS_AR_BYTES));
}

static __always_inline u8 vmx_mode(const struct kvm_vcpu *vcpu)
{
	const unsigned long attrib = vmx_read(GUEST_CS_AR_BYTES);
	const bool db = attrib & VMX_AR_DB_MASK;

	if (likely(vcpu->arch.efer & EFER_LMA)) {
		if (likely(attrib & VMX_AR_L_MASK))
			return VMITAP_MODE_LONG64;
		return db ? VMITAP_MODE_COMPAT32 : VMITAP_MODE_COMPAT16;
	}
	if (!(vcpu->arch.cr0 & X86_CR0_PE))
		return VMITAP_MODE_REAL;
	if (vmx_read(GUEST_RFLAGS) & X86_EFLAGS_VM)
		return VMITAP_MODE_VM86;
	return db ? VMITAP_MODE_PROT32 : VMITAP_MODE_PROT16;
}

/* RSP and RIP: KVM's copy if it has one, which the VMCS gets at the next entry. */
static inline u64 vmx_rsp(const struct kvm_vcpu *vcpu)
{
	if (vmitap_compat_reg_available(vcpu, VCPU_REGS_RSP))
		return vcpu->arch.regs[VCPU_REGS_RSP];
	return vmx_read(GUEST_RSP);
}

static inline u64 vmx_rip(const struct kvm_vcpu *vcpu)
{
	if (vmitap_compat_reg_available(vcpu, VMITAP_REG_RIP))
		return vmitap_compat_rip(vcpu);
	return vmx_read(GUEST_RIP);
}

static inline struct vmitap_paging vmx_paging(const struct kvm_vcpu *vcpu)
{
	return (struct vmitap_paging) {
		/* The guest owns no bit of these that paging depends on. */
		.cr0 = vcpu->arch.cr0,
		.cr3 = vmx_cr3(vcpu),
		.cr4 = vcpu->arch.cr4,
		.efer = vcpu->arch.efer,
		/* A nested guest's addresses are not KVM's to translate. */
		.hidden = vmitap_compat_is_guest_mode(vcpu),
	};
}

/* Linear address of the instruction that exited. */
static inline u64 vmx_insn_addr(const struct kvm_vcpu *vcpu)
{
	u64 rip = vmx_read(GUEST_RIP);

	if (vmx_mode(vcpu) == VMITAP_MODE_LONG64)
		return rip;
	return (u32)(rip + vmx_read(GUEST_CS_BASE));
}

static inline u64 vmx_msr(struct kvm_vcpu *vcpu, u32 index)
{
	struct msr_data msr = { .index = index };

	return static_call(vmitap_vmx_get_msr)(vcpu, &msr) ? 0 : msr.data;
}

/**
 * struct vmx_loan - what was changed for one run of the guest
 * @cr3_write: exiting on writes to CR3 was set
 * @undefined: the intercept of #UD was set
 * @sce: EFER.SCE was cleared
 * @sce_by_entry: in the VMCS, which has the guest's EFER loaded at entry; else in
 *	the MSR itself, which the guest shares with the host
 * @efer: EFER to be restored
 */
struct vmx_loan {
	bool cr3_write;
	bool undefined;
	bool sce;
	bool sce_by_entry;
	u64 efer;
};

void vmx_lend(struct kvm_vcpu *vcpu, u32 attention, struct vmx_loan *loan);
void vmx_give_back(const struct vmx_loan *loan);
struct vmitap_trap vmx_trap_classify(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
				     const struct vmx_loan *loan, u64 tsc);
fastpath_t vmx_trap_finish(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   struct vmitap_trap trap, u64 tsc);
enum vmitap_trap_kind vmx_finish_undefined(struct kvm_vcpu *vcpu, u64 tsc);
bool vmx_finish_cr3(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
		    int *ret);
bool vmx_skip_hypercall(struct kvm_vcpu *vcpu, int *ret);
struct vmitap_paging vmx_message_paging(struct kvm_vcpu *vcpu);

#endif /* VMITAP_VMX_H */
