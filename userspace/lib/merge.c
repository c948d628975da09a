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

void vmitap_merge_init(struct vmitap_merge *merge)
{
	memset(merge, 0, sizeof(*merge));
}

static void free_run(struct vmitap_run *run)
{
	free(run->tsc);
	free(run->record);
}

void vmitap_merge_free(struct vmitap_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++)
		free(merge->lanes[i]);
	free(merge->lanes);
	free(merge->runs);
	free_run(&merge->buf[0]);
	free_run(&merge->buf[1]);
	vmitap_merge_init(merge);
}

static int grow_run(struct vmitap_run *run, size_t room)
{
	const struct vmitap_record **record;
	uint64_t *tsc;

	tsc = realloc(run->tsc, room * sizeof(*tsc));
	if (!tsc)
		return -ENOMEM;
	run->tsc = tsc;
	record = realloc(run->record, room * sizeof(*record));
	if (!record)
		return -ENOMEM;
	run->record = record;
	return 0;
}

/* Make room for @nr lanes.  What there is stays good after a failure. */
static int grow(struct vmitap_merge *merge, size_t nr)
{
	struct vmitap_lane **lanes;
	struct vmitap_run *runs;
	int err;

	lanes = realloc(merge->lanes, nr * sizeof(*lanes));
	if (!lanes)
		return -ENOMEM;
	merge->lanes = lanes;
	runs = realloc(merge->runs, nr * sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	merge->runs = runs;
	err = grow_run(&merge->buf[0], nr * VMITAP_LANE_DEPTH);
	return err ? err : grow_run(&merge->buf[1], nr * VMITAP_LANE_DEPTH);
}

int vmitap_merge_add(struct vmitap_merge *merge, struct vmitap_ring *ring)
{
	struct vmitap_lane *lane;
	int err;

	err = grow(merge, merge->nr_lanes + 1);
	if (err)
		return err;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return -ENOMEM;
	lane->ring = ring;
	lane->at = ring->at;
	lane->size = SIZE_NONE;
	merge->lanes[merge->nr_lanes++] = lane;
	/* The batch, which is at its end, may have been in what moved. */
	merge->next = merge->end = NULL;
	return 0;
}

/* Take the batch out of the lanes: it has been handed out. */
static void drop_batch(struct vmitap_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++) {
		struct vmitap_lane *lane = merge->lanes[i];

		lane->first += lane->cut;
		lane->nr -= lane->cut;
		lane->cut = 0;
		lane->ring->at = lane->nr ?
			(const void *)lane->record[lane->first] : lane->at;
	}
}

void vmitap_merge_release(struct vmitap_merge *merge)
{
	unsigned int i;

	if (merge->next != merge->end)
		return;
	drop_batch(merge);
	for (i = 0; i < merge->nr_lanes; i++)
		merge->wake |= vmitap_ring_release(merge->lanes[i]->ring);
}

/* Give back what is worth it.  Return: how far lanes may be filled. */
static unsigned int release_due(struct vmitap_merge *merge)
{
	unsigned int depth = VMITAP_LANE_DEPTH, i;

	if (merge->lossless)
		depth = VMITAP_LANE_DEPTH_LOSSLESS;
	for (i = 0; i < merge->nr_lanes; i++) {
		struct vmitap_ring *ring = merge->lanes[i]->ring;

		if (vmitap_ring_is_waiting(ring))
			depth = VMITAP_LANE_DEPTH_WAITING;
		if (vmitap_ring_is_due(ring))
			merge->wake |= vmitap_ring_release(ring);
	}
	return depth;
}

/* Type and size of a record in one load, so that they belong together. */
static inline uint32_t load_kind(const struct vmitap_record *record)
{
	return __atomic_load_n((const uint32_t *)record, __ATOMIC_RELAXED);
}

/*
 * Check the record at @lane->at and remember what a good one looks like; pass over
 * those of unknown types.  Return: whether there is a good one.
 */
static bool check(struct vmitap_lane *lane)
{
	const struct vmitap_record *record;
	uint32_t kind, fields;
	size_t room, size;

	for (;;) {
		record = (const void *)lane->at;
		room = lane->ring->end - lane->at;
		if (!room)
			return false;
		if (room < sizeof(*record))
			break;
		kind = load_kind(record);
		fields = record->fields;
		size = kind >> 16;
		if (size % 8 || size > room ||
		    size < vmitap_record_min(kind & 0xffff, fields))
			break;
		if (vmitap_record_is_known(kind & 0xffff)) {
			lane->kind = kind;
			lane->fields = fields;
			lane->size = size;
			return true;
		}
		lane->at += size;
	}
	lane->damaged = true;
	return false;
}

