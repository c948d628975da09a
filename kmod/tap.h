/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - tapped VMs and vCPUs
 *
 * vmitap_lock protects which VMs, vCPUs and sessions there are.  The hooks find
 * a vCPU's tap in a hash table without a lock.
 *
 * A tap found by the vcpu_run hook is used across the run of the guest, where
 * RCU does not protect it: KVM reports a quiescent state at every entry.  All of
 * that runs with interrupts off, so an interrupt sent to every CPU and waited
 * for, after the tap was unhashed, is the grace period; see
 * vmitap_hook_barrier().  Everything that is looked up and used on one side of
 * the guest's run is protected by RCU.
 */
#ifndef VMITAP_TAP_H
#define VMITAP_TAP_H

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rculist.h>

struct vmitap_regs_request;
struct vmitap_ring;

#define VMITAP_TAP_BITS	10

/* vmitap_tap.attention: why the vCPU does not just run and be captured. */
#define VMITAP_ATTENTION_CR3		BIT(0)	/* trap writes to CR3 */
#define VMITAP_ATTENTION_SYSCALL	BIT(1)	/* trap SYSCALL and SYSRET */
#define VMITAP_ATTENTION_MESSAGE	BIT(2)	/* take messages */
#define VMITAP_ATTENTION_PAUSE		BIT(3)	/* run no guest code */

/* vmitap_tap.blind: to be found out, and told, at the next exit. */
#define VMITAP_BLIND_UNKNOWN	2

/* What an exit left to be done where sleeping is fine, in the handle_exit hook. */
enum vmitap_pending_kind {
	VMITAP_PENDING_NONE,
	VMITAP_PENDING_CR3,		/* record it once KVM has done it */
	VMITAP_PENDING_MESSAGE,		/* fetch and deliver it */
	VMITAP_PENDING_UNDEFINED,	/* #UD; the instruction is yet to be fetched */
	VMITAP_PENDING_OTHER,		/* #UD of another instruction, for KVM to handle */
	VMITAP_PENDING_LEAVE,		/* return to the VMM, as KVM's fast path wants */
};

/**
 * struct vmitap_pending - what an exit left to be done
 * @kind: enum vmitap_pending_kind
 * @cpl: privilege level
 * @mode: enum vmitap_mode
 * @tsc: TSC of the exit
 * @ours: KVM must not handle the exit, as only our trap caused it
 * @value: VMITAP_PENDING_CR3: what is to be written, if @ours; of #UD: guest RSP
 * @rip: of the instruction
 * @cr3: guest CR3 at the exit
 */
struct vmitap_pending {
	u8 kind;
	u8 cpl;
	u8 mode;
	bool ours;
	u64 tsc;
	u64 value;
	u64 rip;
	u64 cr3;
};

/**
 * struct vmitap_tap - a tapped vCPU
 * @node: in the hash table
 * @vcpu: KVM's vCPU
 * @rings: one per session, singly linked through vmitap_ring.next up to
 *	vmitap_ring_end
 * @entry_tsc: TSC of the last entry
 * @attention: VMITAP_ATTENTION_*
 * @refetches: times in a row that an instruction could not be read, in the vCPU's thread
 * @undefined_rip: of the last #UD whose instruction the guest was to execute once more,
 *	0 if there is none; for the vCPU's thread
 * @blind: system calls are not trapped now though they should be, which was told; or
 *	VMITAP_BLIND_UNKNOWN
 * @parked: the vCPU's thread waits for the end of a pause; for that thread
 * @regs_request: who asks for the registers, or NULL
 * @pauses: readers of its registers; under vmitap_lock
 * @pending: used by the vCPU's thread
 * @exit_reason: reason of the previous exit
 * @exit_tsc: its TSC, 0 if there was none; kept only while there is a filter, and
 *	cleared when one comes
 * @exit_class: its class
 * @vm_node: in vmitap_vm.taps
 * @rcu: for freeing
 */
struct vmitap_tap {
	struct hlist_node node;
	struct kvm_vcpu *vcpu;
	struct vmitap_ring __rcu *rings;
	u64 entry_tsc;
	u32 attention;
	u32 exit_reason;
	u64 exit_tsc;
	u32 exit_class;
	u32 refetches;
	u64 undefined_rip;
	u8 blind;
	bool parked;
	struct vmitap_regs_request *regs_request;
	u32 pauses;
	struct vmitap_pending pending;
	struct list_head vm_node;
	struct rcu_head rcu;
} ____cacheline_aligned;

/**
 * struct vmitap_vm - a VM that is or was tapped
 * @node: in vmitap_vms
 * @kvm: KVM's VM; NULL once it is gone
 * @taps: struct vmitap_tap
 * @sessions: struct vmitap_session
 * @pauses: sessions that pause it
 * @lingering: sessions that are closed but for their use of the hooks
 */
struct vmitap_vm {
	struct list_head node;
	struct kvm *kvm;
	struct list_head taps;
	struct list_head sessions;
	u32 pauses;
	u32 lingering;
};

extern struct mutex vmitap_lock;
extern struct list_head vmitap_vms;
extern struct hlist_head vmitap_taps[1 << VMITAP_TAP_BITS];

struct vmitap_vm *vmitap_vm_find(struct kvm *kvm);
struct vmitap_vm *vmitap_vm_create(struct kvm *kvm);
void vmitap_vm_free(struct vmitap_vm *vm);

struct vmitap_tap *vmitap_tap_create(struct vmitap_vm *vm, struct kvm_vcpu *vcpu);
void vmitap_tap_remove(struct vmitap_tap *tap);
void vmitap_vm_remove_taps(struct vmitap_vm *vm, struct list_head *removed);
void vmitap_taps_free(struct list_head *removed);
void vmitap_tap_link(struct vmitap_tap *tap, struct vmitap_ring *ring);
bool vmitap_tap_unlink(struct vmitap_tap *tap, struct vmitap_ring *ring);

/**
 * vmitap_tap_find() - the tap of a vCPU
 * @vcpu: KVM's vCPU
 *
 * Kept short: untapped VMs beside a tapped one pay for it at each exit.
 *
 * Return: the tap or NULL.
 */
static __always_inline struct vmitap_tap *vmitap_tap_find(struct kvm_vcpu *vcpu)
{
	struct hlist_head *head = &vmitap_taps[hash_ptr(vcpu, VMITAP_TAP_BITS)];
	struct hlist_node *node = rcu_dereference_raw(hlist_first_rcu(head));

	while (unlikely(node)) {
		struct vmitap_tap *tap = hlist_entry(node, struct vmitap_tap, node);

		if (tap->vcpu == vcpu)
			return tap;
		node = rcu_dereference_raw(hlist_next_rcu(node));
	}
	return NULL;
}

#endif /* VMITAP_TAP_H */
