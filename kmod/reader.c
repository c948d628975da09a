// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - what readers ask of a session: where its rings are, what it counted,
 * when to look again
 */
#include <linux/eventfd.h>
#include <linux/irq_work.h>

#include "await.h"
#include "compat/compat.h"
#include "config.h"
#include "ring.h"
#include "session.h"
#include "tap.h"

/**
 * vmitap_session_irq_work() - wake the readers
 * @work: vmitap_session.work
 */
void vmitap_session_irq_work(struct irq_work *work)
{
	struct vmitap_session *session =
		container_of(work, struct vmitap_session, work);
	unsigned long flags;

	wake_up_all(&session->wq);
	spin_lock_irqsave(&session->evt_lock, flags);
	if (session->evt)
		vmitap_compat_eventfd_signal(session->evt);
	spin_unlock_irqrestore(&session->evt_lock, flags);
}

/**
 * vmitap_session_wake() - have the readers woken
 * @session: session
 * @ring: ring that there is something in, or that is waited for; the caller is its
 *	producer
 *
 * vmitap_session.armed is cleared by whoever wakes, so that a reader is woken once
 * however many events follow.
 */
void vmitap_session_wake(struct vmitap_session *session, struct vmitap_ring *ring)
{
	if (!atomic_xchg(&session->armed, 0) && !READ_ONCE(session->evt))
		return;
	ring->prod->wakeups++;
	irq_work_queue(&session->work);
}

static void stats_add_ring(struct vmitap_stats *stats, struct vmitap_ring *ring)
{
	const struct vmitap_ring_producer *prod = ring->prod;
	u64 lost = 0;
	int i;

	/* Each event got a number, written or lost; the number comes later. */
	for (i = 0; i < VMITAP_NR_LOST; i++)
		lost += READ_ONCE(prod->lost[i]);
	stats->out_events += READ_ONCE(ring->seq) - lost;
	stats->out_bytes += READ_ONCE(prod->producer_pos);
	for (i = 0; i < VMITAP_NR_LOST; i++)
		stats->out_lost[i] += READ_ONCE(prod->lost[i]);
	for (i = 0; i < VMITAP_NR_FILTERED; i++)
		stats->out_filtered[i] += READ_ONCE(prod->filtered[i]);
	stats->out_waits += READ_ONCE(prod->waits);
	stats->out_wait_ns += READ_ONCE(prod->wait_ns);
	stats->out_wakeups += READ_ONCE(prod->wakeups);
}

/**
 * vmitap_session_stats() - sum up the session's counters
 * @session: session
 * @stats: out_* members, zeroed by the caller
 *
 * Return: 0 or -ENOTCONN.
 */
int vmitap_session_stats(struct vmitap_session *session, struct vmitap_stats *stats)
{
	struct vmitap_ring *ring;
	unsigned long i;
	int ret = 0;

	mutex_lock(&vmitap_lock);
	if (!session->vm) {
		ret = -ENOTCONN;
		goto out;
	}
	stats->out_nr_rings = session->nr_rings;
	stats->out_vm_gone = vmitap_session_vm_gone(session);
	stats->out_untapped_vcpus = session->nr_untapped;
	xa_for_each(&session->rings, i, ring)
		stats_add_ring(stats, ring);
out:
	mutex_unlock(&vmitap_lock);
	return ret;
}

/**
 * vmitap_session_ring() - where a ring is
 * @session: session
 * @info: index on input, out_* members on output
 *
 * Return: 0, -ENOTCONN, -ENOENT if there is no such ring.
 */
int vmitap_session_ring(struct vmitap_session *session, struct vmitap_ring_info *info)
{
	struct vmitap_ring *ring;
	int ret = 0;

	mutex_lock(&vmitap_lock);
	if (!session->vm) {
		ret = -ENOTCONN;
		goto out;
	}
	ring = xa_load(&session->rings, info->index);
	if (!ring) {
		ret = -ENOENT;
		goto out;
	}
	info->out_vcpu_id = ring->vcpu_id;
	info->out_mmap_offset = (u64)ring->index << 32;
	info->out_mmap_bytes = 2 * PAGE_SIZE + 2 * (u64)ring->bytes;
	if (session->rings_seen <= info->index)
		WRITE_ONCE(session->rings_seen, info->index + 1);
out:
	mutex_unlock(&vmitap_lock);
	return ret;
}

/**
 * vmitap_session_eventfd() - set or remove the eventfd
 * @session: session
 * @fd: eventfd, or -1 for none
 *
 * Return: 0, or -EBADF or -EINVAL if @fd is no eventfd.
 */
