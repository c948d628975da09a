/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - names and addresses of a guest's kernel
 */
#ifndef VMITAP_VIEWS_SYMBOLS_H
#define VMITAP_VIEWS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* More than any kernel has; what claims more is not believed. */
#define SYMBOLS_MAX		(2u << 20)
#define SYMBOLS_MAX_NAME	1024
#define SYMBOLS_MAX_BYTES	(128u << 20)

/**
 * struct symbol - one symbol
 * @address: where it is now, wherever the kernel was linked to
 * @name: offset in the names of its struct symbols
 * @type: letter as nm(1) prints
 */
struct symbol {
	uint64_t address;
	uint32_t name;
	char type;
};

/**
 * struct symbols - all of them
 * @list: in the order of addresses, and of what they came from
 * @nr: how many
 * @names: NUL-terminated, one after the other
 *
 * The rest is the implementation's.  All zero is an empty one.
 */
struct symbols {
	struct symbol *list;
	uint32_t nr;
	char *names;
	uint32_t names_bytes;
	uint32_t list_room;
	uint32_t names_room;
	uint32_t *hash;
	uint32_t hash_size;
};

/* Add one, not yet to be found.  Return: 0, -ENOMEM, -E2BIG. */
int symbols_add(struct symbols *symbols, uint64_t address, char type,
		const char *name, size_t len);

/*
 * Sort and index what was added.  Return: 0, -ENOMEM, or -E2BIG for names that are made
 * to collide; then there is nothing but to free them.
 */
int symbols_finish(struct symbols *symbols);

void symbols_free(struct symbols *symbols);

static inline const char *symbol_name(const struct symbols *symbols,
				      const struct symbol *symbol)
{
	return symbols->names + symbol->name;
}

/* Address of the first symbol of a name.  Return: 0 or -ENOENT. */
int symbols_address(const struct symbols *symbols, const char *name,
		    uint64_t *address);

/* First symbol of those nearest at or below an address; NULL if there is none. */
const struct symbol *symbols_at(const struct symbols *symbols,
				uint64_t address);

/**
 * symbols_load() - read a System.map
 * @symbols: empty; gets the symbols
 * @path: file
 * @text: address that _text has in the guest, by which all are moved
 *
 * Return: 0, -EINVAL for a file that is none or has no _text, or what the file
 * system says.
 */
int symbols_load(struct symbols *symbols, const char *path, uint64_t text);

#endif /* VMITAP_VIEWS_SYMBOLS_H */
