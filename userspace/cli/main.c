// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the vmitap command: dispatch, help, messages
 */
#include <signal.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "events.h"
#include "options.h"
#include "text.h"

static const struct command *const commands[] = {
	&cmd_list, &cmd_stat, &cmd_top, &cmd_stream, &cmd_strace, &cmd_record,
	&cmd_report, &cmd_export, &cmd_ps, &cmd_watch, &cmd_info, &cmd_regs, &cmd_read,
	&cmd_translate, &cmd_pause, &cmd_doctor,
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int fail(int code, const char *fmt, ...)
{
	va_list ap;

	/* What was printed before the failure comes before its message. */
	fflush(stdout);
	fprintf(stderr, "%svmitap:%s ", text_style(stderr, TEXT_RED),
		text_style(stderr, TEXT_PLAIN));
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
	return code;
}

void note(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("vmitap: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
}

static void help(FILE *out)
{
	unsigned int i;

	fprintf(out, "vmitap - watch the hardware events of a running KVM"
		" guest\n\nUsage: vmitap COMMAND [OPTIONS]\n\nCommands:\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name,
			commands[i]->summary);
	fprintf(out,
		"\nvmitap help COMMAND      options of a command\n"
		"vmitap help events       names for --events\n"
		"vmitap --version         version of this tool\n\n"
		"Exit codes:\n"
		"  0  done                        5  no such VM, or which one\n"
		"  1  another failure             6  this host cannot be tapped\n"
		"  2  wrong usage                 7  no recording, or damaged\n"
		"  3  no module, no device        8  filter refused\n"
		"  4  no permission               9  output failed, disk full\n"
		"                                10  watch has raised an alert\n");
}

static void help_command(FILE *out, const struct command *cmd)
{
	fprintf(out, "Usage: vmitap %s [OPTIONS]%s%s\n\n%s\n\n", cmd->name,
		*cmd->args ? " " : "", cmd->args, cmd->about);
	options_help(out, cmd->groups);
}

static const struct command *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_COMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *words[NR_COMMANDS + 2];
	const char *near;
	unsigned int i;

	for (i = 0; i < NR_COMMANDS; i++)
		words[i] = commands[i]->name;
	words[i++] = "help";
	words[i] = NULL;
	near = text_nearest(name, words);
	if (near)
		return fail(EXIT_USAGE, "no command \"%s\", is it \"%s\"?",
			    name, near);
	return fail(EXIT_USAGE, "no command \"%s\"; see vmitap help", name);
}

static int help_about(const char *topic)
{
	const struct command *cmd;

	if (!topic || !strcmp(topic, "help")) {
		help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(topic, "events")) {
		events_help(stdout);
		return EXIT_OK;
	}
	cmd = find(topic);
	if (!cmd)
		return unknown_command(topic);
	help_command(stdout, cmd);
	return EXIT_OK;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	static struct options opts;
	int code;

	code = options_parse(cmd, &opts, &argc, &argv);
	if (code < 0)
		return help_about(cmd->name);
	if (code)
		return code;
	if (argc && !*cmd->args)
		return fail(EXIT_USAGE, "%s takes no argument \"%s\"; see"
			    " vmitap help %s", cmd->name, argv[0], cmd->name);
	return cmd->run(&opts, argc, argv);
}

static int output_errno;

bool output_failed(void)
{
	if (ferror(stdout) && !output_errno)
		output_errno = errno ? errno : EIO;
	return output_errno;
}

/* A reader that went away, as in "vmitap stream | head", is no failure. */
static int close_stdout(int code)
{
	errno = 0;
	fflush(stdout);
	if (!output_failed() || output_errno == EPIPE)
		return code;
	fail(EXIT_OUTPUT, "standard output: %s", strerror(output_errno));
	/* What failed before says more to a script. */
	return code ? code : EXIT_OUTPUT;
}

int main(int argc, char **argv)
{
	const struct command *cmd;
	const char *name = argv[1];

	/* Output that fails is reported by whoever wrote it, and a recording closed. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!name) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "version")) {
		printf("vmitap %s\n", VMITAP_VERSION);
		return close_stdout(EXIT_OK);
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return close_stdout(help_about(NULL));
	if (!strcmp(name, "help"))
		return close_stdout(help_about(argv[2]));
	cmd = find(name);
	if (!cmd)
		return unknown_command(name);
	return close_stdout(run(cmd, argc - 1, argv + 1));
}