int vmitap_session_eventfd(struct vmitap_session *session, int fd)
{
	struct eventfd_ctx *evt = NULL;

	if (fd != -1) {
		evt = eventfd_ctx_fdget(fd);
		if (IS_ERR(evt))
			return PTR_ERR(evt);
	}
	spin_lock_irq(&session->evt_lock);
	swap(session->evt, evt);
	spin_unlock_irq(&session->evt_lock);
	if (evt)
		eventfd_ctx_put(evt);
	return 0;
}

/**
 * vmitap_session_release_vcpus() - let waiting vCPUs look for room again
 * @session: session, kept open by the caller
 *
 * Takes no mutex, as vmitap_session_poll().
 *
 * Return: 0 or -ENOTCONN.
 */
int vmitap_session_release_vcpus(struct vmitap_session *session)
{
	struct vmitap_ring *ring;
	unsigned long i;

	/* Pairs with smp_store_release() in session_attach(). */
	if (!smp_load_acquire(&session->attached))
		return -ENOTCONN;
	xa_lock(&session->rings);
	xa_for_each(&session->rings, i, ring)
		wake_up_all(&ring->space_wq);
	xa_unlock(&session->rings);
	return 0;
}

/**
 * vmitap_session_get_ring() - find a ring
 * @session: session, kept open by the caller
 * @index: of the ring
 *
 * Takes no mutex: mmap() comes here with the address space locked, and ioctls
 * touch user memory.
 *
 * Return: the ring with a reference, or NULL.
 */
struct vmitap_ring *vmitap_session_get_ring(struct vmitap_session *session, u32 index)
{
	struct vmitap_ring *ring;

	/* Rings go away only with the file, or with a failed ATTACH: not with this lock. */
	xa_lock(&session->rings);
	ring = xa_load(&session->rings, index);
	if (ring)
		refcount_inc(&ring->ref);
	xa_unlock(&session->rings);
	return ring;
}

/*
 * Does a ring hold what is worth to be read?  That is anything at all if no more may come
 * before it is: the vCPU is gone, or events are missing as there was no room.
 */
static bool session_has_enough(struct vmitap_session *session, struct vmitap_ring *ring)
{
	u32 state = READ_ONCE(ring->prod->state);
	u64 enough = vmitap_watermark(READ_ONCE(session->watermark), ring->bytes);

	/* Pairs with smp_store_release() in ring_wake_for_loss(). */
	if (state & VMITAP_RING_DEAD || smp_load_acquire(&ring->loss))
		enough = 1;
	return state & VMITAP_RING_WAITING || vmitap_ring_unread(ring) >= enough;
}

/**
 * vmitap_session_poll() - is there something to read?
 * @session: session, kept open by the caller
 * @file: for poll_wait()
 * @wait: for poll_wait()
 *
 * Takes no mutex: what others do with other VMs may take long, and a vCPU that waits for
 * the caller loses events meanwhile.
 *
 * Return: EPOLLIN if a ring holds a watermark's worth or a vCPU waits for room, or if there
 * is anything to read in a ring that is dead or has loss to tell about,
 * EPOLLPRI if there is a ring not asked about yet, EPOLLHUP if the VM is gone or cannot
 * come any more, EPOLLERR if not attached.
 */
__poll_t vmitap_session_poll(struct vmitap_session *session, struct file *file,
			     poll_table *wait)
{
	struct vmitap_ring *ring;
	__poll_t events = 0;
	unsigned long i;

	poll_wait(file, &session->wq, wait);
	atomic_set(&session->armed, 1);
	/*
	 * Order the wish to be woken against the look at the positions; pairs
	 * with smp_mb() in vmitap_ring_commit_slow() and in ring_wake_for_loss().
	 */
	smp_mb();
	/* Pairs with smp_store_release() in session_attach(). */
	if (!smp_load_acquire(&session->attached))
		return EPOLLERR;
	/*
	 * Who is told so finds the last records; pairs with smp_store_release() in
	 * vmitap_session_vm_destroyed().
	 */
	if (smp_load_acquire(&session->vm_gone))
		events |= EPOLLHUP;
	if (READ_ONCE(session->rings_seen) < READ_ONCE(session->nr_rings))
		events |= EPOLLPRI;
	xa_lock(&session->rings);
	if (vmitap_await_is_in_vain(session))
		events |= EPOLLHUP;
	xa_for_each(&session->rings, i, ring)
		if (session_has_enough(session, ring))
			events |= EPOLLIN | EPOLLRDNORM;
	xa_unlock(&session->rings);
	return events;
}
