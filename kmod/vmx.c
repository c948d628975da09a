// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx.c - backend for kvm_intel
 *
 * Nothing of KVM's struct vcpu_vmx is used: what is not in the VMCS is asked from
 * KVM by its own operations, whose caches are as good as new in the vcpu_run hook.
 *
 * Names of fields and exit reasons: Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 3, "Virtual-Machine Control Structures" and appendix
 * "VMX Basic Exit Reasons".
 */
#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "backend.h"
#include "symbols.h"
#include "vmx.h"

#define OPS_FN(op)	(*((struct kvm_x86_ops *)NULL)->op)

DEFINE_STATIC_CALL_NULL(vmitap_vmx_get_segment, OPS_FN(get_segment));
DEFINE_STATIC_CALL_NULL(vmitap_vmx_get_rflags, OPS_FN(get_rflags));
DEFINE_STATIC_CALL_NULL(vmitap_vmx_get_msr, OPS_FN(get_msr));
DEFINE_STATIC_CALL_NULL(vmitap_vmx_get_exit_info, OPS_FN(get_exit_info));

bool vmx_has_ept __read_mostly;
bool vmx_has_unrestricted_guest __read_mostly;

/* The basic reason, and whether the entry failed. */
#define VMX_REASON_MASK		(0xffff | VMX_EXIT_REASONS_FAILED_VMENTRY)

/* In vmx_classes: the reason alone does not tell. */
#define VMX_CLASS_EXCEPTION_NMI	0xff

/* Reasons that the headers of old kernels do not have. */
#define REASON_IO_SMI		5
#define REASON_OTHER_SMI	6
#define REASON_RSM		17
#define REASON_BUS_LOCK		74
#define REASON_NOTIFY		75
#define REASON_SEAMCALL		76
#define REASON_TDCALL		77
#define REASON_MSR_READ_IMM	84
#define REASON_MSR_WRITE_IMM	85

