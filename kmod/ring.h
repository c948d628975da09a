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
 * Wake-up is a third pair, see vmitap_ring_commit_slow(), vmitap_ring_lose() and
 * vmitap_session_poll().
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

struct kvm_vcpu;
struct vm_area_struct;
struct vmitap_cfg;
struct vmitap_session;

/* Always left free, so that the last records of a ring fit. */
#define VMITAP_RING_RESERVE	(sizeof(struct vmitap_lost_record) +	\
				 2 * sizeof(struct vmitap_record))

/* What two trips into the guest can add: an event injected, an exit, a trap's record. */
#define VMITAP_RING_TRIPS	(2 * (sizeof(struct vmitap_inject) +	\
				      VMITAP_EXIT_MAX +			\
				      sizeof(struct vmitap_syscall)))

/* Most room that can be waited for: the smallest ring has it. */
#define VMITAP_RING_ROOM_MAX	(VMITAP_RING_MIN - VMITAP_RING_RESERVE - \
				 sizeof(struct vmitap_lost_record))

#define VMITAP_RING_MIN		PAGE_SIZE
#define VMITAP_RING_MAX		(256u << 20)

/**
 * struct vmitap_ring - producer side of a ring
 * @next: next session's ring of the same vCPU, or &vmitap_ring_end
 * @cfg: what to capture; &vmitap_cfg_off while capture is off
 * @head: where the next record goes, within the first mapping of the data
 * @limit: a record that ends at or below needs no look at anything else: there is
 *	room, nobody is to be woken, nothing is missing, the data does not wrap
 * @bias: position = address + bias
 * @record_head: first 8 bytes of a plain EXIT record: type, size, vCPU, flags
 * @prod: page shared read-only
 * @seq: number of the next event; records carry its low 32 bits
 * @vcpu_id: the vCPU
 * @cons: page shared read-write
 * @data: records, mapped twice in a row
 * @bytes: data size
 * @session: owner; it and @cfg are valid while the ring is linked to a vCPU, not as long as
 *	@ref is held; see ring_is_stopped()
 * @low: lossless ring without room for another trip
 * @fallback: a lossless wait expired, loss is counted until there is room again
 * @told_blind: told that system calls are not trapped now, since it was last configured
 * @stopped: the session is going away, nobody may wait
 * @loss: @lost is to be told; for poll()
 * @lost: LOST record in the making; lost.count is 0 when nothing is missing
 * @space_wq: where the vCPU waits for room
 * @ref: one for the session, one for each waiting vCPU or mmap() in progress
 * @index: in the session
 * @pages: backing pages, @nr_pages of them
 */
struct vmitap_ring {
	struct vmitap_ring __rcu *next;
	struct vmitap_cfg __rcu *cfg;
	void *head;
	void *limit;
	u64 bias;
	u64 record_head;
	u64 seq;
	struct vmitap_ring_producer *prod;
	u32 vcpu_id;

	struct vmitap_ring_consumer *cons;
	void *data;
	u32 bytes;
	u32 index;
	struct vmitap_session *session;
	bool low;
	bool fallback;
	bool told_blind;
	bool stopped;
	bool loss;
	struct vmitap_lost_record lost;
	wait_queue_head_t space_wq;
	refcount_t ref;
	struct page **pages;
	u32 nr_pages;
};

/* Ends a list of rings.  Not NULL, so that one compare tells a list of one ring. */
extern struct vmitap_ring vmitap_ring_end;

/* The caller is in a hook with interrupts off, in RCU, or holds vmitap_lock. */
#define vmitap_for_each_ring(ring, tap)					\
	for (ring = rcu_dereference_raw((tap)->rings);			\
	     ring != &vmitap_ring_end; ring = rcu_dereference_raw(ring->next))

struct vmitap_ring *vmitap_ring_create(struct vmitap_session *session,
				       u32 index, u32 vcpu_id, u32 bytes,
				       u32 vendor);
void vmitap_ring_put(struct vmitap_ring *ring);
int vmitap_ring_mmap(struct vmitap_ring *ring, struct vm_area_struct *vma,
		     unsigned long first_page);

void *vmitap_ring_reserve_slow(struct vmitap_ring *ring, u32 size);
void vmitap_ring_commit_slow(struct vmitap_ring *ring, u32 size);
void vmitap_ring_lose(struct vmitap_ring *ring, u32 class_id, u64 tsc,
		      enum vmitap_lost reason);
void vmitap_ring_mark(struct vmitap_ring *ring, u16 type);
void vmitap_ring_flush_lost(struct vmitap_ring *ring);
void vmitap_ring_finish(struct vmitap_ring *ring, bool vcpu_destroyed, bool vm_gone);
void vmitap_ring_look_again(struct vmitap_ring *ring);
u64 vmitap_ring_unread(struct vmitap_ring *ring);
bool vmitap_ring_wants(struct vmitap_ring *ring, const struct vmitap_cfg *cfg, u8 cpl,
		       u64 cr3, u64 other_cr3);
void vmitap_ring_wait(struct vmitap_ring *ring, struct kvm_vcpu *vcpu, u64 room,
		      u32 timeout_us);
void vmitap_ring_wait_for(struct vmitap_ring *ring, struct kvm_vcpu *vcpu, u64 room);

/* May a record of @size bytes be written and committed the fast way? */
static __always_inline bool vmitap_ring_is_fast(const struct vmitap_ring *ring, u32 size)
{
	/*
	 * data_race(): others lower the limit at any time.  It is one aligned word
	 * that is read once; READ_ONCE() would keep it from being an operand of
	 * the compare.
	 */
	return likely(ring->head + size <= data_race(ring->limit));
}

/**
 * vmitap_ring_commit_fast() - publish the record at @head
 * @ring: ring; the caller is its producer
 * @rec: ring->head, which the caller has in a register
 * @size: bytes, for which vmitap_ring_is_fast()
 */
static __always_inline void vmitap_ring_commit_fast(struct vmitap_ring *ring,
						    void *rec, u32 size)
{
	void *head = rec + size;

	ring->head = head;
	ring->seq++;
	/* (B) pairs with the load-acquire (C) of the reader in libvmitap. */
	smp_store_release(&ring->prod->producer_pos, (unsigned long)head + ring->bias);
}

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
	if (vmitap_ring_is_fast(ring, size))
		return ring->head;
	return vmitap_ring_reserve_slow(ring, size);
}

/**
 * vmitap_ring_commit() - publish the record last reserved
 * @ring: ring; the caller is its producer
 * @size: bytes reserved
 */
static __always_inline void vmitap_ring_commit(struct vmitap_ring *ring, u32 size)
{
	if (vmitap_ring_is_fast(ring, size))
		vmitap_ring_commit_fast(ring, ring->head, size);
	else
		vmitap_ring_commit_slow(ring, size);
}

#endif /* VMITAP_RING_H */
