/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * insn.h - the bytes a vCPU is about to execute
 */
#ifndef VMITAP_INSN_H
#define VMITAP_INSN_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

/**
 * struct vmitap_paging - how the vCPU translates addresses
 * @cr0: guest CR0
 * @cr3: guest CR3
 * @cr4: guest CR4
 * @efer: guest EFER
 */
struct vmitap_paging {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
};

void vmitap_insn_fetch(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
		       u64 addr, struct vmitap_insn *insn);

#endif /* VMITAP_INSN_H */
