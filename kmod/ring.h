/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - one session's ring for one vCPU
 *
 * Single producer (the vCPU thread with interrupts off; process context only
 * when no vCPU thread can run, see ring.c), single consumer (user space).
 *
 *	kernel				user space
 *
 *	(A) load-acquire consumer_pos	(C) load-acquire producer_pos
 *	    write records		    read records
 *	(B) store-release producer_pos	(D) store-release consumer_pos
 *
 * A pairs with D: the space is not written before the reader is done with it.
 * B pairs with C: the reader sees complete records only.
 * Wake-up is a third pair, see vmitap_ring_check() and vmitap_session_poll().
 *
 * The kernel keeps its own position and trusts nothing that user space can
 * write: a consumer position outside [pos - data_bytes, pos] is counted as loss.
 */
#ifndef VMITAP_RING_H
#define VMITAP_RING_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/vmitap.h>

struct vm_area_struct;
struct vmitap_cfg;
struct vmitap_session;

/* Always left free, so that the last records of a ring fit. */
#define VMITAP_RING_RESERVE	(sizeof(struct vmitap_lost_record) +	\
				 2 * sizeof(struct vmitap_record))

/* What one trip into the guest can add: the event injected and the exit. */
#define VMITAP_RING_TRIP	(sizeof(struct vmitap_inject) +		\
				 VMITAP_RECORD_MAX +			\
				 sizeof(struct vmitap_lost_record))

#define VMITAP_RING_MIN		PAGE_SIZE
#define VMITAP_RING_MAX		(256u << 20)

/**
 * struct vmitap_ring - producer side of a ring
 * @next: next session's ring of the same vCPU
 * @cfg: what to capture; NULL while capture is off
 * @pos: position up to which records are complete
 * @limit: position that @pos must not pass without a look at the consumer
 * @check_at: position at which to look whether someone is to be woken
 * @data: records, mapped twice in a row
 * @mask: data size minus one
 * @seq: number of the next event
 * @vcpu_id: the vCPU
 * @prod: page shared read-only
 * @cons: page shared read-write
 * @session: owner; valid while the ring is linked to a vCPU
 * @low: lossless ring without room for another trip
 * @fallback: a lossless wait expired, loss is counted until there is room again
 * @stopped: the session is going away, nobody may wait
 * @lost: LOST record in the making; lost.count is 0 when nothing is missing
 * @space_wq: where the vCPU waits for room
 * @ref: one for the session, one for each waiting vCPU or mmap() in progress
 * @index: in the session
 * @pages: backing pages, @nr_pages of them
 */
struct vmitap_ring {
	struct vmitap_ring __rcu *next;
	struct vmitap_cfg __rcu *cfg;
	u64 pos;
	u64 limit;
	u64 check_at;
	void *data;
	u32 mask;
	u32 seq;
	u32 vcpu_id;
	struct vmitap_ring_producer *prod;

	struct vmitap_ring_consumer *cons;
	struct vmitap_session *session;
	bool low;
	bool fallback;
	bool stopped;
	struct vmitap_lost_record lost;
	wait_queue_head_t space_wq;
	refcount_t ref;
	u32 index;
	struct page **pages;
	u32 nr_pages;
};

struct vmitap_ring *vmitap_ring_create(struct vmitap_session *session,
				       u32 index, u32 vcpu_id, u32 bytes,
				       u32 vendor);
void vmitap_ring_put(struct vmitap_ring *ring);
int vmitap_ring_mmap(struct vmitap_ring *ring, struct vm_area_struct *vma,
		     unsigned long first_page);

void *vmitap_ring_reserve_slow(struct vmitap_ring *ring, u32 size);
void vmitap_ring_check(struct vmitap_ring *ring);
void vmitap_ring_lose(struct vmitap_ring *ring, u32 class_id, u64 tsc,
		      enum vmitap_lost reason);
void vmitap_ring_mark(struct vmitap_ring *ring, u16 type);
void vmitap_ring_flush_lost(struct vmitap_ring *ring);
void vmitap_ring_end(struct vmitap_ring *ring, bool vcpu_destroyed, bool vm_gone);
u64 vmitap_ring_unread(struct vmitap_ring *ring);
bool vmitap_ring_is_low(struct vmitap_ring *ring);
void vmitap_ring_wait(struct vmitap_ring *ring, u32 timeout_us);

/**
 * vmitap_ring_reserve() - room for a record
 * @ring: ring; the caller is its producer
 * @size: bytes, a multiple of 8
 *
 * Return: where to write, or NULL if there is no room.  Nothing has to be undone
 * when the record is not committed.
 */
static __always_inline void *vmitap_ring_reserve(struct vmitap_ring *ring, u32 size)
{
	if (unlikely(ring->pos + size > ring->limit))
		return vmitap_ring_reserve_slow(ring, size);
	return ring->data + (ring->pos & ring->mask);
}

/**
 * vmitap_ring_commit() - publish the record last reserved
 * @ring: ring; the caller is its producer
 * @size: bytes reserved
 */
static __always_inline void vmitap_ring_commit(struct vmitap_ring *ring, u32 size)
{
	u64 pos = ring->pos + size;

	ring->pos = pos;
	ring->seq++;
	ring->prod->events++;
	/* (B) pairs with the load-acquire (C) of the reader in libvmitap. */
	smp_store_release(&ring->prod->producer_pos, pos);
	if (unlikely(pos >= ring->check_at))
		vmitap_ring_check(ring);
}

#endif /* VMITAP_RING_H */
