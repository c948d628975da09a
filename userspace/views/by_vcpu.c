// SPDX-License-Identifier: GPL-2.0-only
/*
 * by_vcpu.c - tables of what is known of each vCPU, by its id
 */
#include <stdlib.h>
#include <string.h>

#include "by_vcpu.h"

void *by_vcpu_grow(void *list, uint32_t *nr, uint32_t id, size_t size)
{
	char *more;

	if (id < *nr)
		return list;
	if (id >= BY_VCPU_MAX)
		return NULL;
	more = realloc(list, (id + 1) * size);
	if (!more)
		return NULL;
	memset(more + *nr * size, 0, (id + 1 - *nr) * size);
	*nr = id + 1;
	return more;
}
