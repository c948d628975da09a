// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_stream.c - one line per event, as they happen
 */

#include "cli.h"
#include "event_print.h"
#include "options.h"
#include "session.h"
#include "text.h"

struct stream_run {
	const struct options *opts;
	struct event_printer printer;
	uint64_t printed;
};

/* main() reports what happened to stdout. */
static int check_output(void)
{
	return output_failed() ? SESSION_STOP : EXIT_OK;
}

static int stream_event(void *arg, const struct vmitap_record *rec)
{
	struct stream_run *run = arg;

	if (run->opts->json)
		event_print_json(&run->printer, rec);
	else
		event_print_text(&run->printer, rec);
	if (rec->type != VMITAP_RECORD_LOST)
		run->printed++;
	if (run->opts->count && run->printed >= run->opts->count)
		return SESSION_STOP;
	return check_output();
}

static int stream_idle(void *arg)
{
	(void)arg;
	fflush(stdout);
	return check_output();
}

static void print_summary(const struct session *session, uint64_t printed)
{
	uint64_t lost = 0;
	char count[TEXT_MAX];
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		lost += session->stats.out_lost[i];
	if (!lost && !session->vm_gone && !text_is_terminal(stderr))
		return;
	fflush(stdout);
	fprintf(stderr, "vmitap: %s events", text_count(count, printed));
	fprintf(stderr, ", %s lost%s\n", text_count(count, lost),
		session_end_text(session));
}

static int run_stream(const struct options *opts, int argc, char **argv)
{
	struct stream_run run = { .opts = opts };
	struct session_sink sink = {
		.event = stream_event, .idle = stream_idle, .arg = &run,
	};
	struct session session;
	int code;

	(void)argc;
	(void)argv;
	code = session_open(&session, opts, false);
	if (!code) {
		run.printer.out = stdout;
		run.printer.vendor = session.query.out_vendor;
		run.printer.tsc_khz = session.query.out_tsc_khz;
		if (!opts->json)
			event_print_head(&run.printer);
		code = session_run(&session, opts, &sink);
	}
	if (!code && !output_failed())
		print_summary(&session, run.printed);
	session_close(&session);
	return code;
}

const struct command cmd_stream = {
	.name = "stream",
	.args = "",
	.summary = "print events as they happen, one line each",
	.about =
"Prints every event of a VM as one line of text, or of JSON with --json, in\n"
"which 64-bit values are strings in hexadecimal.  SECONDS count from the first\n"
"event.  Where events were lost a LOST line says how many.",
	.groups = OPTIONS_VM | OPTIONS_SELECT | OPTIONS_CAPTURE |
		  OPTIONS_FIELDS | OPTIONS_LIMIT | OPTIONS_JSON,
	.run = run_stream,
};
