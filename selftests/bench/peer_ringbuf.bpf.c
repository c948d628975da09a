// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer_ringbuf.bpf.c - what a BPF program on KVM's tracepoint costs that stores
 * the fields of vmitap's default record into a BPF ring buffer
 *
 * The guest's registers are in private structures of KVM's vendor module, which
 * the program reaches through BTF relocations against the running module.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define PAI __attribute__((preserve_access_index))

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

struct vmcb_seg { unsigned short selector, attrib; } PAI;

struct vmcb_control_area {
	u32 exit_code;
	u64 exit_info_1;
	u64 exit_info_2;
	u32 exit_int_info;
	u32 exit_int_info_err;
} PAI;

struct vmcb_save_area {
	u8 cpl;
	u64 cr3;
	u64 rip;
	u64 efer;
	struct vmcb_seg cs;
} PAI;

struct vmcb {
	struct vmcb_control_area control;
	struct vmcb_save_area save;
} PAI;

struct kvm_vcpu { int vcpu_id; } PAI;

struct vcpu_svm {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
} PAI;

/* As large as struct vmitap_exit, with the same in it. */
struct record {
	u64 head[2];
	u64 tsc;
	u64 entry_tsc;
	u32 reason;
	u8 class_id, cpl, mode, pad;
	u64 qual1, qual2;
	u32 intr_info, intr_error;
	u64 rip, cr3;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ring SEC(".maps");

SEC("raw_tp/kvm_exit")
int peer_kvm_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct vcpu_svm *svm = (void *)ctx->args[0];
	struct record *rec;
	struct vmcb *vmcb;

	rec = bpf_ringbuf_reserve(&ring, sizeof(*rec), 0);
	if (!rec)
		return 0;
	vmcb = BPF_CORE_READ(svm, vmcb);
	rec->head[0] = BPF_CORE_READ(svm, vcpu.vcpu_id);
	rec->head[1] = 0;
	rec->tsc = bpf_ktime_get_ns();
	rec->entry_tsc = 0;
	rec->reason = BPF_CORE_READ(vmcb, control.exit_code);
	rec->class_id = 0;
	rec->pad = 0;
	rec->cpl = BPF_CORE_READ(vmcb, save.cpl);
	rec->mode = BPF_CORE_READ(vmcb, save.cs.attrib);
	rec->qual1 = BPF_CORE_READ(vmcb, control.exit_info_1);
	rec->qual2 = BPF_CORE_READ(vmcb, control.exit_info_2);
	rec->intr_info = BPF_CORE_READ(vmcb, control.exit_int_info);
	rec->intr_error = BPF_CORE_READ(vmcb, control.exit_int_info_err);
	rec->rip = BPF_CORE_READ(vmcb, save.rip);
	rec->cr3 = BPF_CORE_READ(vmcb, save.cr3);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

char _license[] SEC("license") = "GPL";
