/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * agent_list.h - lists that an agent in the guest sends
 */
#ifndef VMITAP_VIEWS_AGENT_LIST_H
#define VMITAP_VIEWS_AGENT_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

/**
 * struct agent_list - a list, complete or not
 * @processes: as sent, but @start in nanoseconds
 * @nr: how many
 * @cr3: page tables of the sender
 * @begin: TSC of its first part
 * @end: TSC of its last part
 * @time_ns: when it was begun, as the sender says
 * @sequence: number that the sender gave it
 * @parts: messages of it
 * @next: the part that is missing first
 *
 * All zero is an empty one.
 */
struct agent_list {
	struct agent_process *processes;
	uint32_t nr;
	uint32_t room;
	uint64_t cr3;
	uint64_t begin;
	uint64_t end;
	uint64_t time_ns;
	uint32_t sequence;
	uint16_t parts;
	uint16_t next;
};

/**
 * agent_list_add() - add a message
 * @list: what came before; a message with another sender or number, or a first one,
 *	begins anew
 * @data: the message, of any content
 * @bytes: its length
 * @cr3: of its sender
 * @tsc: when it came
 *
 * Return: 1 the list is complete; 0 parts are missing; -EINVAL a message that makes
 * no sense, after which the list is empty; -ENOMEM.
 */
int agent_list_add(struct agent_list *list, const void *data, size_t bytes,
		   uint64_t cr3, uint64_t tsc);

void agent_list_free(struct agent_list *list);

#endif /* VMITAP_VIEWS_AGENT_LIST_H */
