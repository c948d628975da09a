/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kallsyms.h - the symbols that a Linux kernel has of itself
 */
#ifndef VMITAP_VIEWS_KALLSYMS_H
#define VMITAP_VIEWS_KALLSYMS_H

#include "kernel.h"
#include "symbols.h"

/* How the kernel wrote the addresses. */
enum kallsyms_encoding {
	/* What is negative counts down from a base, the rest is absolute. */
	KALLSYMS_ABSOLUTE_PERCPU,
	/* Counts up from a base. */
	KALLSYMS_BASE_RELATIVE,
	/* Counts from where the number itself is; 7.x. */
	KALLSYMS_PLACE_RELATIVE,
};

/**
 * struct kallsyms - where the tables are, as guest-virtual addresses
 * @names: compressed names
 * @markers: offset of every 256th name
 * @token_table: strings that the bytes of names stand for
 * @token_index: offsets of these
 * @offsets: addresses
 * @nr: number of symbols
 * @encoding: of @offsets
 * @entry_known: the entry point given is that of system calls, by its symbol
 */
struct kallsyms {
	uint64_t names;
	uint64_t markers;
	uint64_t token_table;
	uint64_t token_index;
	uint64_t offsets;
	uint32_t nr;
	enum kallsyms_encoding encoding;
	bool entry_known;
};

/**
 * kallsyms_find() - recover all symbols
 * @kallsyms: where they were found
 * @symbols: empty; gets the symbols, in the kernel's order
 * @image: the kernel's image; begins at _text
 * @entry: where LSTAR points; 0 if not known
 *
 * Return: 0, -ENOENT if there are no tables that agree with each other and with
 * the image, -ENOMEM, -E2BIG for names that are made to collide.
 */
int kallsyms_find(struct kallsyms *kallsyms, struct symbols *symbols,
		  const struct kernel_image *image, uint64_t entry);

#endif /* VMITAP_VIEWS_KALLSYMS_H */
