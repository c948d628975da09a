// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader_fill.bpf.c - fill BPF ring buffers with records as long as vmitap's
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <linux/vmitap.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring0 SEC(".maps"), ring1 SEC(".maps");

/* As struct fill of reader.c. */
struct fill {
	__u32 ring;
	__u32 count;
	__u32 done;
};

static int add(__u32 i, struct fill *fill)
{
	struct vmitap_exit *exit;

	if (fill->ring)
		exit = bpf_ringbuf_reserve(&ring1, sizeof(*exit), 0);
	else
		exit = bpf_ringbuf_reserve(&ring0, sizeof(*exit), 0);
	if (!exit)
		return 1;
	__builtin_memset(exit, 0, sizeof(*exit));
	exit->record.type = VMITAP_RECORD_EXIT;
	exit->record.size = sizeof(*exit);
	exit->record.seq = i;
	exit->rip = i;
	bpf_ringbuf_submit(exit, BPF_RB_NO_WAKEUP);
	fill->done++;
	return 0;
}

SEC("syscall")
int fill_ring(struct fill *ctx)
{
	struct fill fill = { ctx->ring, ctx->count, 0 };

	bpf_loop(fill.count, add, &fill, 0);
	ctx->done = fill.done;
	return 0;
}

char _license[] SEC("license") = "GPL";
