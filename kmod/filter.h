/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - a session's BPF program
 */
#ifndef VMITAP_FILTER_H
#define VMITAP_FILTER_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/vmitap.h>

/*
 * What the program sees: the arguments of a raw tracepoint, 64 bits each.
 * bpf/vmitap_filter.h describes the same layout to programs.
 */
struct vmitap_filter_ctx {
	u64 rec;
	u64 reason;
	u64 class_id;
	u64 where;
	u64 qual1;
	u64 qual2;
	u64 rip;
	u64 cr3;
	u64 tsc;
	u64 entry_tsc;
	u64 prev_exit_tsc;
	u64 prev;
};

/* The verifier lets a raw tracepoint program read this much and no more. */
static_assert(sizeof(struct vmitap_filter_ctx) == 12 * sizeof(u64));

struct bpf_prog *vmitap_filter_get(int fd);
void vmitap_filter_put(struct bpf_prog *prog);

/**
 * vmitap_filter_run() - ask the program about a record
 * @prog: program; the caller keeps it alive, with interrupts off
 * @rec: complete record, not yet published
 * @prev_exit_tsc: TSC of the vCPU's previous exit, 0 if there was none
 * @prev: its reason in bits 0-31, its class in bits 32-39
 *
 * A program may have one stack for each CPU: it is not asked while it runs there already.
 *
 * Return: true to publish the record.
 */
static __always_inline bool vmitap_filter_run(struct bpf_prog *prog,
					      struct vmitap_exit *rec,
					      u64 prev_exit_tsc, u64 prev)
{
	struct vmitap_filter_ctx ctx = {
		.rec = (unsigned long)rec,
		.reason = rec->reason,
		.class_id = rec->class_id,
		.where = rec->record.vcpu | (u64)rec->cpl << 32 |
			 (u64)rec->mode << 40 | (u64)rec->record.flags << 48,
		.qual1 = rec->qual1,
		.qual2 = rec->qual2,
		.rip = rec->rip,
		.cr3 = rec->cr3,
		.tsc = rec->record.tsc,
		.entry_tsc = rec->entry_tsc,
		.prev_exit_tsc = prev_exit_tsc,
		.prev = prev,
	};
	struct bpf_trace_run_ctx run_ctx = {};
	struct bpf_run_ctx *old;
	bool keep = true;

	/* Who runs a program from a tracepoint as well looks there, too. */
	if (this_cpu_inc_return(*(int __percpu *)prog->active) == 1) {
		/* Some helpers look for what a tracepoint has there. */
		old = bpf_set_run_ctx(&run_ctx.run_ctx);
		keep = bpf_prog_run(prog, &ctx) != VMITAP_FILTER_DROP;
		bpf_reset_run_ctx(old);
	}
	this_cpu_dec(*(int __percpu *)prog->active);
	return keep;
}

#endif /* VMITAP_FILTER_H */
