/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * by_vcpu.h - tables of what is known of each vCPU, by its id
 */
#ifndef VMITAP_VIEWS_BY_VCPU_H
#define VMITAP_VIEWS_BY_VCPU_H

#include <stddef.h>
#include <stdint.h>

/* Entries at most: KVM has no more ids. */
#define BY_VCPU_MAX	16384

/*
 * Have an entry for the vCPU @id in the table @list of *@nr entries of @size bytes; new
 * ones are zero.  Return: the table, which may have moved; NULL without memory, or for an
 * id that KVM does not have, and then @list stays as it was.
 */
void *by_vcpu_grow(void *list, uint32_t *nr, uint32_t id, size_t size);

#endif /* VMITAP_VIEWS_BY_VCPU_H */
