/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory.h - where a guest's memory is in its VMM
 */
#ifndef VMITAP_LIB_MEMORY_H
#define VMITAP_LIB_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

#include <linux/vmitap.h>

/**
 * struct vmitap_memory - where a guest's memory is
 * @pid: VMM process, 0 if not known yet
 * @pidfd: the same, which no later process can take; -1 if not opened yet
 * @nr: entries of @slots in use
 * @room: entries of @slots
 * @slots: in the order of addresses
 * @listed_ns: CLOCK_MONOTONIC when they were listed, 0 if never
 */
struct vmitap_memory {
	pid_t pid;
	int pidfd;
	uint32_t nr;
	uint32_t room;
	struct vmitap_slot *slots;
	uint64_t listed_ns;
};

void vmitap_memory_init(struct vmitap_memory *memory);
void vmitap_memory_free(struct vmitap_memory *memory);

#endif /* VMITAP_LIB_MEMORY_H */
