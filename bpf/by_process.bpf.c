// SPDX-License-Identifier: GPL-2.0-only
/*
 * by_process.bpf.c - record exits under page tables in a set
 *
 * Map:
 *	cr3s		__u64 page-table root -> __u64 matches
 *
 * The key is CR3 with bits 0-11 (PCID, or PWT and PCD) and 63 cleared.  A Linux
 * guest with page-table isolation has two roots per process, 4 KiB apart: put
 * both in.  Members may come and go at any time; the value counts the exits that
 * matched.
 */
#include "vmitap_filter.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} cr3s SEC(".maps");

VMITAP_FILTER(by_process, ctx)
{
	__u64 root = vmitap_cr3_root(ctx->cr3);
	__u64 *matches;

	matches = bpf_map_lookup_elem(&cr3s, &root);
	if (!matches)
		return VMITAP_FILTER_DROP;
	__sync_fetch_and_add(matches, 1);
	return VMITAP_FILTER_RECORD;
}

VMITAP_FILTER_LICENSE("GPL");
