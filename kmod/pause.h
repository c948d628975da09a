/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pause.h - keep vCPUs from running guest code
 */
#ifndef VMITAP_PAUSE_H
#define VMITAP_PAUSE_H

#include <linux/kvm_host.h>

struct vmitap_vm;

void vmitap_pause_begin(struct vmitap_vm *vm);
void vmitap_pause_end(struct vmitap_vm *vm);
void vmitap_pause_wait(struct kvm_vcpu *vcpu);
void vmitap_pause_wake(void);

#endif /* VMITAP_PAUSE_H */
