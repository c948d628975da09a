// SPDX-License-Identifier: GPL-2.0-only
/*
 * pause.c - keep vCPUs from running guest code, read their registers meanwhile
 *
 * A vCPU whose tap says VMITAP_ATTENTION_PAUSE is entered with an interrupt for this
 * CPU pending, so that it exits before its first instruction; in the handle_exit hook
 * it then waits.  A signal for the thread ends the wait, as the VMM may need it: KVM
 * returns to the VMM, and the next KVM_RUN comes by here again.
 */
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "backend.h"
#include "hook.h"
#include "pause.h"
#include "tap.h"
#include "trap.h"

/* How long a vCPU may take to come to rest, in looks a millisecond apart at most. */
#define REST_LOOKS	1000

static DECLARE_WAIT_QUEUE_HEAD(pause_wq);

/**
 * vmitap_pause_wake() - let vCPUs that wait look again whether they are paused
 */
void vmitap_pause_wake(void)
{
	wake_up_all(&pause_wq);
}

/**
 * vmitap_pause_begin() - pause a VM once more
 * @vm: the VM; the handle_exit hook is in
 *
 * On return no vCPU executes guest code.
 */
void vmitap_pause_begin(struct vmitap_vm *vm)
{
	lockdep_assert_held(&vmitap_lock);

	vm->pauses++;
	vmitap_trap_update(vm);
	/* A vCPU that did not see the update has exited by then. */
	vmitap_hook_barrier();
}

/**
 * vmitap_pause_end() - undo one vmitap_pause_begin()
 * @vm: the VM
 */
void vmitap_pause_end(struct vmitap_vm *vm)
{
	lockdep_assert_held(&vmitap_lock);

	vm->pauses--;
	vmitap_trap_update(vm);
	vmitap_pause_wake();
}

static bool pause_applies(struct kvm_vcpu *vcpu)
{
	struct vmitap_tap *tap;
	bool applies;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	applies = tap && READ_ONCE(tap->attention) & VMITAP_ATTENTION_PAUSE;
	rcu_read_unlock();
	return applies;
}

static void pause_set_parked(struct kvm_vcpu *vcpu, bool parked)
{
	struct vmitap_tap *tap;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	if (tap) {
		/* Pairs with the smp_load_acquire() in vcpu_rests(). */
		smp_store_release(&tap->parked, parked);
	}
	rcu_read_unlock();
}

/**
 * vmitap_pause_wait() - wait for the end of a pause
 * @vcpu: the vCPU, in its thread, its exit handled
 */
void vmitap_pause_wait(struct kvm_vcpu *vcpu)
{
	if (likely(!pause_applies(vcpu)))
		return;
	/* As KVM does where it waits: its memory slots may change meanwhile. */
	kvm_vcpu_srcu_read_unlock(vcpu);
	pause_set_parked(vcpu, true);
	wait_event_interruptible(pause_wq, !pause_applies(vcpu));
	pause_set_parked(vcpu, false);
	kvm_vcpu_srcu_read_lock(vcpu);
}

/* Is the thread where it changes no register before it enters the guest again? */
static bool vcpu_rests(struct vmitap_tap *tap)
{
	/* Pairs with the smp_store_release() in pause_set_parked(). */
	return smp_load_acquire(&tap->parked) ||
	       READ_ONCE(tap->vcpu->arch.mp_state) != KVM_MP_STATE_RUNNABLE;
}

/* Read the registers if the vCPU is at rest and stays so meanwhile. */
static bool try_read_regs(struct vmitap_tap *tap, struct vmitap_regs *regs)
{
	struct kvm_vcpu *vcpu = tap->vcpu;
	u32 entries = READ_ONCE(tap->entries);

	/* Nobody runs it at all. */
	if (mutex_trylock(&vcpu->mutex)) {
		vmitap_backend->read_regs(vcpu, regs);
		mutex_unlock(&vcpu->mutex);
		return true;
	}
	if (!vcpu_rests(tap))
		return false;
	vmitap_backend->read_regs(vcpu, regs);
	/*
	 * Order the registers before the look whether the vCPU went on; pairs with
	 * the world switch that follows the write of @entries in the vcpu_run hook.
	 */
	smp_rmb();
	return READ_ONCE(tap->entries) == entries && vcpu_rests(tap);
}

/**
 * vmitap_pause_read_regs() - read a vCPU's registers between two instructions
 * @vm: its VM; the handle_exit hook is in
 * @tap: the vCPU
 * @regs: out_* members
 *
 * Return: 0, -EINTR, -EOPNOTSUPP if hardware hides them, -EBUSY if the vCPU's thread
 * stays in KVM for long.
 */
int vmitap_pause_read_regs(struct vmitap_vm *vm, struct vmitap_tap *tap,
			   struct vmitap_regs *regs)
{
	int i, ret = -EBUSY;

	lockdep_assert_held(&vmitap_lock);

	if (tap->vcpu->arch.guest_state_protected)
		return -EOPNOTSUPP;
	tap->pauses++;
	vmitap_trap_update(vm);
	vmitap_hook_barrier();
	for (i = 0; i < REST_LOOKS; i++) {
		if (try_read_regs(tap, regs)) {
			ret = 0;
			break;
		}
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		usleep_range(20, 1000);
	}
	tap->pauses--;
	vmitap_trap_update(vm);
	vmitap_pause_wake();
	return ret;
}
