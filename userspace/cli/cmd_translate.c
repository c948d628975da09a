// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_translate.c - guest-virtual to guest-physical
 */
#include <inttypes.h>

#include "cli.h"
#include "json.h"
#include "options.h"
#include "session.h"
#include "space.h"
#include "text.h"

static void print_text(uint64_t gva, const struct paging_page *page,
		       bool paging)
{
	char bytes[TEXT_MAX];

	printf("0x%" PRIx64 " -> 0x%" PRIx64, gva, page->gpa);
	if (paging)
		printf("  page of %s, %s, %s, %s\n",
		       text_bytes(bytes, page->bytes),
		       page->user ? "user" : "supervisor",
		       page->writable ? "writable" : "read-only",
		       page->executable ? "executable" : "not executable");
	else
		printf("  paging is off\n");
}

static void print_json(uint64_t gva, const struct paging_page *page,
		       bool paging)
{
	struct json json = { .out = stdout };

	json_begin(&json, NULL, '{');
	json_hex(&json, "gva", gva);
	json_hex(&json, "gpa", page->gpa);
	json_bool(&json, "paging", paging);
	json_u64(&json, "page_bytes", page->bytes);
	json_bool(&json, "user", page->user);
	json_bool(&json, "writable", page->writable);
	json_bool(&json, "executable", page->executable);
	json_end(&json, '}');
	putchar('\n');
}

static int translate(struct space *space, const struct options *opts,
		     uint64_t gva)
{
	bool paging = space->paging.mode != PAGING_OFF;
	struct paging_page page;

	if (paging_translate(&space->paging, gva, &page))
		return space_failed(space, gva);
	if (opts->json)
		print_json(gva, &page, paging);
	else
		print_text(gva, &page, paging);
	return EXIT_OK;
}

static int run_translate(const struct options *opts, int argc, char **argv)
{
	struct session session;
	struct space space;
	uint64_t gva;
	int code;

	if (argc != 1)
		return fail(EXIT_USAGE, "translate: say which ADDRESS, as in"
			    " vmitap translate ffffffff81000000");
	code = space_parse_address(argv[0], &gva);
	if (code)
		return code;
	code = session_open_state(&session, opts);
	if (!code) {
		code = space_open(&space, &session, opts);
		if (!code)
			code = translate(&space, opts, gva);
		space_close(&space);
	}
	session_close(&session);
	return code;
}

const struct command cmd_translate = {
	.name = "translate",
	.args = "ADDRESS",
	.summary = "translate an address by the guest's page tables",
	.about =
"Walks the guest's page tables as its processor does and prints where the address,\n"
"in hexadecimal, leads to: the guest-physical address, the size of the page, and\n"
"what all levels together allow.",
	.groups = OPTIONS_VM | OPTIONS_SPACE | OPTIONS_JSON,
	.run = run_translate,
};
