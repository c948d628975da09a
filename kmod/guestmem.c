// SPDX-License-Identifier: GPL-2.0-only
/*
 * guestmem.c - read a guest's memory by its own addresses, in the vCPU's thread
 *
 * With interrupts off, guest memory that is not mapped in the VMM right now is not
 * brought in: it then cannot be read.  KVM's own page walker cannot be used there,
 * as it goes by register copies that KVM brings up to date only later.
 *
 * Source of the formats: AMD64 Architecture Programmer's Manual, volume 2, "Page
 * Translation and Protection".
 */
#include <linux/kvm_host.h>
#include <linux/uaccess.h>
#include <asm/processor-flags.h>

#include "compat/compat.h"
#include "guestmem.h"
#include "symbols.h"

#define PTE_PRESENT	BIT_ULL(0)
#define PTE_LARGE	BIT_ULL(7)
#define PTE_ADDR	GENMASK_ULL(51, 12)

/* Read guest-physical memory that does not cross a page. */
static bool read_gpa(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
		     u64 gpa, void *to, size_t len)
{
	const gfn_t gfn = gpa >> PAGE_SHIFT;
	const struct kvm_memory_slot *slot;
	const void __user *from;

	if (vmitap_compat_gfn_hidden(vcpu->kvm, gfn))
		return false;
	/* KVM's look-ups beyond this refuse memory that may not be written to. */
	slot = static_call(vmitap_kvm_vcpu_gfn_to_memslot)(vcpu, gfn);
	if (!slot || slot->flags & KVM_MEMSLOT_INVALID)
		return false;
	from = (void __user *)(__gfn_to_hva_memslot(slot, gfn) + offset_in_page(gpa));
	return paging->may_sleep ? !copy_from_user(to, from, len) :
				   !copy_from_user_nofault(to, from, len);
}

/*
 * Walk page tables of @levels levels of 512 8-byte entries, from @table on;
 * with @root_index set the topmost level is PAE's, of 4 entries.
 */
static bool walk_64(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
		    u64 table, u64 addr, int levels, bool pae, u64 *gpa)
{
	u64 entry, mask, index;
	int shift;

	for (; levels; levels--) {
		shift = 12 + 9 * (levels - 1);
		index = addr >> shift & (pae && levels == 3 ? 3 : 511);
		if (!read_gpa(vcpu, paging, table + index * sizeof(entry), &entry,
			      sizeof(entry)) || !(entry & PTE_PRESENT))
			return false;
		if (levels == 1 || (levels <= (pae ? 2 : 3) && entry & PTE_LARGE)) {
			mask = BIT_ULL(shift) - 1;
			*gpa = (entry & PTE_ADDR & ~mask) | (addr & mask);
			return true;
		}
		table = entry & PTE_ADDR;
	}
	return false;
}

static bool walk_32(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
		    u64 addr, u64 *gpa)
{
	u32 entry;

	if (!read_gpa(vcpu, paging, (paging->cr3 & 0xfffff000) + ((addr >> 22) & 1023) * 4,
		      &entry, sizeof(entry)) || !(entry & PTE_PRESENT))
		return false;
	if (paging->cr4 & X86_CR4_PSE && entry & PTE_LARGE) {
		*gpa = (entry & 0xffc00000) | (u64)(entry & 0x1fe000) << 19 |
		       (addr & 0x3fffff);
		return true;
	}
	if (!read_gpa(vcpu, paging, (entry & 0xfffff000) + ((addr >> 12) & 1023) * 4,
		      &entry, sizeof(entry)) || !(entry & PTE_PRESENT))
		return false;
	*gpa = (entry & 0xfffff000) | (addr & 0xfff);
	return true;
}

static bool is_canonical(u64 addr, int levels)
{
	int unused = 64 - (12 + 9 * levels);

	return (u64)((s64)(addr << unused) >> unused) == addr;
}

static bool translate(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
		      u64 addr, u64 *gpa)
{
	int levels;

	if (!(paging->cr0 & X86_CR0_PG)) {
		*gpa = addr;
		return true;
	}
	if (!(paging->cr4 & X86_CR4_PAE))
		return walk_32(vcpu, paging, addr, gpa);
	if (!(paging->efer & EFER_LMA))
		return walk_64(vcpu, paging, paging->cr3 & 0xffffffe0, addr, 3, true, gpa);
	levels = paging->cr4 & X86_CR4_LA57 ? 5 : 4;
	return is_canonical(addr, levels) &&
	       walk_64(vcpu, paging, paging->cr3 & PTE_ADDR, addr, levels, false, gpa);
}

/**
 * vmitap_guest_read() - read from the vCPU's address space
 * @vcpu: the vCPU; the caller is its thread
 * @paging: how it translates addresses
 * @addr: linear address
 * @to: buffer
 * @len: bytes
 *
 * The guest's protection bits are not looked at: the reader has the right of the
 * hypervisor.
 *
 * Return: bytes read, fewer than @len if what follows is not mapped in the guest,
 * or in the VMM when @paging says not to wait, or if hardware hides it.
 */
size_t vmitap_guest_read(struct kvm_vcpu *vcpu, const struct vmitap_paging *paging,
			 u64 addr, void *to, size_t len)
{
	size_t done = 0;
	int idx;

	/* The vCPU's memory is that of the process that made the VM. */
	if (paging->hidden || current->mm != vcpu->kvm->mm)
		return 0;
	idx = srcu_read_lock(&vcpu->kvm->srcu);
	while (done < len) {
		size_t part = min_t(size_t, len - done,
				    PAGE_SIZE - offset_in_page(addr + done));
		u64 gpa;

		if (!translate(vcpu, paging, addr + done, &gpa) ||
		    !read_gpa(vcpu, paging, gpa, to + done, part))
			break;
		done += part;
	}
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return done;
}
