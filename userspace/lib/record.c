// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * record.c - records and their sections
 */
#include <vmitap.h>

#include "record.h"

/* By bit of VMITAP_FIELD_*; sections follow in that order. */
static const uint16_t section_bytes[] = {
	sizeof(struct vmitap_ctrl), sizeof(struct vmitap_gprs),
	sizeof(struct vmitap_segs), sizeof(struct vmitap_insn),
};

#define NR_SECTIONS (sizeof(section_bytes) / sizeof(section_bytes[0]))

/* Bytes of the sections before that of bit @end. */
static size_t sections_before(uint32_t fields, unsigned int end)
{
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < end; i++) {
		if (fields >> i & 1)
			bytes += section_bytes[i];
	}
	return bytes;
}

size_t vmitap_record_min(unsigned int type, uint32_t fields)
{
	switch (type) {
	case VMITAP_RECORD_EXIT:
		return sizeof(struct vmitap_exit) +
		       sections_before(fields, NR_SECTIONS);
	case VMITAP_RECORD_INJECT:
		return sizeof(struct vmitap_inject);
	case VMITAP_RECORD_LOST:
		return sizeof(struct vmitap_lost_record);
	case VMITAP_RECORD_CR3:
		return sizeof(struct vmitap_cr3_write);
	case VMITAP_RECORD_SYSCALL:
		return sizeof(struct vmitap_syscall);
	case VMITAP_RECORD_SYSRET:
		return sizeof(struct vmitap_sysret);
	case VMITAP_RECORD_MESSAGE:
		return sizeof(struct vmitap_message);
	}
	return sizeof(struct vmitap_record);
}

size_t vmitap_record_needs(const struct vmitap_record *record)
{
	return vmitap_record_min(record->type, record->fields);
}

static const void *section(const struct vmitap_exit *exit, unsigned int bit)
{
	uint32_t fields = exit->record.fields;

	if (!(fields >> bit & 1))
		return NULL;
	return (const unsigned char *)(exit + 1) + sections_before(fields, bit);
}

const struct vmitap_ctrl *vmitap_exit_ctrl(const struct vmitap_exit *exit)
{
	return section(exit, 0);
}

const struct vmitap_gprs *vmitap_exit_gprs(const struct vmitap_exit *exit)
{
	return section(exit, 1);
}

const struct vmitap_segs *vmitap_exit_segs(const struct vmitap_exit *exit)
{
	return section(exit, 2);
}

const struct vmitap_insn *vmitap_exit_insn(const struct vmitap_exit *exit)
{
	return section(exit, 3);
}

const void *vmitap_message_data(const struct vmitap_message *message)
{
	size_t room = message->record.size - sizeof(*message);

	if (message->record.size < sizeof(*message) ||
	    message->bytes > VMITAP_MESSAGE_CHUNK || message->bytes > room ||
	    message->total > VMITAP_MESSAGE_MAX ||
	    message->offset > message->total ||
	    message->bytes > message->total - message->offset)
		return NULL;
	return message + 1;
}
