/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run.h - the hook on vcpu_run; included by each backend, after capture.h
 *
 * A template, so that the path of an exit has no indirect call.  Before it includes
 * this file the backend defines BACKEND(name), which makes its own name of one, and
 *
 *	struct BACKEND(loan)	what was changed for one run of the guest
 *	BACKEND(exit)()		struct capture_exit of the exit that just happened
 *	BACKEND(entry)()	the same of the entry to come
 *	BACKEND(entered)()	was the guest entered at all?
 *	BACKEND(injects)()	will KVM inject an event at the entry to come?
 *	BACKEND(lend)(), BACKEND(give_back)()
 *				arm the traps for one run, disarm them
 *	BACKEND(trap_classify)()
 *				what has an exit to do with traps?
 *	BACKEND(trap_finish)()	do what a trap kept the guest from doing
 *
 * Everything here runs with interrupts off, and a nested guest's state is in place
 * of the guest's while it runs.
 */
#ifndef VMITAP_RUN_H
#define VMITAP_RUN_H

#include "compat/compat.h"
#include "hook.h"
#include "syscall.h"
#include "trap.h"

static __always_inline u16 run_nested_flag(struct kvm_vcpu *vcpu)
{
	return unlikely(vmitap_compat_is_guest_mode(vcpu)) ? VMITAP_RECORD_NESTED : 0;
}

static noinline void run_capture_inject(struct vmitap_tap *tap, struct kvm_vcpu *vcpu)
{
	struct capture_exit entry = BACKEND(entry)(vcpu, rdtsc());

	if (vcpu->arch.guest_state_protected)
		return;
	entry.class_id = VMITAP_CLASS_INJECT;
	entry.flags = run_nested_flag(vcpu);
	capture_inject(tap, entry);
}

/*
 * A vCPU that has to wait for room must not be sent back into the guest by KVM's inner
 * loop, nor to the VMM by it, which do not pass handle_exit.
 */
static fastpath_t run_by_handle_exit(struct vmitap_tap *tap, fastpath_t fastpath)
{
	if (vmitap_compat_leaves_kvm(fastpath))
		/* Read by vmitap_trap_drain(). */
		WRITE_ONCE(tap->pending.kind, VMITAP_PENDING_LEAVE);
	else if (fastpath != EXIT_FASTPATH_REENTER_GUEST)
		return fastpath;
	return EXIT_FASTPATH_EXIT_HANDLED;
}

static noinline fastpath_t run_captured_slow(struct vmitap_tap *tap,
					     struct kvm_vcpu *vcpu, u64 tsc,
					     fastpath_t fastpath, u32 flags)
{
	struct capture_exit exit = BACKEND(exit)(vcpu, tsc);

	if (vcpu->arch.guest_state_protected) {
		capture_protected(tap, tsc);
		return fastpath;
	}
	exit.flags = flags | run_nested_flag(vcpu);
	if (fastpath != EXIT_FASTPATH_NONE)
		exit.flags |= VMITAP_RECORD_FASTPATH;
	capture_exit_slow(tap, exit);
	capture_remember(tap, exit);
	if (unlikely(fastpath != EXIT_FASTPATH_NONE) && capture_must_wait(tap))
		return run_by_handle_exit(tap, fastpath);
	return fastpath;
}

/* Only the slow path makes a ring low, so only it has to care for @fastpath. */
static __always_inline fastpath_t run_captured(struct vmitap_tap *tap,
					       struct kvm_vcpu *vcpu, u64 tsc,
					       fastpath_t fastpath)
{
	const struct capture_exit exit = BACKEND(exit)(vcpu, tsc);

	if (unlikely(!BACKEND(entered)(vcpu)))
		return fastpath;
	if (unlikely(vcpu->arch.guest_state_protected ||
		     vmitap_compat_is_guest_mode(vcpu) || fastpath != EXIT_FASTPATH_NONE) ||
	    unlikely(!capture_exit_fast(tap, exit)))
		return run_captured_slow(tap, vcpu, tsc, fastpath, 0);
	return fastpath;
}

static __always_inline fastpath_t run_plain(VMITAP_VCPU_RUN_PARAMS,
					    struct vmitap_tap *tap)
{
	fastpath_t fastpath;

