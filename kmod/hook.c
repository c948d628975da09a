// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook.c - put our functions between KVM and its vendor module, and take them
 * out again
 *
 * KVM reaches the vendor module through static calls.  A hook is the update of
 * one of them; the call then goes to our function directly, which calls the
 * vendor's through a static call of our own.
 *
 * vcpu_run is hooked while any session exists, and so are vcpu_create, vcpu_free and
 * vm_destroy.  handle_exit, and vcpu_load for what waits there, are hooked only while a
 * session waits or traps: nothing else needs a place to sleep, and an untapped VM pays
 * for each hook.
 *
 * Removal: restore the static call; vmitap_hook_barrier() for the irq-off hook;
 * for the others, which may sleep, synchronize_rcu_tasks(), which covers the
 * instructions before the in-flight count, wait for the count, and the same again for
 * the instructions after it.  The latter three are needed only before the text goes
 * away.
 */
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "backend.h"
#include "compat/compat.h"
#include "config.h"
#include "hook.h"
#include "pause.h"
#include "regs.h"
#include "ring.h"
#include "session.h"
#include "symbols.h"
#include "tap.h"
#include "trap.h"

#define OPS_FN(op)	(*((struct kvm_x86_ops *)NULL)->op)

DEFINE_STATIC_CALL_NULL(vmitap_orig_vcpu_run, OPS_FN(vcpu_run));
DEFINE_STATIC_CALL_NULL(vmitap_orig_handle_exit, OPS_FN(handle_exit));
DEFINE_STATIC_CALL_NULL(vmitap_orig_vcpu_load, OPS_FN(vcpu_load));
DEFINE_STATIC_CALL_NULL(vmitap_orig_vcpu_create, OPS_FN(vcpu_create));
DEFINE_STATIC_CALL_NULL(vmitap_orig_vcpu_free, OPS_FN(vcpu_free));
DEFINE_STATIC_CALL_NULL(vmitap_orig_vm_destroy, OPS_FN(vm_destroy));

/* Calls in flight of the hooks that may sleep. */
static atomic_t hooks_in_flight = ATOMIC_INIT(0);

/*
 * A ring of this vCPU that has to be waited for, with a reference.  @timeout_us
 * gets the longest wait.
 */
static struct vmitap_ring *low_ring_get(struct kvm_vcpu *vcpu, u32 *timeout_us)
{
	struct vmitap_ring *ring, *low = NULL;
	const struct vmitap_cfg *cfg;
	struct vmitap_tap *tap;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	if (!tap)
		goto out;
	vmitap_for_each_ring(ring, tap) {
		if (likely(!ring->low))
			continue;
		ring->low = false;
		cfg = rcu_dereference(ring->cfg);
		if (!(cfg->flags & VMITAP_CFG_LOSSLESS))
			continue;
		*timeout_us = cfg->timeout_us;
		if (refcount_inc_not_zero(&ring->ref)) {
			low = ring;
			break;
		}
	}
out:
	rcu_read_unlock();
	return low;
}

static void wait_for_room(struct kvm_vcpu *vcpu)
{
	struct vmitap_ring *ring;
	u32 timeout_us = 0;

	while ((ring = low_ring_get(vcpu, &timeout_us))) {
		vmitap_ring_wait(ring, vcpu, VMITAP_RING_TRIPS, timeout_us);
		vmitap_ring_put(ring);
	}
}

/*
 * Unlike the other users of the table this one may be interrupted; in the middle of a
 * chain it would stand on another VM's tap, which could be freed.
 */
static __always_inline bool is_tapped(struct kvm_vcpu *vcpu)
{
	bool tapped;

	rcu_read_lock_sched();
	tapped = vmitap_tap_find(vcpu);
	rcu_read_unlock_sched();
	return tapped;
}

static int vmitap_hook_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	int ret;

	if (likely(!is_tapped(vcpu)))
		return static_call(vmitap_orig_handle_exit)(vcpu, fastpath);
	atomic_inc(&hooks_in_flight);
	ret = vmitap_trap_handle_exit(vcpu, fastpath);
	wait_for_room(vcpu);
	/* Unless KVM returns to the VMM. */
	if (ret > 0)
		vmitap_pause_wait(vcpu);
	atomic_dec(&hooks_in_flight);
	return ret;
}

