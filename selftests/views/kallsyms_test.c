// SPDX-License-Identifier: GPL-2.0-only
/*
 * kallsyms_test.c - symbols from tables of all kernels, and from broken ones
 *
 * usage: kallsyms_test DIR		a directory for its files
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "kallsyms.h"
#include "tables.h"

#define NR_SYMBOLS	5003

static const char *const orders[NR_TABLES_ORDERS] = {
	[TABLES_OFFSETS_FIRST] = "up to 6.1",
	[TABLES_OFFSETS_FIRST_SEQS] = "6.2 and 6.3",
	[TABLES_OFFSETS_LAST] = "from 6.4",
	[TABLES_OFFSETS_LAST_RELATIVE] = "from 6.15",
	[TABLES_PLACE_RELATIVE] = "7.x",
};

static const enum kallsyms_encoding encodings[NR_TABLES_ORDERS] = {
	[TABLES_OFFSETS_FIRST] = KALLSYMS_ABSOLUTE_PERCPU,
	[TABLES_OFFSETS_FIRST_SEQS] = KALLSYMS_ABSOLUTE_PERCPU,
	[TABLES_OFFSETS_LAST] = KALLSYMS_ABSOLUTE_PERCPU,
	[TABLES_OFFSETS_LAST_RELATIVE] = KALLSYMS_BASE_RELATIVE,
	[TABLES_PLACE_RELATIVE] = KALLSYMS_PLACE_RELATIVE,
};

static bool all_there(const struct symbols *symbols, enum tables_order order,
		      uint32_t nr)
{
	const struct symbol *symbol;
	uint64_t address, found;
	char name[512];
	uint32_t i;

	if (symbols->nr != nr)
		return false;
	for (i = 0; i < nr; i++) {
		symbol = &symbols->list[i];
		address = tables_symbol(i, order, name);
		if (symbol->address != address || symbol->type != name[0] ||
		    strcmp(symbol_name(symbols, symbol), name + 1) ||
		    symbols_address(symbols, name + 1, &found) ||
		    found != address)
			return false;
	}
	return true;
}

static void test_order(enum tables_order order, uint32_t nr)
{
	struct symbols symbols = { 0 };
	struct tables_made made;
	struct kallsyms found;
	int err;

	tables_make(&made, order, nr);
	err = kallsyms_find(&found, &symbols, &made.image, TABLES_BASE + 0x80);
	ksft_test_result(!err && found.encoding == encodings[order] &&
			 found.names == TABLES_BASE + made.names &&
			 found.markers == TABLES_BASE + made.markers &&
			 found.offsets == TABLES_BASE + made.offsets &&
			 found.token_table == TABLES_BASE + made.token_table &&
			 found.token_index == TABLES_BASE + made.token_index &&
			 found.entry_known && all_there(&symbols, order, nr),
			 "tables %s, %u symbols\n", orders[order], nr);
	symbols_free(&symbols);
	free(made.image.data);
}

/* Write @len bytes of @val at an offset; then nothing may be found. */
static void test_damage(const char *name, enum tables_order order,
			size_t (*where)(const struct tables_made *made),
			uint8_t val, size_t len)
{
	struct symbols symbols = { 0 };
	struct tables_made made;
	struct kallsyms found;

	tables_make(&made, order, NR_SYMBOLS);
	memset(made.image.data + where(&made), val, len);
	ksft_test_result(kallsyms_find(&found, &symbols, &made.image, 0) ==
			 -ENOENT && !symbols.list, "damage: %s\n", name);
	symbols_free(&symbols);
	free(made.image.data);
}

static size_t at_num_syms(const struct tables_made *made)
{
	return made->num_syms;
}

static size_t at_names(const struct tables_made *made)
{
	return made->names + 1000;
}

static size_t at_markers(const struct tables_made *made)
{
	return made->markers + 8;
}

static size_t at_token_table(const struct tables_made *made)
{
	return made->token_table + 100;
}

static size_t at_token_index(const struct tables_made *made)
{
	return made->token_index + 100;
}

static size_t at_offsets(const struct tables_made *made)
{
	return made->offsets + 4000;
}

static size_t at_base(const struct tables_made *made)
{
	return made->relative_base;
}

static void test_all_damage(void)
{
	enum tables_order order = TABLES_OFFSETS_LAST;

	test_damage("number of symbols", order, at_num_syms, 0xff, 4);
	test_damage("names", order, at_names, 0, 16);
	test_damage("markers", order, at_markers, 0xff, 4);
	test_damage("token table", order, at_token_table, 1, 4);
	test_damage("token index", order, at_token_index, 0, 4);
	test_damage("offsets", order, at_offsets, 0x55, 8);
	test_damage("base", order, at_base, 0, 8);
}

