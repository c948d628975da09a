// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest.c - read a guest through its backend
 */
#include <errno.h>
#include <string.h>

#include "guest.h"

int guest_read(const struct guest *guest, uint64_t gpa, void *buf, size_t len)
{
	const void *from = NULL;

	if (!len)
		return 0;
	if (gpa + len < gpa)
		return -EFAULT;
	if (guest->ops->map)
		from = guest->ops->map(guest->arg, gpa, len);
	if (!from)
		return guest->ops->read(guest->arg, gpa, buf, len);
	memcpy(buf, from, len);
	return 0;
}

int guest_nr_vcpus(const struct guest *guest)
{
	return guest->ops->nr_vcpus(guest->arg);
}

uint32_t guest_vcpu_id(const struct guest *guest, unsigned int vcpu)
{
	return guest->ops->vcpu_id ? guest->ops->vcpu_id(guest->arg, vcpu) : vcpu;
}

int guest_regs(const struct guest *guest, unsigned int vcpu,
	       struct guest_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	return guest->ops->regs(guest->arg, vcpu, regs);
}

int guest_outer_regs(const struct guest *guest, unsigned int *vcpu,
		     struct guest_regs *regs)
{
	int nr = guest_nr_vcpus(guest), err = nr < 0 ? nr : -ENOENT;

	for (*vcpu = 0; nr > 0 && *vcpu < (unsigned int)nr; ++*vcpu) {
		err = guest_regs(guest, *vcpu, regs);
		if (err)
			break;
		if (!regs->nested)
			return 0;
		err = -EAGAIN;
	}
	return err;
}

int guest_regions(const struct guest *guest, struct guest_region *list,
		  unsigned int max)
{
	return guest->ops->regions(guest->arg, list, max);
}