static const u8 vmx_classes[REASON_MSR_WRITE_IMM + 1] = {
	[EXIT_REASON_EXCEPTION_NMI] = VMX_CLASS_EXCEPTION_NMI,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = VMITAP_CLASS_INTERRUPT,
	[EXIT_REASON_TRIPLE_FAULT] = VMITAP_CLASS_SHUTDOWN,
	[EXIT_REASON_INIT_SIGNAL] = VMITAP_CLASS_INTERRUPT,
	[EXIT_REASON_SIPI_SIGNAL] = VMITAP_CLASS_INTERRUPT,
	[REASON_IO_SMI ... REASON_OTHER_SMI] = VMITAP_CLASS_SMI,
	[EXIT_REASON_INTERRUPT_WINDOW] = VMITAP_CLASS_WINDOW,
	[EXIT_REASON_NMI_WINDOW] = VMITAP_CLASS_WINDOW,
	[EXIT_REASON_TASK_SWITCH] = VMITAP_CLASS_TASK_SWITCH,
	[EXIT_REASON_CPUID] = VMITAP_CLASS_CPUID,
	[EXIT_REASON_HLT] = VMITAP_CLASS_HLT,
	[EXIT_REASON_INVD] = VMITAP_CLASS_CACHE,
	[EXIT_REASON_INVLPG] = VMITAP_CLASS_TLB,
	[EXIT_REASON_RDPMC] = VMITAP_CLASS_PMC,
	[EXIT_REASON_RDTSC] = VMITAP_CLASS_TSC,
	[REASON_RSM] = VMITAP_CLASS_SMI,
	[EXIT_REASON_VMCALL] = VMITAP_CLASS_HYPERCALL,
	[EXIT_REASON_VMCLEAR ... EXIT_REASON_VMON] = VMITAP_CLASS_NESTED,
	[EXIT_REASON_CR_ACCESS] = VMITAP_CLASS_CR,
	[EXIT_REASON_DR_ACCESS] = VMITAP_CLASS_DR,
	[EXIT_REASON_IO_INSTRUCTION] = VMITAP_CLASS_PIO,
	[EXIT_REASON_MSR_READ] = VMITAP_CLASS_MSR_READ,
	[EXIT_REASON_MSR_WRITE] = VMITAP_CLASS_MSR_WRITE,
	[EXIT_REASON_INVALID_STATE] = VMITAP_CLASS_FAIL,
	[EXIT_REASON_MSR_LOAD_FAIL] = VMITAP_CLASS_FAIL,
	[EXIT_REASON_MWAIT_INSTRUCTION] = VMITAP_CLASS_MWAIT,
	[EXIT_REASON_MONITOR_TRAP_FLAG] = VMITAP_CLASS_STEP,
	[EXIT_REASON_MONITOR_INSTRUCTION] = VMITAP_CLASS_MWAIT,
	[EXIT_REASON_PAUSE_INSTRUCTION] = VMITAP_CLASS_PAUSE,
	[EXIT_REASON_MCE_DURING_VMENTRY] = VMITAP_CLASS_FAIL,
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = VMITAP_CLASS_APIC,
	[EXIT_REASON_APIC_ACCESS] = VMITAP_CLASS_APIC,
	[EXIT_REASON_EOI_INDUCED] = VMITAP_CLASS_APIC,
	[EXIT_REASON_GDTR_IDTR ... EXIT_REASON_LDTR_TR] = VMITAP_CLASS_DTABLE,
	[EXIT_REASON_EPT_VIOLATION] = VMITAP_CLASS_NPF,
	/* KVM marks known MMIO by a misconfiguration. */
	[EXIT_REASON_EPT_MISCONFIG] = VMITAP_CLASS_MMIO,
	[EXIT_REASON_INVEPT] = VMITAP_CLASS_NESTED,
	[EXIT_REASON_RDTSCP] = VMITAP_CLASS_TSC,
	[EXIT_REASON_PREEMPTION_TIMER] = VMITAP_CLASS_TIMER,
	[EXIT_REASON_INVVPID] = VMITAP_CLASS_NESTED,
	[EXIT_REASON_WBINVD] = VMITAP_CLASS_CACHE,
	[EXIT_REASON_XSETBV] = VMITAP_CLASS_XCR,
	[EXIT_REASON_APIC_WRITE] = VMITAP_CLASS_APIC,
	[EXIT_REASON_RDRAND] = VMITAP_CLASS_RANDOM,
	[EXIT_REASON_INVPCID] = VMITAP_CLASS_TLB,
	[EXIT_REASON_VMFUNC] = VMITAP_CLASS_NESTED,
	[EXIT_REASON_ENCLS] = VMITAP_CLASS_ENCLAVE,
	[EXIT_REASON_RDSEED] = VMITAP_CLASS_RANDOM,
	[EXIT_REASON_PML_FULL] = VMITAP_CLASS_NPF,
	[EXIT_REASON_XSAVES ... EXIT_REASON_XRSTORS] = VMITAP_CLASS_XCR,
	[EXIT_REASON_UMWAIT ... EXIT_REASON_TPAUSE] = VMITAP_CLASS_MWAIT,
	[REASON_BUS_LOCK] = VMITAP_CLASS_INSN,
	[REASON_NOTIFY] = VMITAP_CLASS_INTERRUPT,
	[REASON_SEAMCALL ... REASON_TDCALL] = VMITAP_CLASS_ENCLAVE,
	[REASON_MSR_READ_IMM] = VMITAP_CLASS_MSR_READ,
	[REASON_MSR_WRITE_IMM] = VMITAP_CLASS_MSR_WRITE,
};