/*
 * Take the records that look like the one checked last into the lane.  Their size
 * is known beforehand, so the processor need not wait for one to find the next.
 */
static void take(struct vmitap_lane *lane, unsigned int depth)
{
	const unsigned char *at = lane->at, *end = lane->ring->end;
	unsigned int i = lane->first + lane->nr;
	const struct vmitap_record *record;
	const size_t size = lane->size;
	uint64_t key = lane->key;

	for (; i < depth && (size_t)(end - at) >= size; i++, at += size) {
		record = (const void *)at;
		if (load_kind(record) != lane->kind ||
		    record->fields != lane->fields)
			break;
		key = record->tsc > key ? record->tsc : key;
		lane->tsc[i] = key;
		lane->record[i] = record;
	}
	lane->at = at;
	lane->key = key;
	lane->nr = i - lane->first;
}

/* Fill a lane up to @depth, or to the end of its window. */
static void fill_lane(struct vmitap_lane *lane, unsigned int depth)
{
	/* More than half full: not worth moving what there is. */
	if (lane->nr > depth / 2 || lane->damaged)
		return;
	memmove(lane->tsc, lane->tsc + lane->first, lane->nr * sizeof(*lane->tsc));
	memmove(lane->record, lane->record + lane->first,
		lane->nr * sizeof(*lane->record));
	lane->first = 0;
	do {
		take(lane, depth);
	} while (lane->nr < depth && check(lane));
}

/* The TSC up to which the lanes hold all records that the windows hold. */
static uint64_t horizon(const struct vmitap_merge *merge)
{
	uint64_t limit = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++) {
		const struct vmitap_lane *lane = merge->lanes[i];

		if (lane->at != lane->ring->end && lane->key < limit)
			limit = lane->key;
	}
	return limit;
}

