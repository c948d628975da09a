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

/* Does the ring's session want the message now?  The caller is in RCU. */
static bool message_wanted(struct vmitap_ring *ring, const struct vmitap_pending *pending)
{
	const struct vmitap_cfg *cfg = rcu_dereference(ring->cfg);

	return cfg->classes & BIT_ULL(VMITAP_CLASS_MESSAGE) &&
	       vmitap_ring_wants(ring, cfg, pending->cpl, pending->cr3);
}

/* The @nr-th ring of the vCPU whose session wants the message, with a reference. */
static struct vmitap_ring *message_ring_get(struct kvm_vcpu *vcpu,
					    const struct vmitap_pending *pending, int nr)
{
	struct vmitap_ring *ring, *found = NULL;
	struct vmitap_tap *tap;

	rcu_read_lock();
	tap = vmitap_tap_find(vcpu);
	if (!tap)
		goto out;
	vmitap_for_each_ring(ring, tap) {
		if (!message_wanted(ring, pending) || nr--)
			continue;
		if (refcount_inc_not_zero(&ring->ref))
			found = ring;
		break;
	}
out:
	rcu_read_unlock();
	return found;
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
 * looked at for each part, under RCU, as the session may be going away.
 */
static bool message_to_ring(struct vmitap_ring *ring, const struct vmitap_pending *pending,
			    u64 tag, const void *data, u32 total)
{
	struct vmitap_message head = {
		.record.type = VMITAP_RECORD_MESSAGE,
		.record.tsc = pending->tsc,
		.cr3 = pending->cr3,
		.rip = pending->rip,
		.tag = tag,
		.total = total,
		.cpl = pending->cpl,
		.mode = pending->mode,
	};
	bool good;

	do {
		head.bytes = min(total - head.offset, VMITAP_MESSAGE_CHUNK);
		vmitap_ring_wait_for(ring, sizeof(head) + VMITAP_MESSAGE_CHUNK);
		rcu_read_lock();
		good = !READ_ONCE(ring->stopped) && message_wanted(ring, pending) &&
		       message_add_part(ring, &head, data + head.offset);
		rcu_read_unlock();
		head.offset += head.bytes;
	} while (good && head.offset < total);
	return good;
}

static long message_deliver(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
			    void *data, u32 total)
{
	u64 tag = message_reg(vcpu, pending, VCPU_REGS_RBX);
	struct vmitap_ring *ring;
	long delivered = 0;
	int i;

	for (i = 0; (ring = message_ring_get(vcpu, pending, i)); i++) {
		delivered += message_to_ring(ring, pending, tag, data, total);
		vmitap_ring_put(ring);
	}
	return delivered ?: -ENOSPC;
}

static long message_fetch_and_deliver(struct kvm_vcpu *vcpu,
				      const struct vmitap_pending *pending)
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
		ret = message_deliver(vcpu, pending, data, total);
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
	struct vmitap_ring *ring = message_ring_get(vcpu, pending, 0);
	long answer;

	if (!ring)
		return false;
	vmitap_ring_put(ring);
	if (!vmitap_backend->skip_hypercall(vcpu, ret))
		return false;
	answer = message_fetch_and_deliver(vcpu, pending);
	vcpu->arch.regs[VCPU_REGS_RAX] = pending->mode == VMITAP_MODE_LONG64 ?
					 answer : (u32)answer;
	return true;
}
