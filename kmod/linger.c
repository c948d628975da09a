// SPDX-License-Identifier: GPL-2.0-only
/*
 * linger.c - what closed sessions leave in place while an exit is yet to be finished
 *
 * Between an exit and its handler KVM may touch memory of the VMM, for the local APIC, and
 * so be kept by the VMM for as long as that likes.  The exit is to be finished by our hook
 * all the same: the hooks stay, and so do the VM's taps if nobody else has them, without
 * rings and traps.  The module stays loaded.  Nobody waits for it.
 *
 * While KVM handles an exit it is in our hook, and may wait for the VMM's memory as well; so
 * may we, for a message.  Nothing but the module has to stay then, and the rings that the
 * message was for, which the vCPU has references to.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/workqueue.h>

#include "hook.h"
#include "linger.h"
#include "tap.h"
#include "trap.h"

#define LINGER_JIFFIES	(HZ / 50)

/* So long does a close wait for KVM to leave the hooks, in looks half a millisecond apart. */
#define LINGER_LOOKS	1000

/* A reference to the module is held for calls in flight; under vmitap_lock. */
static bool linger_for_calls;

static void linger_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(linger, linger_work);

/**
 * vmitap_linger_begin() - a session is being closed, and exits are not finished
 * @vm: its VM; the session's use of the hooks is the VM's from now on
 */
void vmitap_linger_begin(struct vmitap_vm *vm)
{
	lockdep_assert_held(&vmitap_lock);

	/* The file that is being closed has one. */
	__module_get(THIS_MODULE);
	vm->lingering++;
	schedule_delayed_work(&linger, LINGER_JIFFIES);
}

/* Somebody holds a reference to the module, and will put it. */
static void linger_keep_module(void)
{
	if (linger_for_calls || !vmitap_hooks_in_flight())
		return;
	__module_get(THIS_MODULE);
	linger_for_calls = true;
	schedule_delayed_work(&linger, LINGER_JIFFIES);
}

static bool calls_are_waited_for(void)
{
	bool are;

	mutex_lock(&vmitap_lock);
	are = vmitap_hooks_in_flight() && !linger_for_calls;
	mutex_unlock(&vmitap_lock);
	return are;
}

/**
 * vmitap_linger_calls() - a session was closed: see to it that the module stays
 *
 * As long as KVM is in the hooks.  Usually that is over at once, and the module can go at
 * once; hence the wait.
 */
void vmitap_linger_calls(void)
{
	int i;

	for (i = 0; i < LINGER_LOOKS && calls_are_waited_for(); i++)
		usleep_range(100, 500);
	mutex_lock(&vmitap_lock);
	linger_keep_module();
	mutex_unlock(&vmitap_lock);
}

static bool linger_is_over(const struct vmitap_vm *vm)
{
	/* The interrupts are for when it matters. */
	if (vmitap_trap_is_pending(vm))
		return false;
	/* No vCPU is between an exit and the end of the vcpu_run hook. */
	vmitap_hook_barrier();
	return !vmitap_trap_is_pending(vm);
}

static void linger_end(struct vmitap_vm *vm)
{
	unsigned int nr = vm->lingering;

	vm->lingering = 0;
	if (list_empty(&vm->sessions)) {
		LIST_HEAD(removed);

		vmitap_vm_remove_taps(vm, &removed);
		vmitap_hook_barrier();
		synchronize_rcu();
		vmitap_taps_free(&removed);
		vmitap_vm_free(vm);
	}
	while (nr--) {
		vmitap_hooks_put_wait();
		vmitap_hooks_put();
		linger_keep_module();
		module_put(THIS_MODULE);
	}
}

static void linger_work(struct work_struct *work)
{
	struct vmitap_vm *vm, *next;
	bool again = false;

	mutex_lock(&vmitap_lock);
	list_for_each_entry_safe(vm, next, &vmitap_vms, node) {
		if (!vm->lingering)
			continue;
		if (linger_is_over(vm))
			linger_end(vm);
		else
			again = true;
	}
	if (linger_for_calls && !vmitap_hooks_in_flight()) {
		linger_for_calls = false;
		module_put(THIS_MODULE);
	}
	if (again || linger_for_calls)
		schedule_delayed_work(&linger, LINGER_JIFFIES);
	mutex_unlock(&vmitap_lock);
}

/**
 * vmitap_linger_exit() - the module is being unloaded: nothing lingers any more
 */
void vmitap_linger_exit(void)
{
	flush_delayed_work(&linger);
}
