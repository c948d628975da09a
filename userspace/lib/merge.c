// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * merge.c - the records of several rings in the order of time
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "record.h"

/* No window has that much room, so no record is taken without a check. */
#define SIZE_NONE SIZE_MAX

static const uint32_t state_none;

/* No ring is being read: the next record is not there the fast way. */
static void end_run(struct vmitap_merge *merge)
{
	merge->at = NULL;
	merge->end = NULL;
	merge->state = &state_none;
}

void vmitap_merge_init(struct vmitap_merge *merge)
{
	memset(merge, 0, sizeof(*merge));
	merge->size = SIZE_NONE;
	end_run(merge);
}

void vmitap_merge_free(struct vmitap_merge *merge)
{
	free(merge->heap);
	free(merge->rings);
	vmitap_merge_init(merge);
}

int vmitap_merge_add(struct vmitap_merge *merge, struct vmitap_ring *ring)
{
	size_t nr = merge->nr_rings + 1;
	struct vmitap_merge_head *heap;
	struct vmitap_ring **rings;

	heap = realloc(merge->heap, nr * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	merge->heap = heap;
	rings = realloc(merge->rings, nr * sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	merge->rings = rings;
	merge->rings[merge->nr_rings++] = ring;
	return 0;
}

/* Put @head where the first ring of the heap was. */
static void sift_down(struct vmitap_merge *merge, struct vmitap_merge_head head)
{
	struct vmitap_merge_head *heap = merge->heap;
	unsigned int i = 0, child;

	while ((child = 2 * i + 1) < merge->nr_heap) {
		if (child + 1 < merge->nr_heap &&
		    heap[child + 1].tsc < heap[child].tsc)
			child++;
		if (head.tsc <= heap[child].tsc)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = head;
}

static void sift_up(struct vmitap_merge *merge, struct vmitap_merge_head head)
{
	struct vmitap_merge_head *heap = merge->heap;
	unsigned int i = merge->nr_heap++, parent;

	for (; i; i = parent) {
		parent = (i - 1) / 2;
		if (heap[parent].tsc <= head.tsc)
			break;
		heap[i] = heap[parent];
	}
	heap[i] = head;
}

/* Read the first ring of the heap, if there is one, up to the next one's TSC. */
static void start_run(struct vmitap_merge *merge)
{
	const struct vmitap_merge_head *heap = merge->heap;

	if (!merge->nr_heap) {
		end_run(merge);
		return;
	}
	merge->at = heap[0].ring->at;
	merge->end = heap[0].ring->end;
	merge->state = &heap[0].ring->producer->state;
	merge->limit = UINT64_MAX;
	if (merge->nr_heap > 1)
		merge->limit = heap[1].tsc;
	if (merge->nr_heap > 2 && heap[2].tsc < merge->limit)
		merge->limit = heap[2].tsc;
}

/* The window of the ring that is read is at its end. */
static void drop_first(struct vmitap_merge *merge)
{
	struct vmitap_merge_head *heap = merge->heap;

	heap[0].ring->at = merge->at;
	if (--merge->nr_heap)
		sift_down(merge, heap[merge->nr_heap]);
	start_run(merge);
}

/* The next record of the ring that is read, at @tsc, is not the earliest. */
static void put_back_first(struct vmitap_merge *merge, uint64_t tsc)
{
	struct vmitap_merge_head head = { tsc, merge->heap[0].ring };

	head.ring->at = merge->at;
	sift_down(merge, head);
	start_run(merge);
}

/*
 * Check the record at @merge->at, with @room bytes up to the end of the window, and
 * remember what a good one looks like.  Return: its size, 0 if it makes no sense.
 */
static size_t check(struct vmitap_merge *merge, size_t room)
{
	const struct vmitap_record *record = (const void *)merge->at;
	uint32_t kind, fields, type;
	size_t size;

	if (room < sizeof(*record))
		return 0;
	kind = vmitap_merge_kind(record);
	fields = record->fields;
	type = kind & 0xffff;
	size = kind >> 16;
	if (size % 8 || size > room || size < vmitap_record_min(type, fields))
		return 0;
	if (vmitap_record_is_known(type)) {
		merge->kind = kind;
		merge->fields = fields;
		merge->size = size;
	}
	return size;
}

/* Nothing more is read; @ring says which one it is about. */
static int damage(struct vmitap_merge *merge, const struct vmitap_ring *ring)
{
	merge->damaged = ring;
	merge->size = SIZE_NONE;
	return -EPROTO;
}

/*
 * Get the next record of the windows, without giving anything back.  Return: 1, 0
 * at the end of all windows, or -EPROTO.
 */
static int pick(struct vmitap_merge *merge, const struct vmitap_record **record)
{
	const struct vmitap_record *next;
	size_t size;

	while (merge->nr_heap) {
		next = (const void *)merge->at;
		merge->end = merge->heap[0].ring->end;
		if (merge->at == merge->end) {
			drop_first(merge);
			continue;
		}
		size = check(merge, merge->end - merge->at);
		if (!size)
			return damage(merge, merge->heap[0].ring);
		if (next->tsc > merge->limit) {
			put_back_first(merge, next->tsc);
			continue;
		}
		merge->at += size;
		if (!vmitap_record_is_known(next->type))
			continue;
		*record = next;
		return 1;
	}
	return 0;
}

static void release(struct vmitap_merge *merge, struct vmitap_ring *ring)
{
	if (vmitap_ring_release(ring))
		merge->wake = true;
}

void vmitap_merge_release(struct vmitap_merge *merge)
{
	unsigned int i;

	if (merge->nr_heap)
		merge->heap[0].ring->at = merge->at;
	for (i = 0; i < merge->nr_rings; i++)
		release(merge, merge->rings[i]);
}

/* Take in what all rings have published; their windows are at their ends. */
static int look(struct vmitap_merge *merge)
{
	struct vmitap_ring *ring;
	unsigned int i;

	vmitap_merge_release(merge);
	for (i = 0; i < merge->nr_rings; i++) {
		ring = merge->rings[i];
		if (vmitap_ring_look(ring))
			return damage(merge, ring);
	}
	for (i = 0; i < merge->nr_rings; i++) {
		const struct vmitap_record *first;

		ring = merge->rings[i];
		first = (const void *)ring->at;
		if (ring->at == ring->end)
			continue;
		if ((size_t)(ring->end - ring->at) < sizeof(*first))
			return damage(merge, ring);
		sift_up(merge, (struct vmitap_merge_head){ first->tsc, ring });
	}
	start_run(merge);
	return 0;
}

/* Pick, after a look if the windows are at their ends. */
static int pick_or_look(struct vmitap_merge *merge,
			const struct vmitap_record **record)
{
	int ret;

	if (merge->damaged)
		return -EPROTO;
	ret = pick(merge, record);
	if (ret)
		return ret;
	ret = look(merge);
	return ret ? ret : pick(merge, record);
}

/* Have the run end where it is time to give back what was read. */
static void bound_run(struct vmitap_merge *merge)
{
	const struct vmitap_ring *ring;

	if (!merge->nr_heap)
		return;
	ring = merge->heap[0].ring;
	merge->end = ring->end;
	if ((size_t)(ring->end - ring->released) > ring->quarter)
		merge->end = ring->released + ring->quarter;
	if (merge->end < merge->at)
		merge->end = merge->at;
}

int vmitap_merge_next_slow(struct vmitap_merge *merge,
			   const struct vmitap_record **record)
{
	struct vmitap_ring *ring;
	int ret;

	if (merge->nr_heap) {
		ring = merge->heap[0].ring;
		ring->at = merge->at;
		if (vmitap_ring_is_due(ring))
			release(merge, ring);
	}
	ret = pick_or_look(merge, record);
	bound_run(merge);
	return ret;
}

int vmitap_merge_read(struct vmitap_merge *merge,
		      const struct vmitap_record **records, unsigned int max)
{
	unsigned int nr = 0, i;
	int ret;

	if (merge->nr_heap)
		merge->heap[0].ring->at = merge->at;
	for (i = 0; i < merge->nr_rings; i++) {
		if (vmitap_ring_is_due(merge->rings[i]))
			release(merge, merge->rings[i]);
	}
	while (nr < max) {
		const unsigned char *at = merge->at, *end = merge->end;

		for (; nr < max && vmitap_merge_is_fast(merge, at, end); nr++) {
			records[nr] = (const void *)at;
			at += merge->size;
		}
		merge->at = at;
		if (nr == max)
			break;
		/* To look is to give back, which nothing handed out here may be. */
		ret = nr ? pick(merge, &records[nr]) :
			   pick_or_look(merge, &records[nr]);
		if (ret < 0 && !nr)
			return ret;
		if (ret <= 0)
			break;
		nr++;
	}
	/* Let vmitap_merge_next() go by way of what gives back. */
	if (merge->nr_heap)
		merge->end = merge->at;
	return nr;
}
