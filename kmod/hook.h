/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook.h - our functions between KVM and its vendor module
 */
#ifndef VMITAP_HOOK_H
#define VMITAP_HOOK_H

#include <linux/kvm_host.h>
#include <linux/static_call.h>

/* What the hooks call in turn: KVM's own function. */
DECLARE_STATIC_CALL(vmitap_orig_vcpu_run,
		    *((struct kvm_x86_ops *)NULL)->vcpu_run);
DECLARE_STATIC_CALL(vmitap_orig_handle_exit,
		    *((struct kvm_x86_ops *)NULL)->handle_exit);

void vmitap_hooks_init(void);
int vmitap_hooks_probe(char *refusal, size_t len);
int vmitap_hooks_get(char *refusal, size_t len);
void vmitap_hooks_put(void);
void vmitap_hooks_get_wait(void);
void vmitap_hooks_put_wait(void);
void vmitap_hook_leave_guest(void);
void vmitap_hook_barrier(void);
bool vmitap_hooks_in_flight(void);
void vmitap_hooks_drain(void);

#endif /* VMITAP_HOOK_H */
