// SPDX-License-Identifier: GPL-2.0-only
/*
 * svm.c - backend for kvm_amd
 *
 * Names of fields and exit codes: AMD64 Architecture Programmer's Manual, volume
 * 2, "Layout of VMCB" and "SVM Intercept Exit Codes".
 */
#include <linux/kvm_host.h>
#include <asm/msr.h>
#include <asm/svm.h>

#include "backend.h"
#include "compat/compat.h"
#include "hook.h"
#include "insn.h"

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

static const char *svm_check_vcpu(struct kvm_vcpu *vcpu)
{
	const struct svm_layout *layout = svm_layout(vcpu);
	unsigned long vmcb01 = (unsigned long)READ_ONCE(layout->vmcb01);
	unsigned long vmcb = (unsigned long)READ_ONCE(layout->vmcb);

	if (!PAGE_ALIGNED(vmcb01) || !virt_addr_valid(vmcb01))
		return "vmcb01.ptr is no page";
	if (__sme_set(__pa(vmcb01)) != layout->vmcb01_pa)
		return "vmcb01.pa is not the address of vmcb01.ptr";
	if (!PAGE_ALIGNED(vmcb) || !virt_addr_valid(vmcb))
		return "vmcb is no page";
	if (vmcb != vmcb01 && !vmitap_compat_is_guest_mode(vcpu))
		return "vmcb is not vmcb01.ptr";
	return NULL;
}

static const u8 svm_classes[256] = {
	[SVM_EXIT_READ_CR0 ... SVM_EXIT_WRITE_CR0 + 15] = VMITAP_CLASS_CR,
	[SVM_EXIT_READ_DR0 ... SVM_EXIT_WRITE_DR0 + 15] = VMITAP_CLASS_DR,
	[SVM_EXIT_EXCP_BASE ... SVM_EXIT_LAST_EXCP] = VMITAP_CLASS_EXCEPTION,
	[SVM_EXIT_INTR] = VMITAP_CLASS_INTERRUPT,
	[SVM_EXIT_NMI] = VMITAP_CLASS_NMI,
	[SVM_EXIT_SMI] = VMITAP_CLASS_SMI,
	[SVM_EXIT_INIT] = VMITAP_CLASS_INTERRUPT,
	[SVM_EXIT_VINTR] = VMITAP_CLASS_WINDOW,
	[SVM_EXIT_CR0_SEL_WRITE] = VMITAP_CLASS_CR,
	[SVM_EXIT_IDTR_READ ... SVM_EXIT_TR_WRITE] = VMITAP_CLASS_DTABLE,
	[SVM_EXIT_RDTSC] = VMITAP_CLASS_TSC,
	[SVM_EXIT_RDPMC] = VMITAP_CLASS_PMC,
	[SVM_EXIT_PUSHF ... SVM_EXIT_POPF] = VMITAP_CLASS_INSN,
	[SVM_EXIT_CPUID] = VMITAP_CLASS_CPUID,
	[SVM_EXIT_RSM] = VMITAP_CLASS_SMI,
	[SVM_EXIT_IRET] = VMITAP_CLASS_WINDOW,
	[SVM_EXIT_SWINT] = VMITAP_CLASS_INSN,
	[SVM_EXIT_INVD] = VMITAP_CLASS_CACHE,
	[SVM_EXIT_PAUSE] = VMITAP_CLASS_PAUSE,
	[SVM_EXIT_HLT] = VMITAP_CLASS_HLT,
	[SVM_EXIT_INVLPG ... SVM_EXIT_INVLPGA] = VMITAP_CLASS_TLB,
	[SVM_EXIT_IOIO] = VMITAP_CLASS_PIO,
	[SVM_EXIT_MSR] = VMITAP_CLASS_MSR_READ,
	[SVM_EXIT_TASK_SWITCH] = VMITAP_CLASS_TASK_SWITCH,
	[SVM_EXIT_FERR_FREEZE] = VMITAP_CLASS_EXCEPTION,
	[SVM_EXIT_SHUTDOWN] = VMITAP_CLASS_SHUTDOWN,
	[SVM_EXIT_VMRUN] = VMITAP_CLASS_NESTED,
	[SVM_EXIT_VMMCALL] = VMITAP_CLASS_HYPERCALL,
	[SVM_EXIT_VMLOAD ... SVM_EXIT_SKINIT] = VMITAP_CLASS_NESTED,
	[SVM_EXIT_RDTSCP] = VMITAP_CLASS_TSC,
	[SVM_EXIT_ICEBP] = VMITAP_CLASS_INSN,
	[SVM_EXIT_WBINVD] = VMITAP_CLASS_CACHE,
	[SVM_EXIT_MONITOR ... SVM_EXIT_MWAIT_COND] = VMITAP_CLASS_MWAIT,
	[SVM_EXIT_XSETBV] = VMITAP_CLASS_XCR,
	[SVM_EXIT_RDPRU] = VMITAP_CLASS_PMC,
	[SVM_EXIT_EFER_WRITE_TRAP] = VMITAP_CLASS_MSR_WRITE,
	[SVM_EXIT_CR0_WRITE_TRAP ... SVM_EXIT_CR15_WRITE_TRAP] = VMITAP_CLASS_CR,
	[SVM_EXIT_INVPCID] = VMITAP_CLASS_TLB,
};

