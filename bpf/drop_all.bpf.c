// SPDX-License-Identifier: GPL-2.0-only
/*
 * drop_all.bpf.c - record no exit
 *
 * For measuring what a filter costs, and for sessions that only want injected
 * events and vCPU events.
 */
#include "vmitap_filter.h"

VMITAP_FILTER(drop_all, ctx)
{
	return VMITAP_FILTER_DROP;
}

VMITAP_FILTER_LICENSE("GPL");
