/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.h - how long records are
 */
#ifndef VMITAP_LIB_RECORD_H
#define VMITAP_LIB_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vmitap.h>

/* Is it a type that this library knows? */
static inline bool vmitap_record_is_known(unsigned int type)
{
	return type >= VMITAP_RECORD_EXIT && type <= VMITAP_RECORD_MESSAGE;
}

/* Least size of a record of that type with those fields. */
size_t vmitap_record_min(unsigned int type, uint32_t fields);

#endif /* VMITAP_LIB_RECORD_H */
