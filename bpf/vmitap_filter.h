/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmitap_filter.h - what a vmitap filter sees and how it reads more
 *
 * The one header a filter includes.  A filter is a BPF program of type
 * raw_tracepoint that the vmitap module runs for every hardware exit that the
 * session's masks let through:
 *
 *	#include "vmitap_filter.h"
 *
 *	VMITAP_FILTER(only_user_mode, ctx)
 *	{
 *		return vmitap_cpl(ctx) == 3 ? VMITAP_FILTER_RECORD :
 *					      VMITAP_FILTER_DROP;
 *	}
 *
 *	VMITAP_FILTER_LICENSE("GPL");
 *
 *	clang -target bpf -mcpu=v2 -O2 -g -I/usr/local/include/vmitap \
 *		-idirafter /usr/include/$(gcc -print-multiarch) \
 *		-c only_user_mode.bpf.c -o only_user_mode.bpf.o
 *	bpftool prog load only_user_mode.bpf.o /sys/fs/bpf/only_user_mode \
 *		type raw_tracepoint pinmaps /sys/fs/bpf/only_user_mode_maps
 *	vmitap stream --filter /sys/fs/bpf/only_user_mode
 *
 * A filter runs with interrupts off between the exit and KVM's handling of it,
 * on the CPU of the vCPU thread.  Exits of one vCPU never run it concurrently,
 * those of several vCPUs do.  It does not run for injected events, traps, vCPU
 * events and LOST records.
 */
#ifndef VMITAP_FILTER_BPF_H
#define VMITAP_FILTER_BPF_H

#include <linux/bpf.h>
#include <linux/vmitap.h>
#include <bpf/bpf_helpers.h>

/**
 * struct vmitap_filter_ctx - the exit to decide on
 * @rec: kernel address of the struct vmitap_exit with its sections; read it
 *	with vmitap_read_exit() and the VMITAP_READ_* macros only
 * @reason: exit reason in the vendor's code
 * @class_id: enum vmitap_class
 * @where: read it with vmitap_vcpu(), vmitap_cpl(), vmitap_mode(),
 *	vmitap_flags()
 * @qual1: SVM EXITINFO1, VMX exit qualification
 * @qual2: SVM EXITINFO2, VMX guest-physical address
 * @rip: guest RIP
 * @cr3: guest CR3; compare it with vmitap_cr3_root()
 * @tsc: host TSC at the exit
 * @entry_tsc: host TSC right before the guest was entered
 * @prev_exit_tsc: host TSC of this vCPU's previous exit, 0 if there is none
 * @prev: read it with vmitap_prev_reason(), vmitap_prev_class()
 *
 * 12 values of 64 bits, all that a raw tracepoint program may read.
 */
struct vmitap_filter_ctx {
	__u64 rec;
	__u64 reason;
	__u64 class_id;
	__u64 where;
	__u64 qual1;
	__u64 qual2;
	__u64 rip;
	__u64 cr3;
	__u64 tsc;
	__u64 entry_tsc;
	__u64 prev_exit_tsc;
	__u64 prev;
};

#define VMITAP_FILTER(name, ctx)					\
	SEC("raw_tp")							\
	int name(struct vmitap_filter_ctx *ctx __attribute__((unused)))

#define VMITAP_FILTER_LICENSE(text) \
	char vmitap_filter_license[] SEC("license") = text

/* Largest vCPU id plus one that KVM hands out, for arrays indexed by vCPU. */
#define VMITAP_MAX_VCPU_IDS	16384

/* Bits of CR3 that are no address: PCID or PWT/PCD, and "do not flush". */
#define VMITAP_CR3_NO_ROOT	(0xfffULL | 1ULL << 63)

#define __vmitap_inline static inline __attribute__((always_inline, unused))

__vmitap_inline __u32 vmitap_vcpu(const struct vmitap_filter_ctx *ctx)
{
	return ctx->where;
}

__vmitap_inline __u32 vmitap_cpl(const struct vmitap_filter_ctx *ctx)
{
	return ctx->where >> 32 & 0xff;
}

/* Return: enum vmitap_mode */
__vmitap_inline __u32 vmitap_mode(const struct vmitap_filter_ctx *ctx)
{
	return ctx->where >> 40 & 0xff;
}

/* Return: VMITAP_RECORD_NESTED, VMITAP_RECORD_FASTPATH, VMITAP_RECORD_TRAP */
__vmitap_inline __u32 vmitap_flags(const struct vmitap_filter_ctx *ctx)
{
	return ctx->where >> 48;
}

/* Return: the part of a CR3 value that tells address spaces apart */
__vmitap_inline __u64 vmitap_cr3_root(__u64 cr3)
{
	return cr3 & ~VMITAP_CR3_NO_ROOT;
}

