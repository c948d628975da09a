/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - exits counted and timed by reason
 */
#ifndef VMITAP_CLI_STATS_H
#define VMITAP_CLI_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vmitap.h>

#include "histogram.h"

/*
 * Rows at most, but for one for all reasons beyond: more than vendors have reasons,
 * and a recording may have a new one in each record.
 */
#define STATS_MAX_ROWS 512

/**
 * struct stats_row - exits of one reason
 * @reason: in the vendor's code
 * @class_id: enum vmitap_class
 * @others: of all reasons that have no row, @reason and @class_id mean nothing
 * @count: exits
 * @before: @count at the last stats_mark()
 * @recent: exits between the last two of them
 * @times: handling times, TSC ticks
 */
struct stats_row {
	uint32_t reason;
	uint8_t class_id;
	bool others;
	uint64_t count;
	uint64_t before;
	uint64_t recent;
	struct histogram times;
};

/* The exit of a vCPU whose handling has not ended yet. */
struct stats_pending {
	struct stats_row *row;
	uint64_t tsc;
};

/**
 * struct stats - everything counted
 * @vendor: enum vmitap_vendor, for names
 * @tsc_khz: of the records
 * @timed: handling times are known: no exit is missing between two records
 * @events: events counted, of any kind
 * @exits: exits among them
 * @exits_before: @exits at the last stats_mark()
 * @exits_recent: exits between the last two of them
 * @injected: events injected, by enum vmitap_inject_kind
 * @traps: events that are traps, by enum vmitap_record_type
 * @lost: events lost, by enum vmitap_lost
 * @first_tsc: of the first record
 * @last_tsc: of the last record
 * @nr_rows: rows in use
 * @rows: in order of appearance
 * @nr_vcpus: entries of @pending
 * @pending: by vCPU id
 */
struct stats {
	uint32_t vendor;
	uint32_t tsc_khz;
	bool timed;
	uint64_t events;
	uint64_t exits;
	uint64_t exits_before;
	uint64_t exits_recent;
	uint64_t injected[8];
	uint64_t traps[VMITAP_RECORD_MESSAGE + 1];
	uint64_t lost[VMITAP_NR_LOST];
	uint64_t first_tsc;
	uint64_t last_tsc;
	size_t nr_rows;
	struct stats_row **rows;
	size_t nr_vcpus;
	struct stats_pending *pending;
};

enum stats_order {
	STATS_BY_COUNT,
	STATS_BY_TIME,
	STATS_BY_P99,
	STATS_BY_MAX,
	STATS_BY_NAME,
	STATS_NR_ORDERS,
};

struct options;

void stats_init(struct stats *stats, uint32_t vendor, uint32_t tsc_khz,
		bool timed);
void stats_free(struct stats *stats);

/*
 * Count a record if @opts selects it; an exit it does not select still ends the
 * handling of the one before.  Return: 0, or -ENOMEM.
 */
int stats_add(struct stats *stats, const struct vmitap_record *rec,
	      const struct options *opts);

/* End an interval whose exits are stats_row.recent, and begin the next. */
void stats_mark(struct stats *stats);

/* Forget everything but the exits that are being handled. */
void stats_reset(struct stats *stats);

void stats_sort(struct stats *stats, enum stats_order order);
uint64_t stats_lost(const struct stats *stats);

/* Whether the times of a row are mostly time asleep. */
bool stats_row_sleeps(const struct stats_row *row);

/* Nanoseconds for TSC ticks, 0 if the frequency is not known. */
double stats_ns(const struct stats *stats, double ticks);

/* Parse a --sort argument.  Return: EXIT_OK or EXIT_USAGE, reported. */
int stats_order_parse(const char *name, enum stats_order *order);

#endif /* VMITAP_CLI_STATS_H */
