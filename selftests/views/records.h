/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * records.h - records as the module would write them
 */
#ifndef VIEWS_RECORDS_H
#define VIEWS_RECORDS_H

#include <string.h>

#include <linux/vmitap.h>

#include "view.h"

static inline void put_switch(struct view_runner *runner, unsigned int vcpu,
			      uint64_t tsc, uint64_t from, uint64_t to)
{
	struct vmitap_cr3_write rec = {
		.record = { .type = VMITAP_RECORD_CR3, .size = sizeof(rec),
			    .vcpu = vcpu, .flags = VMITAP_RECORD_TRAP,
			    .tsc = tsc },
		.old_cr3 = from, .new_cr3 = to, .mode = VMITAP_MODE_LONG64,
	};

	view_runner_event(runner, &rec.record);
}

static inline void put_exit(struct view_runner *runner, unsigned int vcpu,
			    uint64_t entry, uint64_t tsc, uint64_t cr3,
			    unsigned int cpl, unsigned int class_id)
{
	struct vmitap_exit rec = {
		.record = { .type = VMITAP_RECORD_EXIT, .size = sizeof(rec),
			    .vcpu = vcpu, .tsc = tsc },
		.entry_tsc = entry, .class_id = class_id, .cpl = cpl,
		.mode = VMITAP_MODE_LONG64, .cr3 = cr3,
	};

	view_runner_event(runner, &rec.record);
}

static inline void put_call(struct view_runner *runner, unsigned int vcpu,
			    uint64_t tsc, uint64_t cr3, uint64_t nr)
{
	struct vmitap_syscall rec = {
		.record = { .type = VMITAP_RECORD_SYSCALL, .size = sizeof(rec),
			    .vcpu = vcpu, .tsc = tsc },
		.cr3 = cr3, .nr = nr, .mode = VMITAP_MODE_LONG64,
	};

	view_runner_event(runner, &rec.record);
}

/* One part of a message: @bytes of @data from @offset on. */
static inline void put_part(struct view_runner *runner, unsigned int vcpu,
			    uint64_t tsc, uint64_t tag, const void *data,
			    uint32_t total, uint32_t offset, uint32_t bytes)
{
	union {
		struct vmitap_message head;
		uint8_t bytes[VMITAP_RECORD_MAX];
	} rec;

	memset(&rec.head, 0, sizeof(rec.head));
	rec.head.record.type = VMITAP_RECORD_MESSAGE;
	rec.head.record.size = sizeof(rec.head) + (bytes + 7) / 8 * 8;
	rec.head.record.vcpu = vcpu;
	rec.head.record.tsc = tsc;
	rec.head.cr3 = 0x1000 * (vcpu + 1);
	rec.head.tag = tag;
	rec.head.total = total;
	rec.head.offset = offset;
	rec.head.bytes = bytes;
	memcpy(rec.bytes + sizeof(rec.head), (const uint8_t *)data + offset,
	       bytes);
	view_runner_event(runner, &rec.head.record);
}

/* All of it, in parts as the module makes them. */
static inline void put_message(struct view_runner *runner, unsigned int vcpu,
			       uint64_t tsc, uint64_t tag, const void *data,
			       uint32_t total)
{
	uint32_t offset, bytes;

	for (offset = 0; offset < total; offset += bytes) {
		bytes = total - offset < VMITAP_MESSAGE_CHUNK ?
			total - offset : VMITAP_MESSAGE_CHUNK;
		put_part(runner, vcpu, tsc, tag, data, total, offset, bytes);
	}
}

#endif /* VIEWS_RECORDS_H */
