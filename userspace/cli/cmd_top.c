// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_top.c - exits by reason, live
 */
#include <string.h>

#include "cli.h"
#include "options.h"
#include "session.h"
#include "stats.h"
#include "stats_print.h"
#include "terminal.h"
#include "text.h"

/* How often keys and the terminal's size are looked at, seconds. */
#define KEY_INTERVAL 0.1

struct top {
	const struct options *opts;
	const struct session *session;
	struct stats stats;
	enum stats_order order;
	bool screen;
	bool paused;
	double started;
	double marked;
	double rate_seconds;
	int columns;
	int rows;
};

static const char *const order_names[] = {
	[STATS_BY_COUNT] = "count", [STATS_BY_TIME] = "time",
	[STATS_BY_P99] = "p99", [STATS_BY_MAX] = "max",
	[STATS_BY_NAME] = "name",
};

/* Print one line of the screen; escape sequences in it take no room. */
static void end_line(const struct top *top)
{
	fputs(top->screen ? TERMINAL_ERASE_LINE "\n" : "\n", stdout);
}

static void print_title(const struct top *top)
{
	double seconds = top->rate_seconds;
	char total[TEXT_MAX], rate[TEXT_MAX], line[300];

	text_count(total, top->stats.exits);
	text_count(rate, seconds > 0 ?
		   top->stats.exits_recent / seconds + 0.5 : 0);
	snprintf(line, sizeof(line), "%s (PID %d)  %s exits/s  %s exits in"
		 " %.0f s  sorted by %s%s", top->session->name,
		 top->session->pid, rate, total, session_now() - top->started,
		 order_names[top->order], top->paused ? "  PAUSED" : "");
	if (top->screen)
		printf("%s%-*.*s%s", text_style(stdout, TEXT_REVERSE),
		       top->columns, top->columns, line,
		       text_style(stdout, TEXT_PLAIN));
	else
		fputs(line, stdout);
	end_line(top);
}

static void print_lost(const struct top *top)
{
	if (!stats_lost(&top->stats))
		return;
	fputs(text_style(stdout, TEXT_RED), stdout);
	stats_print_lost(stdout, top->stats.lost);
	fputs(text_style(stdout, TEXT_PLAIN), stdout);
}

static void draw(struct top *top)
{
	struct stats_view view = {
		.seconds = top->rate_seconds, .since_mark = 1,
	};

	stats_sort(&top->stats, top->order);
	if (top->screen) {
		/* Title, blank, head, blank, keys. */
		view.columns = top->columns;
		view.rows = top->rows > 6 ? top->rows - 5 : 1;
		fputs(TERMINAL_HOME TERMINAL_ERASE_BELOW, stdout);
	}
	print_title(top);
	print_lost(top);
	end_line(top);
	stats_print_table(stdout, &top->stats, &view);
	if (top->screen)
		printf("\033[%d;1H%s%.*s%s", top->rows,
		       text_style(stdout, TEXT_DIM), top->columns,
		       "q quit  c count  t time  9 p99  m max  n name"
		       "  space pause  r reset",
		       text_style(stdout, TEXT_PLAIN));
	else
		putchar('\n');
	fflush(stdout);
}

static void reset(struct top *top)
{
	stats_reset(&top->stats);
	top->started = session_now();
	top->marked = top->started;
	top->rate_seconds = 0;
}

/* Return: EXIT_OK or SESSION_STOP; sets *redraw if the screen is stale. */
static int handle_key(struct top *top, int key, bool *redraw)
{
	*redraw = true;
	switch (key) {
	case 'q':
		return SESSION_STOP;
	case 'c':
		top->order = STATS_BY_COUNT;
		break;
	case 't':
		top->order = STATS_BY_TIME;
		break;
	case '9':
		top->order = STATS_BY_P99;
		break;
	case 'm':
		top->order = STATS_BY_MAX;
		break;
	case 'n':
		top->order = STATS_BY_NAME;
		break;
	case ' ':
		top->paused = !top->paused;
		break;
	case 'r':
		reset(top);
		break;
	default:
		*redraw = false;
	}
	return EXIT_OK;
}

static int top_event(void *arg, const struct vmitap_record *rec)
{
	struct top *top = arg;

	if (stats_add(&top->stats, rec, top->opts))
		return fail(EXIT_OTHER, "out of memory");
	if (top->opts->count && top->stats.events >= top->opts->count)
		return SESSION_STOP;
	return EXIT_OK;
}

static int top_idle(void *arg)
{
	(void)arg;
	return output_failed() ? SESSION_STOP : EXIT_OK;
}

static int top_tick(void *arg)
{
	int columns, rows, key, code = EXIT_OK;
	bool redraw = false, stale;
	struct top *top = arg;
	double now = session_now();

	if (top->screen) {
		while (!code && (key = terminal_key()) >= 0) {
			code = handle_key(top, key, &stale);
			redraw |= stale;
		}
		terminal_size(&columns, &rows);
		redraw |= columns != top->columns || rows != top->rows;
		top->columns = columns;
		top->rows = rows;
	}
	if (now - top->marked >= top->opts->interval && !top->paused) {
		top->rate_seconds = now - top->marked;
		stats_mark(&top->stats);
		top->marked = now;
		draw(top);
	} else if (redraw) {
		draw(top);
	}
	return code ? code : top_idle(arg);
}

static int run_top(const struct options *opts, int argc, char **argv)
{
	struct top top = { .opts = opts };
	struct session_sink sink = {
		.event = top_event, .idle = top_idle, .tick = top_tick,
		.interval = KEY_INTERVAL, .arg = &top,
	};
	struct session session;
	int code;

	(void)argc;
	(void)argv;
	code = stats_order_parse(opts->sort, &top.order);
	if (code)
		return code;
	code = session_open(&session, opts, true);
	if (code)
		goto out;
	stats_init(&top.stats, session.query.out_vendor,
		   session.query.out_tsc_khz, session.filter.fd < 0);
	top.session = &session;
	top.screen = text_is_terminal(stdout);
	reset(&top);
	if (top.screen)
		terminal_begin();
	code = session_run(&session, opts, &sink);
	if (top.screen)
		terminal_end();
	memcpy(top.stats.lost, session.stats.out_lost, sizeof(top.stats.lost));
	if (!code && top.screen) {
		printf("%s: %llu exits in %.0f s%s\n", session.name,
		       (unsigned long long)top.stats.exits,
		       session_now() - top.started, session_end_text(&session));
		stats_print_rest(stdout, &top.stats);
	}
	stats_free(&top.stats);
out:
	session_close(&session);
	return code;
}

const struct command cmd_top = {
	.name = "top",
	.args = "",
	.summary = "watch exits by reason, live",
	.about =
"Shows the exits of a VM by reason, refreshed every --interval seconds: counts\n"
"and times since the start, RATE/s and the sorting as they are now.  Without a\n"
"terminal a table is printed at each interval.\n\n"
"Keys: q quit; sort by c count, t time, 9 p99, m max, n name; space pause;\n"
"r reset.",
	.groups = OPTIONS_VM | OPTIONS_SELECT | OPTIONS_CAPTURE |
		  OPTIONS_LIMIT | OPTIONS_SORT | OPTIONS_INTERVAL,
	.interval = 1,
	.run = run_top,
};
