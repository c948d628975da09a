// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * merge.c - the records of several rings in the order of time
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmitap.h>

#include "merge.h"
#include "record.h"

/* No window has that much room, so no record is taken without a check. */
#define SIZE_NONE SIZE_MAX

/* The lanes keep their table; the others are merged into in turn. */
enum {
	TABLE_LANES,
	TABLE_EVEN,
	TABLE_ODD,
	NR_TABLES,
};

void vmitap_merge_init(struct vmitap_merge *merge)
{
	memset(merge, 0, sizeof(*merge));
}

void vmitap_merge_free(struct vmitap_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++)
		free(merge->lanes[i]);
	free(merge->lanes);
	free(merge->runs);
	for (i = 0; i < NR_TABLES; i++) {
		free(merge->tables[i].tsc);
		free(merge->tables[i].record);
	}
	vmitap_merge_init(merge);
}

static int grow_table(struct vmitap_table *table, size_t room)
{
	const struct vmitap_record **record;
	uint64_t *tsc;

	tsc = realloc(table->tsc, room * sizeof(*tsc));
	if (!tsc)
		return -ENOMEM;
	table->tsc = tsc;
	record = realloc(table->record, room * sizeof(*record));
	if (!record)
		return -ENOMEM;
	table->record = record;
	return 0;
}

/* The lanes' table may have moved. */
static void place_lanes(struct vmitap_merge *merge)
{
	const struct vmitap_table *table = &merge->tables[TABLE_LANES];
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++) {
		merge->lanes[i]->tsc = table->tsc + i * VMITAP_LANE_DEPTH;
		merge->lanes[i]->record = table->record + i * VMITAP_LANE_DEPTH;
	}
}