__vmitap_inline __u32 vmitap_prev_reason(const struct vmitap_filter_ctx *ctx)
{
	return ctx->prev;
}

__vmitap_inline __u32 vmitap_prev_class(const struct vmitap_filter_ctx *ctx)
{
	return ctx->prev >> 32 & 0xff;
}

/*
 * Time between the previous exit and the entry that followed it, that is, the
 * time the host took to handle that exit.
 *
 * Return: TSC ticks, 0 if this is the vCPU's first exit
 */
__vmitap_inline __u64 vmitap_prev_handling(const struct vmitap_filter_ctx *ctx)
{
	if (!ctx->prev_exit_tsc || ctx->entry_tsc < ctx->prev_exit_tsc)
		return 0;
	return ctx->entry_tsc - ctx->prev_exit_tsc;
}

/* Read the fixed part of the record.  Return: 0 or a negative error number. */
__vmitap_inline long vmitap_read_exit(const struct vmitap_filter_ctx *ctx,
				      struct vmitap_exit *exit)
{
	return bpf_probe_read_kernel(exit, sizeof(*exit),
				     (const void *)ctx->rec);
}

/*
 * Bytes from the start of the record to the section @field, or 0 if the session
 * did not select that section for this class of exits.
 */
__vmitap_inline __u32 vmitap_section_offset(const struct vmitap_filter_ctx *ctx,
					    __u32 field)
{
	__u32 off = sizeof(struct vmitap_exit);
	struct vmitap_record head;

	if (bpf_probe_read_kernel(&head, sizeof(head), (const void *)ctx->rec))
		return 0;
	if (!(head.fields & field))
		return 0;
	if (field > VMITAP_FIELD_CTRL && head.fields & VMITAP_FIELD_CTRL)
		off += sizeof(struct vmitap_ctrl);
	if (field > VMITAP_FIELD_GPRS && head.fields & VMITAP_FIELD_GPRS)
		off += sizeof(struct vmitap_gprs);
	if (field > VMITAP_FIELD_SEGS && head.fields & VMITAP_FIELD_SEGS)
		off += sizeof(struct vmitap_segs);
	return off;
}

/*
 * Read @size bytes at @skip of the section @field.
 *
 * Return: 0; -2 (ENOENT) if the record has no such section; another negative
 * error number if the read failed.  *@dst is zero unless 0 is returned.
 */
__vmitap_inline long vmitap_read_section(const struct vmitap_filter_ctx *ctx,
					 __u32 field, __u32 skip, void *dst,
					 __u32 size)
{
	__u32 off = vmitap_section_offset(ctx, field);

	if (!off) {
		__builtin_memset(dst, 0, size);
		return -2;
	}
	return bpf_probe_read_kernel(dst, size,
				     (const void *)(ctx->rec + off + skip));
}

#define __VMITAP_READ(ctx, field, type, member)				\
({									\
	__typeof__(((type *)0)->member) __val;				\
									\
	vmitap_read_section(ctx, field, __builtin_offsetof(type, member), \
			    &__val, sizeof(__val));			\
	__val;								\
})

/*
 * One member of a section by name, 0 if the session did not select the section
 * (vmitap_has() tells the difference):
 *
 *	VMITAP_READ_GPR(ctx, VMITAP_RAX)
 *	VMITAP_READ_CTRL(ctx, rflags)
 *	VMITAP_READ_SEG(ctx, VMITAP_CS, selector)
 */
#define VMITAP_READ_CTRL(ctx, member) \
	__VMITAP_READ(ctx, VMITAP_FIELD_CTRL, struct vmitap_ctrl, member)
#define VMITAP_READ_GPR(ctx, gpr) \
	__VMITAP_READ(ctx, VMITAP_FIELD_GPRS, struct vmitap_gprs, reg[gpr])
#define VMITAP_READ_SEG(ctx, segreg, member) \
	__VMITAP_READ(ctx, VMITAP_FIELD_SEGS, struct vmitap_segs, \
		      seg[segreg].member)

/* Read all instruction bytes.  Return: as vmitap_read_section(). */
__vmitap_inline long vmitap_read_insn(const struct vmitap_filter_ctx *ctx,
				      struct vmitap_insn *insn)
{
	return vmitap_read_section(ctx, VMITAP_FIELD_INSN, 0, insn,
				   sizeof(*insn));
}

/* Return: whether the record has the section VMITAP_FIELD_@field */
__vmitap_inline int vmitap_has(const struct vmitap_filter_ctx *ctx, __u32 field)
{
	return vmitap_section_offset(ctx, field) != 0;
}

#endif /* VMITAP_FILTER_BPF_H */