static noinline u32 svm_class_rare(u32 code, u64 info1)
{
	switch (code) {
	case SVM_EXIT_NPF:
		/* KVM marks known MMIO by a reserved bit. */
		return info1 & PFERR_RSVD_MASK ? VMITAP_CLASS_MMIO : VMITAP_CLASS_NPF;
	case SVM_EXIT_AVIC_INCOMPLETE_IPI:
	case SVM_EXIT_AVIC_UNACCELERATED_ACCESS:
		return VMITAP_CLASS_APIC;
	case SVM_EXIT_VMGEXIT:
		return VMITAP_CLASS_ENCLAVE;
	case (u32)SVM_EXIT_ERR:
		return VMITAP_CLASS_FAIL;
	default:
		return VMITAP_CLASS_OTHER;
	}
}

static __always_inline u32 svm_class(u32 code, u64 info1)
{
	if (unlikely(code >= ARRAY_SIZE(svm_classes)))
		return svm_class_rare(code, info1);
	if (code == SVM_EXIT_MSR && info1)
		return VMITAP_CLASS_MSR_WRITE;
	return svm_classes[code];
}

/* An exit, or an entry with an event to inject; see capture.h. */
struct capture_exit {
	struct kvm_vcpu *vcpu;
	const struct vmcb *vmcb;
	u64 tsc;
	u64 entry_tsc;
	u64 cr3;
	u32 class_id;
	u32 reason;
	u16 flags;
	u8 cpl;
};

static __always_inline u64 svm_cr3(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	/* With shadow paging the VMCB has KVM's page tables, not the guest's. */
	if (likely(vmcb->control.nested_ctl & SVM_NESTED_CTL_NP_ENABLE))
		return vmcb->save.cr3;
	return vcpu->arch.cr3;
}

static u64 svm_cr0(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	if (vmcb->control.intercepts[INTERCEPT_CR] & BIT(INTERCEPT_CR0_WRITE))
		return vcpu->arch.cr0;
	return vmcb->save.cr0;
}

static noinline u8 svm_mode_rare(const struct vmcb_save_area *save)
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

static __always_inline void capture_fill(const struct capture_exit *exit,
					 struct vmitap_exit *rec)
{
	const struct vmcb_control_area *control = &exit->vmcb->control;
	const struct vmcb_save_area *save = &exit->vmcb->save;

	rec->record.flags = exit->flags;
	rec->record.tsc = exit->tsc;
	rec->entry_tsc = exit->entry_tsc;
	rec->reason = exit->reason;
	rec->class_id = exit->class_id;
	rec->cpl = exit->cpl;
	rec->mode = svm_mode(save);
	rec->__pad = 0;
	rec->qual1 = control->exit_info_1;
	rec->qual2 = control->exit_info_2;
	rec->intr_info = control->exit_int_info;
	rec->intr_error = control->exit_int_info_err;
	rec->rip = save->rip;
	rec->cr3 = exit->cr3;
}

