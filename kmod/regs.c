// SPDX-License-Identifier: GPL-2.0-only
/*
 * regs.c - read the registers of a vCPU between two instructions
 *
 * A vCPU's registers can be read where it is loaded: on VMX most of them are in the
 * VMCS, which only the CPU can read that has it loaded.  If nobody runs the vCPU the
 * reader loads it.  Else the thread that runs it is asked to stop, and to read them
 * itself the next time that it is given a CPU, which loads the vCPU and comes by the
 * vcpu_load hook: that finds it waiting for the end of the pause, or for an event as
 * a halted vCPU does.  Waking it is enough to have it given a CPU; it then finds that
 * nothing has happened and sleeps on.
 */
#include <linux/delay.h>
#include <linux/sched/signal.h>

#include "backend.h"
#include "compat/compat.h"
#include "hook.h"
#include "pause.h"
#include "regs.h"
#include "symbols.h"
#include "tap.h"
#include "trap.h"

/* How long a vCPU may take to come to rest, in looks a millisecond apart at most. */
#define REST_LOOKS	1000

/**
 * struct vmitap_regs_request - ask a vCPU's thread for its registers
 * @regs: out_* members to fill
 * @done: they are
 */
struct vmitap_regs_request {
	struct vmitap_regs *regs;
	bool done;
};

/*
 * Is the thread where it changes no register before it enters the guest again?  One of a
 * vCPU that is not runnable may be at resetting it, unless it is asleep until that changes.
 */
static bool vcpu_rests(const struct vmitap_tap *tap)
{
	struct kvm_vcpu *vcpu = tap->vcpu;

	return tap->parked || (vcpu->arch.mp_state != KVM_MP_STATE_RUNNABLE &&
			       rcuwait_active(kvm_arch_vcpu_get_wait(vcpu)));
}

/**
 * vmitap_regs_serve() - give the registers to who asked for them
 * @vcpu: the vCPU, just loaded, in the thread that runs it
 */
void vmitap_regs_serve(struct kvm_vcpu *vcpu)
{
	struct vmitap_regs_request *request;
	struct vmitap_tap *tap;
	unsigned long flags;

	/* With interrupts off, vmitap_hook_barrier() waits for the end of this. */
	local_irq_save(flags);
	tap = vmitap_tap_find(vcpu);
	/* Pairs with the smp_store_release() in ask(). */
	request = tap ? smp_load_acquire(&tap->regs_request) : NULL;
	if (request && vcpu_rests(tap)) {
		vmitap_backend->read_regs(vcpu, request->regs);
		WRITE_ONCE(tap->regs_request, NULL);
		/* Pairs with the smp_load_acquire() in ask(). */
		smp_store_release(&request->done, true);
	}
	local_irq_restore(flags);
}

/*
 * KVM loads a vCPU that it is making without its mutex, as nobody else can find it yet:
 * but who knows of it by the vcpu_create hook.
 */
static bool vcpu_is_made(struct kvm_vcpu *vcpu)
{
	return kvm_get_vcpu(vcpu->kvm, vcpu->vcpu_idx) == vcpu;
}

static int wait_until_made(struct kvm_vcpu *vcpu)
{
	int i;

	for (i = 0; i < REST_LOOKS; i++) {
		if (vcpu_is_made(vcpu))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		usleep_range(20, i < 10 ? 100 : 1000);
	}
	return -EBUSY;
}

/* Read the registers if nobody runs the vCPU. */
static bool read_idle(struct kvm_vcpu *vcpu, struct vmitap_regs *regs)
{
	if (!mutex_trylock(&vcpu->mutex))
		return false;
	/* KVM would account it to the guest that it was not the reader's turn. */
	preempt_disable();
	static_call(vmitap_vcpu_load)(vcpu);
	vmitap_backend->read_regs(vcpu, regs);
	static_call(vmitap_vcpu_put)(vcpu);
	preempt_enable();
	mutex_unlock(&vcpu->mutex);
	return true;
}

/* Get the registers from the vCPU's thread, which is asked to stop. */
static int ask(struct vmitap_tap *tap, struct vmitap_regs *regs)
{
	struct vmitap_regs_request request = { .regs = regs };
	int i, ret = -EBUSY;

	/* Pairs with the smp_load_acquire() in vmitap_regs_serve(). */
	smp_store_release(&tap->regs_request, &request);
	for (i = 0; i < REST_LOOKS && ret == -EBUSY; i++) {
		vmitap_pause_wake();
		static_call(vmitap_kvm_vcpu_wake_up)(tap->vcpu);
		usleep_range(20, i < 10 ? 100 : 1000);
		/* Pairs with the smp_store_release() in vmitap_regs_serve(). */
		if (smp_load_acquire(&request.done) || read_idle(tap->vcpu, regs))
			ret = 0;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
	}
	WRITE_ONCE(tap->regs_request, NULL);
	/* Nobody uses @request any more. */
	vmitap_hook_barrier();
	return ret;
}

/**
 * vmitap_regs_read() - read a vCPU's registers between two instructions
 * @vm: its VM, which the caller has a reference to, so that KVM does not destroy it
 *	meanwhile; the hooks that a vCPU can wait in are in
 * @tap: the vCPU
 * @regs: out_* members
 *
 * Return: 0, -EINTR, -EOPNOTSUPP if hardware hides them, -EBUSY if the vCPU's thread
 * stays in KVM for long.
 */
int vmitap_regs_read(struct vmitap_vm *vm, struct vmitap_tap *tap,
		     struct vmitap_regs *regs)
{
	int ret;

	lockdep_assert_held(&vmitap_lock);

	if (vmitap_compat_state_hidden(tap->vcpu))
		return -EOPNOTSUPP;
	ret = wait_until_made(tap->vcpu);
	if (ret)
		return ret;
	tap->pauses++;
	vmitap_trap_update(vm);
	vmitap_hook_barrier();
	ret = read_idle(tap->vcpu, regs) ? 0 : ask(tap, regs);
	tap->pauses--;
	vmitap_trap_update(vm);
	vmitap_pause_wake();
	return ret;
}
