// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbols.c - names and addresses of a guest's kernel
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "symbols.h"

/*
 * Names are the guest's, which can make any number of them whose hashes collide.  In a
 * kernel one is found at the first place or the second, and rarely at the fiftieth.
 */
#define MAX_PROBES	1024
#define MEAN_PROBES	16

static int make_room(struct symbols *symbols, size_t name_bytes)
{
	uint32_t room;
	void *more;

	if (symbols->nr == SYMBOLS_MAX ||
	    symbols->names_bytes + name_bytes > SYMBOLS_MAX_BYTES)
		return -E2BIG;
	if (symbols->nr == symbols->list_room) {
		room = symbols->list_room ? symbols->list_room * 2 : 4096;
		more = realloc(symbols->list, room * sizeof(*symbols->list));
		if (!more)
			return -ENOMEM;
		symbols->list = more;
		symbols->list_room = room;
	}
	if (symbols->names_bytes + name_bytes > symbols->names_room) {
		room = symbols->names_room ? symbols->names_room * 2 : 1 << 16;
		more = realloc(symbols->names, room);
		if (!more)
			return -ENOMEM;
		symbols->names = more;
		symbols->names_room = room;
	}
	return 0;
}

int symbols_add(struct symbols *symbols, uint64_t address, char type,
		const char *name, size_t len)
{
	struct symbol *symbol;
	int err;

	if (len > SYMBOLS_MAX_NAME)
		return -E2BIG;
	err = make_room(symbols, len + 1);
	if (err)
		return err;
	symbol = &symbols->list[symbols->nr++];
	symbol->address = address;
	symbol->type = type;
	symbol->name = symbols->names_bytes;
	memcpy(symbols->names + symbol->name, name, len);
	symbols->names[symbol->name + len] = '\0';
	symbols->names_bytes += len + 1;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *one = a, *other = b;

	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	/* Names were added in order. */
	return one->name < other->name ? -1 : one->name > other->name;
}

/* FNV-1a. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash;
}

/*
 * Look for a name's place in the index, by open addressing.  Return: the probes that
 * it took, 0 if it is at none of those where it may be.
 */
static uint32_t find_place(const struct symbols *symbols, const char *name, uint32_t *at)
{
	uint32_t probes, mask = symbols->hash_size - 1;
	const struct symbol *symbol;

	*at = hash_name(name) & mask;
	for (probes = 1; probes <= MAX_PROBES; probes++) {
		/* Index + 1; 0 is free. */
		if (!symbols->hash[*at])
			return probes;
		symbol = &symbols->list[symbols->hash[*at] - 1];
		if (!strcmp(symbol_name(symbols, symbol), name))
			return probes;
		*at = (*at + 1) & mask;
	}
	return 0;
}

static int make_index(struct symbols *symbols)
{
	uint64_t left = (uint64_t)symbols->nr * MEAN_PROBES;
	uint32_t i, at, probes;

	for (i = 0; i < symbols->nr; i++) {
		probes = find_place(symbols, symbol_name(symbols, &symbols->list[i]),
				    &at);
		if (!probes || probes > left)
			return -E2BIG;
		left -= probes;
		/* The first of a name is what is found. */
		if (!symbols->hash[at])
			symbols->hash[at] = i + 1;
	}
	return 0;
}

int symbols_finish(struct symbols *symbols)
{
	uint32_t i, size = 1024;

	for (i = 1; i < symbols->nr; i++) {
		if (by_address(&symbols->list[i - 1], &symbols->list[i]) > 0) {
			qsort(symbols->list, symbols->nr,
			      sizeof(*symbols->list), by_address);
			break;
		}
	}
	while (size < symbols->nr * 2)
		size *= 2;
	free(symbols->hash);
	symbols->hash = calloc(size, sizeof(*symbols->hash));
	if (!symbols->hash)
		return -ENOMEM;
	symbols->hash_size = size;
	return make_index(symbols);
}

void symbols_free(struct symbols *symbols)
{
	free(symbols->list);
	free(symbols->names);
	free(symbols->hash);
	memset(symbols, 0, sizeof(*symbols));
}

int symbols_address(const struct symbols *symbols, const char *name,
		    uint64_t *address)
{
	uint32_t at;

	if (!symbols->hash_size || !find_place(symbols, name, &at) ||
	    !symbols->hash[at])
		return -ENOENT;
	*address = symbols->list[symbols->hash[at] - 1].address;
	return 0;
}

const struct symbol *symbols_at(const struct symbols *symbols, uint64_t address)
{
	uint32_t low = 0, high = symbols->nr, mid;

	/* The first one above the address. */
	while (low < high) {
		mid = low + (high - low) / 2;
		if (symbols->list[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	low--;
	while (low && symbols->list[low - 1].address ==
		      symbols->list[low].address)
		low--;
	return &symbols->list[low];
}

/* "ffffffff81000000 T _text" */
static int parse_line(struct symbols *symbols, char *line)
{
	uint64_t address;
	char *end;

	address = strtoull(line, &end, 16);
	if (end == line || end[0] != ' ' || !isalpha(end[1]) || end[2] != ' ')
		return -EINVAL;
	line = end + 3;
	return symbols_add(symbols, address, end[1], line,
			   strcspn(line, " \t\n"));
}

/* The kernel runs elsewhere than it was linked to; what is absolute does not. */
static int move_all(struct symbols *symbols, uint64_t text)
{
	uint64_t linked;
	uint32_t i;

	if (symbols_address(symbols, "_text", &linked))
		return -EINVAL;
	for (i = 0; i < symbols->nr; i++)
		if (symbols->list[i].address >= KERNEL_MAP_START)
			symbols->list[i].address += text - linked;
	return 0;
}

int symbols_load(struct symbols *symbols, const char *path, uint64_t text)
{
	char line[SYMBOLS_MAX_NAME + 32];
	FILE *file;
	int err = 0;

	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && fgets(line, sizeof(line), file))
		err = parse_line(symbols, line);
	if (!err && ferror(file))
		err = -EIO;
	fclose(file);
	if (!err)
		err = symbols_finish(symbols);
	if (!err)
		err = move_all(symbols, text);
	if (err)
		symbols_free(symbols);
	return err;
}
