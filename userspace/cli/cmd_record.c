// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_record.c - write events to a file
 */
#include "cli.h"
#include "options.h"
#include "recorder.h"
#include "select.h"
#include "session.h"
#include "terminal.h"
#include "text.h"

struct record_run {
	const struct options *opts;
	struct recorder recorder;
	uint64_t events;
	uint64_t lost;
	double started;
	bool progress;
};

static int record_event(void *arg, const struct vmitap_record *rec)
{
	struct record_run *run = arg;
	int code;

	code = recorder_add(&run->recorder, rec);
	if (code)
		return code;
	if (rec->type == VMITAP_RECORD_LOST)
		run->lost += ((const struct vmitap_lost_record *)rec)->count;
	else
		run->events++;
	if (run->opts->count && run->events >= run->opts->count)
		return SESSION_STOP;
	return EXIT_OK;
}

static int record_idle(void *arg)
{
	(void)arg;
	return EXIT_OK;
}

static void print_counts(const struct record_run *run, uint64_t lost)
{
	char events[TEXT_MAX], bytes[TEXT_MAX], count[TEXT_MAX];

	fprintf(stderr, "%s events, %s, %s%s lost%s", text_count(events,
		run->events), text_bytes(bytes, run->recorder.file_bytes +
		run->recorder.used), lost ? text_style(stderr, TEXT_RED) : "",
		text_count(count, lost),
		lost ? text_style(stderr, TEXT_PLAIN) : "");
}

/* What is buffered reaches the file at least once per tick. */
static int record_tick(void *arg)
{
	struct record_run *run = arg;
	int code;

	code = recorder_flush(&run->recorder);
	if (code || !run->progress)
		return code;
	fprintf(stderr, "\r%.0f s: ", session_now() - run->started);
	print_counts(run, run->lost);
	fputs(" (Ctrl-C ends) " TERMINAL_ERASE_LINE, stderr);
	return EXIT_OK;
}

static uint64_t sum_lost(const struct session *session)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		sum += session->stats.out_lost[i];
	return sum;
}

static void fill_head(struct recording_head *head,
		      const struct session *session, const struct options *opts)
{
	head->vendor = session->query.out_vendor;
	head->tsc_khz = session->query.out_tsc_khz;
	head->tsc = session->query.out_tsc;
	head->real_ns = session->query.out_real_ns;
	head->pid = session->pid;
	head->classes = session->classes;
	if (session->filter.fd < 0 && !select_among_exits(opts))
		head->flags |= RECORDING_EVERY_EXIT;
	snprintf(head->name, sizeof(head->name), "%s", session->name);
}

/* Return: an exit code, reported. */
static int record(struct session *session, struct record_run *run)
{
	struct session_sink sink = {
		.event = record_event, .idle = record_idle,
		.tick = record_tick, .interval = 0.5, .arg = run,
	};
	struct recording_head head = { .flags = 0 };
	uint64_t lost[VMITAP_NR_LOST] = { 0 };
	int code, closed;
	unsigned int i;

	fill_head(&head, session, run->opts);
	code = recorder_open(&run->recorder, run->opts->output, &head);
	if (code)
		return code;
	run->progress = text_is_terminal(stderr);
	run->started = session_now();
	code = session_run(session, run->opts, &sink);
	for (i = 0; i < VMITAP_NR_LOST; i++)
		lost[i] = session->stats.out_lost[i];
	if (run->progress)
		fputs("\r" TERMINAL_ERASE_LINE, stderr);
	/* The recorder reports its own failure. */
	closed = recorder_close(&run->recorder, lost);
	return closed ? closed : code;
}

static void print_summary(const struct session *session, struct record_run *run)
{
	/* Only what is in the file counts. */
	run->events -= run->recorder.dropped;
	fprintf(stderr, "%s: ", run->opts->output);
	print_counts(run, sum_lost(session));
	fprintf(stderr, "%s\n", session_end_text(session));
}

static int run_record(const struct options *opts, int argc, char **argv)
{
	struct record_run run = { .opts = opts, .recorder.fd = -1 };
	struct session session;
	int code;

	(void)argc;
	(void)argv;
	if (!opts->output)
		return fail(EXIT_USAGE, "record: say which FILE to write with"
			    " -o, as in vmitap record -o trace.vmt");
	code = session_open(&session, opts, false);
	if (!code) {
		code = record(&session, &run);
		if (run.started)
			print_summary(&session, &run);
	}
	session_close(&session);
	return code;
}

const struct command cmd_record = {
	.name = "record",
	.args = "",
	.summary = "write events to a file",
	.about =
"Writes the events of a VM to the file that -o names until --for or --count is\n"
"reached, Ctrl-C, or the VM ends.  If the disk is full, what was written stays\n"
"valid.  Read it with vmitap report and vmitap export.",
	.groups = OPTIONS_VM | OPTIONS_SELECT | OPTIONS_CAPTURE |
		  OPTIONS_FIELDS | OPTIONS_LIMIT | OPTIONS_OUTPUT,
	.run = run_record,
};
