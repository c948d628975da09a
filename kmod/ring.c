// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - ring memory, slow paths of the producer, mmap()
 *
 * Who produces: the vCPU thread between the hook's start and its end.  Process
 * context may produce as well when no vCPU thread can: before the ring is linked
 * to its vCPU, after capture was switched off and a grace period, and when KVM
 * destroys the VM.
 */
#include <linux/hrtimer.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/msr.h>

#include "compat/compat.h"
#include "config.h"
#include "ring.h"
#include "session.h"

/* Pages before the data: consumer page, producer page. */
#define RING_META_PAGES	2

struct vmitap_ring vmitap_ring_end;

static void ring_free(struct vmitap_ring *ring)
{
	u32 i;

	/* User mappings hold references to the pages of their own. */
	vunmap(ring->cons);
	for (i = 0; i < ring->nr_pages; i++) {
		/* There can be 256 MiB of them. */
		cond_resched();
		__free_page(ring->pages[i]);
	}
	kvfree(ring->pages);
	kfree(ring);
}

/* What a guest's VMM pays for and a tool decides must not have anybody killed. */
#define RING_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static int ring_alloc_pages(struct vmitap_ring *ring, u32 bytes)
{
	u32 nr_data = bytes >> PAGE_SHIFT;
	u32 nr = RING_META_PAGES + nr_data;
	u32 i;

	/* The data pages stand twice in the array: both mappings use it. */
	ring->pages = kvcalloc(nr + nr_data, sizeof(*ring->pages), RING_GFP);
	if (!ring->pages)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		cond_resched();
		ring->pages[i] = fatal_signal_pending(current) ? NULL :
				 alloc_page(RING_GFP | __GFP_ZERO);
		if (!ring->pages[i])
			return -ENOMEM;
		ring->nr_pages++;
	}
	for (i = 0; i < nr_data; i++)
		ring->pages[nr + i] = ring->pages[RING_META_PAGES + i];
	ring->cons = vmap(ring->pages, nr + nr_data, VM_MAP, PAGE_KERNEL);
	if (!ring->cons)
		return -ENOMEM;
	ring->prod = (void *)ring->cons + PAGE_SIZE;
	ring->data = (void *)ring->cons + RING_META_PAGES * PAGE_SIZE;
	return 0;
}

/* In a thread of the VMM, if the vCPU is new: whoever attached pays all the same. */
static struct vmitap_ring *ring_alloc(const struct vmitap_session *session, u32 bytes)
{
	struct mem_cgroup *payer = set_active_memcg(session->memcg);
	struct vmitap_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);

	if (ring && ring_alloc_pages(ring, bytes)) {
		ring_free(ring);
		ring = NULL;
	}
	set_active_memcg(payer);
	return ring;
}

/**
 * vmitap_ring_create() - make a ring with nothing in it and capture off
 * @session: owner
 * @index: number of the ring in @session
 * @vcpu_id: the vCPU
 * @bytes: data size, a power of two from VMITAP_RING_MIN to VMITAP_RING_MAX
 * @vendor: enum vmitap_vendor
 *
 * Return: the ring with one reference, or ERR_PTR(-ENOMEM).
 */
struct vmitap_ring *vmitap_ring_create(struct vmitap_session *session,
				       u32 index, u32 vcpu_id, u32 bytes,
				       u32 vendor)
{
	struct vmitap_ring *ring;

	ring = ring_alloc(session, bytes);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	ring->bytes = bytes;
	ring->head = ring->data;
	ring->bias = -(u64)(unsigned long)ring->data;
	RCU_INIT_POINTER(ring->cfg, &vmitap_cfg_off);
	ring->vcpu_id = vcpu_id;
	ring->record_head = VMITAP_RECORD_EXIT | sizeof(struct vmitap_exit) << 16 |
			    (u64)(u16)vcpu_id << 32;
	ring->session = session;
	ring->index = index;
	init_waitqueue_head(&ring->space_wq);
	refcount_set(&ring->ref, 1);

	ring->prod->magic = VMITAP_RING_MAGIC;
	ring->prod->header_bytes = sizeof(*ring->prod);
	ring->prod->vcpu_id = vcpu_id;
	ring->prod->data_bytes = bytes;
	ring->prod->data_offset = RING_META_PAGES * PAGE_SIZE;
	ring->prod->vendor = vendor;
	ring->prod->nr_lost = VMITAP_NR_LOST;
	ring->prod->nr_filtered = VMITAP_NR_FILTERED;
	return ring;
}

