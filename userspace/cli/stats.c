// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - exits counted and timed by reason
 *
 * The handling of an exit lasts until the next entry of the same vCPU, whose TSC
 * comes with the vCPU's next exit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "options.h"
#include "select.h"
#include "stats.h"
#include "text.h"

void stats_init(struct stats *stats, uint32_t vendor, uint32_t tsc_khz,
		bool timed)
{
	memset(stats, 0, sizeof(*stats));
	stats->vendor = vendor;
	stats->tsc_khz = tsc_khz;
	stats->timed = timed;
}

void stats_free(struct stats *stats)
{
	size_t i;

	for (i = 0; i < stats->nr_rows; i++)
		free(stats->rows[i]);
	free(stats->rows);
	free(stats->pending);
}

static struct stats_row *get_row(struct stats *stats, uint32_t reason,
				 uint8_t class_id)
{
	struct stats_row **rows, *row, *others = NULL;
	size_t i;

	for (i = 0; i < stats->nr_rows; i++) {
		row = stats->rows[i];
		if (row->others)
			others = row;
		else if (row->reason == reason && row->class_id == class_id)
			return row;
	}
	if (others)
		return others;
	rows = realloc(stats->rows, (i + 1) * sizeof(*rows));
	if (!rows)
		return NULL;
	stats->rows = rows;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->others = i == STATS_MAX_ROWS;
	row->reason = row->others ? 0 : reason;
	row->class_id = row->others ? VMITAP_CLASS_OTHER : class_id;
	rows[stats->nr_rows++] = row;
	return row;
}

static struct stats_pending *get_pending(struct stats *stats, size_t vcpu)
{
	struct stats_pending *pending;

	if (vcpu >= stats->nr_vcpus) {
		pending = realloc(stats->pending,
				  (vcpu + 1) * sizeof(*pending));
		if (!pending)
			return NULL;
		memset(pending + stats->nr_vcpus, 0,
		       (vcpu + 1 - stats->nr_vcpus) * sizeof(*pending));
		stats->pending = pending;
		stats->nr_vcpus = vcpu + 1;
	}
	return &stats->pending[vcpu];
}

static int add_exit(struct stats *stats, const struct vmitap_exit *exit,
		    const struct options *opts)
{
	struct stats_pending *pending;
	struct stats_row *row;

	pending = get_pending(stats, exit->record.vcpu);
	if (!pending)
		return -ENOMEM;
	if (pending->row && exit->entry_tsc >= pending->tsc)
		histogram_add(&pending->row->times,
			      exit->entry_tsc - pending->tsc);
	pending->row = NULL;
	if (!select_record(opts, &exit->record))
		return 0;

	row = get_row(stats, exit->reason, exit->class_id);
	if (!row)
		return -ENOMEM;
	row->count++;
	stats->events++;
	stats->exits++;
	if (stats->timed) {
		pending->row = row;
		pending->tsc = exit->record.tsc;
	}
	return 0;
}

static void add_lost(struct stats *stats, const struct vmitap_lost_record *lost)
{
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		stats->lost[i] += lost->reason[i];
	/* The next exit of this vCPU does not follow the last one counted. */
	if (lost->record.vcpu < stats->nr_vcpus)
		stats->pending[lost->record.vcpu].row = NULL;
}

/* Neither an exit nor a loss. */
static void add_other(struct stats *stats, const struct vmitap_record *rec)
{
	switch (rec->type) {
	case VMITAP_RECORD_INJECT:
		stats->injected[((const struct vmitap_inject *)rec)->kind & 7]++;
		break;
	case VMITAP_RECORD_CR3:
	case VMITAP_RECORD_SYSCALL:
	case VMITAP_RECORD_SYSRET:
	case VMITAP_RECORD_MESSAGE:
		stats->traps[rec->type]++;
		break;
	case VMITAP_RECORD_VCPU_CREATED:
	case VMITAP_RECORD_VCPU_DESTROYED:
		break;
	default:
		return;
	}
	stats->events++;
}

