// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_read.c - memory of a guest
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "options.h"
#include "session.h"
#include "space.h"

#define PAGE_BYTES	4096
#define CHUNK_BYTES	(64 << 10)
#define LINE_BYTES	16

static int parse_length(const char *text, uint64_t *length)
{
	unsigned int shift = 0;
	char *end;

	errno = 0;
	*length = strtoull(text, &end, 0);
	if (end != text && (*end == 'K' || *end == 'k'))
		shift = 10;
	else if (end != text && (*end == 'M' || *end == 'm'))
		shift = 20;
	else if (end != text && (*end == 'G' || *end == 'g'))
		shift = 30;
	if (shift)
		end++;
	if (end == text || *end || errno || strchr(text, '-') || !*length ||
	    *length > UINT64_MAX >> shift)
		return fail(EXIT_USAGE, "\"%s\" is no length; write 256, 0x100"
			    " or 4M", text);
	*length <<= shift;
	return EXIT_OK;
}

static void print_line(FILE *out, uint64_t address, const unsigned char *data,
		       size_t len)
{
	size_t i;

	fprintf(out, "%016" PRIx64 " ", address);
	for (i = 0; i < LINE_BYTES; i++) {
		if (i % 8 == 0)
			putc(' ', out);
		if (i < len)
			fprintf(out, "%02x ", data[i]);
		else
			fputs("   ", out);
	}
	fputs(" |", out);
	for (i = 0; i < len; i++)
		putc(data[i] < 0x7f && isprint(data[i]) ? data[i] : '.', out);
	fputs("|\n", out);
}

/* Return: whether it was written. */
static bool write_out(FILE *out, bool hex, uint64_t address,
		      const unsigned char *data, size_t len)
{
	size_t at, part;

	if (!hex)
		return fwrite(data, 1, len, out) == len;
	for (at = 0; at < len; at += part) {
		part = len - at < LINE_BYTES ? len - at : LINE_BYTES;
		print_line(out, address + at, data + at, part);
	}
	return !ferror(out);
}

/* Return: EXIT_OK, EXIT_OUTPUT (not reported), or another code, reported. */
static int copy(struct space *space, uint64_t address, uint64_t length,
		FILE *out, bool hex)
{
	static unsigned char data[CHUNK_BYTES];
	uint64_t most = CHUNK_BYTES, part;

	while (length) {
		part = most - address % most;
		if (part > length)
			part = length;
		if (space_read(space, address, data, part)) {
			/* What comes before the page that is missing is shown. */
			if (most == PAGE_BYTES)
				return space_failed(space, address);
			most = PAGE_BYTES;
			continue;
		}
		if (!write_out(out, hex, address, data, part))
			return EXIT_OUTPUT;
		address += part;
		length -= part;
	}
	return EXIT_OK;
}

/* main() looks after stdout. */
static int copy_out(struct space *space, uint64_t address, uint64_t length,
		    const struct options *opts)
{
	const char *name = opts->output;
	FILE *out;
	int code;

	if (!name) {
		code = copy(space, address, length, stdout, true);
		output_failed();
		return code == EXIT_OUTPUT ? EXIT_OK : code;
	}
	out = fopen(name, "we");
	if (!out)
		return fail(EXIT_OUTPUT, "%s: %s", name, strerror(errno));
	code = copy(space, address, length, out, opts->hex);
	if (code == EXIT_OUTPUT) {
		fail(code, "%s: %s", name, strerror(errno));
		fclose(out);
	} else if (fclose(out)) {
		code = fail(EXIT_OUTPUT, "%s: %s", name, strerror(errno));
	}
	return code;
}

static int run_read(const struct options *opts, int argc, char **argv)
{
	uint64_t address, length;
	struct session session;
	struct space space;
	int code;

	if (argc != 2)
		return fail(EXIT_USAGE, "read: say which ADDRESS and LENGTH, as"
			    " in vmitap read ffffffff81000000 256");
	code = space_parse_address(argv[0], &address);
	if (!code)
		code = parse_length(argv[1], &length);
	if (!code && address + length - 1 < address)
		code = fail(EXIT_USAGE, "no addresses are left after 0x%" PRIx64
			    " for a length of %" PRIu64, address, length);
	if (code)
		return code;
	code = session_open_state(&session, opts);
	if (!code) {
		code = space_open(&space, &session, opts);
		if (!code)
			code = copy_out(&space, address, length, opts);
		space_close(&space);
	}
	session_close(&session);
	return code;
}

const struct command cmd_read = {
	.name = "read",
	.args = "ADDRESS LENGTH",
	.summary = "read memory of the guest",
	.about =
"Prints memory of the guest, or writes its bytes to the file that -o names.  The\n"
"ADDRESS is in hexadecimal; the LENGTH may end in K, M or G.  The guest goes on\n"
"running.  What comes before an address that cannot be read is shown.",
	.groups = OPTIONS_VM | OPTIONS_SPACE | OPTIONS_READ | OPTIONS_OUTPUT,
	.run = run_read,
};
