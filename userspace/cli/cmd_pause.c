// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_pause.c - hold a VM
 */
#include "cli.h"
#include "options.h"
#include "session.h"

static int run_pause(const struct options *opts, int argc, char **argv)
{
	struct session session;
	double started;
	int code;

	(void)argc;
	(void)argv;
	session_catch_signals();
	code = session_open_state(&session, opts);
	if (!code) {
		started = session_now();
		code = session_hold(&session, opts->seconds);
		if (!code)
			note("%s (PID %d) was paused for %.2f s%s",
			     session.name, session.pid, session_now() - started,
			     session_end_text(&session));
	}
	session_close(&session);
	return code;
}

const struct command cmd_pause = {
	.name = "pause",
	.args = "",
	.summary = "keep the guest from running for a time",
	.about =
"Keeps all vCPUs of a VM from running until --for is over or Ctrl-C.  The VM runs\n"
"on however this command ends.  Several may pause one VM: it runs when none does.",
	.groups = OPTIONS_VM | OPTIONS_FOR,
	.run = run_pause,
};
