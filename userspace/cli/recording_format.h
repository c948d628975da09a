/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recording_format.h - layout of a recording
 *
 * A head, then records as the module wrote them, in the order of time, then an
 * end record.  Everything is little-endian.  A file without the end record was
 * cut off; what comes before the cut is valid.
 */
#ifndef VMITAP_CLI_RECORDING_FORMAT_H
#define VMITAP_CLI_RECORDING_FORMAT_H

#include <linux/vmitap.h>

#define RECORDING_MAGIC		"VMITAP\r\n"
#define RECORDING_VERSION	1

/* More vCPU ids than KVM has. */
#define RECORDING_MAX_VCPUS	16384

/* recording_head.flags: no exit was left out on purpose. */
#define RECORDING_EVERY_EXIT	(1U << 0)

/**
 * struct recording_head - start of the file
 * @magic: RECORDING_MAGIC; the line end tells of transfers that changed it
 * @version: RECORDING_VERSION
 * @head_bytes: where the records begin; a newer head may be longer
 * @flags: RECORDING_*
 * @vendor: enum vmitap_vendor
 * @tsc_khz: frequency of the TSC
 * @pid: VMM process
 * @classes: mask of enum vmitap_class that was captured
 * @tsc: read together with the clock below
 * @real_ns: CLOCK_REALTIME at @tsc
 * @name: of the VM, NUL-terminated
 */
struct recording_head {
	char magic[8];
	__u32 version;
	__u32 head_bytes;
	__u32 flags;
	__u32 vendor;
	__u32 tsc_khz;
	__u32 pid;
	__aligned_u64 classes;
	__aligned_u64 tsc;
	__aligned_u64 real_ns;
	char name[64];
};

/* Type of the end record, which no record of the module has. */
#define RECORDING_END		0xffff

/**
 * struct recording_end - end of the file
 * @record: head, type RECORDING_END
 * @records: in the file, this one not included
 * @lost: events lost, by enum vmitap_lost
 */
struct recording_end {
	struct vmitap_record record;
	__aligned_u64 records;
	__aligned_u64 lost[VMITAP_NR_LOST];
};

#endif /* VMITAP_CLI_RECORDING_FORMAT_H */
