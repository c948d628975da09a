/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - every difference between kernel versions
 *
 * The VMITAP_HAVE_* names come from compat/detect.mk, which looks at the target
 * kernel's own headers, so that backports are seen.
 */
#ifndef VMITAP_COMPAT_H
#define VMITAP_COMPAT_H

#include <linux/bpf.h>
#include <linux/eventfd.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/stringify.h>
#include <linux/version.h>
#include <asm/svm.h>

#include "range.h"

struct btf;

/* The newest is checked when the module is loaded, see vmitap_compat_kernel_tested(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(VMITAP_OLDEST_MAJOR, VMITAP_OLDEST_MINOR, 0)
#error "vmitap needs a newer kernel, see kmod/compat/range.h"
#endif

#define VMITAP_NEWEST_TESTED \
	__stringify(VMITAP_NEWEST_MAJOR) "." __stringify(VMITAP_NEWEST_MINOR)

static inline bool vmitap_compat_kernel_tested(void)
{
	return LINUX_VERSION_CODE <
	       KERNEL_VERSION(VMITAP_NEWEST_MAJOR, VMITAP_NEWEST_MINOR + 1, 0);
}

/*
 * v6.10: 9c9025ea003a ("KVM: x86: Plumb "force_immediate_exit" into
 * kvm_entry() tracepoint") gave kvm_x86_ops.vcpu_run a second argument; v6.17:
 * 2478b1b220c4 ("KVM: x86: Convert vcpu_run()'s immediate exit param into a
 * generic bitmap") made it flags, in stable kernels too.  Can go with 6.1, and with
 * the last that has no flags.
 */
#if defined(VMITAP_HAVE_RUN_FLAGS)
#define VMITAP_VCPU_RUN_PARAMS	struct kvm_vcpu *vcpu, u64 run_flags
#define VMITAP_VCPU_RUN_ARGS	vcpu, run_flags
#elif defined(VMITAP_HAVE_RUN_FORCE_EXIT)
#define VMITAP_VCPU_RUN_PARAMS	struct kvm_vcpu *vcpu, bool force_immediate_exit
#define VMITAP_VCPU_RUN_ARGS	vcpu, force_immediate_exit
#else
#define VMITAP_VCPU_RUN_PARAMS	struct kvm_vcpu *vcpu
#define VMITAP_VCPU_RUN_ARGS	vcpu
#endif

/*
 * By v7.3: KVM's headers for its own modules only have these; before, linux/ and asm/
 * had them, and a prototype that differs does not compile.  Their types in the running
 * kernel are checked by vmitap_compat_check_types().
 */
void kvm_queue_exception_e(struct kvm_vcpu *vcpu, unsigned int nr, u32 error_code);
void kvm_queue_exception_p(struct kvm_vcpu *vcpu, unsigned int nr, unsigned long payload);
int kvm_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3);
int kvm_skip_emulated_instruction(struct kvm_vcpu *vcpu);
const char *vmitap_compat_check_types(void);

/* v6.12 declares it; before, it was static.  Can go with 6.1. */
s32 bpf_find_btf_id(const char *name, u32 kind, struct btf **btf_p);

/*
 * v6.3: bc292ab00f6c ("mm: introduce vma->vm_flags wrapper functions").  Can go
 * with 6.1.
 */