/* How many entries of a lane are not later than @limit. */
static unsigned int count_until(const struct vmitap_lane *lane, uint64_t limit)
{
	const uint64_t *tsc = lane->tsc + lane->first;
	unsigned int low = 0, high = lane->nr, middle;

	if (!high || tsc[high - 1] <= limit)
		return high;
	while (low < high) {
		middle = (low + high) / 2;
		if (tsc[middle] <= limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* @a if @mask is 0, @b if it is all ones: no branch, whatever the compiler thinks. */
static inline uint64_t choose(uint64_t a, uint64_t b, uint64_t mask)
{
	return a ^ ((a ^ b) & mask);
}

/**
 * struct cursor - where in a run that is merged
 * @tsc: what is left of it
 * @record: the same
 * @nr: the same
 */
struct cursor {
	const uint64_t *tsc;
	const struct vmitap_record *const *record;
	size_t nr;
};

/**
 * struct cursor_out - where merged records go
 * @tsc: NULL if nobody needs it
 * @record: the same
 */
struct cursor_out {
	uint64_t *tsc;
	const struct vmitap_record **record;
};

static void advance(struct cursor_out *out, size_t nr)
{
	out->record += nr;
	if (out->tsc)
		out->tsc += nr;
}

/*
 * Merge @steps records from the fronts of two runs, and as many from their backs to
 * the end of where all of both will go, without branches that depend on which is first.  One record has to wait for the
 * comparison before; the two ends need not wait for each other.  No run may have
 * fewer than 2 * @steps records left.
 */
static inline __attribute__((always_inline))
void merge_ends(struct cursor *a, struct cursor *b, struct cursor_out *out,
		size_t steps, bool with_tsc)
{
	const struct vmitap_record **to = out->record;
	uint64_t *tsc = out->tsc;
	size_t first_a = 0, first_b = 0, last_a = a->nr - 1, last_b = b->nr - 1;
	size_t front = 0, back = a->nr + b->nr - 1;

	for (; front < steps; front++, back--) {
		uint64_t low_a = a->tsc[first_a], low_b = b->tsc[first_b];
		uint64_t high_a = a->tsc[last_a], high_b = b->tsc[last_b];
		size_t low = low_b < low_a, high = high_b < high_a;

		to[front] = (const void *)choose((uintptr_t)a->record[first_a],
						 (uintptr_t)b->record[first_b],
						 -low);
		to[back] = (const void *)choose((uintptr_t)b->record[last_b],
						(uintptr_t)a->record[last_a],
						-high);
		if (with_tsc) {
			tsc[front] = choose(low_a, low_b, -low);
			tsc[back] = choose(high_b, high_a, -high);
		}
		first_a += !low;
		first_b += low;
		last_a -= high;
		last_b -= !high;
	}
	*a = (struct cursor){ a->tsc + first_a, a->record + first_a,
			      last_a + 1 - first_a };
	*b = (struct cursor){ b->tsc + first_b, b->record + first_b,
			      last_b + 1 - first_b };
	advance(out, steps);
}

/* Put out @nr records of a run. */
static void move(struct cursor *from, struct cursor_out *out, size_t nr)
{
	if (!nr)
		return;
	memcpy(out->record, from->record, nr * sizeof(*out->record));
	if (out->tsc)
		memcpy(out->tsc, from->tsc, nr * sizeof(*out->tsc));
	advance(out, nr);
	from->record += nr;
	from->tsc += nr;
	from->nr -= nr;
}

/* Merge two runs.  @to->tsc may be NULL. */
static void merge_two(const struct vmitap_run *run_a,
		      const struct vmitap_run *run_b, struct vmitap_run *to)
{
	struct cursor a = { run_a->tsc, run_a->record, run_a->nr };
	struct cursor b = { run_b->tsc, run_b->record, run_b->nr };
	struct cursor_out out = { to->tsc, to->record };
	size_t steps;

	while ((steps = (a.nr < b.nr ? a.nr : b.nr) / 2)) {
		if (out.tsc)
			merge_ends(&a, &b, &out, steps, true);
		else
			merge_ends(&a, &b, &out, steps, false);
	}
	/* Now one of them has one record at most. */
	while (a.nr && b.nr)
		move(*b.tsc < *a.tsc ? &b : &a, &out, 1);
	move(&a, &out, a.nr);
	move(&b, &out, b.nr);
	to->nr = run_a->nr + run_b->nr;
}

/* Merge runs in pairs into @buf.  Return: how many there are then. */
static unsigned int merge_pairs(struct vmitap_run *runs, unsigned int nr,
				const struct vmitap_run *buf)
{
	struct vmitap_run out = *buf, none = { .nr = 0 };
	unsigned int i;

	/* The last merge makes the batch, in which nothing is compared. */
	if (nr == 2)
		out.tsc = NULL;
	for (i = 0; i < nr; i += 2) {
		merge_two(&runs[i], i + 1 < nr ? &runs[i + 1] : &none, &out);
		runs[i / 2] = out;
		out.record += out.nr;
		if (out.tsc)
			out.tsc += out.nr;
	}
	return (nr + 1) / 2;
}

/* Make the batch of what the lanes hold, which is not nothing. */
static void make_batch(struct vmitap_merge *merge)
{
	uint64_t limit = horizon(merge);
	unsigned int nr = 0, i, to = 0;

	for (i = 0; i < merge->nr_lanes; i++) {
		struct vmitap_lane *lane = merge->lanes[i];

		lane->cut = count_until(lane, limit);
		if (lane->cut)
			merge->runs[nr++] = (struct vmitap_run){
				lane->tsc + lane->first,
				lane->record + lane->first, lane->cut,
			};
	}
	for (; nr > 1; to = !to)
		nr = merge_pairs(merge->runs, nr, &merge->buf[to]);
	merge->next = merge->runs[0].record;
	merge->end = merge->next + merge->runs[0].nr;
}

/* Nothing more is read; @ring says which one it is about. */
static int damage(struct vmitap_merge *merge, const struct vmitap_ring *ring)
{
	merge->damaged = ring;
	return -EPROTO;
}

/* Fill the lanes from the windows.  Return: 1, 0 at their ends, or -EPROTO. */
static int fill_lanes(struct vmitap_merge *merge, unsigned int depth)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < merge->nr_lanes; i++) {
		struct vmitap_lane *lane = merge->lanes[i];

		fill_lane(lane, depth);
		if (lane->damaged && !lane->nr)
			return damage(merge, lane->ring);
		if (lane->nr)
			ret = 1;
	}
	return ret;
}

/* Take in what all rings have published; their windows are at their ends. */
static int look(struct vmitap_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++) {
		struct vmitap_lane *lane = merge->lanes[i];

		lane->ring->at = lane->at;
		merge->wake |= vmitap_ring_release(lane->ring);
		if (vmitap_ring_look(lane->ring))
			return damage(merge, lane->ring);
		lane->at = lane->ring->at;
		/* A TSC that was set back is out of order for one look only. */
		lane->key = 0;
	}
	return 0;
}

int vmitap_merge_fill(struct vmitap_merge *merge)
{
	unsigned int depth;
	int ret;

	if (merge->damaged)
		return -EPROTO;
	drop_batch(merge);
	depth = release_due(merge);
	ret = fill_lanes(merge, depth);
	if (!ret) {
		ret = look(merge);
		if (!ret)
			ret = fill_lanes(merge, depth);
	}
	if (ret > 0)
		make_batch(merge);
	return ret;
}
