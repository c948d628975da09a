// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent_list.c - lists that an agent in the guest sends
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent_list.h"

/* As in any Linux; others would make times of no use. */
#define MAX_TICKS	1000000000u

static bool head_is_good(const struct agent_head *head, size_t bytes)
{
	return head->bytes >= sizeof(*head) && !(head->bytes % 8) &&
	       head->version == AGENT_VERSION &&
	       head->type == AGENT_PROCESSES && head->total == bytes &&
	       head->bytes <= bytes && head->parts &&
	       head->parts <= AGENT_MAX_PARTS && head->part < head->parts &&
	       head->ticks && head->ticks <= MAX_TICKS;
}

static int make_room(struct agent_list *list, uint32_t entries)
{
	uint32_t room = list->nr + entries;
	void *more;

	if (room <= list->room)
		return 0;
	more = realloc(list->processes, room * sizeof(*list->processes));
	if (!more)
		return -ENOMEM;
	list->processes = more;
	list->room = room;
	return 0;
}

/* The bytes of an entry that both sides know; what is missing is zero. */
static int add_entries(struct agent_list *list, const uint8_t *data,
		       size_t bytes, const struct agent_head *head)
{
	uint64_t unit = 1000000000u / head->ticks;
	struct agent_process *process;
	uint32_t i;
	uint16_t len;

	for (i = 0; i < head->entries; i++) {
		process = &list->processes[list->nr];
		if (bytes < sizeof(*process))
			return -EINVAL;
		memcpy(&len, data, sizeof(len));
		if (len < sizeof(*process) || len % 8 || len > bytes)
			return -EINVAL;
		memcpy(process, data, sizeof(*process));
		process->bytes = sizeof(*process);
		if (!process->pid || process->start > UINT64_MAX / unit)
			return -EINVAL;
		process->start *= unit;
		list->nr++;
		data += len;
		bytes -= len;
	}
	return bytes ? -EINVAL : 0;
}

static bool belongs(const struct agent_list *list,
		    const struct agent_head *head, uint64_t cr3)
{
	return head->part && head->part == list->next && list->cr3 == cr3 &&
	       head->sequence == list->sequence && head->parts == list->parts;
}

static int add(struct agent_list *list, const uint8_t *data, size_t bytes,
	       uint64_t cr3, uint64_t tsc)
{
	struct agent_head head;

	if (bytes < sizeof(head))
		return -EINVAL;
	memcpy(&head, data, sizeof(head));
	if (!head_is_good(&head, bytes))
		return -EINVAL;
	if (!head.part) {
		agent_list_free(list);
		list->cr3 = cr3;
		list->begin = tsc;
		list->time_ns = head.time_ns;
		list->sequence = head.sequence;
		list->parts = head.parts;
	} else if (!belongs(list, &head, cr3)) {
		return -EINVAL;
	}
	/* An entry has a least size, so their number is bounded by the bytes. */
	if (head.entries > (bytes - head.bytes) / sizeof(struct agent_process) ||
	    head.entries > AGENT_MAX_PROCESSES - list->nr)
		return -EINVAL;
	if (make_room(list, head.entries))
		return -ENOMEM;
	if (add_entries(list, data + head.bytes, bytes - head.bytes, &head))
		return -EINVAL;
	list->next = head.part + 1;
	return list->next == list->parts;
}

int agent_list_add(struct agent_list *list, const void *data, size_t bytes,
		   uint64_t cr3, uint64_t tsc)
{
	int ret = add(list, data, bytes, cr3, tsc);

	if (ret < 0)
		agent_list_free(list);
	return ret;
}

void agent_list_free(struct agent_list *list)
{
	free(list->processes);
	memset(list, 0, sizeof(*list));
}