static void vmitap_hook_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	atomic_inc(&hooks_in_flight);
	static_call(vmitap_orig_vcpu_load)(vcpu, cpu);
	vmitap_regs_serve(vcpu);
	atomic_dec(&hooks_in_flight);
}

static int vmitap_hook_vcpu_create(struct kvm_vcpu *vcpu)
{
	int ret;

	atomic_inc(&hooks_in_flight);
	ret = static_call(vmitap_orig_vcpu_create)(vcpu);
	if (!ret)
		vmitap_session_vcpu_created(vcpu);
	atomic_dec(&hooks_in_flight);
	return ret;
}

static void vmitap_hook_vcpu_free(struct kvm_vcpu *vcpu)
{
	atomic_inc(&hooks_in_flight);
	vmitap_session_vcpu_freed(vcpu);
	static_call(vmitap_orig_vcpu_free)(vcpu);
	atomic_dec(&hooks_in_flight);
}

static void vmitap_hook_vm_destroy(struct kvm *kvm)
{
	atomic_inc(&hooks_in_flight);
	vmitap_session_vm_destroyed(kvm);
	static_call_cond(vmitap_orig_vm_destroy)(kvm);
	atomic_dec(&hooks_in_flight);
}

/**
 * struct hook - a static call of KVM's
 * @name: member of struct kvm_x86_ops
 * @ops_offset: its offset
 * @optional: KVM's vendor module may have none
 * @ours: what to put in; vcpu_run's comes from the backend
 * @orig_key: our static call to the original
 * @orig_tramp: its trampoline
 * @key: KVM's static call
 * @tramp: its trampoline
 * @orig: what was in, to be restored
 * @installed: @ours is in
 */
struct hook {
	const char *name;
	size_t ops_offset;
	bool optional;
	void *ours;
	struct static_call_key *orig_key;
	void *orig_tramp;
	struct static_call_key *key;
	void *tramp;
	void *orig;
	bool installed;
};

