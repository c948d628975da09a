/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.h - commands of the vmitap tool, its exit codes and its messages
 */
#ifndef VMITAP_CLI_H
#define VMITAP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef VMITAP_VERSION
#define VMITAP_VERSION "0.1"
#endif

/* Exit codes; vmitap(1) and "vmitap help" document them. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_NO_MODULE = 3,
	EXIT_NO_PERMISSION = 4,
	EXIT_NO_VM = 5,
	EXIT_UNFIT_HOST = 6,
	EXIT_BAD_FILE = 7,
	EXIT_FILTER = 8,
	EXIT_OUTPUT = 9,
	EXIT_ALERT = 10,
};

struct options;

/**
 * struct command - one subcommand
 * @name: as typed
 * @args: what follows the options, for the usage line
 * @summary: one line for "vmitap help"
 * @about: paragraphs for "vmitap help NAME"
 * @groups: OPTIONS_* that it accepts
 * @interval: --interval by default
 * @run: does it; returns an enum exit_code
 */
struct command {
	const char *name;
	const char *args;
	const char *summary;
	const char *about;
	unsigned int groups;
	double interval;
	int (*run)(const struct options *opts, int argc, char **argv);
};

extern const struct command cmd_list;
extern const struct command cmd_stat;
extern const struct command cmd_top;
extern const struct command cmd_stream;
extern const struct command cmd_strace;
extern const struct command cmd_record;
extern const struct command cmd_report;
extern const struct command cmd_export;
extern const struct command cmd_ps;
extern const struct command cmd_watch;
extern const struct command cmd_info;
extern const struct command cmd_regs;
extern const struct command cmd_read;
extern const struct command cmd_translate;
extern const struct command cmd_pause;
extern const struct command cmd_doctor;

/* Print "vmitap: " and the message to stderr.  Return: @code, for return. */
int fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print a remark to stderr that is no failure. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Whether writing to stdout failed; remembers why, so call it right after.
 * main() reports it.
 */
bool output_failed(void);

#endif /* VMITAP_CLI_H */
