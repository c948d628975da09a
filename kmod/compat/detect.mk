# SPDX-License-Identifier: GPL-2.0-only
# What the target kernel's headers have; included by Kbuild.
# vmitap-has: header, macro; the variable of that name is an extended regular
# expression that the header must match, white space folded.

vmitap-has = $(shell tr -s '\n\t ' ' ' < $(srctree)/$(1) | grep -Eq '$($(2))' && echo -D$(2))

VMITAP_HAVE_RUN_FLAGS := \(\*vcpu_run\)\(struct kvm_vcpu \*vcpu, u64 run_flags\)
VMITAP_HAVE_RUN_FORCE_EXIT := \(\*vcpu_run\)\(struct kvm_vcpu \*vcpu, bool force_immediate_exit\)
VMITAP_HAVE_ENABLE_VIRTUALIZATION := int \(\*enable_virtualization_cpu\)\(void\)
VMITAP_HAVE_PRIVATE_MEMORY := bool kvm_mem_is_private\(struct kvm \*kvm, gfn_t gfn\)
VMITAP_HAVE_ARCH_RIP := unsigned long rip; DECLARE_BITMAP\(regs_avail,
VMITAP_HAVE_MISC_CTL := u64 misc_ctl;
VMITAP_HAVE_FASTPATH_LEAVES := EXIT_FASTPATH_EXIT_USERSPACE,
VMITAP_HAVE_PROG_SLEEPABLE := sleepable:1[,;]
VMITAP_HAVE_VM_FLAGS_WRAPPERS := void vm_flags_mod\(
VMITAP_HAVE_EVENTFD_SIGNAL_1 := void eventfd_signal\(struct eventfd_ctx \*ctx\)

ccflags-y += $(call vmitap-has,arch/x86/include/asm/kvm_host.h,VMITAP_HAVE_RUN_FLAGS)
ccflags-y += $(call vmitap-has,arch/x86/include/asm/kvm_host.h,VMITAP_HAVE_RUN_FORCE_EXIT)
ccflags-y += $(call vmitap-has,arch/x86/include/asm/kvm_host.h,VMITAP_HAVE_ENABLE_VIRTUALIZATION)
ccflags-y += $(call vmitap-has,arch/x86/include/asm/kvm_host.h,VMITAP_HAVE_ARCH_RIP)
ccflags-y += $(call vmitap-has,arch/x86/include/asm/kvm_host.h,VMITAP_HAVE_FASTPATH_LEAVES)
ccflags-y += $(call vmitap-has,arch/x86/include/asm/svm.h,VMITAP_HAVE_MISC_CTL)
ccflags-y += $(call vmitap-has,include/linux/kvm_host.h,VMITAP_HAVE_PRIVATE_MEMORY)
ccflags-y += $(call vmitap-has,include/linux/bpf.h,VMITAP_HAVE_PROG_SLEEPABLE)
ccflags-y += $(call vmitap-has,include/linux/mm.h,VMITAP_HAVE_VM_FLAGS_WRAPPERS)
ccflags-y += $(call vmitap-has,include/linux/eventfd.h,VMITAP_HAVE_EVENTFD_SIGNAL_1)
