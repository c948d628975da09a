// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - the options that commands share
 *
 * One table describes every option; the parser and the help text are made from
 * it, so that they cannot disagree.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "events.h"
#include "options.h"

struct option_def {
	unsigned int group;
	int id;
	const char *name;
	int has_arg;
	const char *arg;
	const char *help;
};

enum {
	OPT_HELP = 'h',
	OPT_OUTPUT = 'o',
	OPT_SUMMARY = 'c',
	OPT_JSON = 256,
	OPT_VM,
	OPT_NEXT,
	OPT_EVENTS,
	OPT_VCPU,
	OPT_CPL,
	OPT_CR3,
	OPT_FIELDS,
	OPT_LOSSLESS,
	OPT_FILTER,
	OPT_FILTER_MAP,
	OPT_RING,
	OPT_FOR,
	OPT_COUNT,
	OPT_FORMAT,
	OPT_SORT,
	OPT_INTERVAL,
	OPT_PHYS,
	OPT_HEX,
	OPT_BTF,
	OPT_SYSTEM_MAP,
	OPT_VIEWS,
	OPT_PID,
	OPT_COMM,
};

static const struct option_def defs[] = {
	{ OPTIONS_VM, OPT_VM, "vm", required_argument, "PID|NAME",
	  "the VM; needless if there is only one" },
	{ OPTIONS_SELECT, OPT_EVENTS, "events", required_argument, "LIST",
	  "event classes, as in cpuid,pio or all,-hlt (vmitap help events)" },
	{ OPTIONS_SELECT | OPTIONS_VCPU, OPT_VCPU, "vcpu", required_argument, "LIST",
	  "vCPU ids, as in 0,2-3" },
	{ OPTIONS_SELECT, OPT_CPL, "cpl", required_argument, "LIST",
	  "privilege levels of the guest, 0 to 3" },
	{ OPTIONS_SELECT, OPT_CR3, "cr3", required_argument, "LIST",
	  "page-table roots; bits 0-11 and 63 are ignored" },
	{ OPTIONS_SPACE, OPT_VCPU, "vcpu", required_argument, "ID",
	  "the vCPU whose address space it is (the first that runs no nested guest)" },
	{ OPTIONS_SPACE, OPT_CR3, "cr3", required_argument, "CR3",
	  "another page-table root, in hexadecimal" },
	{ OPTIONS_READ, OPT_PHYS, "phys", no_argument, NULL,
	  "the address is guest-physical" },
	{ OPTIONS_READ, OPT_HEX, "hex", no_argument, NULL,
	  "write text as without -o, and not bytes, to the file" },
	{ OPTIONS_LINUX, OPT_BTF, "btf", required_argument, "FILE",
	  "layouts of the guest's kernel: BTF, or an ELF file with it" },
	{ OPTIONS_LINUX, OPT_SYSTEM_MAP, "system-map", required_argument,
	  "FILE", "symbols of the guest's kernel" },
	{ OPTIONS_VIEWS, OPT_VIEWS, "views", required_argument, "LIST",
	  "views to ask, or all; without it all but system-calls" },
	{ OPTIONS_FIELDS, OPT_FIELDS, "fields", required_argument, "LIST",
	  "sections to record besides: ctrl, gprs, segs, insn, all, none" },
	{ OPTIONS_CAPTURE, OPT_NEXT, "next", no_argument, NULL,
	  "the next VM that starts, of process --vm if given" },
	{ OPTIONS_CAPTURE, OPT_FILTER, "filter", required_argument, "PATH",
	  "BPF filter, pinned or an object file; exits only, without --events" },
	{ OPTIONS_CAPTURE, OPT_FILTER_MAP, "filter-map", required_argument,
	  "MAP[KEY]=VALUE",
	  "set an entry of a map of that object; 64-bit words, with commas" },
	{ OPTIONS_CAPTURE | OPTIONS_RING, OPT_LOSSLESS, "lossless", optional_argument,
	  "US", "vCPUs wait for room, at most US microseconds (100000)" },
	{ OPTIONS_CAPTURE | OPTIONS_RING, OPT_RING, "ring", required_argument,
	  "SIZE", "ring of each vCPU, as in 512K or 4M (1M)" },
	{ OPTIONS_LIMIT | OPTIONS_FOR, OPT_FOR, "for", required_argument, "SECONDS",
	  "stop after that time" },
	{ OPTIONS_LIMIT, OPT_COUNT, "count", required_argument, "N",
	  "stop after N events" },
	{ OPTIONS_OUTPUT, OPT_OUTPUT, "output", required_argument, "FILE",
	  "the file to write" },
	{ OPTIONS_FORMAT, OPT_FORMAT, "format", required_argument, "NAME",
	  "json (one object per line) or perfetto (for ui.perfetto.dev)" },
	{ OPTIONS_SORT, OPT_SORT, "sort", required_argument, "KEY",
	  "count, time, p99, max or name" },
	{ OPTIONS_INTERVAL, OPT_INTERVAL, "interval", required_argument,
	  "SECONDS", "time between refreshes (1), or looks (0.2)" },
	{ OPTIONS_CALLS, OPT_SUMMARY, "summary", no_argument, NULL,
	  "print a table of calls, errors and times at the end" },
	{ OPTIONS_CALLS, OPT_PID, "pid", required_argument, "PID",
	  "only that process of the guest" },
	{ OPTIONS_CALLS, OPT_COMM, "comm", required_argument, "NAME",
	  "only processes of the guest with that name" },
	{ OPTIONS_JSON, OPT_JSON, "json", no_argument, NULL, "print JSON" },
	{ ~0U, OPT_HELP, "help", no_argument, NULL, "print this text" },
};

