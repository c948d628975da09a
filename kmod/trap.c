// SPDX-License-Identifier: GPL-2.0-only
/*
 * trap.c - which traps a vCPU needs, their records, what they leave to be done
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>

#include "backend.h"
#include "config.h"
#include "hook.h"
#include "message.h"
#include "ring.h"
#include "symbols.h"
#include "syscall.h"
#include "tap.h"
#include "trap.h"

/* So often in a row is an instruction fetched that cannot be read. */
#define MAX_REFETCHES	16

static u32 attention_of(u64 classes)
{
	u32 attention = 0;

	if (classes & VMITAP_CLASS_MASK(VMITAP_CLASS_CR3))
		attention |= VMITAP_ATTENTION_CR3;
	if (classes & VMITAP_CLASS_MASK(VMITAP_CLASS_SYSCALL))
		attention |= VMITAP_ATTENTION_SYSCALL;
	if (classes & VMITAP_CLASS_MASK(VMITAP_CLASS_MESSAGE))
		attention |= VMITAP_ATTENTION_MESSAGE;
	return attention;
}

/**
 * vmitap_trap_update() - arm what the sessions of a VM want now, disarm the rest
 * @vm: the VM; configurations are published
 *
 * A vCPU that runs guest code goes on as it is until its next exit.
 */
void vmitap_trap_update(struct vmitap_vm *vm)
{
	struct vmitap_ring *ring;
	struct vmitap_tap *tap;

	lockdep_assert_held(&vmitap_lock);

	list_for_each_entry(tap, &vm->taps, vm_node) {
		u32 attention = tap->pauses || vm->pauses ? VMITAP_ATTENTION_PAUSE : 0;

		vmitap_for_each_ring(ring, tap)
			attention |= attention_of(rcu_dereference_protected(ring->cfg,
					lockdep_is_held(&vmitap_lock))->classes);
		WRITE_ONCE(tap->attention, attention);
	}
}

/**
 * vmitap_trap_undefined() - is it sure that an instruction is undefined?
 * @tap: the vCPU; the caller is its thread
 * @rip: of the instruction, which raised #UD, and is neither SYSCALL nor SYSRET now
 *
 * It may have been one when it was executed, and another vCPU have written over it since,
 * as debuggers do, and libraries that intercept system calls.  Whatever is there now may
 * be all right, so the guest is to execute it first; if that raises #UD as well, it is
 * undefined.
 *
 * Return: true if it is; false if it is to be executed once more.
 */
bool vmitap_trap_undefined(struct vmitap_tap *tap, u64 rip)
{
	bool sure = tap->undefined_rip == rip;

	tap->undefined_rip = sure ? 0 : rip;
	return sure;
}

static bool is_pending(const struct vmitap_tap *tap)
{
	return READ_ONCE(tap->pending.kind) != VMITAP_PENDING_NONE;
}

/**
 * vmitap_trap_is_pending() - does an exit wait for the handle_exit hook?
 * @vm: the VM
 *
 * Return: true if so; false is final if vmitap_hook_barrier() was called since the VM's
 * traps were disarmed.
 */
bool vmitap_trap_is_pending(const struct vmitap_vm *vm)
{
	struct vmitap_tap *tap;

	lockdep_assert_held(&vmitap_lock);

	list_for_each_entry(tap, &vm->taps, vm_node)
		if (is_pending(tap))
			return true;
	return false;
}

/**
 * vmitap_trap_drain() - wait until no exit waits for the handle_exit hook
 * @vm: the VM, with the traps disarmed that are not needed any more
 *
 * Only then may that hook go, or a tap: the guest does not survive an exit that
 * nobody finishes, and one finished much later would be somebody else's.  A vCPU that
 * has come to the hook is not waited for, as it may wait there for the VMM's memory.
 * It may do so on its way as well, so the wait has an end.
 *
 * Return: true if there is none; false if there still is after a second.
 */
bool vmitap_trap_drain(struct vmitap_vm *vm)
{
	unsigned long end = jiffies + HZ;
	struct vmitap_tap *tap;

	lockdep_assert_held(&vmitap_lock);

	/* No vCPU is between an exit and the end of the vcpu_run hook. */
	vmitap_hook_barrier();
	list_for_each_entry(tap, &vm->taps, vm_node)
		while (is_pending(tap)) {
			if (time_after(jiffies, end))
				return false;
			usleep_range(50, 500);
		}
	return true;
}