static __always_inline void svm_fill_gprs(const struct capture_exit *exit,
					  struct vmitap_gprs *gprs)
{
	int i;

#pragma GCC unroll 16
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		gprs->reg[i] = exit->vcpu->arch.regs[i];
	/* KVM's fast path may have changed its copies of these two already. */
	gprs->reg[VMITAP_RAX] = exit->vmcb->save.rax;
	gprs->reg[VMITAP_RSP] = exit->vmcb->save.rsp;
}

static void svm_fill_ctrl(const struct capture_exit *exit, struct vmitap_ctrl *ctrl)
{
	const struct vmcb_save_area *save = &exit->vmcb->save;

	ctrl->rflags = save->rflags;
	ctrl->cr0 = svm_cr0(exit->vcpu, exit->vmcb);
	ctrl->cr2 = save->cr2;
	ctrl->cr4 = exit->vcpu->arch.cr4;
	ctrl->efer = exit->vcpu->arch.efer;
}

static void svm_fill_seg(const struct vmcb_seg *from, struct vmitap_seg *to,
			 bool table)
{
	to->base = from->base;
	to->limit = from->limit;
	to->selector = table ? 0 : from->selector;
	to->attrib = table ? 0 : from->attrib;
	if (!table && !(from->attrib & SVM_SELECTOR_P_MASK))
		to->attrib |= VMITAP_SEG_UNUSABLE;
}

static void svm_fill_segs(const struct capture_exit *exit, struct vmitap_segs *segs)
{
	/* KVM always does VMLOAD and VMSAVE on vmcb01. */
	const struct vmcb_save_area *save01 = &svm_layout(exit->vcpu)->vmcb01->save;
	const struct vmcb_save_area *save = &exit->vmcb->save;

	svm_fill_seg(&save->es, &segs->seg[VMITAP_ES], false);
	svm_fill_seg(&save->cs, &segs->seg[VMITAP_CS], false);
	svm_fill_seg(&save->ss, &segs->seg[VMITAP_SS], false);
	svm_fill_seg(&save->ds, &segs->seg[VMITAP_DS], false);
	svm_fill_seg(&save01->fs, &segs->seg[VMITAP_FS], false);
	svm_fill_seg(&save01->gs, &segs->seg[VMITAP_GS], false);
	svm_fill_seg(&save01->ldtr, &segs->seg[VMITAP_LDTR], false);
	svm_fill_seg(&save01->tr, &segs->seg[VMITAP_TR], false);
	svm_fill_seg(&save->gdtr, &segs->seg[VMITAP_GDTR], true);
	svm_fill_seg(&save->idtr, &segs->seg[VMITAP_IDTR], true);
}

static void svm_fill_insn(const struct capture_exit *exit, struct vmitap_insn *insn)
{
	const struct vmcb_save_area *save = &exit->vmcb->save;
	const struct vmitap_paging paging = {
		.cr0 = svm_cr0(exit->vcpu, exit->vmcb),
		.cr3 = exit->cr3,
		.cr4 = exit->vcpu->arch.cr4,
		.efer = exit->vcpu->arch.efer,
	};
	u64 addr = save->rip;

	if (svm_mode(save) != VMITAP_MODE_LONG64)
		addr = (u32)(addr + save->cs.base);
	vmitap_insn_fetch(exit->vcpu, &paging, addr, insn);
}

static noinline void svm_fill_rare_fields(const struct capture_exit *exit,
					  u32 fields, void *to)
{
	if (fields & VMITAP_FIELD_CTRL) {
		svm_fill_ctrl(exit, to);
		to += sizeof(struct vmitap_ctrl);
	}
	if (fields & VMITAP_FIELD_GPRS) {
		svm_fill_gprs(exit, to);
		to += sizeof(struct vmitap_gprs);
	}
	if (fields & VMITAP_FIELD_SEGS) {
		svm_fill_segs(exit, to);
		to += sizeof(struct vmitap_segs);
	}
	if (fields & VMITAP_FIELD_INSN)
		svm_fill_insn(exit, to);
}

static __always_inline void capture_fill_fields(const struct capture_exit *exit,
						u32 fields, void *to)
{
	if (fields == VMITAP_FIELD_GPRS)
		svm_fill_gprs(exit, to);
	else
		svm_fill_rare_fields(exit, fields, to);
}