#define NR_DEFS (sizeof(defs) / sizeof(defs[0]))

static int parse_u64(const char *text, const char *opt, int base, uint64_t min,
		     uint64_t max, uint64_t *val)
{
	char *end;

	errno = 0;
	*val = strtoull(text, &end, base);
	if (end == text || *end || errno || strchr(text, '-') ||
	    *val < min || *val > max)
		return fail(EXIT_USAGE, "--%s: \"%s\" is no number from %"
			    PRIu64 " to %" PRIu64, opt, text, min, max);
	return EXIT_OK;
}

static int parse_seconds(const char *text, const char *opt, double min,
			 double *val)
{
	char *end;

	*val = strtod(text, &end);
	if (end != text && !strcmp(end, "s"))
		end++;
	if (end == text || *end || !isfinite(*val) || *val < min || *val > 1e9)
		return fail(EXIT_USAGE, "--%s: \"%s\" is no time in seconds of"
			    " at least %g", opt, text, min);
	return EXIT_OK;
}

/* Powers of two only, as the module asks for; its limits are checked later. */
static int parse_ring(const char *text, uint32_t *bytes)
{
	uint64_t val, shift = 0;
	char *end;

	errno = 0;
	val = strtoull(text, &end, 0);
	if (end != text && (*end == 'K' || *end == 'k'))
		shift = 10;
	else if (end != text && (*end == 'M' || *end == 'm'))
		shift = 20;
	if (shift)
		end++;
	if (end == text || *end || errno || strchr(text, '-'))
		return fail(EXIT_USAGE, "--ring: \"%s\" is no size; write 512K"
			    " or 4M", text);
	if (!val || val & (val - 1))
		return fail(EXIT_USAGE, "--ring: %s is no power of two; write"
			    " 512K or 4M", text);
	if (val > (1ULL << 31) >> shift)
		return fail(EXIT_USAGE, "--ring: %s is too large; 64M is plenty",
			    text);
	*bytes = val << shift;
	return EXIT_OK;
}

/* Call @one for every element of a comma-separated list. */
static int parse_list(const char *list, const char *opt, struct options *opts,
		      int (*one)(const char *elem, struct options *opts))
{
	char *copy = strdup(list), *save = NULL, *elem;
	int code = EXIT_OK;

	if (!copy)
		return fail(EXIT_OTHER, "out of memory");
	elem = strtok_r(copy, ",", &save);
	if (!elem)
		code = fail(EXIT_USAGE, "--%s: the list is empty", opt);
	for (; elem && !code; elem = strtok_r(NULL, ",", &save))
		code = one(elem, opts);
	free(copy);
	return code;
}