static bool trap_wanted(struct vmitap_ring *ring, const struct vmitap_cfg *cfg,
			int class_id, u8 cpl, u64 cr3, u64 other_cr3)
{
	if (!(cfg->classes & BIT_ULL(class_id))) {
		if (cfg != &vmitap_cfg_off)
			ring->prod->filtered[VMITAP_FILTERED_MASK]++;
		return false;
	}
	return vmitap_ring_wants(ring, cfg, cpl, cr3, other_cr3);
}

/**
 * vmitap_trap_record() - give a trap's event to every session
 * @tap: the vCPU, or NULL; the caller is its thread and keeps it from going away
 * @class_id: enum vmitap_class
 * @cpl: privilege level, for filters
 * @cr3: guest CR3, for filters
 * @other_cr3: one that will do as well; @cr3 if there is none
 * @proto: the record, but for the vCPU and the sequence number
 */
void vmitap_trap_record(struct vmitap_tap *tap, int class_id, u8 cpl, u64 cr3,
			u64 other_cr3, const struct vmitap_record *proto)
{
	struct vmitap_ring *ring;

	if (!tap)
		return;
	vmitap_for_each_ring(ring, tap) {
		const struct vmitap_cfg *cfg = rcu_dereference_raw(ring->cfg);
		struct vmitap_record *rec;

		if (!trap_wanted(ring, cfg, class_id, cpl, cr3, other_cr3))
			continue;
		rec = vmitap_ring_reserve(ring, proto->size);
		if (!rec) {
			vmitap_ring_lose(ring, class_id, proto->tsc, VMITAP_LOST_FULL);
			continue;
		}
		memcpy(rec, proto, proto->size);
		rec->vcpu = ring->vcpu_id;
		rec->seq = ring->seq;
		vmitap_ring_commit(ring, proto->size);
	}
}

/**
 * vmitap_trap_blind() - system calls that are to be trapped begin or end not to be
 * @tap: the vCPU; the caller is its thread, with interrupts off
 * @blind: they are not, by the guest's doing
 * @tsc: when that was found
 *
 * That is one loss for each session: nobody knows of how many.
 */
void vmitap_trap_blind(struct vmitap_tap *tap, bool blind, u64 tsc)
{
	struct vmitap_ring *ring;

	WRITE_ONCE(tap->blind, blind);
	vmitap_for_each_ring(ring, tap) {
		bool told = READ_ONCE(ring->told_blind);

		WRITE_ONCE(ring->told_blind, blind);
		if (blind && !told &&
		    rcu_dereference_raw(ring->cfg)->classes & BIT_ULL(VMITAP_CLASS_SYSCALL))
			vmitap_ring_lose(ring, VMITAP_CLASS_SYSCALL, tsc,
					 VMITAP_LOST_PROTECTED);
	}
}

/* What the exit left to be done; nothing is left then, see vmitap_trap_drain(). */
static struct vmitap_pending take_pending(struct kvm_vcpu *vcpu)
{
	struct vmitap_pending pending = {};
	struct vmitap_tap *tap;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	if (tap) {
		pending = tap->pending;
		WRITE_ONCE(tap->pending.kind, VMITAP_PENDING_NONE);
	}
	rcu_read_unlock();
	return pending;
}

/* The write is done, unless it raised an exception instead. */
static void record_cr3(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending)
{
	struct vmitap_cr3_write rec = {
		.record.type = VMITAP_RECORD_CR3,
		.record.size = sizeof(rec),
		.record.tsc = pending->tsc,
		.old_cr3 = pending->cr3,
		.new_cr3 = vcpu->arch.cr3,
		.rip = pending->rip,
		.cpl = pending->cpl,
		.mode = pending->mode,
	};

	if (vmitap_compat_rip(vcpu) == pending->rip)
		return;
	rcu_read_lock();
	vmitap_trap_record(vmitap_tap_find(vcpu), VMITAP_CLASS_CR3, rec.cpl,
			   rec.old_cr3, rec.new_cr3, &rec.record);
	rcu_read_unlock();
}

