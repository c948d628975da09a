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

/**
 * struct vmitap_backend - one vendor
 * @module: KVM's vendor module
 * @vendor: enum vmitap_vendor
 * @vcpu_run: hook, of the type of kvm_x86_ops.vcpu_run
 * @vcpu_run_symbol: what kvm_x86_ops.vcpu_run must be
 * @handle_exit_symbol: what kvm_x86_ops.handle_exit must be
 * @check_vcpu: verify the private layout on a vCPU; NULL, or what did not match
 */
struct vmitap_backend {
	const char *module;
	u32 vendor;
	void *vcpu_run;
	const char *vcpu_run_symbol;
	const char *handle_exit_symbol;
	const char *(*check_vcpu)(struct kvm_vcpu *vcpu);
};

extern const struct vmitap_backend vmitap_svm;

/* The host's backend, valid between vmitap_kvm_get() and vmitap_kvm_put(). */
extern const struct vmitap_backend *vmitap_backend;

int vmitap_backend_select(const char *module, char *refusal, size_t len);

#endif /* VMITAP_BACKEND_H */