static void capture_fill_inject(const struct capture_exit *entry,
				struct vmitap_inject *rec)
{
	const struct vmcb_control_area *control = &entry->vmcb->control;
	u32 info = control->event_inj;

	rec->record.flags = entry->flags;
	rec->kind = (info & SVM_EVTINJ_TYPE_MASK) >> SVM_EVTINJ_TYPE_SHIFT;
	rec->vector = info & SVM_EVTINJ_VEC_MASK;
	rec->has_error = !!(info & SVM_EVTINJ_VALID_ERR);
	rec->error = rec->has_error ? control->event_inj_err : 0;
	/* KVM's copy goes into the VMCB only behind the hook. */
	rec->rip = entry->vcpu->arch.regs[VCPU_REGS_RIP];
	rec->cr3 = entry->cr3;
}

#include "capture.h"

static __always_inline u16 svm_record_flags(struct kvm_vcpu *vcpu)
{
	return vmitap_compat_is_guest_mode(vcpu) ? VMITAP_RECORD_NESTED : 0;
}

static noinline void svm_capture_inject(struct vmitap_tap *tap,
					struct kvm_vcpu *vcpu,
					const struct vmcb *vmcb)
{
	const struct capture_exit entry = {
		.vcpu = vcpu,
		.vmcb = vmcb,
		.tsc = rdtsc(),
		.cr3 = svm_cr3(vcpu, vmcb),
		.class_id = VMITAP_CLASS_INJECT,
		.flags = svm_record_flags(vcpu),
		.cpl = vmcb->save.cpl,
	};

	capture_inject(tap, &entry);
}

static noinline vmitap_fastpath_t svm_run_tapped(struct vmitap_tap *tap,
						 VMITAP_VCPU_RUN_PARAMS)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	vmitap_fastpath_t fastpath;
	struct capture_exit exit;

	if (unlikely(vmcb->control.event_inj & SVM_EVTINJ_VALID))
		svm_capture_inject(tap, vcpu, vmcb);

	exit.entry_tsc = rdtsc();
	fastpath = static_call(vmitap_orig_vcpu_run)(VMITAP_VCPU_RUN_ARGS);
	exit.tsc = rdtsc();

	if (unlikely(vcpu->arch.guest_state_protected)) {
		capture_protected(tap, exit.tsc);
		return fastpath;
	}
	exit.vcpu = vcpu;
	exit.vmcb = vmcb;
	exit.reason = vmcb->control.exit_code;
	exit.class_id = svm_class(exit.reason, vmcb->control.exit_info_1);
	exit.cr3 = svm_cr3(vcpu, vmcb);
	exit.cpl = vmcb->save.cpl;
	exit.flags = svm_record_flags(vcpu);
	if (fastpath != EXIT_FASTPATH_NONE)
		exit.flags |= VMITAP_RECORD_FASTPATH;

	/*
	 * A vCPU that has to wait for room must not be sent back into the guest
	 * by KVM's inner loop, which does not pass handle_exit.
	 */
	if (unlikely(capture_exit(tap, &exit)) &&
	    fastpath == EXIT_FASTPATH_REENTER_GUEST)
		fastpath = EXIT_FASTPATH_EXIT_HANDLED;
	return fastpath;
}

static vmitap_fastpath_t vmitap_svm_vcpu_run(VMITAP_VCPU_RUN_PARAMS)
{
	struct vmitap_tap *tap = vmitap_tap_find(vcpu);

	if (likely(!tap))
		return static_call(vmitap_orig_vcpu_run)(VMITAP_VCPU_RUN_ARGS);
	return svm_run_tapped(tap, VMITAP_VCPU_RUN_ARGS);
}

/* Canary: the hook has the type of what it stands for. */
static_assert(__same_type(&vmitap_svm_vcpu_run,
			  ((struct kvm_x86_ops *)NULL)->vcpu_run));

const struct vmitap_backend vmitap_svm = {
	.module = "kvm_amd",
	.vendor = VMITAP_VENDOR_SVM,
	.vcpu_run = vmitap_svm_vcpu_run,
	.vcpu_run_symbol = "svm_vcpu_run",
	.handle_exit_symbol = "svm_handle_exit",
	.check_vcpu = svm_check_vcpu,
};