/**
 * vmitap_ring_put() - drop a reference
 * @ring: ring; freed with the last reference
 */
void vmitap_ring_put(struct vmitap_ring *ring)
{
	if (refcount_dec_and_test(&ring->ref))
		ring_free(ring);
}

/**
 * vmitap_ring_mmap() - map a ring, or its consumer page alone
 * @ring: ring
 * @vma: where to
 * @first_page: page of the ring at which @vma starts
 *
 * Only the consumer page by itself can be writable, now or later.
 *
 * Return: 0, -EINVAL outside the ring, -EPERM for write access to anything else, or to
 * execute it.
 */
int vmitap_ring_mmap(struct vmitap_ring *ring, struct vm_area_struct *vma,
		     unsigned long first_page)
{
	unsigned long nr_data = ring->bytes >> PAGE_SHIFT;
	unsigned long nr_all = RING_META_PAGES + 2 * nr_data;
	unsigned long nr = vma_pages(vma);
	unsigned long i;
	int ret;

	if (first_page >= nr_all || nr > nr_all - first_page)
		return -EINVAL;
	/* A good part of it is the guest's choice. */
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (first_page != 0 || nr != 1) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vmitap_compat_vm_flags_mod(vma, 0, VM_MAYWRITE);
	} else if (!(vma->vm_flags & VM_SHARED)) {
		/* A private copy would never tell the kernel anything. */
		return -EINVAL;
	}
	vmitap_compat_vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
	for (i = 0; i < nr; i++) {
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				     ring->pages[first_page + i]);
		if (ret)
			return ret;
	}
	return 0;
}

static u64 ring_pos(const struct vmitap_ring *ring)
{
	return (unsigned long)ring->head + ring->bias;
}

/* Bytes not yet read; more than the ring holds if the position is nonsense. */
static u64 ring_used(struct vmitap_ring *ring)
{
	/* (A) pairs with the store-release (D) of the reader in libvmitap. */
	u64 cons = smp_load_acquire(&ring->cons->consumer_pos);

	return cons & 7 ? U64_MAX : ring_pos(ring) - cons;
}

/**
 * vmitap_ring_unread() - bytes waiting for the reader
 * @ring: ring; any context
 *
 * Return: bytes, 0 if the consumer's position is nonsense.
 */
u64 vmitap_ring_unread(struct vmitap_ring *ring)
{
	u64 cons = READ_ONCE(ring->cons->consumer_pos);
	u64 used = READ_ONCE(ring->prod->producer_pos) - cons;

	return used > ring->bytes ? 0 : used;
}

/* Move on by @size bytes, staying within the first mapping of the data. */
static void ring_advance(struct vmitap_ring *ring, u32 size)
{
	ring->head += size;
	if (ring->head >= ring->data + ring->bytes) {
		ring->head -= ring->bytes;
		ring->bias += ring->bytes;
	}
}

static void ring_publish(struct vmitap_ring *ring)
{
	/* (B) pairs with the load-acquire (C) of the reader in libvmitap. */
	smp_store_release(&ring->prod->producer_pos, ring_pos(ring));
}

static void ring_write_lost(struct vmitap_ring *ring)
{
	struct vmitap_lost_record *rec = ring->head;

	ring->lost.record.type = VMITAP_RECORD_LOST;
	ring->lost.record.size = sizeof(ring->lost);
	ring->lost.record.vcpu = ring->vcpu_id;
	*rec = ring->lost;
	memset(&ring->lost, 0, sizeof(ring->lost));
	WRITE_ONCE(ring->loss, false);
	ring_advance(ring, sizeof(*rec));
}

/**
 * vmitap_ring_reserve_slow() - look at the consumer, tell about loss, reserve
 * @ring: ring; the caller is its producer
 * @size: bytes
 *
 * Return: where to write, or NULL if there is no room.
 */
