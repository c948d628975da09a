// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_strace.c - system calls of the whole guest, from outside
 */
#include <string.h>
#include <x86intrin.h>

#include "call_print.h"
#include "call_summary.h"
#include "calls.h"
#include "cli.h"
#include "json.h"
#include "options.h"
#include "session.h"
#include "stats_print.h"
#include "text.h"
#include "tracee.h"

/* A call that takes longer has a line before it returns. */
#define PENDING_MS	1000

struct strace_run {
	const struct options *opts;
	struct calls calls;
	struct tracee tracee;
	struct call_summary summary;
	uint32_t tsc_khz;
	uint64_t shown;
	double started;
};

static bool is_selected(const struct options *opts, const struct call *call)
{
	if (opts->guest_pid && call->pid != opts->guest_pid)
		return false;
	return !opts->guest_comm || !strcmp(call->comm, opts->guest_comm);
}

static void begin_call(void *arg, struct call *call)
{
	struct strace_run *run = arg;

	tracee_name(&run->tracee, call, session_now());
	if (!run->opts->summary && is_selected(run->opts, call))
		tracee_read_args(&run->tracee, call);
}

static int show_call(struct strace_run *run, const struct call *call,
		     enum call_outcome outcome)
{
	if (run->opts->summary)
		return call_summary_add(&run->summary, call, outcome,
					run->tsc_khz);
	if (run->opts->json)
		call_print_json(stdout, call, outcome, run->tsc_khz);
	else
		call_print_text(stdout, call, outcome);
	return output_failed() ? SESSION_STOP : EXIT_OK;
}

static int done_call(void *arg, const struct call *call,
		     enum call_outcome outcome)
{
	struct strace_run *run = arg;
	int code = EXIT_OK;

	if (is_selected(run->opts, call)) {
		code = show_call(run, call, outcome);
		if (outcome != CALL_PENDING)
			run->shown++;
	}
	if (outcome == CALL_ENDS && !strcmp(call->name, "exit_group"))
		linux_roots_forget(&run->tracee.roots, call->enter.cr3);
	if (!code && run->opts->count && run->shown >= run->opts->count)
		return SESSION_STOP;
	return code;
}

static int show_lost(struct strace_run *run,
		     const struct vmitap_lost_record *lost)
{
	uint64_t by_reason[VMITAP_NR_LOST];
	struct json json = { .out = stdout };
	unsigned int i;

	if (run->opts->summary)
		return EXIT_OK;
	if (run->opts->json) {
		json_begin(&json, NULL, '{');
		json_hex(&json, "tsc", lost->record.tsc);
		json_u64(&json, "lost", lost->count);
		json_end(&json, '}');
	} else {
		for (i = 0; i < VMITAP_NR_LOST; i++)
			by_reason[i] = lost->reason[i];
		fputs(text_style(stdout, TEXT_RED), stdout);
		stats_print_lost(stdout, by_reason);
		fputs(text_style(stdout, TEXT_PLAIN), stdout);
	}
	putchar('\n');
	return output_failed() ? SESSION_STOP : EXIT_OK;
}

static int strace_event(void *arg, const struct vmitap_record *rec)
{
	struct strace_run *run = arg;

	switch (rec->type) {
	case VMITAP_RECORD_SYSCALL:
		tracee_look_again(&run->tracee, session_now());
		run->calls.is_linux = run->tracee.is_linux;
		return calls_enter(&run->calls, (const void *)rec);
	case VMITAP_RECORD_SYSRET:
		return calls_return(&run->calls, (const void *)rec);
	case VMITAP_RECORD_LOST:
		return show_lost(run, (const void *)rec);
	}
	return EXIT_OK;
}

static int strace_idle(void *arg)
{
	struct strace_run *run = arg;
	int code = EXIT_OK;

	if (!run->opts->summary)
		code = calls_show_pending(&run->calls, __rdtsc() -
					  (uint64_t)run->tsc_khz * PENDING_MS);
	fflush(stdout);
	if (!code && output_failed())
		return SESSION_STOP;
	return code;
}

