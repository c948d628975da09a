// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample.bpf.c - record one exit in N of each vCPU
 *
 * Maps:
 *	config		[0] __u64 N; 0 and 1 record every exit
 *	exits		[vCPU id] __u64 exits seen since the program was loaded
 *
 * The first exit of each vCPU is recorded, then every Nth.  Load the program
 * once per VM: VMs that share it share the counters of equal vCPU ids.
 */
#include "vmitap_filter.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VMITAP_MAX_VCPU_IDS);
	__type(key, __u32);
	__type(value, __u64);
} exits SEC(".maps");

VMITAP_FILTER(sample, ctx)
{
	__u32 vcpu = vmitap_vcpu(ctx);
	__u64 *seen, *n;
	__u32 zero = 0;
	__u64 nr;

	n = bpf_map_lookup_elem(&config, &zero);
	seen = bpf_map_lookup_elem(&exits, &vcpu);
	if (!n || !seen)
		return VMITAP_FILTER_RECORD;

	/* Only this vCPU's thread writes this counter. */
	nr = (*seen)++;
	if (*n <= 1)
		return VMITAP_FILTER_RECORD;
	return nr % *n ? VMITAP_FILTER_DROP : VMITAP_FILTER_RECORD;
}

VMITAP_FILTER_LICENSE("GPL");
