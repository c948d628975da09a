// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_report.c - the table of "stat" from a recording
 */
#include "cli.h"
#include "json.h"
#include "options.h"
#include "recording.h"
#include "stats.h"
#include "stats_print.h"
#include "terminal.h"
#include "text.h"

static void print_text(const struct recording *rec, const struct stats *stats,
		       double seconds)
{
	struct stats_view view = { .seconds = seconds };
	char count[TEXT_MAX];
	int rows;

	if (text_is_terminal(stdout))
		terminal_size(&view.columns, &rows);
	printf("%s (PID %u): %s exits in %.2f s\n\n", rec->name, rec->pid,
	       text_count(count, stats->exits), seconds);
	stats_print_table(stdout, stats, &view);
	putchar('\n');
	stats_print_rest(stdout, stats);
	if (!stats->timed)
		printf("No times: not every exit was recorded, so that the"
		       " entry after an exit is not known.\n");
}

static void print_json(const struct recording *rec, const struct stats *stats,
		       double seconds)
{
	struct json json = { .out = stdout };

	json_begin(&json, NULL, '{');
	json_string(&json, "vm", rec->name);
	json_u64(&json, "pid", rec->pid);
	stats_print_json(&json, stats, seconds);
	json_end(&json, '}');
	putchar('\n');
}

struct report {
	const struct options *opts;
	struct stats stats;
};

static int report_event(void *arg, const struct vmitap_record *rec)
{
	struct report *report = arg;

	if (stats_add(&report->stats, rec, report->opts))
		return fail(EXIT_OTHER, "out of memory");
	return EXIT_OK;
}

/*
 * The end knows of losses after the last record, but it is no better than who wrote
 * it: one that says less than the records do does not take their losses back.
 */
static void add_lost_at_end(struct stats *stats, const struct recording *rec)
{
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++) {
		if (stats->lost[i] < rec->lost[i])
			stats->lost[i] = rec->lost[i];
	}
}

static int run_report(const struct options *opts, int argc, char **argv)
{
	struct report report = { .opts = opts };
	struct stats *stats = &report.stats;
	enum stats_order order;
	struct recording rec;
	double seconds;
	int code;

	if (argc != 1)
		return fail(EXIT_USAGE, "report: say which FILE, as in vmitap"
			    " report trace.vmt");
	code = stats_order_parse(opts->sort, &order);
	if (code)
		return code;
	code = recording_open(&rec, argv[0]);
	if (code)
		return code;
	stats_init(stats, rec.vendor, rec.tsc_khz, rec.every_exit);
	/* A damaged file is reported, and what could be read is shown. */
	code = recording_read(&rec, report_event, &report);
	if (rec.ended)
		add_lost_at_end(stats, &rec);
	if (!code || code == EXIT_BAD_FILE) {
		seconds = stats_ns(stats, stats->last_tsc - stats->first_tsc) /
			  1e9;
		stats_sort(stats, order);
		if (opts->json)
			print_json(&rec, stats, seconds);
		else
			print_text(&rec, stats, seconds);
	}
	stats_free(stats);
	recording_close(&rec);
	return code;
}

const struct command cmd_report = {
	.name = "report",
	.args = "FILE",
	.summary = "count and time the exits of a recording",
	.about =
"Prints the table of vmitap stat from a recording.  Times are given if every exit\n"
"was recorded, that is, without --events, --cpl, --cr3 and --filter.",
	.groups = OPTIONS_SELECT | OPTIONS_SORT | OPTIONS_JSON,
	.run = run_report,
};
