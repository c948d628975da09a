/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ring.h - the reader's side of one vCPU's ring
 *
 *	kernel				user space
 *
 *	(A) load-acquire consumer_pos	(C) load-acquire producer_pos
 *	    write records		    read records
 *	(B) store-release producer_pos	(D) store-release consumer_pos
 *
 * A pairs with D: the space is not written before the reader is done with it.
 * B pairs with C: the reader sees complete records only.
 *
 * (C) is done once for all the records published by then, the window, and (D) once
 * for many records read: each moves a cache line between two CPUs.
 *
 * Nothing in the mapping is trusted.  The header is looked at once, and the window
 * never reaches out of the data, whatever the positions say.
 */
#ifndef VMITAP_LIB_RING_H
#define VMITAP_LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vmitap.h>

/**
 * struct vmitap_ring - a mapped ring
 * @at: next record to read, within the two mappings of the data
 * @end: of the window
 * @released: what lies before has been given back to the vCPU
 * @data: start of the first mapping of the data
 * @bytes: data size, a power of two
 * @base: position = address - @data + base
 * @consumer: page that tells the kernel what was read
 * @producer: page with the kernel's position
 * @mapped: length of the mapping at @producer
 */
struct vmitap_ring {
	const unsigned char *at;
	const unsigned char *end;
	const unsigned char *released;
	const unsigned char *data;
	uint64_t bytes;
	uint64_t base;
	struct vmitap_ring_consumer *consumer;
	const struct vmitap_ring_producer *producer;
	size_t mapped;
};

/**
 * vmitap_ring_init() - start to read a ring that is mapped
 * @ring: filled in
 * @consumer: consumer page, writable
 * @producer: producer page, followed by the data twice
 * @bytes: length of the mapping at @producer
 *
 * Return: 0, or -EPROTO if what the header says cannot be.
 */
int vmitap_ring_init(struct vmitap_ring *ring,
		     struct vmitap_ring_consumer *consumer,
		     const struct vmitap_ring_producer *producer, size_t bytes);

/**
 * vmitap_ring_look() - take in what was published since the last look
 * @ring: ring whose window is read to its end and given back
 *
 * Return: 0, or -EPROTO if the kernel's position cannot be.
 */
int vmitap_ring_look(struct vmitap_ring *ring);

/**
 * vmitap_ring_release() - give back what was read
 * @ring: ring
 *
 * Return: whether a vCPU waits for just that and is to be woken.
 */
bool vmitap_ring_release(struct vmitap_ring *ring);

/* Does the vCPU wait for room?  A hint: it looks by itself, too. */
static inline bool vmitap_ring_is_waiting(const struct vmitap_ring *ring)
{
	return __atomic_load_n(&ring->producer->state, __ATOMIC_RELAXED) &
	       VMITAP_RING_WAITING;
}

#endif /* VMITAP_LIB_RING_H */
