// SPDX-License-Identifier: GPL-2.0-only
/*
 * by_reason.bpf.c - record exits whose reason or class is in a set
 *
 * Maps:
 *	reasons		__u32 exit reason in the vendor's code -> __u64 matches
 *	classes		__u32 enum vmitap_class -> __u64 matches
 *
 * An exit is recorded if its reason is in the first or its class in the second
 * map; with both maps empty nothing is.  Members may come and go at any time:
 *
 *	bpftool map update pinned /sys/fs/bpf/by_reason_maps/classes \
 *		key 7 0 0 0 value 0 0 0 0 0 0 0 0
 *
 * The value counts the exits that matched.
 */
#include "vmitap_filter.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VMITAP_MAX_EXIT_CLASSES);
	__type(key, __u32);
	__type(value, __u64);
} classes SEC(".maps");

VMITAP_FILTER(by_reason, ctx)
{
	__u32 class_id = ctx->class_id;
	__u32 reason = ctx->reason;
	__u64 *matches;

	matches = bpf_map_lookup_elem(&reasons, &reason);
	if (!matches)
		matches = bpf_map_lookup_elem(&classes, &class_id);
	if (!matches)
		return VMITAP_FILTER_DROP;
	__sync_fetch_and_add(matches, 1);
	return VMITAP_FILTER_RECORD;
}

VMITAP_FILTER_LICENSE("GPL");