static int one_vcpu(const char *elem, struct options *opts)
{
	uint64_t from, to, max = OPTIONS_VCPU_WORDS * 64 - 1;
	const char *dash = strchr(elem, '-');
	char first[24];
	int code;

	snprintf(first, sizeof(first), "%.*s",
		 dash ? (int)(dash - elem) : 23, elem);
	code = parse_u64(first, "vcpu", 10, 0, max, &from);
	to = from;
	if (!code && dash)
		code = parse_u64(dash + 1, "vcpu", 10, from, max, &to);
	for (; !code && from <= to; from++) {
		opts->vcpus[from / 64] |= 1ULL << from % 64;
		if (opts->nr_vcpu_words <= from / 64)
			opts->nr_vcpu_words = from / 64 + 1;
	}
	return code;
}

static int one_cpl(const char *elem, struct options *opts)
{
	uint64_t cpl;
	int code;

	code = parse_u64(elem, "cpl", 10, 0, 3, &cpl);
	if (!code)
		opts->cpl_mask |= 1U << cpl;
	return code;
}

static int one_cr3(const char *elem, struct options *opts)
{
	uint64_t cr3;
	int code;

	if (opts->nr_cr3s == OPTIONS_MAX_CR3S)
		return fail(EXIT_USAGE, "--cr3: more than %d; use the by_process"
			    " filter", OPTIONS_MAX_CR3S);
	code = parse_u64(elem, "cr3", 16, 0, UINT64_MAX, &cr3);
	if (!code)
		opts->cr3s[opts->nr_cr3s++] = cr3;
	return code;
}

static int set_filter_map(struct options *opts, const char *arg)
{
	if (opts->nr_filter_maps == OPTIONS_MAX_MAPS)
		return fail(EXIT_USAGE, "--filter-map: given more than %d times",
			    OPTIONS_MAX_MAPS);
	opts->filter_maps[opts->nr_filter_maps++] = arg;
	return EXIT_OK;
}

static int set_lossless(struct options *opts, const char *arg)
{
	uint64_t us = 100000;
	int code = EXIT_OK;

	if (arg)
		code = parse_u64(arg, "lossless", 10, 1, 10000000, &us);
	opts->lossless_us = us;
	return code;
}

static int set_guest_pid(struct options *opts, const char *arg)
{
	uint64_t pid = 0;
	int code = parse_u64(arg, "pid", 10, 1, UINT32_MAX, &pid);

	opts->guest_pid = pid;
	return code;
}

static int set_option(struct options *opts, int id, const char *arg)
{
	switch (id) {
	case OPT_JSON:
		opts->json = true;
		return EXIT_OK;
	case OPT_VM:
		opts->vm = arg;
		return EXIT_OK;
	case OPT_NEXT:
		opts->next = true;
		return EXIT_OK;
	case OPT_EVENTS:
		opts->classes_given = true;
		return events_parse(arg, &opts->classes);
	case OPT_VCPU:
		return parse_list(arg, "vcpu", opts, one_vcpu);
	case OPT_CPL:
		return parse_list(arg, "cpl", opts, one_cpl);
	case OPT_CR3:
		return parse_list(arg, "cr3", opts, one_cr3);
	case OPT_FIELDS:
		return fields_parse(arg, &opts->fields);
	case OPT_LOSSLESS:
		return set_lossless(opts, arg);
	case OPT_FILTER:
		opts->filter = arg;
		return EXIT_OK;
	case OPT_FILTER_MAP:
		return set_filter_map(opts, arg);
	case OPT_RING:
		return parse_ring(arg, &opts->ring_bytes);
	case OPT_FOR:
		return parse_seconds(arg, "for", 0.001, &opts->seconds);
	case OPT_COUNT:
		return parse_u64(arg, "count", 10, 1, UINT64_MAX, &opts->count);
	case OPT_OUTPUT:
		opts->output = arg;
		return EXIT_OK;
	case OPT_FORMAT:
		opts->format = arg;
		return EXIT_OK;
	case OPT_SORT:
		opts->sort = arg;
		return EXIT_OK;
	case OPT_PHYS:
		opts->phys = true;
		return EXIT_OK;
	case OPT_HEX:
		opts->hex = true;
		return EXIT_OK;
	case OPT_BTF:
		opts->btf = arg;
		return EXIT_OK;
	case OPT_SYSTEM_MAP:
		opts->system_map = arg;
		return EXIT_OK;
	case OPT_VIEWS:
		opts->views = arg;
		return EXIT_OK;
	case OPT_INTERVAL:
		return parse_seconds(arg, "interval", 0.05, &opts->interval);
	case OPT_SUMMARY:
		opts->summary = true;
		return EXIT_OK;
	case OPT_PID:
		return set_guest_pid(opts, arg);
	case OPT_COMM:
		opts->guest_comm = arg;
		return EXIT_OK;
	}
	return EXIT_USAGE;
}

