// SPDX-License-Identifier: GPL-2.0-only
/*
 * pause.c - keep vCPUs from running guest code
 *
 * A vCPU whose tap says VMITAP_ATTENTION_PAUSE is entered with an interrupt for this
 * CPU pending, so that it exits before its first instruction; in the handle_exit hook
 * it then waits.  A signal for the thread ends the wait, as the VMM may need it: KVM
 * returns to the VMM, and the next KVM_RUN comes by here again.
 */
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "hook.h"
#include "pause.h"
#include "tap.h"
#include "trap.h"

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

/* Is the vCPU paused?  Its tap, which may be another than before, is told if it waits. */
static bool pause_applies(struct kvm_vcpu *vcpu, bool waits)
{
	struct vmitap_tap *tap;
	bool applies;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	applies = tap && READ_ONCE(tap->attention) & VMITAP_ATTENTION_PAUSE;
	if (tap)
		tap->parked = waits && applies;
	rcu_read_unlock();
	return applies;
}

/**
 * vmitap_pause_wait() - wait for the end of a pause
 * @vcpu: the vCPU, in its thread, its exit handled
 */
void vmitap_pause_wait(struct kvm_vcpu *vcpu)
{
	if (likely(!pause_applies(vcpu, false)))
		return;
	/* As KVM does where it waits: its memory slots may change meanwhile. */
	kvm_vcpu_srcu_read_unlock(vcpu);
	wait_event_interruptible(pause_wq, !pause_applies(vcpu, true));
	/* Also if a signal ended it. */
	pause_applies(vcpu, false);
	kvm_vcpu_srcu_read_lock(vcpu);
}