/*
 * KVM has fetched the instruction that raised #UD once more.  It may be a SYSCALL now, as
 * another vCPU can change it; KVM does that itself.  All else that it does leaves RIP
 * where it is, or behind the instruction.
 */
static void record_emulated(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending)
{
	const struct vmitap_caller caller = {
		.cr3 = pending->cr3,
		.rip = pending->rip,
		.rsp = pending->value,
		.cpl = pending->cpl,
		.mode = pending->mode,
	};
	u64 len = vcpu->arch.regs[VCPU_REGS_RCX] - pending->rip;

	if (vmitap_compat_rip(vcpu) - pending->rip <= VMITAP_INSN_BYTES ||
	    len < 2 || len > VMITAP_INSN_BYTES)
		return;
	rcu_read_lock();
	vmitap_syscall_record(vmitap_tap_find(vcpu), vcpu, &caller, pending->tsc);
	rcu_read_unlock();
}

/*
 * Finish an exit without KVM, which is told that its fast path did: it then does
 * only what it has to do on every exit.  @ret is what KVM's handler would have
 * returned.
 */
static int consume(struct kvm_vcpu *vcpu, int ret)
{
	int always = static_call(vmitap_orig_handle_exit)(vcpu, EXIT_FASTPATH_EXIT_HANDLED);

	return always > 0 ? ret : always;
}

/*
 * The processor has fetched an instruction that the guest's page tables do not lead to
 * any more: they were changed, and what it keeps of them is yet to be flushed.  Have it
 * done, and the instruction fetched once more; the guest finds what it would have found
 * a moment later.  Memory that cannot be read at all is given up.
 */
static bool fetch_anew(struct kvm_vcpu *vcpu)
{
	struct vmitap_tap *tap;
	bool again;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	again = !tap || tap->refetches++ < MAX_REFETCHES;
	rcu_read_unlock();
	if (again)
		kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu);
	return again;
}

/* Nobody traps any more: it is undefined, or else it will not raise #UD again. */
static bool changed_meanwhile(struct kvm_vcpu *vcpu, u64 rip)
{
	struct vmitap_tap *tap;
	bool changed;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	changed = !tap || !vmitap_trap_undefined(tap, rip);
	rcu_read_unlock();
	return changed;
}

static bool finish_undefined(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending)
{
	switch (vmitap_backend->finish_undefined(vcpu, pending->tsc)) {
	case VMITAP_TRAP_NONE:
		return changed_meanwhile(vcpu, pending->rip);
	case VMITAP_TRAP_LATER:
		return fetch_anew(vcpu);
	default:
		return true;
	}
}

/* The exit is one that KVM must not see, or need not. */
static bool finish(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending, int *ret)
{
	switch (pending->kind) {
	case VMITAP_PENDING_UNDEFINED:
		return finish_undefined(vcpu, pending);
	case VMITAP_PENDING_MESSAGE:
		return vmitap_message_take(vcpu, pending, ret);
	case VMITAP_PENDING_CR3:
		return vmitap_backend->finish_cr3(vcpu, pending, ret);
	case VMITAP_PENDING_LEAVE:
		*ret = 0;
		return true;
	}
	return false;
}

/**
 * vmitap_trap_handle_exit() - have an exit handled, and what traps have to do with it
 * @vcpu: the vCPU, in its thread, which may sleep
 * @fastpath: what KVM's fast path did
 *
 * Return: as kvm_x86_ops.handle_exit.
 */
int vmitap_trap_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	struct vmitap_pending pending = take_pending(vcpu);
	int ret = 1;

	if (finish(vcpu, &pending, &ret)) {
		ret = consume(vcpu, ret);
	} else {
		ret = static_call(vmitap_orig_handle_exit)(vcpu, fastpath);
		if (pending.kind == VMITAP_PENDING_UNDEFINED ||
		    pending.kind == VMITAP_PENDING_OTHER)
			record_emulated(vcpu, &pending);
	}
	if (pending.kind == VMITAP_PENDING_CR3)
		record_cr3(vcpu, &pending);
	return ret;
}
