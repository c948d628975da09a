// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_stat.c - count and time exits by reason
 */
#include <string.h>

#include "cli.h"
#include "json.h"
#include "options.h"
#include "session.h"
#include "stats.h"
#include "stats_print.h"
#include "terminal.h"
#include "text.h"

struct stat_run {
	const struct options *opts;
	struct stats stats;
	double started;
	bool progress;
};

static int stat_event(void *arg, const struct vmitap_record *rec)
{
	struct stat_run *run = arg;

	if (stats_add(&run->stats, rec, run->opts))
		return fail(EXIT_OTHER, "out of memory");
	if (run->opts->count && run->stats.events >= run->opts->count)
		return SESSION_STOP;
	return EXIT_OK;
}

static int stat_idle(void *arg)
{
	(void)arg;
	return EXIT_OK;
}

static int stat_tick(void *arg)
{
	struct stat_run *run = arg;
	char count[TEXT_MAX];

	if (run->progress)
		fprintf(stderr, "\r%.0f s, %s exits (Ctrl-C ends) "
			TERMINAL_ERASE_LINE, session_now() - run->started,
			text_count(count, run->stats.exits));
	return EXIT_OK;
}

static void print_text(const struct session *session, struct stat_run *run,
		       double seconds)
{
	struct stats_view view = { .seconds = seconds };
	char count[TEXT_MAX];
	int rows;

	if (text_is_terminal(stdout))
		terminal_size(&view.columns, &rows);
	printf("%s (PID %d): %s exits in %.2f s%s\n\n", session->name,
	       session->pid, text_count(count, run->stats.exits), seconds,
	       session_end_text(session));
	stats_print_table(stdout, &run->stats, &view);
	putchar('\n');
	stats_print_rest(stdout, &run->stats);
	if (!run->stats.timed)
		printf("No times: the filter drops exits, so that the next"
		       " entry after an exit is not known.\n");
}

static void print_json(const struct session *session, struct stat_run *run,
		       double seconds)
{
	struct json json = { .out = stdout };

	json_begin(&json, NULL, '{');
	json_string(&json, "vm", session->name);
	json_u64(&json, "pid", session->pid);
	json_bool(&json, "vm_gone", session->vm_gone);
	stats_print_json(&json, &run->stats, seconds);
	json_end(&json, '}');
	putchar('\n');
}

static int run_stat(const struct options *opts, int argc, char **argv)
{
	struct stat_run run = { .opts = opts };
	struct session_sink sink = {
		.event = stat_event, .idle = stat_idle, .tick = stat_tick,
		.interval = 1, .arg = &run,
	};
	enum stats_order order;
	struct session session;
	double seconds;
	int code;

	(void)argc;
	(void)argv;
	code = stats_order_parse(opts->sort, &order);
	if (code)
		return code;
	code = session_open(&session, opts, true);
	if (code)
		goto out;
	stats_init(&run.stats, session.query.out_vendor,
		   session.query.out_tsc_khz, session.filter.fd < 0);
	run.progress = text_is_terminal(stderr);
	run.started = session_now();
	code = session_run(&session, opts, &sink);
	seconds = session_now() - run.started;
	if (run.progress)
		fprintf(stderr, "\r" TERMINAL_ERASE_LINE);
	/* Losses after the last record read have no LOST record. */
	memcpy(run.stats.lost, session.stats.out_lost, sizeof(run.stats.lost));
	if (!code) {
		stats_sort(&run.stats, order);
		if (opts->json)
			print_json(&session, &run, seconds);
		else
			print_text(&session, &run, seconds);
	}
	stats_free(&run.stats);
out:
	session_close(&session);
	return code;
}

const struct command cmd_stat = {
	.name = "stat",
	.args = "",
	.summary = "count exits by reason and time their handling",
	.about =
"Counts the exits of a VM by reason until --for is over or Ctrl-C, then prints\n"
"how often each occurred and how long the host took to handle it: from the exit\n"
"to the next entry of that vCPU.  Every exit is captured so that the times are\n"
"true; --events, --vcpu, --cpl and --cr3 choose what is counted.",
	.groups = OPTIONS_VM | OPTIONS_SELECT | OPTIONS_CAPTURE |
		  OPTIONS_LIMIT | OPTIONS_SORT | OPTIONS_JSON,
	.run = run_stat,
};
