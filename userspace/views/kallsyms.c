// SPDX-License-Identifier: GPL-2.0-only
/*
 * kallsyms.c - the symbols that a Linux kernel has of itself
 *
 * The tables have no header.  They are found by their structure, the one that is
 * least like anything else first:
 *
 *	token_index	256 16-bit numbers that go up from 0: where each string of
 *			the table directly before it begins
 *	token_table	256 strings, one for every value of a byte
 *	markers		32-bit offsets of every 256th name, before the token table
 *	names		a length (one byte, or two if the first has its top bit)
 *			and as many bytes, each for a string; the first letter of
 *			a name is its type
 *	num_syms	their number, directly before the names
 *	offsets		a 32-bit number for the address of each
 *
 * Three orders of them are known; every table begins at a multiple of 8 up to
 * 6.x, of 4 in the last:
 *
 *	up to 6.3	offsets relative_base num_syms names markers
 *			[seqs_of_names] token_table token_index
 *	6.4 to 6.x	num_syms names markers token_table token_index offsets
 *			relative_base seqs_of_names
 *	7.x		num_syms names markers token_table token_index offsets
 *			seqs_of_names
 *
 * Nothing in them is believed before it agrees with the rest, and work and memory
 * are bounded whatever they say.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kallsyms.h"

#define NR_TOKENS	256
#define INDEX_BYTES	(NR_TOKENS * 2)
#define MIN_SYMBOLS	256

/* A token is a part of a name. */
#define MAX_TOKEN	128

/* How far before the token table names may begin. */
#define MAX_NAMES_BYTES	(64u << 20)

/* Places and names looked at, in all candidates together. */
#define MAX_STEPS	(64u << 20)

/* Offsets are from the start of the image. */
struct tables {
	const struct kernel_image *image;
	size_t token_index;
	size_t token_table;
	size_t num_syms;
	size_t names;
	size_t names_end;
	size_t markers;
	uint32_t nr;
	uint32_t steps;
};

static uint16_t get_u16(const struct kernel_image *image, size_t at)
{
	uint16_t val;

	memcpy(&val, image->data + at, sizeof(val));
	return val;
}

static uint32_t get_u32(const struct kernel_image *image, size_t at)
{
	uint32_t val;

	memcpy(&val, image->data + at, sizeof(val));
	return val;
}

static uint64_t get_u64(const struct kernel_image *image, size_t at)
{
	uint64_t val;

	memcpy(&val, image->data + at, sizeof(val));
	return val;
}

static size_t align_up(size_t val, size_t to)
{
	return (val + to - 1) & ~(to - 1);
}

static bool is_token_index(const struct kernel_image *image, size_t at)
{
	uint16_t before = 0, val;
	unsigned int i;

	if (get_u16(image, at))
		return false;
	for (i = 1; i < NR_TOKENS; i++, before = val) {
		val = get_u16(image, at + i * 2);
		if (val <= before || val - before > MAX_TOKEN + 1)
			return false;
	}
	return true;
}

/* Whether the strings that an index tells of begin at @table. */
static bool is_token_table(const struct kernel_image *image, size_t table,
			   size_t index)
{
	size_t at = table, next;
	unsigned int i;

	for (i = 0; i < NR_TOKENS; i++) {
		next = i + 1 < NR_TOKENS ?
		       table + get_u16(image, index + (i + 1) * 2) : index;
		while (at < next && isgraph(image->data[at]))
			at++;
		if (i + 1 < NR_TOKENS && at != next - 1)
			return false;
		if (at == next || image->data[at])
			return false;
		at++;
	}
	/* Only padding is left between the two. */
	for (; at < index; at++)
		if (image->data[at])
			return false;
	return true;
}

/* The next pair of token table and index; the search goes on from @token_index. */
static bool find_tokens(struct tables *tables)
{
	const struct kernel_image *image = tables->image;
	size_t index, last, len;

	for (index = tables->token_index; image->bytes >= INDEX_BYTES &&
	     index <= image->bytes - INDEX_BYTES; index += 4) {
		if (!is_token_index(image, index))
			continue;
		last = get_u16(image, index + INDEX_BYTES - 2);
		/* The last string, its NUL, and padding. */
		for (len = 1; len <= MAX_TOKEN + 8; len++) {
			if (last + len > index)
				break;
			if ((index - last - len) % 4 ||
			    !is_token_table(image, index - last - len, index))
				continue;
			tables->token_index = index;
			tables->token_table = index - last - len;
			return true;
		}
	}
	return false;
}

/*
 * Length of the name at @at and, in @data, where its bytes are.  Return: false if
 * it does not end before @end.
 */
