// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_export.c - a recording in formats that other tools read
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "event_print.h"
#include "options.h"
#include "perfetto.h"
#include "recording.h"
#include "select.h"
#include "text.h"

struct export {
	const struct options *opts;
	FILE *out;
	struct event_printer printer;
	struct perfetto trace;
	int err;
};

/* Remember why the output failed at once, errno does not last. */
static int check_output(struct export *export)
{
	if (!ferror(export->out))
		return EXIT_OK;
	export->err = errno ? errno : EIO;
	output_failed();
	return EXIT_OUTPUT;
}

static int export_json(void *arg, const struct vmitap_record *rec)
{
	struct export *export = arg;

	if (!select_record(export->opts, rec))
		return EXIT_OK;
	event_print_json(&export->printer, rec);
	return check_output(export);
}

static int export_perfetto(void *arg, const struct vmitap_record *rec)
{
	struct export *export = arg;

	if (!select_record(export->opts, rec))
		return EXIT_OK;
	if (perfetto_add(&export->trace, rec))
		return fail(EXIT_OTHER, "out of memory");
	return check_output(export);
}

static int write_out(struct export *export, struct recording *rec)
{
	struct perfetto *trace = &export->trace;
	int code;

	if (!strcmp(export->opts->format, "json")) {
		export->printer.out = export->out;
		export->printer.vendor = rec->vendor;
		export->printer.tsc_khz = rec->tsc_khz;
		return recording_read(rec, export_json, export);
	}
	trace->json.out = export->out;
	trace->vendor = rec->vendor;
	trace->tsc_khz = rec->tsc_khz;
	trace->pid = rec->pid ? rec->pid : 1;
	/* Else the next entry after an exit may be missing. */
	trace->handling = rec->every_exit && !select_among_exits(export->opts);
	perfetto_begin(trace, rec->name);
	code = recording_read(rec, export_perfetto, export);
	perfetto_end(trace);
	return code;
}

static int check_format(const char *format)
{
	static const char *const formats[] = { "json", "perfetto", NULL };
	const char *near;

	if (!format)
		return fail(EXIT_USAGE, "export: say --format json or --format"
			    " perfetto");
	if (!strcmp(format, "json") || !strcmp(format, "perfetto"))
		return EXIT_OK;
	near = text_nearest(format, formats);
	return fail(EXIT_USAGE, "--format: no format \"%s\"%s%s%s; there are"
		    " json and perfetto", format, near ? ", is it \"" : "",
		    near ? near : "", near ? "\"?" : "");
}

static int finish(struct export *export, int code)
{
	const char *name = export->opts->output;

	/* main() looks after stdout. */
	if (!name)
		return code == EXIT_OUTPUT ? EXIT_OK : code;
	errno = 0;
	fflush(export->out);
	if (!export->err && ferror(export->out))
		export->err = errno ? errno : EIO;
	if (fclose(export->out) && !export->err)
		export->err = errno;
	if (!export->err)
		return code;
	return fail(EXIT_OUTPUT, "%s: %s", name, strerror(export->err));
}

/* To open the output is to empty it, so it must not be what is read. */
static int check_distinct(const struct recording *rec, const char *output)
{
	struct stat in, out;

	if (fstat(fileno(rec->file), &in) || stat(output, &out) ||
	    in.st_dev != out.st_dev || in.st_ino != out.st_ino)
		return EXIT_OK;
	return fail(EXIT_USAGE, "export: -o %s is the recording itself, which would be"
		    " lost; name another file to write", output);
}

static int write_to_file(struct export *export, struct recording *rec)
{
	const char *output = export->opts->output;
	int code = check_distinct(rec, output);

	if (code)
		return code;
	export->out = fopen(output, "we");
	if (!export->out)
		return fail(EXIT_OUTPUT, "%s: %s", output, strerror(errno));
	return finish(export, write_out(export, rec));
}

static int run_export(const struct options *opts, int argc, char **argv)
{
	struct export export = { .opts = opts, .out = stdout };
	struct recording rec;
	int code;

	code = argc || opts->format ? check_format(opts->format) : EXIT_OK;
	if (code)
		return code;
	if (argc != 1)
		return fail(EXIT_USAGE, "export: say which FILE, as in vmitap"
			    " export --format json trace.vmt");
	code = recording_open(&rec, argv[0]);
	if (code)
		return code;
	if (opts->output)
		code = write_to_file(&export, &rec);
	else
		code = finish(&export, write_out(&export, &rec));
	recording_close(&rec);
	return code;
}

const struct command cmd_export = {
	.name = "export",
	.args = "FILE",
	.summary = "convert a recording to JSON or for the Perfetto UI",
	.about =
"Converts a recording.  --format json gives one JSON object per line, as vmitap\n"
"stream --json; --format perfetto gives a trace to open in ui.perfetto.dev, with\n"
"a track per vCPU and slices for time in the guest and for handling.",
	.groups = OPTIONS_SELECT | OPTIONS_FORMAT | OPTIONS_OUTPUT,
	.run = run_export,
};