void *vmitap_ring_reserve_slow(struct vmitap_ring *ring, u32 size)
{
	u64 used = ring_used(ring);
	u64 room;

	if (used > ring->bytes || ring->bytes - used < VMITAP_RING_RESERVE)
		return NULL;
	room = ring->bytes - used - VMITAP_RING_RESERVE;
	if (ring->lost.count) {
		if (room < sizeof(ring->lost) + size)
			return NULL;
		ring_write_lost(ring);
	} else if (room < size) {
		return NULL;
	}
	return ring->head;
}

/* How far records can go without a look at the consumer or the reader. */
static void ring_set_limit(struct vmitap_ring *ring, u64 used, u64 quiet)
{
	u64 end = ring->data + ring->bytes - ring->head;
	u64 room = 0;

	if (used <= ring->bytes - VMITAP_RING_RESERVE)
		room = ring->bytes - used - VMITAP_RING_RESERVE;
	WRITE_ONCE(ring->limit, ring->head + min3(end, room, quiet));
}

/**
 * vmitap_ring_commit_slow() - publish, wake the reader, make the vCPU wait
 * @ring: ring; the caller is its producer
 * @size: bytes reserved
 *
 * Looks again after another watermark's worth of bytes.  A reader that went to
 * sleep in between, having seen less than a watermark, is therefore woken at the
 * latest when two watermarks are unread, or by vmitap_ring_lose() if so much does
 * not fit.
 */
void vmitap_ring_commit_slow(struct vmitap_ring *ring, u32 size)
{
	const struct vmitap_cfg *cfg = rcu_dereference_raw(ring->cfg);
	u64 watermark = vmitap_watermark(cfg->watermark, ring->bytes);
	u64 used, quiet;

	ring_advance(ring, size);
	ring->seq++;
	ring_publish(ring);

	used = ring_used(ring);
	if (used >= watermark) {
		quiet = watermark;
		/*
		 * Order the position against the reader's wish to be woken;
		 * pairs with smp_mb() in vmitap_session_poll().
		 */
		smp_mb();
		vmitap_session_wake(ring->session, ring);
	} else {
		quiet = watermark - used;
	}
	if (used <= ring->bytes / 2)
		ring->fallback = false;
	if (cfg->flags & VMITAP_CFG_LOSSLESS && !ring->fallback) {
		u64 low = ring->bytes - VMITAP_RING_RESERVE - VMITAP_RING_TRIPS -
			  sizeof(ring->lost);

		ring->low = used > low && used <= ring->bytes;
		quiet = min(quiet, used < low ? low - used : 0);
	}
	/* The record that reaches the mark comes by here. */
	ring_set_limit(ring, used, quiet ? quiet - 1 : 0);
}

/**
 * vmitap_ring_look_again() - have the next record look at everything
 * @ring: ring; its configuration changed
 */
void vmitap_ring_look_again(struct vmitap_ring *ring)
{
	WRITE_ONCE(ring->limit, NULL);
}

/*
 * An event is missing, and the reader is yet to be told of that.  It may be asleep with a
 * full ring: where nothing fits nothing is committed, and nobody else would wake it.
 */
static void ring_wake_for_loss(struct vmitap_ring *ring)
{
	/*
	 * Who sees this sees the records before it; pairs with smp_load_acquire() in
	 * session_has_enough().
	 */
	smp_store_release(&ring->loss, true);
	/*
	 * Order the loss against the reader's wish to be woken; pairs with smp_mb() in
	 * vmitap_session_poll().
	 */
	smp_mb();
	vmitap_session_wake(ring->session, ring);
}

/**
 * vmitap_ring_lose() - count an event that could not be written
 * @ring: ring; the caller is its producer
 * @class_id: enum vmitap_class of the event
 * @tsc: its time
 * @reason: why; VMITAP_LOST_FULL stands for every kind of lack of room
 *
 * Wakes the reader when nothing was missing before.
 */
void vmitap_ring_lose(struct vmitap_ring *ring, u32 class_id, u64 tsc,
		      enum vmitap_lost reason)
{
	struct vmitap_lost_record *lost = &ring->lost;
	bool first = !lost->count;

