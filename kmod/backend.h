/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backend.h - what differs between SVM and VMX
 *
 * The hook on vcpu_run is the backend's own, built from capture.h, so that
 * nothing is called through the table for an exit.
 */
#ifndef VMITAP_BACKEND_H
#define VMITAP_BACKEND_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

#include "guestmem.h"
#include "trap.h"

struct vmitap_pending;

/**
 * struct vmitap_backend - one vendor
 * @module: KVM's vendor module
 * @vendor: enum vmitap_vendor
 * @vcpu_run: hook, of the type of kvm_x86_ops.vcpu_run
 * @vcpu_run_symbols: what kvm_x86_ops.vcpu_run may be
 * @handle_exit_symbols: what kvm_x86_ops.handle_exit may be
 * @probe: can this host be tapped?  0, or -EOPNOTSUPP and what did not match; NULL if
 *	there is nothing to look at
 * @check_vcpu: verify the private layout on a vCPU; NULL, or what did not match
 * @hides_memory: does hardware hide the guest's memory?  Of a vCPU that was verified
 * @finish_undefined: finish a #UD that a trap caused, where sleeping is fine;
 *	VMITAP_TRAP_NONE if KVM is to handle it, VMITAP_TRAP_LATER if the instruction is
 *	not to be found any more, else it is done
 * @finish_cr3: do a write to CR3; false if KVM is to do it, else with what
 *	kvm_x86_ops.handle_exit returns
 * @message_paging: how the vCPU at a hypercall translates addresses
 * @skip_hypercall: step over the hypercall that exited; false if there is none, else
 *	with what kvm_x86_ops.handle_exit returns
 * @read_regs: read the registers of a vCPU that is at rest and loaded on this CPU
 */
struct vmitap_backend {
	const char *module;
	u32 vendor;
	void *vcpu_run;
	const char *vcpu_run_symbols[2];
	const char *handle_exit_symbols[2];
	int (*probe)(char *refusal, size_t len);
	const char *(*check_vcpu)(struct kvm_vcpu *vcpu);
	bool (*hides_memory)(struct kvm_vcpu *vcpu);
	enum vmitap_trap_kind (*finish_undefined)(struct kvm_vcpu *vcpu, u64 tsc);
	bool (*finish_cr3)(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
			   int *ret);
	struct vmitap_paging (*message_paging)(struct kvm_vcpu *vcpu);
	bool (*skip_hypercall)(struct kvm_vcpu *vcpu, int *ret);
	void (*read_regs)(struct kvm_vcpu *vcpu, struct vmitap_regs *regs);
};

extern const struct vmitap_backend vmitap_svm;
extern const struct vmitap_backend vmitap_vmx;

/* The host's backend, valid between vmitap_kvm_get() and vmitap_kvm_put(). */
extern const struct vmitap_backend *vmitap_backend;

int vmitap_backend_select(const char *module, char *refusal, size_t len);

#endif /* VMITAP_BACKEND_H */
