// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ring.c - the reader's side of one vCPU's ring
 */
#include <errno.h>
#include <unistd.h>

#include "ring.h"

/* What a reader needs of the header; the rest is counters. */
#define HEADER_MIN	(offsetof(struct vmitap_ring_producer, producer_pos) + \
			 sizeof(__u64))

/* Put the window, which is empty, at a position. */
static void set_position(struct vmitap_ring *ring, uint64_t pos)
{
	ring->base = pos - (pos & (ring->bytes - 1));
	ring->at = ring->data + (pos & (ring->bytes - 1));
	ring->end = ring->at;
	ring->released = ring->at;
}

int vmitap_ring_init(struct vmitap_ring *ring,
		     struct vmitap_ring_consumer *consumer,
		     const struct vmitap_ring_producer *producer, size_t bytes)
{
	/* Offsets in the header count from the consumer page. */
	uint64_t page = sysconf(_SC_PAGESIZE), offset = producer->data_offset;
	uint64_t data_bytes = producer->data_bytes;
	uint64_t pos = consumer->consumer_pos;

	if (producer->magic != VMITAP_RING_MAGIC ||
	    producer->header_bytes < HEADER_MIN || producer->header_bytes > page)
		return -EPROTO;
	if (data_bytes < page || data_bytes & (data_bytes - 1))
		return -EPROTO;
	if (offset < 2 * page || offset % page ||
	    offset + 2 * data_bytes > page + bytes)
		return -EPROTO;
	if (pos % 8)
		return -EPROTO;
	ring->consumer = consumer;
	ring->producer = producer;
	ring->mapped = bytes;
	ring->data = (const unsigned char *)producer + offset - page;
	ring->bytes = data_bytes;
	set_position(ring, pos);
	return 0;
}

int vmitap_ring_look(struct vmitap_ring *ring)
{
	uint64_t pos = ring->base + (ring->at - ring->data), end;

	/* (C) pairs with the store-release (B) of the module's ring.h. */
	end = __atomic_load_n(&ring->producer->producer_pos, __ATOMIC_ACQUIRE);
	/* One that is behind is very far ahead in unsigned numbers. */
	if (end - pos > ring->bytes || end % 8)
		return -EPROTO;
	set_position(ring, pos);
	ring->end = ring->at + (end - pos);
	return 0;
}

bool vmitap_ring_release(struct vmitap_ring *ring)
{
	if (ring->released == ring->at)
		return false;
	ring->released = ring->at;
	/* (D) pairs with the load-acquire (A) of the module's ring.c. */
	__atomic_store_n(&ring->consumer->consumer_pos,
			 ring->base + (ring->at - ring->data), __ATOMIC_RELEASE);
	return vmitap_ring_is_waiting(ring);
}
