/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svm.h - a vCPU of kvm_amd: where its VMCB is, what it says
 */
#ifndef VMITAP_SVM_H
#define VMITAP_SVM_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>
#include <asm/svm.h>

#include "compat/compat.h"
#include "guestmem.h"
#include "tap.h"
#include "trap.h"

/**
 * struct svm_layout - what follows struct kvm_vcpu in KVM's struct vcpu_svm
 * @vmcb: the VMCB in use, that of a nested guest while one runs
 * @vmcb01: the guest's own VMCB
 * @vmcb01_pa: its physical address
 *
 * A private layout: svm_check_vcpu() verifies it on every vCPU.
 */
struct svm_layout {
	struct vmcb *vmcb;
	struct vmcb *vmcb01;
	unsigned long vmcb01_pa;
};

static __always_inline struct svm_layout *svm_layout(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu + ALIGN(sizeof(*vcpu), sizeof(void *));
}

/* Guest CR3; with shadow paging the VMCB has KVM's page tables, not the guest's. */
static __always_inline u64 svm_cr3(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	if (likely(vmitap_compat_nested_paging(vmcb)))
		return vmcb->save.cr3;
	return vcpu->arch.cr3;
}

/* Guest CR4: each write exits. */
static inline u64 svm_cr4(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.cr4;
}

static inline u64 svm_cr0(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	if (vmcb->control.intercepts[INTERCEPT_CR] & BIT(INTERCEPT_CR0_WRITE))
		return vcpu->arch.cr0;
	return vmcb->save.cr0;
}

static __always_inline u8 svm_mode_rare(const struct vmcb_save_area *save)
{
	bool db = save->cs.attrib & SVM_SELECTOR_DB_MASK;

	if (save->efer & EFER_LMA)
		return db ? VMITAP_MODE_COMPAT32 : VMITAP_MODE_COMPAT16;
	if (!(save->cr0 & X86_CR0_PE))
		return VMITAP_MODE_REAL;
	if (save->rflags & X86_EFLAGS_VM)
		return VMITAP_MODE_VM86;
	return db ? VMITAP_MODE_PROT32 : VMITAP_MODE_PROT16;
}

static __always_inline u8 svm_mode(const struct vmcb_save_area *save)
{
	/* CS.L outside of long mode means nothing. */
	if (likely(save->cs.attrib & SVM_SELECTOR_L_MASK && save->efer & EFER_LMA))
		return VMITAP_MODE_LONG64;
	return svm_mode_rare(save);
}

static inline struct vmitap_paging svm_paging(struct kvm_vcpu *vcpu,
					      const struct vmcb *vmcb)
{
	return (struct vmitap_paging) {
		.cr0 = svm_cr0(vcpu, vmcb),
		.cr3 = svm_cr3(vcpu, vmcb),
		.cr4 = svm_cr4(vcpu),
		.efer = vcpu->arch.efer,
		/* A nested guest's addresses are not KVM's to translate. */
		.hidden = vmitap_compat_is_encrypted(vmcb) ||
			  vmitap_compat_is_guest_mode(vcpu),
	};
}

/* Linear address of the instruction that is about to be executed. */
static inline u64 svm_insn_addr(const struct vmcb_save_area *save)
{
	if (svm_mode(save) == VMITAP_MODE_LONG64)
		return save->rip;
	return (u32)(save->rip + save->cs.base);
}

/**
 * struct svm_loan - what was changed in a VMCB for one run of the guest
 * @vmcb: the VMCB, NULL if nothing was changed
 * @cr3_write: the intercept of CR3 writes was set
 * @exceptions: exception intercepts that were set
 * @sce: EFER.SCE was cleared, and writes to system call MSRs are intercepted
 * @msrpm: bits of the MSR permission map that were set
 */
struct svm_loan {
	struct vmcb *vmcb;
	bool cr3_write;
	bool sce;
	u16 msrpm;
	u32 exceptions;
};

void svm_lend(struct kvm_vcpu *vcpu, u32 attention, struct svm_loan *loan);
void svm_give_back(const struct svm_loan *loan);
struct vmitap_trap svm_trap_classify(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
				     const struct svm_loan *loan, u64 tsc);
fastpath_t svm_trap_finish(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   struct vmitap_trap trap, u64 tsc);
enum vmitap_trap_kind svm_finish_undefined(struct kvm_vcpu *vcpu, u64 tsc);
bool svm_finish_cr3(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending, int *ret);
bool svm_skip_hypercall(struct kvm_vcpu *vcpu, int *ret);
struct vmitap_paging svm_message_paging(struct kvm_vcpu *vcpu);

#endif /* VMITAP_SVM_H */