/* Make room for @nr lanes.  What there is stays good after a failure. */
static int grow(struct vmitap_merge *merge, size_t nr)
{
	struct vmitap_lane **lanes;
	struct vmitap_run *runs;
	unsigned int i;
	int err = 0;

	lanes = realloc(merge->lanes, nr * sizeof(*lanes));
	if (!lanes)
		return -ENOMEM;
	merge->lanes = lanes;
	runs = realloc(merge->runs, nr * sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	merge->runs = runs;
	for (i = 0; i < NR_TABLES && !err; i++)
		err = grow_table(&merge->tables[i], nr * VMITAP_LANE_DEPTH);
	place_lanes(merge);
	return err;
}

int vmitap_merge_add(struct vmitap_merge *merge, struct vmitap_ring *ring)
{
	struct vmitap_lane *lane;
	int err;

	/* The batch, which is at its end, may be in what moves. */
	merge->next = merge->end = NULL;
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
	place_lanes(merge);
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

bool vmitap_merge_holds(const struct vmitap_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++) {
		if (merge->lanes[i]->nr || merge->lanes[i]->at != merge->lanes[i]->ring->end)
			return true;
	}
	return false;
}

/* Return: how far lanes may be filled. */
static unsigned int lane_depth(const struct vmitap_merge *merge)
{
	unsigned int i;

	for (i = 0; i < merge->nr_lanes; i++) {
		if (vmitap_ring_is_waiting(merge->lanes[i]->ring))
			return VMITAP_LANE_DEPTH_WAITING;
	}
	return merge->lossless ? VMITAP_LANE_DEPTH_LOSSLESS : VMITAP_LANE_DEPTH;
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
		if ((kind & 0xffff) == VMITAP_RECORD_MESSAGE &&
		    !vmitap_message_data((const void *)record))
			break;
		if (vmitap_record_is_known(kind & 0xffff)) {
			/* Messages of one size may say different things of it. */
			lane->alone = (kind & 0xffff) == VMITAP_RECORD_MESSAGE;
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
	/* What is stored in the loop could be any of these, for all C knows. */
	const unsigned char *at = lane->at, *end = lane->ring->end;
	const struct vmitap_record **to = lane->record;
	const uint32_t kind = lane->kind, fields = lane->fields;
	unsigned int i = lane->first + lane->nr;
	const struct vmitap_record *record;
	const size_t size = lane->size;
	uint64_t key = lane->key, *tsc = lane->tsc;

	for (; i < depth && (size_t)(end - at) >= size; i++, at += size) {
		record = (const void *)at;
		if (load_kind(record) != kind || record->fields != fields)
			break;
		key = record->tsc > key ? record->tsc : key;
		tsc[i] = key;
		to[i] = record;
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
		take(lane, lane->alone ? lane->nr + 1 : depth);
		if (lane->alone)
			lane->size = SIZE_NONE;
		lane->alone = false;
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

/* How many of @nr entries are not later than @limit. */
static size_t count_until(const uint64_t *tsc, size_t nr, uint64_t limit)
{
	size_t low = 0, high = nr, middle;

	if (!nr || tsc[nr - 1] <= limit)
		return nr;
	while (low < high) {
		middle = (low + high) / 2;
		if (tsc[middle] <= limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* @b if @second, else @a: without a branch, which nobody could predict. */
static inline size_t choose(bool second, size_t a, size_t b)
{
	return __builtin_expect_with_probability(second, true, 0.5) ? b : a;
}

/*
 * Merge @steps records from the fronts of two runs, and as many from their backs, to
 * the front and the back of @to, which has room for all of both.  One record has to
 * wait for the comparison before; the two ends need not wait for each other.  No run
 * may have fewer than 2 * @steps records.
 */
static inline __attribute__((always_inline))
void merge_ends(const struct vmitap_table *from, struct vmitap_run *a,
		struct vmitap_run *b, const struct vmitap_table *table,
		size_t to, size_t steps, bool with_tsc)
{
	const struct vmitap_record *const *record = from->record;
	const struct vmitap_record **to_record = table->record;
	size_t first_a = a->first, last_a = a->end - 1;
	size_t first_b = b->first, last_b = b->end - 1;
	size_t back = to + a->end - a->first + b->end - b->first - 1;
	/* What one run does not go forward by, the other does. */
	size_t front_sum = first_a + first_b, back_sum = last_a + last_b;
	size_t stop = to + steps, first, last;
	const uint64_t *tsc = from->tsc;

	for (; to < stop; to++, back--) {
		const uint64_t low_a = tsc[first_a], low_b = tsc[first_b];
		const uint64_t high_a = tsc[last_a], high_b = tsc[last_b];

		first = choose(low_b < low_a, first_a, first_b);
		first_b += low_b < low_a;
		first_a = ++front_sum - first_b;
		to_record[to] = record[first];
		last = choose(high_b < high_a, last_b, last_a);
		last_a -= high_b < high_a;
		last_b = --back_sum - last_a;
		to_record[back] = record[last];
		if (with_tsc) {
			table->tsc[to] = tsc[first];
			table->tsc[back] = tsc[last];
		}
	}
	*a = (struct vmitap_run){ first_a, last_a + 1 };
	*b = (struct vmitap_run){ first_b, last_b + 1 };
}

/* Move the first @nr records of a run. */
static void move(const struct vmitap_table *from, struct vmitap_run *run,
		 const struct vmitap_table *table, size_t to, size_t nr)
{
	memcpy(table->record + to, from->record + run->first,
	       nr * sizeof(*table->record));
	memcpy(table->tsc + to, from->tsc + run->first,
	       nr * sizeof(*table->tsc));
	run->first += nr;
}

static size_t run_length(const struct vmitap_run *run)
{
	return run->end - run->first;
}

/* By itself, for the compiler to keep all of the loop in registers. */
static __attribute__((noinline))
void merge_ends_with_tsc(const struct vmitap_table *from, struct vmitap_run *a,
			 struct vmitap_run *b, const struct vmitap_table *table,
			 size_t to, size_t steps)
{
	merge_ends(from, a, b, table, to, steps, true);
}

static __attribute__((noinline))
void merge_ends_last(const struct vmitap_table *from, struct vmitap_run *a,
		     struct vmitap_run *b, const struct vmitap_table *table,
		     size_t to, size_t steps)
{
	merge_ends(from, a, b, table, to, steps, false);
}

/* Merge a run of at most one record with another. */
static void merge_one(const struct vmitap_table *from, struct vmitap_run one,
		      struct vmitap_run many, const struct vmitap_table *table,
		      size_t to)
{
	size_t before = 0;

	if (run_length(&one))
		before = count_until(from->tsc + many.first, run_length(&many),
				     from->tsc[one.first]);
	move(from, &many, table, to, before);
	to += before;
	if (run_length(&one))
		move(from, &one, table, to++, 1);
	move(from, &many, table, to, run_length(&many));
}

/*
 * Merge two runs of one table to @to in another.  @with_tsc: they will be merged
 * again.
 */
static void merge_two(const struct vmitap_table *from, struct vmitap_run a,
		      struct vmitap_run b, const struct vmitap_table *table,
		      size_t to, bool with_tsc)
{
	size_t steps;

	for (;;) {
		steps = run_length(&a) < run_length(&b) ? run_length(&a) / 2 :
							  run_length(&b) / 2;
		if (!steps)
			break;
		if (with_tsc)
			merge_ends_with_tsc(from, &a, &b, table, to, steps);
		else
			merge_ends_last(from, &a, &b, table, to, steps);
		to += steps;
	}
	if (run_length(&a) < run_length(&b))
		merge_one(from, a, b, table, to);
	else
		merge_one(from, b, a, table, to);
}

/* Merge @nr runs in pairs.  Return: how many there are then. */
static unsigned int merge_pairs(const struct vmitap_table *from,
				struct vmitap_run *runs, unsigned int nr,
				const struct vmitap_table *table)
{
	struct vmitap_run none = { 0, 0 };
	size_t to = 0, end;
	unsigned int i;

	for (i = 0; i < nr; i += 2) {
		const struct vmitap_run *b = i + 1 < nr ? &runs[i + 1] : &none;

		end = to + run_length(&runs[i]) + run_length(b);
		/* The last merge makes the batch, in which nothing is compared. */
		merge_two(from, runs[i], *b, table, to, nr > 2);
		runs[i / 2] = (struct vmitap_run){ to, end };
		to = end;
	}
	return (nr + 1) / 2;
}

/* Make the batch of what the lanes hold, which is not nothing. */
static void make_batch(struct vmitap_merge *merge)
{
	const struct vmitap_table *from = &merge->tables[TABLE_LANES], *table;
	uint64_t limit = horizon(merge);
	unsigned int nr = 0, i;

	for (i = 0; i < merge->nr_lanes; i++) {
		struct vmitap_lane *lane = merge->lanes[i];
		size_t first = i * VMITAP_LANE_DEPTH + lane->first;

		lane->cut = count_until(lane->tsc + lane->first, lane->nr, limit);
		if (lane->cut)
			merge->runs[nr++] = (struct vmitap_run){
				first, first + lane->cut
			};
	}
	while (nr > 1) {
		table = &merge->tables[from == &merge->tables[TABLE_EVEN] ?
				       TABLE_ODD : TABLE_EVEN];
		nr = merge_pairs(from, merge->runs, nr, table);
		from = table;
	}
	merge->next = from->record + merge->runs[0].first;
	merge->end = from->record + merge->runs[0].end;
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

		/* Records of unknown types may have been passed over. */
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
	depth = lane_depth(merge);
	vmitap_merge_release(merge);
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
