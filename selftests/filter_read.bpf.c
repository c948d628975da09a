// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_read.bpf.c - programs that exercise the readers of vmitap_filter.h
 *
 * "find" stores the kernel address of the record in map "record", so that the
 * test can give that address to "read", which sees it as the module's.
 */
#include "vmitap_filter.h"

struct filter_read_result {
	__u64 rax;
	__u64 r15;
	__u64 rflags;
	__u64 efer;
	__u64 cs_base;
	__u64 tr_selector;
	__u64 insn_len;
	__u64 insn_last;
	__u64 has;
	__u64 rip;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, VMITAP_EXIT_MAX);
} record SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} address SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_read_result);
} result SEC(".maps");

VMITAP_FILTER(find, ctx)
{
	__u32 zero = 0;
	__u64 *addr = bpf_map_lookup_elem(&address, &zero);
	void *rec = bpf_map_lookup_elem(&record, &zero);

	if (!addr || !rec)
		return VMITAP_FILTER_DROP;
	*addr = (__u64)rec;
	return VMITAP_FILTER_RECORD;
}

VMITAP_FILTER(read, ctx)
{
	struct filter_read_result *res;
	struct vmitap_insn insn;
	struct vmitap_exit exit;
	__u32 zero = 0;

	res = bpf_map_lookup_elem(&result, &zero);
	if (!res)
		return VMITAP_FILTER_DROP;
	res->rax = VMITAP_READ_GPR(ctx, VMITAP_RAX);
	res->r15 = VMITAP_READ_GPR(ctx, VMITAP_R15);
	res->rflags = VMITAP_READ_CTRL(ctx, rflags);
	res->efer = VMITAP_READ_CTRL(ctx, efer);
	res->cs_base = VMITAP_READ_SEG(ctx, VMITAP_CS, base);
	res->tr_selector = VMITAP_READ_SEG(ctx, VMITAP_TR, selector);
	vmitap_read_insn(ctx, &insn);
	res->insn_len = insn.len;
	res->insn_last = insn.bytes[14];
	res->has = vmitap_has(ctx, VMITAP_FIELD_CTRL) |
		   vmitap_has(ctx, VMITAP_FIELD_GPRS) << 1 |
		   vmitap_has(ctx, VMITAP_FIELD_SEGS) << 2 |
		   vmitap_has(ctx, VMITAP_FIELD_INSN) << 3;
	if (vmitap_read_exit(ctx, &exit))
		return VMITAP_FILTER_DROP;
	res->rip = exit.rip;
	return res->rax == 0x1234 ? VMITAP_FILTER_RECORD : VMITAP_FILTER_DROP;
}

VMITAP_FILTER_LICENSE("GPL");
