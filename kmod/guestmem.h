/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guestmem.h - read a guest's memory by its own addresses, in the vCPU's thread
 */
#ifndef VMITAP_GUESTMEM_H
#define VMITAP_GUESTMEM_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

/**
 * struct vmitap_paging - how the vCPU translates addresses
 * @cr0: guest CR0
 * @cr3: guest CR3
 * @cr4: guest CR4
 * @efer: guest EFER
 * @hidden: the guest's memory is encrypted, or a nested guest's: nothing can be read
 * @may_sleep: memory that is not mapped in the VMM right now may be waited for
 */
struct vmitap_paging {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	bool hidden;
	bool may_sleep;
};

size_t vmitap_guest_read(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
			 u64 addr, void *to, size_t len);

#endif /* VMITAP_GUESTMEM_H */