	tap->entry_tsc = rdtsc();
	fastpath = static_call(vmitap_orig_vcpu_run)(VMITAP_VCPU_RUN_ARGS);
	return run_captured(tap, vcpu, rdtsc(), fastpath);
}

static noinline notrace fastpath_t run_injecting(VMITAP_VCPU_RUN_PARAMS,
						 struct vmitap_tap *tap)
{
	run_capture_inject(tap, vcpu);
	return run_plain(VMITAP_VCPU_RUN_ARGS, tap);
}

/*
 * Were system calls not trapped that should have been?  It is whether they were that counts:
 * what kept them from it may be over by now.
 */
static __always_inline void run_note_blind(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
					   u32 attention, bool trapped, u64 tsc)
{
	bool blind = !trapped && attention & VMITAP_ATTENTION_SYSCALL &&
		     vmitap_syscall_are_on(vcpu);

	/* A nested guest's are not to be trapped, and say nothing of the guest's. */
	if (unlikely(blind != READ_ONCE(tap->blind)) && !vmitap_compat_is_guest_mode(vcpu))
		vmitap_trap_blind(tap, blind, tsc);
}

/* The vCPU is being paused, or traps are armed. */
static noinline notrace fastpath_t run_attended(VMITAP_VCPU_RUN_PARAMS,
						struct vmitap_tap *tap)
{
	u32 attention = READ_ONCE(tap->attention);
	struct BACKEND(loan) loan;
	struct vmitap_trap trap;
	fastpath_t fastpath;
	u64 tsc;

	if (BACKEND(injects)(vcpu))
		run_capture_inject(tap, vcpu);
	if (attention & VMITAP_ATTENTION_PAUSE)
		vmitap_hook_leave_guest();
	BACKEND(lend)(vcpu, attention, &loan);
	tap->entry_tsc = rdtsc();
	fastpath = static_call(vmitap_orig_vcpu_run)(VMITAP_VCPU_RUN_ARGS);
	tsc = rdtsc();
	BACKEND(give_back)(&loan);
	if (unlikely(!BACKEND(entered)(vcpu)))
		return fastpath;

	run_note_blind(tap, vcpu, attention, loan.sce, tsc);
	trap = BACKEND(trap_classify)(tap, vcpu, &loan, tsc);
	fastpath = run_captured_slow(tap, vcpu, tsc, fastpath,
				     trap.kind == VMITAP_TRAP_NONE ? 0 : VMITAP_RECORD_TRAP);
	switch (trap.kind) {
	case VMITAP_TRAP_SYSCALL:
	case VMITAP_TRAP_SYSRET:
		tap->refetches = 0;
		tap->undefined_rip = 0;
		fastpath = BACKEND(trap_finish)(tap, vcpu, trap, tsc);
		break;
	case VMITAP_TRAP_AGAIN:
		fastpath = EXIT_FASTPATH_REENTER_GUEST;
		break;
	default:
		return fastpath;
	}
	return capture_must_wait(tap) ? EXIT_FASTPATH_EXIT_HANDLED : fastpath;
}

static noinline notrace fastpath_t run_tapped(VMITAP_VCPU_RUN_PARAMS,
					      struct vmitap_tap *tap)
{
	if (unlikely(READ_ONCE(tap->attention)))
		return run_attended(VMITAP_VCPU_RUN_ARGS, tap);
	if (unlikely(BACKEND(injects)(vcpu)))
		return run_injecting(VMITAP_VCPU_RUN_ARGS, tap);
	return run_plain(VMITAP_VCPU_RUN_ARGS, tap);
}

/* Not traceable: with an untapped VM this would be a good part of the cost. */
static notrace fastpath_t vmitap_hook_vcpu_run(VMITAP_VCPU_RUN_PARAMS)
{
	struct vmitap_tap *tap = vmitap_tap_find(vcpu);

	if (likely(!tap))
		return static_call(vmitap_orig_vcpu_run)(VMITAP_VCPU_RUN_ARGS);
	return run_tapped(VMITAP_VCPU_RUN_ARGS, tap);
}

/* Canary: the hook has the type of what it stands for. */
static_assert(__same_type(&vmitap_hook_vcpu_run, ((struct kvm_x86_ops *)NULL)->vcpu_run));

#endif /* VMITAP_RUN_H */