static void set_defaults(struct options *opts, const struct command *cmd)
{
	memset(opts, 0, sizeof(*opts));
	opts->classes = VMITAP_CLASSES_PASSIVE;
	opts->ring_bytes = 1 << 20;
	opts->interval = cmd->interval;
}

/*
 * What getopt_long() did not take: a letter, which may be one of several in a word,
 * that getopt_long() is not done with then; or the last word.
 */
static int no_option(const struct command *cmd, const char *shorts, const char *word)
{
	char letter[3] = "-";

	if (optopt > ' ' && optopt < 0x7f && !strchr(shorts, optopt)) {
		letter[1] = optopt;
		word = letter;
	}
	return fail(EXIT_USAGE, "%s has no option %s; see vmitap help %s", cmd->name,
		    word, cmd->name);
}

int options_parse(const struct command *cmd, struct options *opts, int *argc,
		  char ***argv)
{
	struct option longs[NR_DEFS + 1];
	unsigned int i, nr = 0;
	char shorts[16] = ":h";
	int id, code;

	for (i = 0; i < NR_DEFS; i++) {
		if (defs[i].group & cmd->groups || defs[i].group == ~0U)
			longs[nr++] = (struct option){
				defs[i].name, defs[i].has_arg, NULL, defs[i].id
			};
	}
	longs[nr] = (struct option){ 0 };
	if (cmd->groups & OPTIONS_OUTPUT)
		strcat(shorts, "o:");
	if (cmd->groups & OPTIONS_CALLS)
		strcat(shorts, "c");

	set_defaults(opts, cmd);
	opterr = 0;
	optind = 1;
	while ((id = getopt_long(*argc, *argv, shorts, longs, NULL)) != -1) {
		if (id == OPT_HELP)
			return -1;
		if (id == ':')
			return fail(EXIT_USAGE, "%s needs a value; see vmitap"
				    " help %s", (*argv)[optind - 1], cmd->name);
		if (id == '?')
			return no_option(cmd, shorts, (*argv)[optind - 1]);
		code = set_option(opts, id, optarg);
		if (code)
			return code;
	}
	if (opts->nr_filter_maps && !opts->filter)
		return fail(EXIT_USAGE, "--filter-map without --filter OBJECT");
	/* Filters see exits only; other events would pass them all. */
	if (opts->filter && !opts->classes_given)
		opts->classes = VMITAP_CLASSES_EXIT;
	*argc -= optind;
	*argv += optind;
	return EXIT_OK;
}

void options_help(FILE *out, unsigned int groups)
{
	char left[64], arg[32];
	unsigned int i;

	fprintf(out, "Options:\n");
	for (i = 0; i < NR_DEFS; i++) {
		if (!(defs[i].group & groups) && defs[i].group != ~0U)
			continue;
		arg[0] = '\0';
		if (defs[i].arg)
			snprintf(arg, sizeof(arg),
				 defs[i].has_arg == optional_argument ?
				 "[=%s]" : " %s", defs[i].arg);
		snprintf(left, sizeof(left), "%s%.1s%s--%s%s",
			 defs[i].id < OPT_JSON ? "-" : "",
			 defs[i].id < OPT_JSON ? (char[]){ defs[i].id, 0 } : "",
			 defs[i].id < OPT_JSON ? ", " : "", defs[i].name, arg);
		if (strlen(left) > 20)
			fprintf(out, "  %s\n  %-20s  %s\n", left, "",
				defs[i].help);
		else
			fprintf(out, "  %-20s  %s\n", left, defs[i].help);
	}
}