static unsigned long vmx_class_rare(unsigned long reason)
{
	if (reason & VMX_EXIT_REASONS_FAILED_VMENTRY)
		return VMITAP_CLASS_FAIL;
	if (reason != EXIT_REASON_EXCEPTION_NMI)
		return VMITAP_CLASS_OTHER;
	if ((vmx_read(VM_EXIT_INTR_INFO) & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		return VMITAP_CLASS_NMI;
	return VMITAP_CLASS_EXCEPTION;
}

static __always_inline unsigned long vmx_class(unsigned long reason)
{
	unsigned long class_id = VMX_CLASS_EXCEPTION_NMI;

	if (likely(reason < ARRAY_SIZE(vmx_classes)))
		class_id = vmx_classes[reason];
	if (unlikely(class_id == VMX_CLASS_EXCEPTION_NMI))
		class_id = vmx_class_rare(reason);
	return class_id;
}

/* An exit, or an entry with an event to inject; see capture.h. */
struct capture_exit {
	struct kvm_vcpu *vcpu;
	u64 tsc;
	unsigned long reason;
	unsigned long class_id;
	u32 flags;
};

static __always_inline u8 capture_cpl(const struct capture_exit exit)
{
	return vmx_cpl(exit.vcpu);
}

static __always_inline u64 capture_cr3(const struct capture_exit exit)
{
	return vmx_cr3(exit.vcpu);
}

/* Interruption information and the error code that may come with it. */
static __always_inline u64 vmx_interruption(unsigned long info_field,
					    unsigned long error_field)
{
	const u32 with_error = INTR_INFO_VALID_MASK | INTR_INFO_DELIVER_CODE_MASK;
	u32 info = vmx_read(info_field);

	if ((info & with_error) != with_error)
		return info;
	return info | (u64)vmx_read(error_field) << 32;
}

static __always_inline u64 vmx_qual2(unsigned long reason)
{
	switch (reason) {
	case EXIT_REASON_EPT_VIOLATION:
	case EXIT_REASON_EPT_MISCONFIG:
		return vmx_read(GUEST_PHYSICAL_ADDRESS);
	case EXIT_REASON_EXCEPTION_NMI:
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		return vmx_interruption(VM_EXIT_INTR_INFO, VM_EXIT_INTR_ERROR_CODE);
	default:
		return 0;
	}
}

static __always_inline void capture_fill(const struct capture_exit exit,
					 struct vmitap_exit *rec)
{
	rec->mode = vmx_mode(exit.vcpu);
	rec->__pad = 0;
	rec->qual1 = vmx_read(EXIT_QUALIFICATION);
	rec->qual2 = vmx_qual2(exit.reason);
	/* Two adjacent words. */
	*(u64 *)&rec->intr_info = vmx_interruption(IDT_VECTORING_INFO_FIELD,
						   IDT_VECTORING_ERROR_CODE);
	rec->rip = vmx_read(GUEST_RIP);
}

static __always_inline void capture_fill_gprs(const struct capture_exit exit,
					      struct vmitap_gprs *gprs)
{
	int i;

	/* KVM's fast path may have changed its copy already. */
	gprs->reg[VMITAP_RSP] = vmx_read(GUEST_RSP);
#pragma GCC unroll 16
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		if (i != VMITAP_RSP)
			gprs->reg[i] = exit.vcpu->arch.regs[i];
}

/* A control register as the guest reads it. */
static u64 vmx_cr(unsigned long field, unsigned long mask_field, unsigned long shadow_field)
{
	u64 mask = vmx_read(mask_field);

	return (vmx_read(field) & ~mask) | (vmx_read(shadow_field) & mask);
}

static void vmx_fill_ctrl(struct kvm_vcpu *vcpu, struct vmitap_ctrl *ctrl)
{
	if (vmx_fakes_real_mode(vcpu))
		ctrl->rflags = static_call(vmitap_vmx_get_rflags)(vcpu);
	else
		ctrl->rflags = vmx_read(GUEST_RFLAGS);
	ctrl->cr0 = vmx_cr(GUEST_CR0, CR0_GUEST_HOST_MASK, CR0_READ_SHADOW);
	ctrl->cr2 = vcpu->arch.cr2;
	ctrl->cr4 = vmx_cr(GUEST_CR4, CR4_GUEST_HOST_MASK, CR4_READ_SHADOW);
	ctrl->efer = vcpu->arch.efer;
}

static void vmx_fill_seg(struct kvm_vcpu *vcpu, int sreg, struct vmitap_seg *to)
{
	struct kvm_segment seg = {};

	static_call(vmitap_vmx_get_segment)(vcpu, &seg, sreg);
	to->base = seg.base;
	to->limit = seg.limit;
	to->selector = seg.selector;
	to->attrib = seg.type | seg.s << 4 | seg.dpl << 5 | seg.present << 7 |
		     seg.avl << 8 | seg.l << 9 | seg.db << 10 | seg.g << 11;
	if (seg.unusable)
		to->attrib |= VMITAP_SEG_UNUSABLE;
}

static void vmx_fill_table(unsigned long base_field, unsigned long limit_field,
			   struct vmitap_seg *to)
{
	to->base = vmx_read(base_field);
	to->limit = vmx_read(limit_field);
	to->selector = 0;
	to->attrib = 0;
}

static void vmx_fill_segs(struct kvm_vcpu *vcpu, struct vmitap_segs *segs)
{
	vmx_fill_seg(vcpu, VCPU_SREG_ES, &segs->seg[VMITAP_ES]);
	vmx_fill_seg(vcpu, VCPU_SREG_CS, &segs->seg[VMITAP_CS]);
	vmx_fill_seg(vcpu, VCPU_SREG_SS, &segs->seg[VMITAP_SS]);
	vmx_fill_seg(vcpu, VCPU_SREG_DS, &segs->seg[VMITAP_DS]);
	vmx_fill_seg(vcpu, VCPU_SREG_FS, &segs->seg[VMITAP_FS]);
	vmx_fill_seg(vcpu, VCPU_SREG_GS, &segs->seg[VMITAP_GS]);
	vmx_fill_seg(vcpu, VCPU_SREG_LDTR, &segs->seg[VMITAP_LDTR]);
	vmx_fill_seg(vcpu, VCPU_SREG_TR, &segs->seg[VMITAP_TR]);
	vmx_fill_table(GUEST_GDTR_BASE, GUEST_GDTR_LIMIT, &segs->seg[VMITAP_GDTR]);
	vmx_fill_table(GUEST_IDTR_BASE, GUEST_IDTR_LIMIT, &segs->seg[VMITAP_IDTR]);
}

static void vmx_fill_insn(struct kvm_vcpu *vcpu, struct vmitap_insn *insn)
{
	const struct vmitap_paging paging = vmx_paging(vcpu);

	memset(insn, 0, sizeof(*insn));
	insn->len = vmitap_guest_read(vcpu, &paging, vmx_insn_addr(vcpu), insn->bytes,
				      sizeof(insn->bytes));
}

static void capture_fill_fields(const struct capture_exit exit, u32 fields, void *to)
{
	if (fields & VMITAP_FIELD_CTRL) {
		vmx_fill_ctrl(exit.vcpu, to);
		to += sizeof(struct vmitap_ctrl);
	}
	if (fields & VMITAP_FIELD_GPRS) {
		capture_fill_gprs(exit, to);
		to += sizeof(struct vmitap_gprs);
	}
	if (fields & VMITAP_FIELD_SEGS) {
		vmx_fill_segs(exit.vcpu, to);
		to += sizeof(struct vmitap_segs);
	}
	if (fields & VMITAP_FIELD_INSN)
		vmx_fill_insn(exit.vcpu, to);
}

static void capture_fill_inject(const struct capture_exit entry,
				struct vmitap_inject *rec)
{
	u32 info = vmx_read(VM_ENTRY_INTR_INFO_FIELD);

	rec->kind = (info & INTR_INFO_INTR_TYPE_MASK) >> 8;
	rec->vector = info & INTR_INFO_VECTOR_MASK;
	rec->has_error = !!(info & INTR_INFO_DELIVER_CODE_MASK);
	rec->error = rec->has_error ? vmx_read(VM_ENTRY_EXCEPTION_ERROR_CODE) : 0;
	rec->rip = vmx_rip(entry.vcpu);
}

static __always_inline struct capture_exit vmx_exit(struct kvm_vcpu *vcpu, u64 tsc)
{
	const unsigned long reason = vmx_read(VM_EXIT_REASON) & VMX_REASON_MASK;

	return (struct capture_exit) {
		.vcpu = vcpu,
		.tsc = tsc,
		.reason = reason,
		.class_id = vmx_class(reason),
	};
}

static struct capture_exit vmx_entry(struct kvm_vcpu *vcpu, u64 tsc)
{
	return (struct capture_exit) { .vcpu = vcpu, .tsc = tsc };
}

/*
 * KVM does not enter a guest in a state that hardware does not take without unrestricted
 * guest, and emulates it: it tells itself of a failed entry, and the VMCS goes on to have
 * the exit before.
 */
static noinline bool vmx_was_entered(struct kvm_vcpu *vcpu)
{
	u32 reason, intr_info, error;
	u64 qual1, qual2;

	static_call(vmitap_vmx_get_exit_info)(vcpu, &reason, &qual1, &qual2, &intr_info,
					      &error);
	return !(reason & VMX_EXIT_REASONS_FAILED_VMENTRY) ||
	       vmx_read(VM_EXIT_REASON) & VMX_EXIT_REASONS_FAILED_VMENTRY;
}

static __always_inline bool vmx_entered(struct kvm_vcpu *vcpu)
{
	if (likely(vmx_has_unrestricted_guest && !vmitap_compat_is_guest_mode(vcpu)))
		return true;
	return vmx_was_entered(vcpu);
}

/* KVM's notes save the look at the VMCS; a nested entry may bring its own event. */
static __always_inline bool vmx_injects(const struct kvm_vcpu *vcpu)
{
	if (likely(!vcpu->arch.exception.injected && !vcpu->arch.interrupt.injected &&
		   !vcpu->arch.nmi_injected && !vmitap_compat_is_guest_mode(vcpu)))
		return false;
	return vmx_read(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK;
}

#define BACKEND(name)	vmx_##name
#include "capture.h"
#include "run.h"

static void vmx_read_msrs(struct kvm_vcpu *vcpu, struct vmitap_regs *regs)
{
	regs->out_star = vmx_msr(vcpu, MSR_STAR);
	regs->out_lstar = vmx_msr(vcpu, MSR_LSTAR);
	regs->out_cstar = vmx_msr(vcpu, MSR_CSTAR);
	regs->out_sfmask = vmx_msr(vcpu, MSR_SYSCALL_MASK);
	regs->out_kernel_gs_base = vmx_msr(vcpu, MSR_KERNEL_GS_BASE);
	regs->out_sysenter_cs = vmx_read(GUEST_SYSENTER_CS);
	regs->out_sysenter_esp = vmx_read(GUEST_SYSENTER_ESP);
	regs->out_sysenter_eip = vmx_read(GUEST_SYSENTER_EIP);
}

static void vmx_read_regs(struct kvm_vcpu *vcpu, struct vmitap_regs *regs)
{
	int i;

	for (i = 0; i < VMITAP_NR_GPRS; i++)
		regs->out_gprs.reg[i] = vcpu->arch.regs[i];
	regs->out_gprs.reg[VMITAP_RSP] = vmx_rsp(vcpu);
	vmx_fill_ctrl(vcpu, &regs->out_ctrl);
	vmx_fill_segs(vcpu, &regs->out_segs);
	vmx_read_msrs(vcpu, regs);
	regs->out_rip = vmx_rip(vcpu);
	regs->out_cr3 = vmitap_compat_reg_available(vcpu, VMITAP_REG_CR3) ?
			vcpu->arch.cr3 : vmx_cr3(vcpu);
	regs->out_cpl = vmx_cpl(vcpu);
	regs->out_mode = vmx_mode(vcpu);
	regs->out_nested = vmitap_compat_is_guest_mode(vcpu);
}

/* The VMCS belongs to the vCPU's hypervisor, not to KVM, under Hyper-V's protocol. */
static bool vmx_is_enlightened(void)
{
	static const char * const names[] = {
		"kvm_intel:enable_evmcs", "kvm_intel:__kvm_is_using_evmcs",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct static_key_false *key = (void *)vmitap_symbol(names[i]);

		if (key && static_key_enabled(key))
			return true;
	}
	return false;
}

static int vmx_probe(char *refusal, size_t len)
{
	bool *ept = (void *)vmitap_symbol("kvm_intel:enable_ept");
	bool *unrestricted = (void *)vmitap_symbol("kvm_intel:enable_unrestricted_guest");
	const struct kvm_x86_ops *ops = vmitap_kvm.ops;

	if (!ept || !unrestricted) {
		snprintf(refusal, len,
			 "symbol kvm_intel:%s not found: get a vmitap that knows this kernel",
			 ept ? "enable_unrestricted_guest" : "enable_ept");
		return -EOPNOTSUPP;
	}
	if (!ops->get_segment || !ops->get_rflags || !ops->get_msr || !ops->get_exit_info) {
		strscpy(refusal,
			"kvm_x86_ops lacks get_segment, get_rflags, get_msr or get_exit_info: get a vmitap that knows this kernel",
			len);
		return -EOPNOTSUPP;
	}
	if (vmx_is_enlightened()) {
		strscpy(refusal,
			"KVM uses Hyper-V's enlightened VMCS: load kvm_intel with enlightened_vmcs=0",
			len);
		return -EOPNOTSUPP;
	}
	vmx_has_ept = *ept;
	vmx_has_unrestricted_guest = *unrestricted;
	static_call_update(vmitap_vmx_get_segment, ops->get_segment);
	static_call_update(vmitap_vmx_get_rflags, ops->get_rflags);
	static_call_update(vmitap_vmx_get_msr, ops->get_msr);
	static_call_update(vmitap_vmx_get_exit_info, ops->get_exit_info);
	return 0;
}

static const char *vmx_check_vcpu(struct kvm_vcpu *vcpu)
{
	/* Nothing private is used. */
	return NULL;
}

static bool vmx_hides_memory(struct kvm_vcpu *vcpu)
{
	/* That of TDX guests is, but so is their state. */
	return false;
}

const struct vmitap_backend vmitap_vmx = {
	.module = "kvm_intel",
	.vendor = VMITAP_VENDOR_VMX,
	.vcpu_run = vmitap_hook_vcpu_run,
	/* The latter where KVM is built for TDX as well. */
	.vcpu_run_symbols = { "vmx_vcpu_run", "vt_vcpu_run" },
	.handle_exit_symbols = { "vmx_handle_exit", "vt_handle_exit" },
	.probe = vmx_probe,
	.check_vcpu = vmx_check_vcpu,
	.hides_memory = vmx_hides_memory,
	.finish_undefined = vmx_finish_undefined,
	.finish_cr3 = vmx_finish_cr3,
	.message_paging = vmx_message_paging,
	.skip_hypercall = vmx_skip_hypercall,
	.read_regs = vmx_read_regs,
};