static void print_summary(struct strace_run *run, const struct session *session)
{
	double seconds = session_now() - run->started;
	struct json json = { .out = stdout };
	uint64_t lost[VMITAP_NR_LOST];

	memcpy(lost, session->stats.out_lost, sizeof(lost));
	call_summary_sort(&run->summary);
	if (!run->opts->json) {
		call_summary_print(stdout, &run->summary);
		printf("\n%s (PID %d), %.2f s%s.  ", session->name, session->pid,
		       seconds, session_end_text(session));
		stats_print_lost(stdout, lost);
		putchar('\n');
		return;
	}
	json_begin(&json, NULL, '{');
	json_string(&json, "vm", session->name);
	json_u64(&json, "pid", session->pid);
	json_real(&json, "seconds", seconds, 3);
	call_summary_json(&json, &run->summary);
	json_u64(&json, "orphans", run->calls.orphans);
	stats_print_lost_json(&json, lost);
	json_end(&json, '}');
	putchar('\n');
}

/* What is left over when the capture is. */
static void print_end(struct strace_run *run, const struct session *session)
{
	char shown[TEXT_MAX], orphans[TEXT_MAX], count[TEXT_MAX];
	uint64_t lost = 0;
	unsigned int i;

	if (run->opts->summary) {
		print_summary(run, session);
		return;
	}
	for (i = 0; i < VMITAP_NR_LOST; i++)
		lost += session->stats.out_lost[i];
	fflush(stdout);
	if (!lost && !session->vm_gone && !text_is_terminal(stderr))
		return;
	fprintf(stderr, "vmitap: %s calls, %s returns of calls that began before",
		text_count(shown, run->shown),
		text_count(orphans, run->calls.orphans));
	if (lost)
		fprintf(stderr, ", %s events lost", text_count(count, lost));
	fprintf(stderr, "%s\n", session_end_text(session));
}

static int check_selection(const struct strace_run *run)
{
	if (run->tracee.named ||
	    (!run->opts->guest_pid && !run->opts->guest_comm))
		return EXIT_OK;
	return fail(EXIT_OTHER, "--pid and --comm need the guest's list of"
		    " processes, which cannot be read");
}

static int trace(struct strace_run *run, struct session *session)
{
	const struct calls_ops ops = {
		.begin = begin_call, .done = done_call, .arg = run,
	};
	struct session_sink sink = {
		.event = strace_event, .idle = strace_idle, .arg = run,
	};
	int code;

	calls_init(&run->calls, &ops);
	run->tsc_khz = session->query.out_tsc_khz;
	run->started = session_now();
	code = session_run(session, run->opts, &sink);
	if (!code && !output_failed() &&
	    !(run->opts->count && run->shown >= run->opts->count)) {
		code = calls_end(&run->calls);
		if (code == SESSION_STOP)
			code = EXIT_OK;
	}
	if (!code && !output_failed())
		print_end(run, session);
	calls_free(&run->calls);
	return code;
}

static int run_tracee(struct strace_run *run, struct session *session)
{
	const struct linux_options options = {
		.btf = run->opts->btf, .system_map = run->opts->system_map,
	};
	int code;

	tracee_open(&run->tracee, session->tap, &options, session_now());
	code = check_selection(run);
	if (!code)
		code = trace(run, session);
	tracee_close(&run->tracee);
	return code;
}

static int run_strace(const struct options *opts, int argc, char **argv)
{
	struct options mine = *opts;
	struct strace_run run = { .opts = opts };
	struct session session;
	int code;

	(void)argc;
	(void)argv;
	mine.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_SYSCALL);
	/* Memory of the guest is to be read before it is another. */
	mine.watermark = opts->summary ? 0 : 1;
	code = session_open(&session, &mine, false);
	if (!code)
		code = run_tracee(&run, &session);
	call_summary_free(&run.summary);
	session_close(&session);
	return code;
}

const struct command cmd_strace = {
	.name = "strace",
	.args = "",
	.summary = "print the system calls of the whole guest",
	.about =
"Prints every system call that any process of the guest makes by SYSCALL, with\n"
"what it returned; with -c only a table at the end.  Nothing in the guest takes\n"
"part; processes can notice by nothing but time.\n"
"\n"
"Two patterns are at work.  That a call was made, its number, arguments and\n"
"result are derived from hardware: the guest cannot hide them.  Names of calls,\n"
"processes and files are out-of-band: they come from knowledge of Linux and from\n"
"the guest's memory, read after the call began.  The name of a process is what\n"
"the guest's list of tasks has for its CR3; strings may have changed since.\n"
"\n"
"Calls that returned otherwise than by SYSRET, as after signals and exec, have no\n"
"result.  Guests that are not Linux are shown with CR3s and numbers.",
	.groups = OPTIONS_VM | OPTIONS_RING | OPTIONS_LIMIT | OPTIONS_CALLS |
		  OPTIONS_LINUX | OPTIONS_JSON,
	.run = run_strace,
};
