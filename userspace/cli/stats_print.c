// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats_print.c - the table of exits by reason
 */
#include <inttypes.h>
#include <string.h>

#include <vmitap.h>

#include "json.h"
#include "names.h"
#include "stats.h"
#include "stats_print.h"
#include "text.h"

/* Narrower terminals do without SHARE and have less room for names. */
#define COLUMNS_WIDE 95

static double share(double part, double whole)
{
	return whole ? 100 * part / whole : 0;
}

/* Handling time of all rows, without time asleep. */
static double busy_ticks(const struct stats *stats)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < stats->nr_rows; i++) {
		if (!stats_row_sleeps(stats->rows[i]))
			sum += stats->rows[i]->times.sum;
	}
	return sum;
}

static bool wide(const struct stats_view *view)
{
	return !view->columns || view->columns >= COLUMNS_WIDE;
}

static void print_head(FILE *out, const struct stats_view *view)
{
	fprintf(out, "%s%-*s %-10s %10s %8s", text_style(out, TEXT_BOLD),
		wide(view) ? 18 : 12, "EXIT", "CLASS", "COUNT", "RATE/s");
	if (wide(view))
		fprintf(out, " %6s", "SHARE");
	fprintf(out, " %6s %8s %8s %8s%s\n", "TIME", "MEDIAN", "P99", "MAX",
		text_style(out, TEXT_PLAIN));
}

static void print_times(FILE *out, const struct stats *stats,
			const struct stats_row *row, double busy)
{
	const struct histogram *times = &row->times;
	char median[TEXT_MAX], p99[TEXT_MAX], max[TEXT_MAX], part[TEXT_MAX];

	if (!times->count) {
		fprintf(out, " %6s %8s %8s %8s", "-", "-", "-", "-");
		return;
	}
	snprintf(part, sizeof(part), "%.1f%%", share(times->sum, busy));
	text_time(median, stats_ns(stats, histogram_quantile(times, 0.5)));
	text_time(p99, stats_ns(stats, histogram_quantile(times, 0.99)));
	text_time(max, stats_ns(stats, times->max));
	fprintf(out, " %6s %8s %8s %8s", stats_row_sleeps(row) ? "asleep" : part,
		median, p99, max);
}

static const char *row_name(char buf[NAME_MAX_REASON], const struct stats *stats,
			    const struct stats_row *row)
{
	if (row->others)
		return strcpy(buf, "others");
	return name_reason(buf, stats->vendor, row->reason);
}

static void print_row(FILE *out, const struct stats *stats,
		      const struct stats_row *row, const struct stats_view *view,
		      double busy)
{
	uint64_t counted = view->since_mark ? row->recent : row->count;
	char reason[NAME_MAX_REASON], count[TEXT_MAX], rate[TEXT_MAX];

	row_name(reason, stats, row);
	text_count(count, row->count);
	text_count(rate, view->seconds > 0 ? counted / view->seconds + 0.5 : 0);
	fprintf(out, "%-*.*s %-10.10s %10s %8s", wide(view) ? 18 : 12,
		wide(view) ? 18 : 12, reason, vmitap_class_name(row->class_id),
		count, rate);
	if (wide(view))
		fprintf(out, " %5.1f%%", share(row->count, stats->exits));
	print_times(out, stats, row, busy);
	putc('\n', out);
}

int stats_print_table(FILE *out, const struct stats *stats,
		      const struct stats_view *view)
{
	double busy = busy_ticks(stats);
	int lines = 1;
	size_t i;

	print_head(out, view);
	for (i = 0; i < stats->nr_rows; i++) {
		if (!stats->rows[i]->count)
			continue;
		if (view->rows && lines > view->rows)
			break;
		print_row(out, stats, stats->rows[i], view, busy);
		lines++;
	}
	return lines;
}

void stats_print_lost(FILE *out, const uint64_t *lost)
{
	const char *sep = "";
	char count[TEXT_MAX];
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		sum += lost[i];
	fprintf(out, "Lost: %s events", text_count(count, sum));
	if (!sum)
		return;
	fprintf(out, " (");
	for (i = 0; i < VMITAP_NR_LOST; i++) {
		if (!lost[i])
			continue;
		fprintf(out, "%s%s %s", sep, text_count(count, lost[i]),
			vmitap_lost_text(i));
		sep = ", ";
	}
	putc(')', out);
}