int stats_add(struct stats *stats, const struct vmitap_record *rec,
	      const struct options *opts)
{
	if (!stats->first_tsc)
		stats->first_tsc = rec->tsc;
	if (stats->last_tsc < rec->tsc)
		stats->last_tsc = rec->tsc;
	switch (rec->type) {
	case VMITAP_RECORD_EXIT:
		return add_exit(stats, (const struct vmitap_exit *)rec, opts);
	case VMITAP_RECORD_LOST:
		add_lost(stats, (const struct vmitap_lost_record *)rec);
		break;
	default:
		if (select_record(opts, rec))
			add_other(stats, rec);
	}
	return 0;
}

void stats_mark(struct stats *stats)
{
	struct stats_row *row;
	size_t i;

	for (i = 0; i < stats->nr_rows; i++) {
		row = stats->rows[i];
		row->recent = row->count - row->before;
		row->before = row->count;
	}
	stats->exits_recent = stats->exits - stats->exits_before;
	stats->exits_before = stats->exits;
}

void stats_reset(struct stats *stats)
{
	size_t i;

	for (i = 0; i < stats->nr_rows; i++) {
		stats->rows[i]->count = 0;
		stats->rows[i]->before = 0;
		stats->rows[i]->recent = 0;
		memset(&stats->rows[i]->times, 0, sizeof(stats->rows[i]->times));
	}
	memset(stats->injected, 0, sizeof(stats->injected));
	memset(stats->traps, 0, sizeof(stats->traps));
	memset(stats->lost, 0, sizeof(stats->lost));
	stats->events = 0;
	stats->exits = 0;
	stats->exits_before = 0;
	stats->exits_recent = 0;
	stats->first_tsc = 0;
}

uint64_t stats_lost(const struct stats *stats)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		sum += stats->lost[i];
	return sum;
}

bool stats_row_sleeps(const struct stats_row *row)
{
	return row->class_id == VMITAP_CLASS_HLT ||
	       row->class_id == VMITAP_CLASS_MWAIT;
}

double stats_ns(const struct stats *stats, double ticks)
{
	return stats->tsc_khz ? ticks * 1e6 / stats->tsc_khz : 0;
}

/* Larger is nearer to the top. */
static double key_of(const struct stats_row *row, enum stats_order order)
{
	switch (order) {
	case STATS_BY_TIME:
		return row->times.sum;
	case STATS_BY_P99:
		return histogram_quantile(&row->times, 0.99);
	case STATS_BY_MAX:
		return row->times.max;
	default:
		return row->count;
	}
}

static int compare(const void *a, const void *b, void *order)
{
	const struct stats_row *x = *(struct stats_row *const *)a;
	const struct stats_row *y = *(struct stats_row *const *)b;
	double kx, ky;

	if (*(enum stats_order *)order == STATS_BY_NAME) {
		kx = y->reason;
		ky = x->reason;
	} else {
		kx = key_of(x, *(enum stats_order *)order);
		ky = key_of(y, *(enum stats_order *)order);
	}
	if (kx != ky)
		return kx < ky ? 1 : -1;
	return x->reason < y->reason ? -1 : x->reason > y->reason;
}

void stats_sort(struct stats *stats, enum stats_order order)
{
	/* No rows, no array. */
	if (stats->nr_rows)
		qsort_r(stats->rows, stats->nr_rows, sizeof(*stats->rows),
			compare, &order);
}

int stats_order_parse(const char *name, enum stats_order *order)
{
	static const char *const names[] = {
		[STATS_BY_COUNT] = "count", [STATS_BY_TIME] = "time",
		[STATS_BY_P99] = "p99", [STATS_BY_MAX] = "max",
		[STATS_BY_NAME] = "name", NULL
	};
	const char *near;
	unsigned int i;

	*order = STATS_BY_COUNT;
	for (i = 0; name && names[i]; i++) {
		if (!strcmp(name, names[i])) {
			*order = i;
			return EXIT_OK;
		}
	}
	if (!name)
		return EXIT_OK;
	near = text_nearest(name, names);
	return fail(EXIT_USAGE, "--sort: no order \"%s\"%s%s%s; there are count,"
		    " time, p99, max and name", name, near ? ", is it \"" : "",
		    near ? near : "", near ? "\"?" : "");
}
