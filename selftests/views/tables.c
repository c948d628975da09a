// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables.c - kallsyms tables made by hand, in each of their orders
 *
 * Names are not compressed as well as the kernel's are: a token is a letter, or one
 * of a few strings that many names have.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "tables.h"

#define IMAGE_BYTES	(4u << 20)
#define TABLES_AT	0x230

/* Long names, whose length takes two bytes. */
#define LONG_EVERY	97
#define LONG_NAME	300

static const char *token(unsigned int byte)
{
	static char letters[256][8];

	if (byte == 0x80)
		return "Tsymbol_";
	if (byte == 0x81)
		return "number";
	/* Bytes that no name has stand for something as well. */
	if (isgraph(byte))
		snprintf(letters[byte], sizeof(letters[byte]), "%c", byte);
	else
		snprintf(letters[byte], sizeof(letters[byte]), "x%u", byte);
	return letters[byte];
}

uint64_t tables_symbol(uint32_t i, enum tables_order order, char *name)
{
	bool percpu = order <= TABLES_OFFSETS_LAST;

	/* The lowest addresses are no addresses, but distances. */
	if (i == 0 && percpu) {
		strcpy(name, "Afixed_percpu_data");
		return 0;
	}
	if (i == 1 && percpu) {
		strcpy(name, "Airq_stack_backing_store");
		return 0x4000;
	}
	if (i == 2 || (i == 0 && !percpu)) {
		strcpy(name, i ? "T_stext" : "T_text");
		return TABLES_BASE;
	}
	if (i == 1) {
		strcpy(name, "Tstartup_64");
		return TABLES_BASE;
	}
	if (i == 3) {
		strcpy(name, "Tentry_SYSCALL_64");
		return TABLES_BASE + 0x80;
	}
	snprintf(name, 64, "Tsymbol_%u_number", i);
	if (i % LONG_EVERY == 0) {
		memset(name + strlen(name), 'l', LONG_NAME);
		name[LONG_NAME] = '\0';
	}
	/* Some have the address of the one before. */
	return TABLES_BASE + 0x80 + (uint64_t)(i & ~1u) * 16;
}

struct writer {
	struct tables_made *made;
	size_t at;
	size_t align;
	uint32_t nr;
	enum tables_order order;
};

static size_t begin(struct writer *w)
{
	w->at = (w->at + w->align - 1) & ~(w->align - 1);
	return w->at;
}

static void put(struct writer *w, const void *data, size_t len)
{
	if (len > w->made->image.bytes - w->at)
		ksft_exit_fail_msg("tables do not fit\n");
	memcpy(w->made->image.data + w->at, data, len);
	w->at += len;
}

/* Greedy: the two strings where they are, else the letter. */
static size_t compress(const char *name, uint8_t *out)
{
	unsigned int byte;
	size_t len = 0;

	while (*name) {
		for (byte = 0x80; byte <= 0x81; byte++)
			if (!strncmp(name, token(byte), strlen(token(byte))))
				break;
		if (byte > 0x81)
			byte = *name;
		name += strlen(token(byte));
		out[len++] = byte;
	}
	return len;
}

static void put_names(struct writer *w)
{
	uint32_t *markers = calloc(w->nr / 256 + 1, sizeof(*markers));
	uint8_t data[512], head[2];
	char name[512];
	size_t start, len;
	uint32_t i;

	w->made->num_syms = begin(w);
	put(w, &w->nr, 4);
	start = w->made->names = begin(w);
	for (i = 0; i < w->nr; i++) {
		if (i % 256 == 0)
			markers[i / 256] = w->at - start;
		tables_symbol(i, w->order, name);
		len = compress(name, data);
		head[0] = len < 0x80 ? len : 0x80 | (len & 0x7f);
		head[1] = len >> 7;
		put(w, head, len < 0x80 ? 1 : 2);
		put(w, data, len);
	}
	w->made->markers = begin(w);
	put(w, markers, (size_t)(w->nr + 255) / 256 * 4);
	free(markers);
}

static void put_tokens(struct writer *w)
{
	uint16_t index[256];
	unsigned int i;
	size_t start;

	start = w->made->token_table = begin(w);
	for (i = 0; i < 256; i++) {
		index[i] = w->at - start;
		put(w, token(i), strlen(token(i)) + 1);
	}
	w->made->token_index = begin(w);
	put(w, index, sizeof(index));
}

static void put_offsets(struct writer *w)
{
	char name[512];
	uint64_t address;
	int32_t offset;
	uint32_t i;

	w->made->offsets = begin(w);
	for (i = 0; i < w->nr; i++) {
		address = tables_symbol(i, w->order, name);
		if (w->order == TABLES_PLACE_RELATIVE)
			offset = address - (TABLES_BASE + w->at);
		else if (w->order == TABLES_OFFSETS_LAST_RELATIVE)
			offset = address - TABLES_BASE;
		else if (address < TABLES_BASE)
			offset = address;
		else
			offset = TABLES_BASE - 1 - address;
		put(w, &offset, 4);
	}
	if (w->order == TABLES_PLACE_RELATIVE)
		return;
	address = TABLES_BASE;
	w->made->relative_base = begin(w);
	put(w, &address, 8);
}

/* What is in it is not looked at, only its size. */
static void put_seqs(struct writer *w)
{
	uint8_t seq[3];
	uint32_t i;

	begin(w);
	for (i = 0; i < w->nr; i++) {
		seq[0] = i >> 16;
		seq[1] = i >> 8;
		seq[2] = i;
		put(w, seq, 3);
	}
}

void tables_make(struct tables_made *made, enum tables_order order,
		 uint32_t nr)
{
	struct writer w = { .made = made, .at = TABLES_AT, .nr = nr,
			    .order = order };
	uint32_t noise = 12345;
	size_t i;

	memset(made, 0, sizeof(*made));
	made->image.base = TABLES_BASE;
	made->image.bytes = IMAGE_BYTES;
	made->image.data = malloc(IMAGE_BYTES);
	/* Among anything else, and zeros where they are padded. */
	for (i = 0; i < IMAGE_BYTES; i++) {
		noise = noise * 1664525 + 1013904223;
		made->image.data[i] = noise >> 24;
	}
	memset(made->image.data + TABLES_AT, 0, IMAGE_BYTES / 2);
	w.align = order == TABLES_PLACE_RELATIVE ? 4 : 8;
	/* An odd multiple of 4 where that is enough. */
	w.at += w.align == 4 ? 4 : 0;
	if (order <= TABLES_OFFSETS_FIRST_SEQS)
		put_offsets(&w);
	put_names(&w);
	if (order == TABLES_OFFSETS_FIRST_SEQS)
		put_seqs(&w);
	put_tokens(&w);
	if (order > TABLES_OFFSETS_FIRST_SEQS) {
		put_offsets(&w);
		put_seqs(&w);
	}
	made->end = w.at;
}