static bool name_at(const struct kernel_image *image, size_t at, size_t end,
		    size_t *data, uint32_t *len)
{
	if (at + 2 > end)
		return false;
	*len = image->data[at++];
	if (*len & 0x80)
		*len = (*len & 0x7f) | (uint32_t)image->data[at++] << 7;
	*data = at;
	return *len && *len <= end - at;
}

static const char *token_of(const struct tables *tables, uint8_t byte)
{
	const struct kernel_image *image = tables->image;

	/* Terminated within the table, by is_token_table(). */
	return (const char *)image->data + tables->token_table +
	       get_u16(image, tables->token_index + byte * 2);
}

/* Walk over @nr names, each of which must begin with the letter of a type. */
static bool walk_names(struct tables *tables)
{
	const struct kernel_image *image = tables->image;
	size_t at = tables->names, data;
	uint32_t i, len;

	for (i = 0; i < tables->nr; i++) {
		if (++tables->steps > MAX_STEPS ||
		    !name_at(image, at, tables->token_table, &data, &len))
			return false;
		if (!isalpha(*token_of(tables, image->data[data])))
			return false;
		at = data + len;
	}
	tables->names_end = at;
	return true;
}

/* Whether the markers at @markers are those of the names. */
static bool check_markers(struct tables *tables, size_t markers)
{
	const struct kernel_image *image = tables->image;
	size_t at = tables->names, data;
	uint32_t i, len;

	for (i = 0; i < tables->nr; i++) {
		if (i % 256 == 0 && get_u32(image, markers + i / 256 * 4) !=
				    at - tables->names)
			return false;
		if (++tables->steps > MAX_STEPS ||
		    !name_at(image, at, tables->token_table, &data, &len))
			return false;
		at = data + len;
	}
	return true;
}

/* Names and markers, given where the names begin and how many there are. */
static bool try_names(struct tables *tables, size_t align)
{
	size_t end, nr_markers = (tables->nr + 255) / 256;

	if (!walk_names(tables))
		return false;
	tables->markers = align_up(tables->names_end, align);
	end = tables->markers + nr_markers * 4;
	/* Then the token table, or three bytes for each symbol before it. */
	if (align_up(end, align) != tables->token_table &&
	    align_up(align_up(end, align) + 3 * (size_t)tables->nr, align) !=
	    tables->token_table)
		return false;
	return check_markers(tables, tables->markers);
}

static bool find_names(struct tables *tables)
{
	const struct kernel_image *image = tables->image;
	size_t at, lowest = 0;

	if (tables->token_table > MAX_NAMES_BYTES)
		lowest = align_up(tables->token_table - MAX_NAMES_BYTES, 4);
	/* A name has two bytes at least. */
	if (tables->token_table < lowest + MIN_SYMBOLS * 2)
		return false;
	for (at = (tables->token_table - MIN_SYMBOLS * 2) & ~3ULL; at > lowest;
	     at -= 4) {
		if (++tables->steps > MAX_STEPS)
			return false;
		tables->nr = get_u32(image, at);
		if (tables->nr < MIN_SYMBOLS || tables->nr > SYMBOLS_MAX ||
		    tables->nr > tables->token_table - at)
			continue;
		tables->num_syms = at;
		tables->names = at + 4;
		if (try_names(tables, 4))
			return true;
		tables->names = at + 8;
		if (at % 8 == 0 && !get_u32(image, at + 4) &&
		    try_names(tables, 8))
			return true;
	}
	return false;
}

/* What a byte string of tokens stands for.  Return: length, or -E2BIG. */
static int expand(const struct tables *tables, size_t data, uint32_t len,
		  char *buf, size_t size)
{
	const char *token;
	size_t done = 0, part;
	uint32_t i;

	for (i = 0; i < len; i++) {
		token = token_of(tables, tables->image->data[data + i]);
		part = strlen(token);
		if (part > size - done)
			return -E2BIG;
		memcpy(buf + done, token, part);
		done += part;
	}
	return done;
}

/* All names, with address 0. */
static int expand_all(const struct tables *tables, struct symbols *symbols)
{
	char buf[SYMBOLS_MAX_NAME];
	size_t at = tables->names, data;
	uint32_t i, len;
	int got, err;

	for (i = 0; i < tables->nr; i++) {
		if (!name_at(tables->image, at, tables->token_table, &data,
			     &len))
			return -ENOENT;
		got = expand(tables, data, len, buf, sizeof(buf));
		if (got < 2)
			return -ENOENT;
		err = symbols_add(symbols, 0, buf[0], buf + 1, got - 1);
		if (err)
			return err;
		at = data + len;
	}
	return 0;
}

/* Where addresses may be, and in which encoding. */
struct addresses {
	enum kallsyms_encoding encoding;
	size_t offsets;
	uint64_t base;
};