	if (reason == VMITAP_LOST_FULL) {
		if (ring_used(ring) > ring->bytes)
			reason = VMITAP_LOST_CONSUMER;
		else if (ring->fallback)
			reason = VMITAP_LOST_TIMEOUT;
	}
	if (class_id >= VMITAP_NR_EXIT_CLASSES)
		class_id = VMITAP_CLASS_OTHER;
	lost->count++;
	if (first) {
		lost->first_tsc = tsc;
		lost->record.seq = ring->seq;
		/* Every event looks until the reader has been told. */
		vmitap_ring_look_again(ring);
	}
	lost->record.tsc = tsc;
	lost->reason[reason]++;
	lost->by_class[class_id]++;
	ring->seq++;
	ring->prod->lost[reason]++;
	if (first)
		ring_wake_for_loss(ring);
}

/**
 * vmitap_ring_wants() - does an event pass the configured CPL and CR3 filters?
 * @ring: ring; the caller is its producer
 * @cfg: its configuration
 * @cpl: privilege level
 * @cr3: guest CR3
 * @other_cr3: one that will do as well; @cr3 if there is none
 *
 * Return: true if it does; else it was counted as filtered out.
 */
bool vmitap_ring_wants(struct vmitap_ring *ring, const struct vmitap_cfg *cfg, u8 cpl,
		       u64 cr3, u64 other_cr3)
{
	if (cfg->flags & VMITAP_CFG_CPL && !(cfg->cpl_mask & BIT(cpl))) {
		ring->prod->filtered[VMITAP_FILTERED_CPL]++;
		return false;
	}
	if (cfg->flags & VMITAP_CFG_CR3 && !vmitap_cfg_has_cr3(cfg, cr3) &&
	    (cr3 == other_cr3 || !vmitap_cfg_has_cr3(cfg, other_cr3))) {
		ring->prod->filtered[VMITAP_FILTERED_CR3]++;
		return false;
	}
	return true;
}

/*
 * Is there less room than @room?  Where the consumer's position is nonsense there is
 * not: waiting would not help.
 */
static bool ring_is_low(struct vmitap_ring *ring, u64 room)
{
	u64 used = ring_used(ring);

	return used <= ring->bytes &&
	       ring->bytes - used < VMITAP_RING_RESERVE + sizeof(ring->lost) + room;
}

/*
 * Write a record that is only a head, leaving @reserve bytes free for what may
 * have to follow.
 */
static void ring_write_mark(struct vmitap_ring *ring, u16 type, u32 reserve)
{
	struct vmitap_record *rec = ring->head;
	u64 used = ring_used(ring);
	u64 tsc = rdtsc();

	if (used > ring->bytes || ring->bytes - used < reserve + sizeof(*rec)) {
		vmitap_ring_lose(ring, VMITAP_CLASS_OTHER, tsc, VMITAP_LOST_FULL);
		return;
	}
	*rec = (struct vmitap_record) {
		.type = type,
		.size = sizeof(*rec),
		.vcpu = ring->vcpu_id,
		.seq = ring->seq++,
		.tsc = tsc,
	};
	ring_advance(ring, sizeof(*rec));
	ring_publish(ring);
}

/**
 * vmitap_ring_mark() - add a record that is only a head
 * @ring: ring; the caller is its producer
 * @type: enum vmitap_record_type
 */
void vmitap_ring_mark(struct vmitap_ring *ring, u16 type)
{
	ring_write_mark(ring, type, VMITAP_RING_RESERVE);
}

/**
 * vmitap_ring_flush_lost() - tell about loss without waiting for an event
 * @ring: ring; the caller is its producer
 */
void vmitap_ring_flush_lost(struct vmitap_ring *ring)
{
	u64 used = ring_used(ring);

	if (ring->lost.count && used <= ring->bytes &&
	    ring->bytes - used >= VMITAP_RING_RESERVE + sizeof(ring->lost))
		ring_write_lost(ring);
	/* Or it was written for an event that a filter then dropped. */
	ring_publish(ring);
}

/**
 * vmitap_ring_finish() - write the last records, using the reserve
 * @ring: ring; the caller is its producer and no other will come
 * @vcpu_destroyed: say that the vCPU was destroyed
 * @vm_gone: say that the VM is gone
 */