static inline void vmitap_compat_vm_flags_mod(struct vm_area_struct *vma,
					      vm_flags_t set, vm_flags_t clear)
{
#ifdef VMITAP_HAVE_VM_FLAGS_WRAPPERS
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/*
 * v6.8: 3652117f8548 ("eventfd: simplify eventfd_signal()") dropped the count.
 * Can go with 6.1.
 */
static inline void vmitap_compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#ifdef VMITAP_HAVE_EVENTFD_SIGNAL_1
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/*
 * Is a vendor module loaded?  This is the operation that KVM clears when one is unloaded.
 * By v6.12 it has another name.  Can go with 6.1.
 */
static inline bool vmitap_compat_has_vendor(const struct kvm_x86_ops *ops)
{
#ifdef VMITAP_HAVE_ENABLE_VIRTUALIZATION
	return ops->enable_virtualization_cpu;
#else
	return ops->hardware_enable;
#endif
}

/*
 * Is the vCPU's state hidden by hardware?  Of SEV-ES and SEV-SNP guests KVM says so once
 * it is.  A TDX guest has no VMCS of KVM's, whether it may be debugged or not, and KVM
 * says so late if at all.  By v7.3 there are such.
 */
static inline bool vmitap_compat_state_hidden(const struct kvm_vcpu *vcpu)
{
#ifdef KVM_X86_TDX_VM
	if (vcpu->kvm->arch.vm_type == KVM_X86_TDX_VM)
		return true;
#endif
	return vcpu->arch.guest_state_protected;
}

/*
 * Does the guest have memory of its own there, behind which the VMM's is not what the
 * guest sees?  v6.8: 5a475554db1e ("KVM: Introduce per-page memory attributes").  Can go
 * with 6.1.
 */
static inline bool vmitap_compat_gfn_hidden(struct kvm *kvm, gfn_t gfn)
{
#ifdef VMITAP_HAVE_PRIVATE_MEMORY
	return kvm_mem_is_private(kvm, gfn);
#else
	return false;
#endif
}

/*
 * May a BPF program sleep?  v6.9: 66c8473135c6 ("bpf: move sleepable flag from
 * bpf_prog_aux to bpf_prog").  Can go with 6.1.
 */
static inline bool vmitap_compat_sleeps(const struct bpf_prog *prog)
{
#ifdef VMITAP_HAVE_PROG_SLEEPABLE
	return prog->sleepable;
#else
	return prog->aux->sleepable;
#endif
}

/* Can it have such memory in this slot? */
static inline bool vmitap_compat_slot_hidden(struct kvm *kvm,
					     const struct kvm_memory_slot *slot)
{
#ifdef VMITAP_HAVE_PRIVATE_MEMORY
	return slot->flags & KVM_MEM_GUEST_MEMFD && kvm_arch_has_private_mem(kvm);
#else
	return false;
#endif
}

/* Is the guest's memory encrypted?  By v7.3 the names are others, see below. */
static inline bool vmitap_compat_is_encrypted(const struct vmcb *vmcb)
{
#ifdef VMITAP_HAVE_MISC_CTL
	return vmcb->control.misc_ctl & SVM_MISC_ENABLE_SEV;
#else
	return vmcb->control.nested_ctl & SVM_NESTED_CTL_SEV_ENABLE;
#endif
}

/*
 * Is KVM to return to the VMM right after its fast path?  By v6.12 that is a value of its
 * own.  Can go with 6.1.
 */
static __always_inline bool vmitap_compat_leaves_kvm(fastpath_t fastpath)
{
#ifdef VMITAP_HAVE_FASTPATH_LEAVES
	return fastpath == EXIT_FASTPATH_EXIT_USERSPACE;
#else
	return false;
#endif
}

/* Is the vCPU running a nested guest?  KVM's own helper is a private header. */
static inline bool vmitap_compat_is_guest_mode(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK;
}

/*
 * By v7.3: struct vmcb_control_area.nested_ctl is misc_ctl, and its bits have other
 * names.  Can go with 6.12.
 */
static __always_inline bool vmitap_compat_nested_paging(const struct vmcb *vmcb)
{
#ifdef VMITAP_HAVE_MISC_CTL
	return vmcb->control.misc_ctl & SVM_MISC_ENABLE_NP;
#else
	return vmcb->control.nested_ctl & SVM_NESTED_CTL_NP_ENABLE;
#endif
}

/*
 * By v7.3: KVM's copy of RIP is no member of regs[], its masks of registers are
 * bitmaps, of one word, and the names of those that are not general have changed.  Can
 * go with 6.12.
 */
#ifdef VMITAP_HAVE_ARCH_RIP
#define vmitap_compat_rip(vcpu)		((vcpu)->arch.rip)
#define VMITAP_REG_MASK(vcpu, mask)	((vcpu)->arch.mask[0])
#define VMITAP_REG_RIP			VCPU_REG_RIP
#define VMITAP_REG_CR3			VCPU_REG_CR3
#define VMITAP_REG_RFLAGS		VCPU_REG_RFLAGS
#define VMITAP_REG_SEGMENTS		VCPU_REG_SEGMENTS
static_assert(sizeof_field(struct kvm_vcpu, arch.regs_avail) == sizeof(long));
#else
#define vmitap_compat_rip(vcpu)		((vcpu)->arch.regs[VCPU_REGS_RIP])
#define VMITAP_REG_MASK(vcpu, mask)	((vcpu)->arch.mask)
#define VMITAP_REG_RIP			VCPU_REGS_RIP
#define VMITAP_REG_CR3			VCPU_EXREG_CR3
#define VMITAP_REG_RFLAGS		VCPU_EXREG_RFLAGS
#define VMITAP_REG_SEGMENTS		VCPU_EXREG_SEGMENTS
#endif

/* Canary: records and KVM number the general registers alike. */
static_assert(VCPU_REGS_RAX == 0 && VCPU_REGS_RSP == 4 && VCPU_REGS_R15 == 15);

/*
 * Which of KVM's copies of registers (VCPU_REGS_* or VMITAP_REG_*) are good, and which
 * are to be written to hardware.  KVM's own helpers are in a private header.
 */
static __always_inline bool vmitap_compat_reg_available(const struct kvm_vcpu *vcpu, int reg)
{
	return VMITAP_REG_MASK(vcpu, regs_avail) & BIT(reg);
}

static inline bool vmitap_compat_reg_dirty(const struct kvm_vcpu *vcpu, int reg)
{
	return VMITAP_REG_MASK(vcpu, regs_dirty) & BIT(reg);
}

static inline void vmitap_compat_reg_mark_available(struct kvm_vcpu *vcpu, int reg)
{
	VMITAP_REG_MASK(vcpu, regs_avail) |= BIT(reg);
}

static inline void vmitap_compat_reg_mark_dirty(struct kvm_vcpu *vcpu, int reg)
{
	VMITAP_REG_MASK(vcpu, regs_avail) |= BIT(reg);
	VMITAP_REG_MASK(vcpu, regs_dirty) |= BIT(reg);
}

static inline void vmitap_compat_reg_forget(struct kvm_vcpu *vcpu, int reg)
{
	VMITAP_REG_MASK(vcpu, regs_avail) &= ~BIT(reg);
}

#endif /* VMITAP_COMPAT_H */
