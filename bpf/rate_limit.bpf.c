// SPDX-License-Identifier: GPL-2.0-only
/*
 * rate_limit.bpf.c - record at most so many exits per second of each vCPU
 *
 * Maps:
 *	config		[0] struct rate_config, below
 *	buckets		[vCPU id] struct rate_bucket
 *
 * A token bucket per vCPU: it holds at most @burst tokens, @events_per_s tokens
 * per second flow in, an exit that finds a token takes it and is recorded, any
 * other is dropped and counted.  Time is the TSC of the exits, so the filter has
 * to know its frequency ("vmitap doctor" prints it); 1000 exits per second with
 * bursts of 50 on a 2.5 GHz TSC, in hexadecimal bytes:
 *
 *	bpftool map update pinned /sys/fs/bpf/rate_limit_maps/config key 0 0 0 0 \
 *		value hex e8 03 00 00 00 00 00 00  32 00 00 00 00 00 00 00 \
 *			  a0 25 26 00 00 00 00 00
 *
 * Any zero in config switches the limit off.  Load the program once per VM: VMs
 * that share it share the buckets of equal vCPU ids.
 */
#include "vmitap_filter.h"

struct rate_config {
	__u64 events_per_s;
	__u64 burst;
	__u64 tsc_khz;
};

/*
 * The level of the bucket is kept as the time at which it will be full again:
 * a bucket whose @full_tsc is n intervals ahead lacks n tokens.
 */
struct rate_bucket {
	__u64 full_tsc;
	__u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rate_config);
} config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VMITAP_MAX_VCPU_IDS);
	__type(key, __u32);
	__type(value, struct rate_bucket);
} buckets SEC(".maps");

VMITAP_FILTER(rate_limit, ctx)
{
	__u32 vcpu = vmitap_vcpu(ctx);
	struct rate_bucket *bucket;
	struct rate_config *conf;
	__u64 full, interval;
	__u32 zero = 0;

	conf = bpf_map_lookup_elem(&config, &zero);
	bucket = bpf_map_lookup_elem(&buckets, &vcpu);
	if (!conf || !bucket)
		return VMITAP_FILTER_RECORD;
	if (!conf->events_per_s || !conf->burst || !conf->tsc_khz)
		return VMITAP_FILTER_RECORD;

	interval = conf->tsc_khz * 1000 / conf->events_per_s;
	full = bucket->full_tsc;
	if (full < ctx->tsc)
		full = ctx->tsc;
	full += interval;
	if (full - ctx->tsc > conf->burst * interval) {
		bucket->dropped++;
		return VMITAP_FILTER_DROP;
	}
	bucket->full_tsc = full;
	return VMITAP_FILTER_RECORD;
}

VMITAP_FILTER_LICENSE("GPL");
