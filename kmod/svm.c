// SPDX-License-Identifier: GPL-2.0-only
/*
 * svm.c - backend for kvm_amd
 *
 * Names of fields and exit codes: AMD64 Architecture Programmer's Manual, volume
 * 2, "Layout of VMCB" and "SVM Intercept Exit Codes".
 */
#include <linux/delay.h>
#include <linux/kvm_host.h>
#include <asm/msr.h>
#include <asm/svm.h>

#include "backend.h"
#include "compat/compat.h"
#include "hook.h"
#include "svm.h"

static const char *svm_check_layout(struct kvm_vcpu *vcpu)
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

/* From one guest to a nested one or back takes KVM a moment. */
static const char *svm_check_vcpu(struct kvm_vcpu *vcpu)
{
	const char *mismatch;
	int tries = 100;

	while ((mismatch = svm_check_layout(vcpu)) && --tries)
		usleep_range(10, 50);
	return mismatch;
}

static bool svm_hides_memory(struct kvm_vcpu *vcpu)
{
	return vmitap_compat_is_encrypted(READ_ONCE(svm_layout(vcpu)->vmcb01));
}

/* Codes that the headers of old kernels do not have. */
#define EXIT_BUS_LOCK	0x0a5
#define EXIT_IDLE_HLT	0x0a6
#define EXIT_PML_FULL	0x407

/* In svm_classes: the code alone does not tell. */
#define SVM_CLASS_RARE	0xff

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
	[SVM_EXIT_MSR] = SVM_CLASS_RARE,
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
	[EXIT_BUS_LOCK] = VMITAP_CLASS_INSN,
	[EXIT_IDLE_HLT] = VMITAP_CLASS_HLT,
};

static __always_inline u32 svm_class_rare(u32 code, u64 info1)
{
	switch (code) {
	case SVM_EXIT_MSR:
		return info1 ? VMITAP_CLASS_MSR_WRITE : VMITAP_CLASS_MSR_READ;
	case SVM_EXIT_NPF:
		/* KVM marks known MMIO by a reserved bit. */
		return info1 & PFERR_RSVD_MASK ? VMITAP_CLASS_MMIO : VMITAP_CLASS_NPF;
	case SVM_EXIT_AVIC_INCOMPLETE_IPI:
	case SVM_EXIT_AVIC_UNACCELERATED_ACCESS:
		return VMITAP_CLASS_APIC;
	case EXIT_PML_FULL:
		return VMITAP_CLASS_NPF;
	case SVM_EXIT_VMGEXIT:
		return VMITAP_CLASS_ENCLAVE;
	case (u32)SVM_EXIT_ERR:
		return VMITAP_CLASS_FAIL;
	default:
		return VMITAP_CLASS_OTHER;
	}
}

static __always_inline unsigned long svm_class(const struct vmcb *vmcb,
					       unsigned long code)
{
	unsigned long class_id = SVM_CLASS_RARE;

	if (likely(code < ARRAY_SIZE(svm_classes)))
		class_id = svm_classes[code];
	if (unlikely(class_id == SVM_CLASS_RARE))
		class_id = svm_class_rare(code, vmcb->control.exit_info_1);
	return class_id;
}

/* An exit, or an entry with an event to inject; see capture.h. */
struct capture_exit {
	struct kvm_vcpu *vcpu;
	const struct vmcb *vmcb;
	u64 tsc;
	unsigned long reason;
	unsigned long class_id;
	u32 flags;
};

static __always_inline u8 capture_cpl(const struct capture_exit exit)
{
	return exit.vmcb->save.cpl;
}

static __always_inline u64 capture_cr3(const struct capture_exit exit)
{
	return svm_cr3(exit.vcpu, exit.vmcb);
}

static __always_inline void capture_fill(const struct capture_exit exit,
					 struct vmitap_exit *rec)
{
	const struct vmcb_control_area *control = &exit.vmcb->control;
	const struct vmcb_save_area *save = &exit.vmcb->save;

	rec->mode = svm_mode(save);
	rec->__pad = 0;
	rec->qual1 = control->exit_info_1;
	rec->qual2 = control->exit_info_2;
	/* Two adjacent words here and there. */
	*(u64 *)&rec->intr_info = *(const u64 *)&control->exit_int_info;
	rec->rip = save->rip;
}

static __always_inline void capture_fill_gprs(const struct capture_exit exit,
					      struct vmitap_gprs *gprs)
{
	int i;

	/* KVM's fast path may have changed its copies of RAX and RSP already. */
	gprs->reg[VMITAP_RAX] = exit.vmcb->save.rax;
	gprs->reg[VMITAP_RSP] = exit.vmcb->save.rsp;
#pragma GCC unroll 16
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		if (i != VMITAP_RAX && i != VMITAP_RSP)
			gprs->reg[i] = exit.vcpu->arch.regs[i];
}

