/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * regs.h - read the registers of a vCPU between two instructions
 */
#ifndef VMITAP_REGS_H
#define VMITAP_REGS_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

struct vmitap_tap;
struct vmitap_vm;

int vmitap_regs_read(struct vmitap_vm *vm, struct vmitap_tap *tap,
		     struct vmitap_regs *regs);
void vmitap_regs_serve(struct kvm_vcpu *vcpu);

#endif /* VMITAP_REGS_H */
