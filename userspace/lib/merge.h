/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * merge.h - the records of several rings in the order of time
 *
 * All rings are looked at together, then their windows are handed out to the end
 * in the order of the TSC, then they are looked at again.  A ring that has run dry
 * is not looked at alone: what it has published meanwhile may be older than what
 * the others published after the last look.
 *
 * One ring is read at a time, for as long as its next record is no later than
 * @limit, the earliest of all others.  In that run, records of one kind follow each
 * other most of the time, so a record whose head says the same as the one checked
 * last needs no other check, and its size is known without waiting for the load.
 */
#ifndef VMITAP_LIB_MERGE_H
#define VMITAP_LIB_MERGE_H

#include "ring.h"

/**
 * struct vmitap_merge_head - a ring whose window is not empty
 * @tsc: of its next record
 * @ring: ring
 */
struct vmitap_merge_head {
	uint64_t tsc;
	struct vmitap_ring *ring;
};

/**
 * struct vmitap_merge - reader of several rings
 * @at: next record of the run
 * @end: the run may go up to here without vmitap_merge_next_slow()
 * @limit: TSC up to which the run may go
 * @size: bytes of the record checked last; no room is that large if there is none
 * @kind: its type and size, as the first four bytes of a record hold them
 * @fields: its fields
 * @state: state of the ring that is read
 * @heap: rings with records left; the one that is read is the first
 * @nr_heap: entries in use
 * @rings: all rings
 * @nr_rings: entries in use
 * @wake: a vCPU waits for what was given back
 * @damaged: ring that makes no sense, NULL if all do; nothing is read any more
 */
struct vmitap_merge {
	const unsigned char *at;
	const unsigned char *end;
	uint64_t limit;
	size_t size;
	uint32_t kind;
	uint32_t fields;
	const uint32_t *state;
	struct vmitap_merge_head *heap;
	unsigned int nr_heap;
	struct vmitap_ring **rings;
	unsigned int nr_rings;
	bool wake;
	const struct vmitap_ring *damaged;
};

void vmitap_merge_init(struct vmitap_merge *merge);

/* The rings themselves are the caller's. */
void vmitap_merge_free(struct vmitap_merge *merge);

/* Add a ring, which must stay where it is.  Return: 0 or -ENOMEM. */
int vmitap_merge_add(struct vmitap_merge *merge, struct vmitap_ring *ring);

/* Give back to the vCPUs everything that was handed out. */
void vmitap_merge_release(struct vmitap_merge *merge);

/* As vmitap_session_read(). */
int vmitap_merge_read(struct vmitap_merge *merge,
		      const struct vmitap_record **records, unsigned int max);

int vmitap_merge_next_slow(struct vmitap_merge *merge,
			   const struct vmitap_record **record);

/* Type and size of a record in one load, so that they belong together. */
static inline uint32_t vmitap_merge_kind(const void *record)
{
	return __atomic_load_n((const uint32_t *)record, __ATOMIC_RELAXED);
}

/* Is the next record the run's, and of the kind that was checked last? */
static inline bool vmitap_merge_is_fast(const struct vmitap_merge *merge,
					const unsigned char *at,
					const unsigned char *end)
{
	const struct vmitap_record *record = (const void *)at;

	return (size_t)(end - at) >= merge->size &&
	       vmitap_merge_kind(record) == merge->kind &&
	       record->fields == merge->fields && record->tsc <= merge->limit;
}

/* As vmitap_session_next(). */
static inline int vmitap_merge_next(struct vmitap_merge *merge,
				    const struct vmitap_record **record)
{
	const unsigned char *at = merge->at;

	if (!vmitap_merge_is_fast(merge, at, merge->end) ||
	    __atomic_load_n(merge->state, __ATOMIC_RELAXED) & VMITAP_RING_WAITING)
		return vmitap_merge_next_slow(merge, record);
	merge->at = at + merge->size;
	*record = (const void *)at;
	return 1;
}

#endif /* VMITAP_LIB_MERGE_H */
