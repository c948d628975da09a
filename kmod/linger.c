// SPDX-License-Identifier: GPL-2.0-only
/*
 * linger.c - what closed sessions leave in place while an exit is yet to be finished
 *
 * Between an exit and its handler KVM may touch memory of the VMM, for the local APIC, and
 * so be kept by the VMM for as long as that likes.  The exit is to be finished by our hook
 * all the same: the hooks stay, and so do the VM's taps if nobody else has them, without
 * rings and traps.  The module stays loaded.  Nobody waits for it.
 */
#include <linux/module.h>
#include <linux/workqueue.h>

#include "hook.h"
#include "linger.h"
#include "tap.h"
#include "trap.h"

#define LINGER_JIFFIES	(HZ / 50)

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
		module_put(THIS_MODULE);
	}
}

static void linger_work(struct work_struct *work)
{
	struct vmitap_vm *vm, *next;
	bool again = false;

	mutex_lock(&vmitap_lock);
	/* No vCPU is between an exit and the end of the vcpu_run hook. */
	vmitap_hook_barrier();
	list_for_each_entry_safe(vm, next, &vmitap_vms, node) {
		if (!vm->lingering)
			continue;
		if (vmitap_trap_is_pending(vm))
			again = true;
		else
			linger_end(vm);
	}
	if (again)
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