#define HOOK(op, fn, opt) {						\
	.name = #op,							\
	.ops_offset = offsetof(struct kvm_x86_ops, op),			\
	.optional = (opt),						\
	.ours = (fn),							\
	.orig_key = &STATIC_CALL_KEY(vmitap_orig_##op),			\
	.orig_tramp = STATIC_CALL_TRAMP_ADDR(vmitap_orig_##op),		\
}

enum {
	HOOK_VM_DESTROY,
	HOOK_VCPU_FREE,
	HOOK_VCPU_CREATE,
	HOOK_VCPU_RUN,
	HOOK_HANDLE_EXIT,
	HOOK_VCPU_LOAD,
	NR_HOOKS,
};

static struct hook hooks[NR_HOOKS] = {
	[HOOK_VM_DESTROY] = HOOK(vm_destroy, vmitap_hook_vm_destroy, true),
	[HOOK_VCPU_FREE] = HOOK(vcpu_free, vmitap_hook_vcpu_free, false),
	[HOOK_VCPU_CREATE] = HOOK(vcpu_create, vmitap_hook_vcpu_create, false),
	[HOOK_VCPU_RUN] = HOOK(vcpu_run, NULL, false),
	[HOOK_HANDLE_EXIT] = HOOK(handle_exit, vmitap_hook_handle_exit, false),
	[HOOK_VCPU_LOAD] = HOOK(vcpu_load, vmitap_hook_vcpu_load, false),
};

static unsigned int hook_users;
static unsigned int wait_users;

/* Canaries: the hooks have the types of what they stand for. */
static_assert(__same_type(&vmitap_hook_handle_exit,
			  ((struct kvm_x86_ops *)NULL)->handle_exit));
static_assert(__same_type(&vmitap_hook_vcpu_load,
			  ((struct kvm_x86_ops *)NULL)->vcpu_load));
static_assert(__same_type(&vmitap_hook_vcpu_create,
			  ((struct kvm_x86_ops *)NULL)->vcpu_create));
static_assert(__same_type(&vmitap_hook_vcpu_free,
			  ((struct kvm_x86_ops *)NULL)->vcpu_free));
static_assert(__same_type(&vmitap_hook_vm_destroy,
			  ((struct kvm_x86_ops *)NULL)->vm_destroy));

static int hook_find(struct hook *hook, char *refusal, size_t len)
{
	void **op = (void *)vmitap_kvm.ops + hook->ops_offset;
	char name[64];

	snprintf(name, sizeof(name), "kvm:__SCK__kvm_x86_%s", hook->name);
	hook->key = (void *)vmitap_symbol(name);
	snprintf(name, sizeof(name), "kvm:__SCT__kvm_x86_%s", hook->name);
	hook->tramp = (void *)vmitap_symbol(name);
	if (!hook->key || !hook->tramp) {
		snprintf(refusal, len,
			 "KVM has no static call %s: get a vmitap that knows this kernel",
			 hook->name);
		return -EOPNOTSUPP;
	}
	/*
	 * The two differ if the layout of struct kvm_x86_ops is not what this
	 * module was built for, or if somebody else has a hook in.
	 */
	hook->orig = READ_ONCE(hook->key->func);
	if (hook->orig != *op) {
		snprintf(refusal, len,
			 "KVM's static call %s is not as expected: unload who hooked it, or build vmitap with this kernel's headers",
			 hook->name);
		return -EOPNOTSUPP;
	}
	if (!hook->orig && !hook->optional) {
		snprintf(refusal, len,
			 "kvm_x86_ops.%s is empty: get a vmitap that knows this kernel",
			 hook->name);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int hook_check_symbol(struct hook *hook, const char *const symbols[2],
			     char *refusal, size_t len)
{
	char name[64];
	int i;

	for (i = 0; i < 2 && symbols[i]; i++) {
		snprintf(name, sizeof(name), "%s:%s", vmitap_backend->module, symbols[i]);
		if (vmitap_symbol(name) == (unsigned long)hook->orig)
			return 0;
	}
	snprintf(refusal, len, "kvm_x86_ops.%s is not %s: get a vmitap that knows this kernel",
		 hook->name, symbols[0]);
	return -EOPNOTSUPP;
}

static void hook_install(struct hook *hook)
{
	__static_call_update(hook->orig_key, hook->orig_tramp, hook->orig);
	__static_call_update(hook->key, hook->tramp, hook->ours);
	hook->installed = true;
}

static void hook_remove(struct hook *hook)
{
	__static_call_update(hook->key, hook->tramp, hook->orig);
	hook->installed = false;
}

static int hooks_find(char *refusal, size_t len)
{
	int i, ret;

	for (i = 0; i < NR_HOOKS; i++) {
		ret = hook_find(&hooks[i], refusal, len);
		if (ret)
			return ret;
	}
	ret = hook_check_symbol(&hooks[HOOK_VCPU_RUN],
				vmitap_backend->vcpu_run_symbols, refusal, len);
	if (ret)
		return ret;
	return hook_check_symbol(&hooks[HOOK_HANDLE_EXIT],
				 vmitap_backend->handle_exit_symbols, refusal, len);
}

/**
 * vmitap_hooks_probe() - could the hooks be put in?
 * @refusal: on error, what did not match
 * @len: room in @refusal
 *
 * Return: 0, -ENODEV without KVM, -EOPNOTSUPP if this KVM is not understood, -EBUSY if it
 * was loaded just now.
 */
int vmitap_hooks_probe(char *refusal, size_t len)
{
	int ret;

	lockdep_assert_held(&vmitap_lock);

	if (!vmitap_symbols_allowed(refusal, len))
		return -EOPNOTSUPP;
	/* What is in has been checked, and does not match any more. */
	if (hook_users)
		return 0;
	ret = vmitap_kvm_get(refusal, len);
	if (ret)
		return ret;
	ret = hooks_find(refusal, len);
	vmitap_kvm_put();
	return ret;
}

/**
 * vmitap_hooks_get() - put the hooks in if they are not
 * @refusal: on error, what did not match
 * @len: room in @refusal
 *
 * Return: 0, -ENODEV without KVM, -EOPNOTSUPP if this KVM is not understood, -EBUSY if it
 * was loaded just now.
 */
int vmitap_hooks_get(char *refusal, size_t len)
{
	int ret;

	lockdep_assert_held(&vmitap_lock);

	if (!vmitap_symbols_allowed(refusal, len))
		return -EOPNOTSUPP;
	if (hook_users) {
		hook_users++;
		return 0;
	}
	ret = vmitap_kvm_get(refusal, len);
	if (ret)
		return ret;
	ret = hooks_find(refusal, len);
	if (ret) {
		vmitap_kvm_put();
		return ret;
	}
	hooks[HOOK_VCPU_RUN].ours = vmitap_backend->vcpu_run;
	hook_install(&hooks[HOOK_VM_DESTROY]);
	hook_install(&hooks[HOOK_VCPU_FREE]);
	hook_install(&hooks[HOOK_VCPU_CREATE]);
	hook_install(&hooks[HOOK_VCPU_RUN]);
	hook_users = 1;
	return 0;
}

/**
 * vmitap_hooks_put() - take the hooks out if nobody needs them
 *
 * On return KVM's text is its own again, but a call may still be in flight.
 */
void vmitap_hooks_put(void)
{
	lockdep_assert_held(&vmitap_lock);

	if (--hook_users)
		return;
	hook_remove(&hooks[HOOK_VCPU_RUN]);
	hook_remove(&hooks[HOOK_VCPU_CREATE]);
	hook_remove(&hooks[HOOK_VCPU_FREE]);
	hook_remove(&hooks[HOOK_VM_DESTROY]);
	vmitap_kvm_put();
}

/**
 * vmitap_hooks_get_wait() - put in the hooks that a vCPU can wait in
 *
 * The other hooks must be in.
 */
void vmitap_hooks_get_wait(void)
{
	lockdep_assert_held(&vmitap_lock);

	if (wait_users++)
		return;
	hook_install(&hooks[HOOK_HANDLE_EXIT]);
	hook_install(&hooks[HOOK_VCPU_LOAD]);
}

/**
 * vmitap_hooks_put_wait() - take them out if nobody needs them
 */
void vmitap_hooks_put_wait(void)
{
	lockdep_assert_held(&vmitap_lock);

	if (--wait_users)
		return;
	hook_remove(&hooks[HOOK_VCPU_LOAD]);
	hook_remove(&hooks[HOOK_HANDLE_EXIT]);
}

static void hook_leave_guest_work(struct irq_work *work)
{
}

static DEFINE_PER_CPU(struct irq_work, hook_leave_guest);

/**
 * vmitap_hooks_init() - before anything else here
 *
 * The loader of modules applies no relocations to their per-CPU section, so what has
 * the address of a function cannot be initialized there.
 */
void __init vmitap_hooks_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct irq_work *work = per_cpu_ptr(&hook_leave_guest, cpu);

		*work = IRQ_WORK_INIT_HARD(hook_leave_guest_work);
	}
}

/**
 * vmitap_hook_leave_guest() - let the guest that is entered next exit at once
 *
 * Interrupts are off; one for this CPU is pending from now on.
 */
void vmitap_hook_leave_guest(void)
{
	irq_work_queue(this_cpu_ptr(&hook_leave_guest));
}

static void hook_barrier_ipi(void *unused)
{
}

/**
 * vmitap_hook_barrier() - wait until no irq-off hook uses what was hidden before
 *
 * The vcpu_run hook runs with interrupts off from end to end, the guest's run
 * included.  A CPU that takes this interrupt is outside of it.
 */
void vmitap_hook_barrier(void)
{
	on_each_cpu(hook_barrier_ipi, NULL, 1);
}

/**
 * vmitap_hooks_in_flight() - is KVM in a hook though they are out?
 *
 * Return: true if a call that may sleep is; false also if the hooks are in.
 */
bool vmitap_hooks_in_flight(void)
{
	lockdep_assert_held(&vmitap_lock);

	return !hook_users && atomic_read(&hooks_in_flight);
}

/**
 * vmitap_hooks_drain() - wait until no CPU and no task runs our text
 *
 * All hooks must be out.
 */
void vmitap_hooks_drain(void)
{
	int cpu;

	vmitap_hook_barrier();
	for_each_possible_cpu(cpu)
		irq_work_sync(per_cpu_ptr(&hook_leave_guest, cpu));
	/*
	 * A task that was preempted before it was counted may sleep after it, in KVM,
	 * so that this grace period ends; but not before it is counted.
	 */
	synchronize_rcu_tasks();
	while (atomic_read(&hooks_in_flight))
		msleep(1);
	synchronize_rcu_tasks();
}
