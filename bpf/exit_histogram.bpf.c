// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_histogram.bpf.c - histogram of exit handling time, record nothing
 *
 * Map:
 *	histogram	[enum vmitap_class] struct histogram
 *
 * slot[n] counts exits of that class whose handling took 2^n up to 2^(n+1) - 1
 * ticks of the TSC ("vmitap doctor" prints its frequency); slot[0] includes 0.
 * Handling lasts from the exit to the next entry and is known at the exit after,
 * so the last exit of each vCPU is missing.  For HLT it includes the time asleep.
 *
 *	bpftool map dump pinned /sys/fs/bpf/exit_histogram_maps/histogram
 *
 * The session sees every exit this way without a byte through its rings.
 */
#include "vmitap_filter.h"

#define NR_SLOTS	64

struct histogram {
	__u64 count;
	__u64 ticks;
	__u64 slot[NR_SLOTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VMITAP_MAX_EXIT_CLASSES);
	__type(key, __u32);
	__type(value, struct histogram);
} histogram SEC(".maps");

static inline __attribute__((always_inline)) __u32 log2_of(__u64 val)
{
	__u32 log = 0;

	if (val >> 32) {
		val >>= 32;
		log += 32;
	}
	if (val >> 16) {
		val >>= 16;
		log += 16;
	}
	if (val >> 8) {
		val >>= 8;
		log += 8;
	}
	if (val >> 4) {
		val >>= 4;
		log += 4;
	}
	if (val >> 2) {
		val >>= 2;
		log += 2;
	}
	return log + (val >> 1);
}

VMITAP_FILTER(exit_histogram, ctx)
{
	__u32 class_id = vmitap_prev_class(ctx);
	struct histogram *hist;
	__u64 ticks;
	__u32 slot;

	if (!ctx->prev_exit_tsc)
		return VMITAP_FILTER_DROP;

	hist = bpf_map_lookup_elem(&histogram, &class_id);
	if (!hist)
		return VMITAP_FILTER_DROP;

	ticks = vmitap_prev_handling(ctx);
	slot = log2_of(ticks) & (NR_SLOTS - 1);
	__sync_fetch_and_add(&hist->count, 1);
	__sync_fetch_and_add(&hist->ticks, ticks);
	__sync_fetch_and_add(&hist->slot[slot], 1);
	return VMITAP_FILTER_DROP;
}

VMITAP_FILTER_LICENSE("GPL");