static uint64_t decode(const struct tables *tables,
		       const struct addresses *from, uint32_t i)
{
	size_t at = from->offsets + (size_t)i * 4;
	int32_t val = get_u32(tables->image, at);

	switch (from->encoding) {
	case KALLSYMS_ABSOLUTE_PERCPU:
		return val >= 0 ? (uint64_t)val :
				  from->base - 1 - (int64_t)val;
	case KALLSYMS_BASE_RELATIVE:
		return from->base + (uint32_t)val;
	default:
		return tables->image->base + at + (int64_t)val;
	}
}

/* Addresses go up, and _text or _stext are at the start of the image. */
static bool try_addresses(const struct tables *tables, struct symbols *symbols,
			  const struct addresses *from)
{
	uint64_t before = 0, base = tables->image->base;
	bool text = false;
	uint32_t i;

	if (from->offsets > tables->image->bytes ||
	    tables->nr > (tables->image->bytes - from->offsets) / 4)
		return false;
	for (i = 0; i < tables->nr; i++) {
		struct symbol *symbol = &symbols->list[i];
		const char *name = symbol_name(symbols, symbol);

		symbol->address = decode(tables, from, i);
		if (symbol->address < before)
			return false;
		before = symbol->address;
		if (!strcmp(name, "_text") && before != base)
			return false;
		if (!strcmp(name, "_text") ||
		    (!strcmp(name, "_stext") && before >= base &&
		     before - base < 2 << 20))
			text = true;
	}
	return text;
}

/* One of the places for addresses, with its base if it has one. */
static bool try_place(const struct tables *tables, struct symbols *symbols,
		      struct addresses *from, size_t base_at)
{
	const struct kernel_image *image = tables->image;

	if (base_at > image->bytes - 8)
		return false;
	from->base = get_u64(image, base_at);
	if (!kernel_image_has(image, from->base, 1))
		return false;
	from->encoding = KALLSYMS_ABSOLUTE_PERCPU;
	if (try_addresses(tables, symbols, from))
		return true;
	from->encoding = KALLSYMS_BASE_RELATIVE;
	return try_addresses(tables, symbols, from);
}

static bool find_addresses(const struct tables *tables, struct symbols *symbols,
			   struct addresses *from)
{
	size_t bytes = (size_t)tables->nr * 4, after;

	/* Before the number of symbols, and the base between them. */
	if (tables->num_syms >= bytes + 8 && tables->num_syms % 8 == 0) {
		from->offsets = (tables->num_syms - 8 - bytes) & ~7ULL;
		if (try_place(tables, symbols, from, tables->num_syms - 8))
			return true;
	}
	/* After all tokens, and the base after them. */
	after = align_up(tables->token_index + INDEX_BYTES, 8);
	from->offsets = after;
	if (try_place(tables, symbols, from, align_up(after + bytes, 8)))
		return true;
	from->offsets = tables->token_index + INDEX_BYTES;
	from->encoding = KALLSYMS_PLACE_RELATIVE;
	return try_addresses(tables, symbols, from);
}

static void describe(struct kallsyms *kallsyms, const struct tables *tables,
		     const struct addresses *from)
{
	uint64_t base = tables->image->base;

	kallsyms->names = base + tables->names;
	kallsyms->markers = base + tables->markers;
	kallsyms->token_table = base + tables->token_table;
	kallsyms->token_index = base + tables->token_index;
	kallsyms->offsets = base + from->offsets;
	kallsyms->nr = tables->nr;
	kallsyms->encoding = from->encoding;
}

/* The symbol that LSTAR has to have; before 4.20, with a trampoline. */
static bool is_syscall_entry(const struct symbols *symbols, uint64_t entry)
{
	static const char *const names[] = {
		"entry_SYSCALL_64", "entry_SYSCALL_64_trampoline",
	};
	uint64_t address;
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!symbols_address(symbols, names[i], &address) &&
		    address == entry)
			return true;
	return false;
}

int kallsyms_find(struct kallsyms *kallsyms, struct symbols *symbols,
		  const struct kernel_image *image, uint64_t entry)
{
	struct tables tables = { .image = image };
	struct addresses from;
	int err;

	memset(kallsyms, 0, sizeof(*kallsyms));
	for (; find_tokens(&tables); tables.token_index += 4) {
		if (!find_names(&tables))
			continue;
		err = expand_all(&tables, symbols);
		if (!err && find_addresses(&tables, symbols, &from)) {
			err = symbols_finish(symbols);
			if (err)
				symbols_free(symbols);
			describe(kallsyms, &tables, &from);
			kallsyms->entry_known = !err &&
				is_syscall_entry(symbols, entry);
			return err;
		}
		symbols_free(symbols);
		if (err == -ENOMEM)
			return err;
	}
	return -ENOENT;
}