void stats_print_lost_json(struct json *json, const uint64_t *lost)
{
	unsigned int i;

	json_begin(json, "lost", '{');
	for (i = 0; i < VMITAP_NR_LOST; i++)
		json_u64(json, name_lost_key(i), lost[i]);
	json_end(json, '}');
}

static void print_injected(FILE *out, const struct stats *stats)
{
	const char *sep = "Injected: ";
	char count[TEXT_MAX];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (!stats->injected[i])
			continue;
		fprintf(out, "%s%s %s", sep,
			text_count(count, stats->injected[i]), name_inject(i));
		sep = ", ";
	}
	if (sep[0] == ',')
		putc('\n', out);
}

static void print_traps(FILE *out, const struct stats *stats)
{
	const char *sep = "Traps: ";
	char count[TEXT_MAX];
	unsigned int i;

	for (i = 0; i <= VMITAP_RECORD_MESSAGE; i++) {
		if (!stats->traps[i])
			continue;
		fprintf(out, "%s%s %s", sep, text_count(count, stats->traps[i]),
			name_record(i));
		sep = ", ";
	}
	if (sep[0] == ',')
		putc('\n', out);
}

void stats_print_rest(FILE *out, const struct stats *stats)
{
	bool sleeps = false;
	size_t i;

	for (i = 0; i < stats->nr_rows; i++)
		sleeps |= stats->rows[i]->times.count &&
			  stats_row_sleeps(stats->rows[i]);
	print_injected(out, stats);
	print_traps(out, stats);
	if (stats_lost(stats)) {
		fputs(text_style(out, TEXT_RED), out);
		stats_print_lost(out, stats->lost);
		fprintf(out, "%s\n", text_style(out, TEXT_PLAIN));
	}
	if (sleeps)
		fprintf(out, "%sasleep: the times of this exit are those the"
			" vCPU slept; TIME is shared by the others%s\n",
			text_style(out, TEXT_DIM), text_style(out, TEXT_PLAIN));
}

static void json_row(struct json *json, const struct stats *stats,
		     const struct stats_row *row, double seconds)
{
	const struct histogram *times = &row->times;
	char reason[NAME_MAX_REASON];

	json_begin(json, NULL, '{');
	json_string(json, "name", row_name(reason, stats, row));
	if (row->others)
		json_null(json, "reason");
	else
		json_hex(json, "reason", row->reason);
	json_string(json, "class", vmitap_class_name(row->class_id));
	json_u64(json, "count", row->count);
	json_real(json, "rate", seconds > 0 ? row->count / seconds : 0, 3);
	json_real(json, "share", share(row->count, stats->exits) / 100, 6);
	if (times->count) {
		json_begin(json, "handling_ns", '{');
		json_u64(json, "count", times->count);
		json_real(json, "total", stats_ns(stats, times->sum), 0);
		json_real(json, "median",
			  stats_ns(stats, histogram_quantile(times, 0.5)), 0);
		json_real(json, "p99",
			  stats_ns(stats, histogram_quantile(times, 0.99)), 0);
		json_real(json, "max", stats_ns(stats, times->max), 0);
		json_bool(json, "asleep", stats_row_sleeps(row));
		json_end(json, '}');
	} else {
		json_null(json, "handling_ns");
	}
	json_end(json, '}');
}

void stats_print_json(struct json *json, const struct stats *stats,
		      double seconds)
{
	unsigned int i;
	size_t row;

	json_real(json, "seconds", seconds, 6);
	json_string(json, "vendor", vmitap_vendor_name(stats->vendor));
	json_u64(json, "tsc_khz", stats->tsc_khz);
	json_u64(json, "exits", stats->exits);
	json_begin(json, "injected", '{');
	for (i = 0; i < 8; i++) {
		if (stats->injected[i])
			json_u64(json, name_inject(i), stats->injected[i]);
	}
	json_end(json, '}');
	json_begin(json, "traps", '{');
	for (i = 0; i <= VMITAP_RECORD_MESSAGE; i++) {
		if (stats->traps[i])
			json_u64(json, name_record(i), stats->traps[i]);
	}
	json_end(json, '}');
	stats_print_lost_json(json, stats->lost);
	json_begin(json, "reasons", '[');
	for (row = 0; row < stats->nr_rows; row++) {
		if (stats->rows[row]->count)
			json_row(json, stats, stats->rows[row], seconds);
	}
	json_end(json, ']');
}
