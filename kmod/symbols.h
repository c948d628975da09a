/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - what vmitap uses of KVM and the kernel without linking to it
 *
 * Functions are called through static calls of our own, never through a pointer:
 * where the kernel never takes a function's address its ENDBR may be sealed, and
 * an indirect call to it would be fatal on a host with IBT.
 *
 * Each static call takes its type from the kernel's own declaration, which makes
 * it a canary: a prototype that changed breaks the build.
 */
#ifndef VMITAP_SYMBOLS_H
#define VMITAP_SYMBOLS_H

#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/static_call.h>

#include "compat/compat.h"

/* X(module, function) */
#define VMITAP_FUNCTIONS(X)			\
	X("kvm:", kvm_get_kvm_safe)		\
	X("kvm:", kvm_put_kvm)			\
	X("kvm:", file_is_kvm)			\
	X("kvm:", kvm_vcpu_gfn_to_memslot)	\
	X("kvm:", kvm_queue_exception_e)	\
	X("kvm:", kvm_queue_exception_p)	\
	X("kvm:", kvm_set_cr3)			\
	X("kvm:", kvm_skip_emulated_instruction) \
	X("kvm:", kvm_vcpu_wake_up)		\
	X("kvm:", vcpu_load)			\
	X("kvm:", vcpu_put)			\
	X("", ptrace_may_access)		\
	X("", __module_text_address)

#define VMITAP_DECLARE(mod, fn) DECLARE_STATIC_CALL(vmitap_##fn, fn);
VMITAP_FUNCTIONS(VMITAP_DECLARE)
#undef VMITAP_DECLARE

/**
 * struct vmitap_kvm - KVM's data, valid between vmitap_kvm_get() and _put()
 * @lock: kvm_lock
 * @vms: vm_list
 * @ops: kvm_x86_ops
 */
struct vmitap_kvm {
	struct mutex *lock;
	struct list_head *vms;
	struct kvm_x86_ops *ops;
};

extern struct vmitap_kvm vmitap_kvm;

bool vmitap_symbols_allowed(char *refusal, size_t len);
int vmitap_symbols_init(void);
void vmitap_symbols_exit(void);
unsigned long vmitap_symbol(const char *name);
int vmitap_kvm_get(char *refusal, size_t len);
void vmitap_kvm_put(void);

#endif /* VMITAP_SYMBOLS_H */
