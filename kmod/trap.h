/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trap.h - events that make hardware exit only because they are selected
 *
 * What is trapped how is the backend's business; see svm_trap.c.  What is common
 * is here: which traps a vCPU needs, their records, and what they leave to be done
 * in the handle_exit hook.
 */
#ifndef VMITAP_TRAP_H
#define VMITAP_TRAP_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

struct vmitap_tap;
struct vmitap_vm;

/* What an exit has to do with traps. */
enum vmitap_trap_kind {
	VMITAP_TRAP_NONE,
	VMITAP_TRAP_ONLY,	/* caused by a trap, and for KVM to finish */
	VMITAP_TRAP_SYSCALL,
	VMITAP_TRAP_SYSRET,
	VMITAP_TRAP_AGAIN,	/* for the guest to execute once more */
	VMITAP_TRAP_LATER,	/* not known yet, or vmitap_tap.pending says what to do */
};

/**
 * struct vmitap_trap - an exit, as far as traps are concerned
 * @kind: enum vmitap_trap_kind
 * @len: length of the instruction, prefixes included
 * @rex_w: it has a REX.W prefix
 */
struct vmitap_trap {
	u8 kind;
	u8 len;
	bool rex_w;
};

void vmitap_trap_update(struct vmitap_vm *vm);
bool vmitap_trap_undefined(struct vmitap_tap *tap, u64 rip);
bool vmitap_trap_is_pending(const struct vmitap_vm *vm);
bool vmitap_trap_drain(struct vmitap_vm *vm);
void vmitap_trap_record(struct vmitap_tap *tap, int class_id, u8 cpl, u64 cr3,
			u64 other_cr3, const struct vmitap_record *proto);
void vmitap_trap_blind(struct vmitap_tap *tap, bool blind, u64 tsc);
int vmitap_trap_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath);

#endif /* VMITAP_TRAP_H */
