/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * headers.h - included before all of the module: headers of a kernel that is configured
 * otherwise, whose struct kvm_vcpu lacks a member
 */
#undef CONFIG_KVM_ASYNC_PF