static void test_nothing(void)
{
	struct kernel_image image = { .base = TABLES_BASE };
	struct symbols symbols = { 0 };
	struct kallsyms found;
	uint64_t address;

	ksft_test_result(kallsyms_find(&found, &symbols, &image, 0) == -ENOENT,
			 "an empty image\n");
	image.bytes = 8 << 20;
	image.data = calloc(1, image.bytes);
	ksft_test_result(kallsyms_find(&found, &symbols, &image, 0) == -ENOENT,
			 "an image of zeros\n");
	ksft_test_result(!symbols_at(&symbols, TABLES_BASE) &&
			 symbols_address(&symbols, "_text", &address) == -ENOENT,
			 "no symbols\n");
	free(image.data);
}

static void add_name(struct symbols *symbols, uint64_t address, const char *name)
{
	if (symbols_add(symbols, address, 'T', name, strlen(name)))
		ksft_exit_fail_msg("symbols_add\n");
}

static void test_same_names(void)
{
	struct symbols symbols = { 0 };
	uint32_t i, places = 0;
	uint64_t address = 0;
	int err;

	for (i = 0; i < NR_SYMBOLS; i++)
		add_name(&symbols, TABLES_BASE + i, "same");
	err = symbols_finish(&symbols);
	for (i = 0; !err && i < symbols.hash_size; i++)
		places += !!symbols.hash[i];
	ksft_test_result(!err && places == 1 &&
			 !symbols_address(&symbols, "same", &address) &&
			 address == TABLES_BASE,
			 "any number of symbols with one name\n");
	symbols_free(&symbols);
}

/* The hash of the index, which the guest may know as well. */
static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash;
}

/* Names for the first place of an index, or for one after the other. */
static int add_colliding(struct symbols *symbols, uint32_t nr, bool in_a_row)
{
	uint32_t i = 0, size = 1024, place;
	char name[20];

	memset(symbols, 0, sizeof(*symbols));
	while (size < nr * 2)
		size *= 2;
	while (symbols->nr < nr) {
		/* The last one has to pass all those in a row. */
		place = in_a_row && symbols->nr < nr - 1 ? symbols->nr : 0;
		snprintf(name, sizeof(name), "n%x", i++);
		if ((hash_of(name) & (size - 1)) == place)
			add_name(symbols, TABLES_BASE, name);
	}
	return symbols_finish(symbols);
}

static void test_colliding_names(void)
{
	struct symbols symbols;

	ksft_test_result(!add_colliding(&symbols, 30, false), "names that collide\n");
	symbols_free(&symbols);
	ksft_test_result(add_colliding(&symbols, 500, false) == -E2BIG,
			 "more names that collide than by chance\n");
	symbols_free(&symbols);
	ksft_test_result(add_colliding(&symbols, 2000, true) == -E2BIG,
			 "a name far from its place in the index\n");
	symbols_free(&symbols);
}

static void test_system_map(const char *dir)
{
	struct symbols symbols = { 0 };
	const struct symbol *symbol;
	uint64_t address;
	char path[500];
	FILE *file;

	snprintf(path, sizeof(path), "%s/System.map", dir);
	file = fopen(path, "we");
	fputs("0000000000004000 A percpu\n"
	      "ffffffff81000000 T _text\n"
	      "ffffffff81000000 T _stext\n"
	      "ffffffff81000200 t second\n"
	      "ffffffff81000100 t first\n", file);
	fclose(file);
	ksft_test_result(!symbols_load(&symbols, path, TABLES_BASE) &&
			 !symbols_address(&symbols, "second", &address) &&
			 address == TABLES_BASE + 0x200 &&
			 !symbols_address(&symbols, "percpu", &address) &&
			 address == 0x4000, "System.map, moved\n");
	symbol = symbols_at(&symbols, TABLES_BASE + 0x1ff);
	ksft_test_result(symbol && !strcmp(symbol_name(&symbols, symbol),
					   "first"),
			 "System.map, in the order of addresses\n");
	symbol = symbols_at(&symbols, TABLES_BASE + 0x10);
	ksft_test_result(symbol && !strcmp(symbol_name(&symbols, symbol),
					   "_text"),
			 "the first of two with one address\n");
	symbols_free(&symbols);

	file = fopen(path, "we");
	fputs("ffffffff81000000 T _text\nB - --------\n", file);
	fclose(file);
	ksft_test_result(symbols_load(&symbols, path, TABLES_BASE) == -EINVAL &&
			 !symbols.list, "no System.map\n");
	unlink(path);
	ksft_test_result(symbols_load(&symbols, path, TABLES_BASE) == -ENOENT,
			 "no such file\n");
}

int main(int argc, char **argv)
{
	enum tables_order order;

	if (argc != 2)
		ksft_exit_fail_msg("usage: kallsyms_test DIR\n");
	ksft_print_header();
	ksft_set_plan(2 * NR_TABLES_ORDERS + 19);
	for (order = 0; order < NR_TABLES_ORDERS; order++) {
		test_order(order, NR_SYMBOLS);
		/* Whole markers, and an even number for the padding. */
		test_order(order, 512);
	}
	test_all_damage();
	test_nothing();
	test_same_names();
	test_colliding_names();
	test_system_map(argv[1]);
	ksft_finished();
}