void vmitap_ring_finish(struct vmitap_ring *ring, bool vcpu_destroyed, bool vm_gone)
{
	if (ring->lost.count && ring_used(ring) <= ring->bytes)
		ring_write_lost(ring);
	if (vcpu_destroyed)
		ring_write_mark(ring, VMITAP_RECORD_VCPU_DESTROYED, 0);
	if (vm_gone)
		ring_write_mark(ring, VMITAP_RECORD_VM_GONE, 0);
	ring_publish(ring);
	WRITE_ONCE(ring->prod->state, VMITAP_RING_DEAD);
}

/*
 * Who has but a reference to the ring may use session and configuration in an RCU section
 * in which this was false: session_untap() sets it, and then waits for a grace period.
 */
static bool ring_is_stopped(const struct vmitap_ring *ring)
{
	return READ_ONCE(ring->stopped);
}

static void ring_tell_waiting(struct vmitap_ring *ring)
{
	rcu_read_lock();
	if (!ring_is_stopped(ring))
		vmitap_session_wake(ring->session, ring);
	rcu_read_unlock();
}

static bool ring_wait_over(struct vmitap_ring *ring, u64 room)
{
	return ring_is_stopped(ring) || !ring_is_low(ring, room) ||
	       fatal_signal_pending(current);
}

/**
 * vmitap_ring_wait() - the vCPU thread waits for room
 * @ring: ring; the caller is its producer, holds a reference, and may sleep
 * @vcpu: the vCPU, in its thread
 * @room: bytes, at most VMITAP_RING_ROOM_MAX
 * @timeout_us: longest wait, microseconds
 *
 * The reader says with WAKE that there is room; it is not trusted to, hence the
 * look every millisecond.  After a timeout the ring counts loss, and nobody
 * waits for it, until half of it is free.
 */
void vmitap_ring_wait(struct vmitap_ring *ring, struct kvm_vcpu *vcpu, u64 room,
		      u32 timeout_us)
{
	struct vmitap_ring_producer *prod = ring->prod;
	ktime_t start = ktime_get();
	ktime_t end = ktime_add_us(start, timeout_us);
	ktime_t now = start;

	WRITE_ONCE(prod->state, VMITAP_RING_WAITING);
	prod->waits++;
	ring_tell_waiting(ring);
	/* As KVM does where it waits: its memory slots may change meanwhile. */
	kvm_vcpu_srcu_read_unlock(vcpu);
	while (!ring_wait_over(ring, room) && ktime_before(now, end)) {
		ktime_t left = min_t(ktime_t, ktime_sub(end, now), NSEC_PER_MSEC);
		DEFINE_WAIT(wait);

		prepare_to_wait(&ring->space_wq, &wait, TASK_KILLABLE);
		if (!ring_wait_over(ring, room))
			schedule_hrtimeout_range(&left, 0, HRTIMER_MODE_REL);
		finish_wait(&ring->space_wq, &wait);
		now = ktime_get();
	}
	kvm_vcpu_srcu_read_lock(vcpu);
	WRITE_ONCE(prod->state, 0);
	prod->wait_ns += ktime_to_ns(ktime_sub(now, start));
	if (!ring_wait_over(ring, room))
		ring->fallback = true;
	vmitap_ring_look_again(ring);
}

/**
 * vmitap_ring_wait_for() - if the session is lossless, wait for room
 * @ring: ring; the caller is its producer, holds a reference, and may sleep
 * @vcpu: the vCPU, in its thread
 * @room: bytes, at most VMITAP_RING_ROOM_MAX
 */
void vmitap_ring_wait_for(struct vmitap_ring *ring, struct kvm_vcpu *vcpu, u64 room)
{
	const struct vmitap_cfg *cfg;
	u32 timeout_us = 0;

	rcu_read_lock();
	if (!ring_is_stopped(ring)) {
		cfg = rcu_dereference(ring->cfg);
		if (cfg->flags & VMITAP_CFG_LOSSLESS)
			timeout_us = cfg->timeout_us;
	}
	rcu_read_unlock();
	if (timeout_us && !ring->fallback && ring_is_low(ring, room))
		vmitap_ring_wait(ring, vcpu, room, timeout_us);
}
