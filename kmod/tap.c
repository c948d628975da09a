// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap.c - tapped VMs and vCPUs
 */
#include <linux/slab.h>

#include "ring.h"
#include "tap.h"

DEFINE_MUTEX(vmitap_lock);
LIST_HEAD(vmitap_vms);
struct hlist_head vmitap_taps[1 << VMITAP_TAP_BITS] __read_mostly;

/**
 * vmitap_vm_find() - the tapped VM
 * @kvm: KVM's VM
 *
 * Return: the VM or NULL.
 */
struct vmitap_vm *vmitap_vm_find(struct kvm *kvm)
{
	struct vmitap_vm *vm;

	lockdep_assert_held(&vmitap_lock);

	list_for_each_entry(vm, &vmitap_vms, node)
		if (vm->kvm == kvm)
			return vm;
	return NULL;
}

/**
 * vmitap_vm_create() - start to tap a VM
 * @kvm: KVM's VM, not tapped yet
 *
 * Return: the VM, with no taps and no sessions, or NULL without memory.
 */
struct vmitap_vm *vmitap_vm_create(struct kvm *kvm)
{
	struct vmitap_vm *vm;

	lockdep_assert_held(&vmitap_lock);

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return NULL;
	vm->kvm = kvm;
	INIT_LIST_HEAD(&vm->taps);
	INIT_LIST_HEAD(&vm->sessions);
	list_add_tail(&vm->node, &vmitap_vms);
	return vm;
}

/**
 * vmitap_vm_free() - forget a VM
 * @vm: VM without taps and sessions
 */
void vmitap_vm_free(struct vmitap_vm *vm)
{
	lockdep_assert_held(&vmitap_lock);

	list_del(&vm->node);
	kfree(vm);
}

/**
 * vmitap_tap_create() - tap a vCPU
 * @vm: its VM
 * @vcpu: KVM's vCPU, not tapped yet
 *
 * Return: the tap, in use by the hooks from now on, or NULL without memory.
 */
struct vmitap_tap *vmitap_tap_create(struct vmitap_vm *vm, struct kvm_vcpu *vcpu)
{
	struct vmitap_tap *tap;

	lockdep_assert_held(&vmitap_lock);

	tap = kzalloc(sizeof(*tap), GFP_KERNEL_ACCOUNT);
	if (!tap)
		return NULL;
	tap->vcpu = vcpu;
	RCU_INIT_POINTER(tap->rings, &vmitap_ring_end);
	list_add_tail(&tap->vm_node, &vm->taps);
	hlist_add_head_rcu(&tap->node, &vmitap_taps[hash_ptr(vcpu, VMITAP_TAP_BITS)]);
	return tap;
}

/**
 * vmitap_tap_remove() - hide a tap from the hooks
 * @tap: tap; the caller frees it after vmitap_hook_barrier() and a grace period
 */
void vmitap_tap_remove(struct vmitap_tap *tap)
{
	lockdep_assert_held(&vmitap_lock);

	hlist_del_rcu(&tap->node);
	list_del(&tap->vm_node);
}

/**
 * vmitap_vm_remove_taps() - hide all taps of a VM from the hooks
 * @vm: the VM
 * @removed: where they go; the caller calls vmitap_taps_free() after
 *	vmitap_hook_barrier() and a grace period
 */
void vmitap_vm_remove_taps(struct vmitap_vm *vm, struct list_head *removed)
{
	struct vmitap_tap *tap, *next;

	list_for_each_entry_safe(tap, next, &vm->taps, vm_node) {
		vmitap_tap_remove(tap);
		list_add(&tap->vm_node, removed);
	}
}

/**
 * vmitap_taps_free() - free taps that no hook uses any more
 * @removed: from vmitap_vm_remove_taps()
 */
void vmitap_taps_free(struct list_head *removed)
{
	struct vmitap_tap *tap, *next;

	list_for_each_entry_safe(tap, next, removed, vm_node)
		kfree(tap);
}

/**
 * vmitap_tap_link() - let a session's ring have the vCPU's events
 * @tap: tap
 * @ring: ring
 */
void vmitap_tap_link(struct vmitap_tap *tap, struct vmitap_ring *ring)
{
	lockdep_assert_held(&vmitap_lock);

	rcu_assign_pointer(ring->next, rcu_dereference_protected(tap->rings, 1));
	rcu_assign_pointer(tap->rings, ring);
}

/**
 * vmitap_tap_unlink() - take a ring away
 * @tap: tap
 * @ring: ring; the hooks may use it until the end of a grace period
 *
 * Return: true if the ring was linked to @tap.
 */
bool vmitap_tap_unlink(struct vmitap_tap *tap, struct vmitap_ring *ring)
{
	struct vmitap_ring __rcu **link = &tap->rings;
	struct vmitap_ring *cur;

	lockdep_assert_held(&vmitap_lock);

	while ((cur = rcu_dereference_protected(*link, 1)) != &vmitap_ring_end) {
		if (cur == ring) {
			rcu_assign_pointer(*link,
					   rcu_dereference_protected(ring->next, 1));
			return true;
		}
		link = &cur->next;
	}
	return false;
}
