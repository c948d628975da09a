/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * merge.h - the records of several rings in the order of time
 *
 * All rings are looked at together, then their windows are handed out to the end
 * in the order of the TSC, then they are looked at again.  A ring that has run dry
 * is not looked at alone: what it has published meanwhile may be older than what
 * the others published after the last look.
 *
 * Within the windows it goes by batches.  Each ring has a lane, which is filled
 * with the next few records, checked.  Whatever is in the lanes and not later than
 * the last record of any lane that could be filled further is merged into one
 * batch.  So checking, comparing and handing out are three short loops that do not
 * depend on which vCPU comes next, which no processor can predict.
 */
#ifndef VMITAP_LIB_MERGE_H
#define VMITAP_LIB_MERGE_H

#include "ring.h"

/* Records in a lane. */
#define VMITAP_LANE_DEPTH 256

/*
 * The same if vCPUs wait for room, which is given back between batches only: while
 * none does at the moment, and while one does.
 */
#define VMITAP_LANE_DEPTH_LOSSLESS 8
#define VMITAP_LANE_DEPTH_WAITING 1

/**
 * struct vmitap_lane - the next records of a ring
 * @ring: ring; its @at is behind what was handed out
 * @at: record to check next
 * @size: bytes of the record checked last; no room is that large if there is none
 * @kind: its type and size, as the first four bytes of a record hold them
 * @fields: its fields
 * @key: highest TSC since the last look
 * @first: of the entries in use
 * @nr: entries in use
 * @cut: of these, entries that are in the batch
 * @alone: the record checked last says nothing about those that follow
 * @damaged: the record at @at makes no sense
 * @tsc: of each record, made to never go back; a part of the lanes' table
 * @record: in the ring; the same
 */
struct vmitap_lane {
	struct vmitap_ring *ring;
	const unsigned char *at;
	size_t size;
	uint32_t kind;
	uint32_t fields;
	uint64_t key;
	unsigned int first;
	unsigned int nr;
	unsigned int cut;
	bool alone;
	bool damaged;
	uint64_t *tsc;
	const struct vmitap_record **record;
};

/**
 * struct vmitap_table - records that are being put in order
 * @tsc: of each
 * @record: in the rings
 */
struct vmitap_table {
	uint64_t *tsc;
	const struct vmitap_record **record;
};

/**
 * struct vmitap_run - entries of a table that are in the order of time
 * @first: of them
 * @end: behind the last of them
 */
struct vmitap_run {
	size_t first;
	size_t end;
};

/**
 * struct vmitap_merge - reader of several rings
 * @next: record of the batch to hand out next
 * @end: of the batch
 * @lanes: of the rings
 * @nr_lanes: how many
 * @runs: what is being merged, room for one for each lane
 * @tables: that of the lanes, and two to merge from one to the other
 * @lossless: vCPUs wait for room
 * @wake: a vCPU waits for what was given back
 * @damaged: ring that makes no sense, NULL if all do; nothing is read any more
 */
struct vmitap_merge {
	const struct vmitap_record **next;
	const struct vmitap_record **end;
	struct vmitap_lane **lanes;
	unsigned int nr_lanes;
	struct vmitap_run *runs;
	struct vmitap_table tables[3];
	bool lossless;
	bool wake;
	const struct vmitap_ring *damaged;
};

void vmitap_merge_init(struct vmitap_merge *merge);

/* The rings themselves are the caller's. */
void vmitap_merge_free(struct vmitap_merge *merge);

/*
 * Add a ring, which must stay where it is; the batch must be at its end.
 * Return: 0 or -ENOMEM.
 */
int vmitap_merge_add(struct vmitap_merge *merge, struct vmitap_ring *ring);

/* Give back to the vCPUs what was handed out, if the batch is at its end. */
void vmitap_merge_release(struct vmitap_merge *merge);

/*
 * Is there a record that was found but is in no batch yet?  The batch must be at its end,
 * and given back.
 */
bool vmitap_merge_holds(const struct vmitap_merge *merge);

/*
 * Make the next batch; the one before is at its end.  Return: 1, 0 if there is
 * nothing to read, or -EPROTO.
 */
int vmitap_merge_fill(struct vmitap_merge *merge);

/* As vmitap_session_next(). */
static inline int vmitap_merge_next(struct vmitap_merge *merge,
				    const struct vmitap_record **record)
{
	int ret;

	if (merge->next == merge->end) {
		ret = vmitap_merge_fill(merge);
		if (ret <= 0)
			return ret;
	}
	*record = *merge->next++;
	return 1;
}

/* As vmitap_session_read(). */
static inline int vmitap_merge_read(struct vmitap_merge *merge,
				    const struct vmitap_record *const **records)
{
	int ret;

	if (merge->next == merge->end) {
		ret = vmitap_merge_fill(merge);
		if (ret <= 0)
			return ret;
	}
	*records = merge->next;
	ret = merge->end - merge->next;
	merge->next = merge->end;
	return ret;
}

#endif /* VMITAP_LIB_MERGE_H */
