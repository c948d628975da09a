/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - every difference between kernel versions
 *
 * The VMITAP_HAVE_* names come from compat/detect.mk, which looks at the target
 * kernel's own headers, so that backports are seen.
 */
#ifndef VMITAP_COMPAT_H
#define VMITAP_COMPAT_H

#include <linux/eventfd.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/version.h>

/*
 * v6.1 is the oldest kernel tested.  The newest is checked when the module is
 * loaded, see vmitap_compat_kernel_tested().
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "vmitap needs Linux 6.1 or newer"
#endif

#define VMITAP_NEWEST_TESTED	"6.1"

static inline bool vmitap_compat_kernel_tested(void)
{
	return LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0);
}

/*
 * v6.10: 9c9025ea003a ("KVM: x86: Plumb "force_immediate_exit" into
 * kvm_entry() tracepoint") gave kvm_x86_ops.vcpu_run a second argument, which
 * later became the flags word that stable kernels have too.  Can go when
 * kernels without it are not supported any more.
 */
#ifdef VMITAP_HAVE_RUN_FLAGS
#define VMITAP_VCPU_RUN_PARAMS	struct kvm_vcpu *vcpu, u64 run_flags
#define VMITAP_VCPU_RUN_ARGS	vcpu, run_flags
#else
#define VMITAP_VCPU_RUN_PARAMS	struct kvm_vcpu *vcpu
#define VMITAP_VCPU_RUN_ARGS	vcpu
#endif

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

/* Is the vCPU running a nested guest?  KVM's own helper is a private header. */
static inline bool vmitap_compat_is_guest_mode(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK;
}

/*
 * Which of KVM's copies of registers (enum kvm_reg) are good, and which are to be
 * written to hardware.  KVM's own helpers are in a private header.
 */
static __always_inline bool vmitap_compat_reg_available(const struct kvm_vcpu *vcpu, int reg)
{
	return vcpu->arch.regs_avail & BIT(reg);
}

static inline void vmitap_compat_reg_mark_available(struct kvm_vcpu *vcpu, int reg)
{
	vcpu->arch.regs_avail |= BIT(reg);
}

static inline void vmitap_compat_reg_mark_dirty(struct kvm_vcpu *vcpu, int reg)
{
	vcpu->arch.regs_avail |= BIT(reg);
	vcpu->arch.regs_dirty |= BIT(reg);
}

static inline void vmitap_compat_reg_forget(struct kvm_vcpu *vcpu, int reg)
{
	vcpu->arch.regs_avail &= ~BIT(reg);
}

#endif /* VMITAP_COMPAT_H */
