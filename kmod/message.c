// SPDX-License-Identifier: GPL-2.0-only
/*
 * message.c - fetch a buffer that guest code sends by hypercall, deliver it
 *
 * Everything that the guest says is checked here: the length against
 * VMITAP_MESSAGE_MAX, the address by reading it with faults allowed.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "backend.h"
#include "config.h"
#include "guestmem.h"
#include "hook.h"
#include "message.h"
#include "ring.h"
#include "tap.h"

static u64 message_reg(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending, int reg)
{
	u64 val = vcpu->arch.regs[reg];

	return pending->mode == VMITAP_MODE_LONG64 ? val : (u32)val;
}

/* The rings whose sessions want a message, each with a reference. */
struct message_rings {
	int nr;
	struct vmitap_ring *ring[VMITAP_MAX_SESSIONS];
};

/* Do sessions of this configuration capture messages? */
static bool message_class(const struct vmitap_cfg *cfg)
{
	return cfg->classes & BIT_ULL(VMITAP_CLASS_MESSAGE);
}

/* Who wants the message is decided once, so that it is filtered out once. */
static void message_rings_get(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
			      struct message_rings *rings)
{
	const struct vmitap_cfg *cfg;
	struct vmitap_ring *ring;
	struct vmitap_tap *tap;

	rings->nr = 0;
	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	if (!tap)
		goto out;
	vmitap_for_each_ring(ring, tap) {
		cfg = rcu_dereference(ring->cfg);
		if (message_class(cfg) && rings->nr < VMITAP_MAX_SESSIONS &&
		    vmitap_ring_wants(ring, cfg, pending->cpl, pending->cr3,
				      pending->cr3) &&
		    refcount_inc_not_zero(&ring->ref))
			rings->ring[rings->nr++] = ring;
	}
out:
	rcu_read_unlock();
}

static void message_rings_put(const struct message_rings *rings)
{
	int i;

	for (i = 0; i < rings->nr; i++)
		vmitap_ring_put(rings->ring[i]);
}

static_assert(sizeof(struct vmitap_message) + VMITAP_MESSAGE_CHUNK <= VMITAP_RING_ROOM_MAX);

static bool message_add_part(struct vmitap_ring *ring, const struct vmitap_message *head,
			     const void *data)
{
	u32 size = ALIGN(sizeof(*head) + head->bytes, 8);
	struct vmitap_message *rec;

	rec = vmitap_ring_reserve(ring, size);
	if (!rec) {
		vmitap_ring_lose(ring, VMITAP_CLASS_MESSAGE, head->record.tsc,
				 VMITAP_LOST_FULL);
		return false;
	}
	*rec = *head;
	rec->record.size = size;
	rec->record.vcpu = ring->vcpu_id;
	rec->record.seq = ring->seq;
	memcpy(rec + 1, data, head->bytes);
	memset((void *)(rec + 1) + head->bytes, 0, size - sizeof(*rec) - head->bytes);
	vmitap_ring_commit(ring, size);
	return true;
}

/*
 * All parts to one ring.  @ring is kept by a reference; that it may be written to is
 * looked at for each part, under RCU, as the session may be going away, or gone.
 */
static bool message_to_ring(struct vmitap_ring *ring, struct kvm_vcpu *vcpu,
			    const struct vmitap_pending *pending, const void *data,
			    u32 total)
{
	struct vmitap_message head = {
		.record.type = VMITAP_RECORD_MESSAGE,
		.record.tsc = pending->tsc,
		.cr3 = pending->cr3,
		.rip = pending->rip,
		.tag = message_reg(vcpu, pending, VCPU_REGS_RBX),
		.total = total,
		.cpl = pending->cpl,
		.mode = pending->mode,
	};
	bool good;

	do {
		head.bytes = min(total - head.offset, VMITAP_MESSAGE_CHUNK);
		vmitap_ring_wait_for(ring, vcpu, sizeof(head) + VMITAP_MESSAGE_CHUNK);
		rcu_read_lock();
		good = !READ_ONCE(ring->stopped) &&
		       message_class(rcu_dereference(ring->cfg)) &&
		       message_add_part(ring, &head, data + head.offset);
		rcu_read_unlock();
		head.offset += head.bytes;
	} while (good && head.offset < total);
	return good;
}

static long message_deliver(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
			    const struct message_rings *rings, const void *data, u32 total)
{
	long delivered = 0;
	int i;

	for (i = 0; i < rings->nr; i++)
		delivered += message_to_ring(rings->ring[i], vcpu, pending, data, total);
	return delivered ?: -ENOSPC;
}

static long message_fetch_and_deliver(struct kvm_vcpu *vcpu,
				      const struct vmitap_pending *pending,
				      const struct message_rings *rings)
{
	struct vmitap_paging paging = vmitap_backend->message_paging(vcpu);
	u64 addr = message_reg(vcpu, pending, VCPU_REGS_RCX);
	u64 total = message_reg(vcpu, pending, VCPU_REGS_RDX);
	void *data;
	long ret;

	if (total > VMITAP_MESSAGE_MAX)
		return -EINVAL;
	data = kvmalloc(total + 1, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	if (vmitap_guest_read(vcpu, &paging, addr, data, total) == total)
		ret = message_deliver(vcpu, pending, rings, data, total);
	else
		ret = -EFAULT;
	kvfree(data);
	return ret;
}

/**
 * vmitap_message_take() - take a message, if a session wants it
 * @vcpu: the vCPU that sends it, in its thread, which may sleep
 * @pending: the exit
 * @ret: what kvm_x86_ops.handle_exit is to return
 *
 * Return: true if that was the hypercall, which is finished; false if KVM is to
 * handle it.
 */
bool vmitap_message_take(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
			 int *ret)
{
	struct message_rings rings;
	bool taken;
	long answer;

	message_rings_get(vcpu, pending, &rings);
	taken = rings.nr && vmitap_backend->skip_hypercall(vcpu, ret);
	if (taken) {
		answer = message_fetch_and_deliver(vcpu, pending, &rings);
		vcpu->arch.regs[VCPU_REGS_RAX] = pending->mode == VMITAP_MODE_LONG64 ?
						 answer : (u32)answer;
	}
	message_rings_put(&rings);
	return taken;
}
