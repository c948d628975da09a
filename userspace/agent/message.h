/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * message.h - what an agent in a guest and the monitor say to each other
 *
 * An agent sends its list of processes as one or more messages, each by one
 * hypercall (uapi/linux/vmitap_record.h, "DOC: Messages") with the tag AGENT_TAG:
 *
 *	struct agent_head, then @entries times struct agent_process
 *
 * Numbers are little-endian.  Every struct begins with its own length, so that both
 * can grow: a reader uses what it knows of a struct and skips the rest by length.
 * A reader believes nothing of this: whoever runs code in the guest can send it.
 */
#ifndef VMITAP_AGENT_MESSAGE_H
#define VMITAP_AGENT_MESSAGE_H

#include <stdint.h>

#define AGENT_TAG	0x544e474154494d56ULL	/* "VMITAGNT" */
#define AGENT_VERSION	1

/* More are not sent, and not taken. */
#define AGENT_MAX_PARTS		64u
#define AGENT_MAX_PROCESSES	65536u

enum agent_type {
	AGENT_PROCESSES = 1,
};

/**
 * struct agent_head - first part of a message
 * @bytes: of this struct, a multiple of 8
 * @version: AGENT_VERSION; a message of another version is not read
 * @type: enum agent_type
 * @total: bytes of the whole message
 * @sequence: number of the list; every list has a higher one than that before
 * @part: of the list, from 0
 * @parts: messages that make up the list
 * @entries: structs that follow in this message
 * @ticks: units of agent_process.start in a second
 * @time_ns: when the list was begun, since the guest booted
 */
struct agent_head {
	uint32_t bytes;
	uint16_t version;
	uint16_t type;
	uint32_t total;
	uint32_t sequence;
	uint16_t part;
	uint16_t parts;
	uint32_t entries;
	uint32_t ticks;
	uint32_t reserved;
	uint64_t time_ns;
};

#define AGENT_F_KTHREAD	(1u << 0)

/**
 * struct agent_process - a process
 * @bytes: of this struct, a multiple of 8
 * @flags: AGENT_F_*
 * @pid: of the process
 * @ppid: of its parent
 * @uid: real user
 * @start: when it was started, in @ticks since the guest booted
 * @comm: name, NUL-terminated if it is shorter
 */
struct agent_process {
	uint16_t bytes;
	uint16_t flags;
	uint32_t pid;
	uint32_t ppid;
	uint32_t uid;
	uint64_t start;
	char comm[16];
};

#endif /* VMITAP_AGENT_MESSAGE_H */
