/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats_print.h - the table of exits by reason
 */
#ifndef VMITAP_CLI_STATS_PRINT_H
#define VMITAP_CLI_STATS_PRINT_H

#include <stdint.h>
#include <stdio.h>

struct json;
struct stats;
struct stats_row;

/**
 * struct stats_view - how to print the table
 * @seconds: that the counts took, for rates
 * @since_mark: rates are of the exits of the last interval only, see
 *	stats_mark()
 * @columns: of the terminal, 0 for any number
 * @rows: most rows to print, 0 for all
 */
struct stats_view {
	double seconds;
	int since_mark;
	int columns;
	int rows;
};

/* Print the rows in the order they are in.  Return: lines printed. */
int stats_print_table(FILE *out, const struct stats *stats,
		      const struct stats_view *view);

/* Print what is no exit: injected and lost events, footnotes. */
void stats_print_rest(FILE *out, const struct stats *stats);

/* Print all of it as members of the object that @json has open. */
void stats_print_json(struct json *json, const struct stats *stats,
		      double seconds);

/* Print "Lost: 12 events (12 ring full)", without a newline. */
void stats_print_lost(FILE *out, const uint64_t *lost);

/* Print the same as member "lost" of the object that @json has open. */
void stats_print_lost_json(struct json *json, const uint64_t *lost);

#endif /* VMITAP_CLI_STATS_PRINT_H */
