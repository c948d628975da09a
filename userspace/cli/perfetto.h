/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perfetto.h - events as a trace that the Perfetto UI opens
 */
#ifndef VMITAP_CLI_PERFETTO_H
#define VMITAP_CLI_PERFETTO_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vmitap.h>

#include "json.h"

/* What a vCPU was last seen to do. */
struct perfetto_vcpu {
	bool named;
	bool exited;
	uint32_t reason;
	uint64_t tsc;
};

/**
 * struct perfetto - a trace being written
 * @json: where
 * @vendor: enum vmitap_vendor, for names
 * @tsc_khz: of the records
 * @handling: the time between an exit and the next entry is known
 * @pid: of the VMM
 * @base_tsc: time 0; 0 until the first record
 * @vcpus: by vCPU id
 * @nr_vcpus: entries of @vcpus
 */
struct perfetto {
	struct json json;
	uint32_t vendor;
	uint32_t tsc_khz;
	bool handling;
	uint32_t pid;
	uint64_t base_tsc;
	struct perfetto_vcpu *vcpus;
	size_t nr_vcpus;
};

/*
 * Write the head of a trace of the VM called @name to json.out; the caller sets
 * json.out, vendor, tsc_khz, handling and pid.
 */
void perfetto_begin(struct perfetto *trace, const char *name);

/* Write what a record says.  Return: 0 or -ENOMEM. */
int perfetto_add(struct perfetto *trace, const struct vmitap_record *rec);

/* Write the end and free what was allocated. */
void perfetto_end(struct perfetto *trace);

#endif /* VMITAP_CLI_PERFETTO_H */
