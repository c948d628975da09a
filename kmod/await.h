/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * await.h - sessions that are attached to a VM before it is made
 */
#ifndef VMITAP_AWAIT_H
#define VMITAP_AWAIT_H

#include <linux/kvm_host.h>

struct vmitap_session;

int vmitap_await_begin(struct vmitap_session *session, struct mm_struct *mm);
void vmitap_await_end(struct vmitap_session *session);
bool vmitap_await_is_in_vain(const struct vmitap_session *session);
struct vmitap_vm *vmitap_await_first_vcpu(struct kvm *kvm, struct vmitap_vm *vm);

#endif /* VMITAP_AWAIT_H */
