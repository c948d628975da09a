/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tables.h - kallsyms tables made by hand, in each of their orders
 *
 * No kernel but the oldest of these is at hand when tests run.
 */
#ifndef VIEWS_TABLES_H
#define VIEWS_TABLES_H

#include "kernel.h"

#define TABLES_BASE	0xffffffff9ae00000ULL

enum tables_order {
	/* Up to 6.1, and with seqs_of_names, 6.2 and 6.3. */
	TABLES_OFFSETS_FIRST,
	TABLES_OFFSETS_FIRST_SEQS,
	/* 6.4 and later, absolute per-CPU symbols. */
	TABLES_OFFSETS_LAST,
	/* 6.15 and later. */
	TABLES_OFFSETS_LAST_RELATIVE,
	/* 7.x. */
	TABLES_PLACE_RELATIVE,
	NR_TABLES_ORDERS,
};

/**
 * struct tables_made - an image, and where in it the tables are
 * @image: the image; free @image.data
 * @end: behind the last of them
 */
struct tables_made {
	struct kernel_image image;
	size_t num_syms;
	size_t names;
	size_t markers;
	size_t token_table;
	size_t token_index;
	size_t offsets;
	size_t relative_base;
	size_t end;
};

/* The symbol of an index: @name has room for 512 bytes. */
uint64_t tables_symbol(uint32_t i, enum tables_order order, char *name);

/* Make the tables of @nr symbols, 4 at least. */
void tables_make(struct tables_made *made, enum tables_order order,
		 uint32_t nr);

#endif /* VIEWS_TABLES_H */
