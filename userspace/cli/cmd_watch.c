// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_watch.c - run detectors on a VM, print what they find
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "verdict_print.h"

#define MAX_DETECTORS 16

/**
 * struct watch - detectors that run
 * @inspect: the VM
 * @state: of each detector
 * @verdicts: the latest
 * @alerts: printed so far
 * @restarts: of the guest that are known
 * @understood: what was said about the guest
 */
struct watch {
	struct inspect inspect;
	void *state[MAX_DETECTORS];
	struct verdicts verdicts;
	uint64_t alerts;
	unsigned int restarts;
	int understood;
};

static void stop_detectors(struct watch *watch)
{
	unsigned int i;

	for (i = 0; detectors[i]; i++) {
		if (watch->state[i] && detectors[i]->stop)
			detectors[i]->stop(watch->state[i]);
		free(watch->state[i]);
		watch->state[i] = NULL;
	}
}

static int start_detectors(struct watch *watch)
{
	unsigned int i;

	stop_detectors(watch);
	for (i = 0; detectors[i]; i++) {
		watch->state[i] = calloc(1, detectors[i]->state_bytes);
		if (!watch->state[i])
			return fail(EXIT_OTHER, "out of memory");
	}
	return EXIT_OK;
}

/* Return: EXIT_OK with *@confirm set if a detector wants the VM paused. */
static int run_detectors(struct watch *watch, bool *confirm)
{
	unsigned int i;

	*confirm = false;
	for (i = 0; detectors[i]; i++)
		if (detectors[i]->run(watch->state[i], &watch->inspect.agg,
				      &watch->verdicts, confirm))
			return fail(EXIT_OTHER, "out of memory");
	return EXIT_OK;
}

static int print_verdicts(struct watch *watch)
{
	const struct verdict *verdict;
	size_t i;

	for (i = 0; i < watch->verdicts.nr; i++) {
		verdict = &watch->verdicts.list[i];
		if (watch->inspect.opts.json)
			verdict_print_json(&watch->inspect, verdict);
		else
			verdict_print_text(&watch->inspect, verdict);
		watch->alerts += verdict->class != VERDICT_BENIGN;
	}
	watch->verdicts.nr = 0;
	fflush(stdout);
	return output_failed() ? SESSION_STOP : EXIT_OK;
}

/* Whether the guest is understood decides what can be found. */
static int tell_changes(struct watch *watch)
{
	const struct inspect *inspect = &watch->inspect;
	int understood = inspect->lg ? 1 : -1;
	int code = EXIT_OK;

	if (inspect->restarts != watch->restarts) {
		watch->restarts = inspect->restarts;
		note("%s: the guest has booted anew", inspect->session.name);
		code = start_detectors(watch);
	}
	if (understood == watch->understood)
		return code;
	if (understood < 0)
		note("%s: no lists of processes: %s", inspect->session.name,
		     inspect->why);
	else if (watch->understood < 0)
		note("%s: Linux %s", inspect->session.name,
		     inspect->lg->release);
	watch->understood = understood;
	return code;
}

static int watch_tick(void *arg)
{
	struct watch *watch = arg;
	bool confirm;
	int code;

	code = inspect_look(&watch->inspect, false);
	if (!code)
		code = tell_changes(watch);
	if (!code)
		code = run_detectors(watch, &confirm);
	if (!code && confirm) {
		code = inspect_look(&watch->inspect, true);
		if (!code)
			code = run_detectors(watch, &confirm);
		inspect_resume(&watch->inspect);
	}
	return code ? code : print_verdicts(watch);
}

static int watch_event(void *arg, const struct vmitap_record *rec)
{
	struct watch *watch = arg;

	return inspect_event(&watch->inspect, rec);
}

static int watch_idle(void *arg)
{
	(void)arg;
	return EXIT_OK;
}

static int run_watch(const struct options *opts, int argc, char **argv)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	struct session_sink sink = {
		.event = watch_event, .idle = watch_idle, .tick = watch_tick,
		.interval = opts->interval, .arg = watch,
	};
	int code;

	(void)argc;
	(void)argv;
	if (!watch)
		return fail(EXIT_OTHER, "out of memory");
	code = inspect_open(&watch->inspect, opts);
	if (!code)
		code = start_detectors(watch);
	if (!code)
		code = session_run(&watch->inspect.session, opts, &sink);
	if (!code && watch->inspect.session.vm_gone)
		note("%s: the VM ended", watch->inspect.session.name);
	if (!code && watch->alerts)
		code = EXIT_ALERT;
	stop_detectors(watch);
	verdicts_free(&watch->verdicts);
	inspect_close(&watch->inspect);
	free(watch);
	return code;
}

const struct command cmd_watch = {
	.name = "watch",
	.args = "",
	.summary = "watch for hidden processes and changed entry points",
	.about =
"Compares what several views say of a guest, every --interval seconds, and prints an\n"
"alert with its evidence when they contradict each other and go on to do so; nothing\n"
"otherwise.  A process that the processor runs, or that one list has, and that is\n"
"missing in another is hidden; entry points of the kernel do not change while it\n"
"runs.  Before an alert the VM is paused for a moment, so that all is of one time.\n"
"What is told is not told again until it is gone or changes.\n"
"Goes on when the guest boots anew.  Ends with --for, Ctrl-C, or the VM; the exit\n"
"code is 0 without an alert and 10 with one.",
	.groups = OPTIONS_VM | OPTIONS_VIEWS | OPTIONS_LINUX | OPTIONS_RING |
		  OPTIONS_FOR | OPTIONS_INTERVAL | OPTIONS_JSON,
	.interval = 0.2,
	.run = run_watch,
};