static void svm_fill_ctrl(const struct capture_exit exit, struct vmitap_ctrl *ctrl)
{
	const struct vmcb_save_area *save = &exit.vmcb->save;

	ctrl->rflags = save->rflags;
	ctrl->cr0 = svm_cr0(exit.vcpu, exit.vmcb);
	ctrl->cr2 = save->cr2;
	ctrl->cr4 = exit.vcpu->arch.cr4;
	ctrl->efer = exit.vcpu->arch.efer;
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

static void svm_fill_segs(const struct capture_exit exit, struct vmitap_segs *segs)
{
	/* KVM always does VMLOAD and VMSAVE on vmcb01. */
	const struct vmcb_save_area *save01 = &svm_layout(exit.vcpu)->vmcb01->save;
	const struct vmcb_save_area *save = &exit.vmcb->save;

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

static void svm_fill_insn(const struct capture_exit exit, struct vmitap_insn *insn)
{
	const struct vmcb_save_area *save = &exit.vmcb->save;
	const struct vmitap_paging paging = svm_paging(exit.vcpu, exit.vmcb);

	memset(insn, 0, sizeof(*insn));
	insn->len = vmitap_guest_read(exit.vcpu, &paging, svm_insn_addr(save),
				      insn->bytes, sizeof(insn->bytes));
}

static void capture_fill_fields(const struct capture_exit exit, u32 fields, void *to)
{
	if (fields & VMITAP_FIELD_CTRL) {
		svm_fill_ctrl(exit, to);
		to += sizeof(struct vmitap_ctrl);
	}
	if (fields & VMITAP_FIELD_GPRS) {
		capture_fill_gprs(exit, to);
		to += sizeof(struct vmitap_gprs);
	}
	if (fields & VMITAP_FIELD_SEGS) {
		svm_fill_segs(exit, to);
		to += sizeof(struct vmitap_segs);
	}
	if (fields & VMITAP_FIELD_INSN)
		svm_fill_insn(exit, to);
}

static void capture_fill_inject(const struct capture_exit entry,
				struct vmitap_inject *rec)
{
	const struct vmcb_control_area *control = &entry.vmcb->control;
	u32 info = control->event_inj;

	rec->kind = (info & SVM_EVTINJ_TYPE_MASK) >> SVM_EVTINJ_TYPE_SHIFT;
	rec->vector = info & SVM_EVTINJ_VEC_MASK;
	rec->has_error = !!(info & SVM_EVTINJ_VALID_ERR);
	rec->error = rec->has_error ? control->event_inj_err : 0;
	/* KVM's copy goes into the VMCB only behind the hook. */
	rec->rip = vmitap_compat_rip(entry.vcpu);
}

static __always_inline struct capture_exit svm_exit(struct kvm_vcpu *vcpu, u64 tsc)
{
	const struct vmcb *vmcb = svm_layout(vcpu)->vmcb;
	unsigned long code = vmcb->control.exit_code;

	return (struct capture_exit) {
		.vcpu = vcpu,
		.vmcb = vmcb,
		.tsc = tsc,
		.reason = code,
		.class_id = svm_class(vmcb, code),
	};
}

static struct capture_exit svm_entry(struct kvm_vcpu *vcpu, u64 tsc)
{
	return (struct capture_exit) {
		.vcpu = vcpu,
		.vmcb = svm_layout(vcpu)->vmcb,
		.tsc = tsc,
	};
}

/* If hardware refuses to, the VMCB says so. */
static __always_inline bool svm_entered(const struct kvm_vcpu *vcpu)
{
	return true;
}

static __always_inline bool svm_injects(struct kvm_vcpu *vcpu)
{
	return svm_layout(vcpu)->vmcb->control.event_inj & SVM_EVTINJ_VALID;
}

#define BACKEND(name)	svm_##name
#include "capture.h"
#include "run.h"

/*
 * KVM copies it from the VMCB where it handles an exit, which by v6.12 is not where its
 * fast path returns to the VMM; a newer one in the copy is yet to be written back.
 */
static u64 svm_cr3_at_rest(struct kvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	if (vmitap_compat_reg_dirty(vcpu, VMITAP_REG_CR3) || vmitap_compat_is_guest_mode(vcpu))
		return vcpu->arch.cr3;
	return svm_cr3(vcpu, vmcb);
}

/**
 * svm_read_regs() - read all registers
 * @vcpu: the vCPU, at rest: what KVM has in its own copies is newest there
 * @regs: out_* members
 */
static void svm_read_regs(struct kvm_vcpu *vcpu, struct vmitap_regs *regs)
{
	const struct vmcb_save_area *msrs = &svm_layout(vcpu)->vmcb01->save;
	const struct capture_exit exit = svm_exit(vcpu, 0);
	int i;

	for (i = 0; i < VMITAP_NR_GPRS; i++)
		regs->out_gprs.reg[i] = vcpu->arch.regs[i];
	svm_fill_ctrl(exit, &regs->out_ctrl);
	regs->out_ctrl.cr2 = vcpu->arch.cr2;
	svm_fill_segs(exit, &regs->out_segs);
	regs->out_rip = vmitap_compat_rip(vcpu);
	regs->out_cr3 = svm_cr3_at_rest(vcpu, exit.vmcb);
	regs->out_star = msrs->star;
	regs->out_lstar = msrs->lstar;
	regs->out_cstar = msrs->cstar;
	regs->out_sfmask = msrs->sfmask;
	regs->out_kernel_gs_base = msrs->kernel_gs_base;
	regs->out_sysenter_cs = msrs->sysenter_cs;
	regs->out_sysenter_esp = msrs->sysenter_esp;
	regs->out_sysenter_eip = msrs->sysenter_eip;
	regs->out_cpl = exit.vmcb->save.cpl;
	regs->out_mode = svm_mode(&exit.vmcb->save);
	regs->out_nested = vmitap_compat_is_guest_mode(vcpu);
}

const struct vmitap_backend vmitap_svm = {
	.module = "kvm_amd",
	.vendor = VMITAP_VENDOR_SVM,
	.vcpu_run = vmitap_hook_vcpu_run,
	.vcpu_run_symbols = { "svm_vcpu_run" },
	.handle_exit_symbols = { "svm_handle_exit" },
	.check_vcpu = svm_check_vcpu,
	.hides_memory = svm_hides_memory,
	.finish_undefined = svm_finish_undefined,
	.finish_cr3 = svm_finish_cr3,
	.message_paging = svm_message_paging,
	.skip_hypercall = svm_skip_hypercall,
	.read_regs = svm_read_regs,
};
