// SPDX-License-Identifier: GPL-2.0-only
/*
 * cutouts.c - what fuzzing starts from: parts of a real guest's kernel
 *
 * usage: cutouts IMAGE_DIR OUT_DIR	writes OUT_DIR/kallsyms/ and OUT_DIR/btf/
 *
 * The whole tables have megabytes.  A part that makes sense by itself has a block of
 * a few hundred names, or the first types and strings.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <kselftest.h>

#include "image.h"
#include "linux.h"
#include "tables.h"

/* Names of two markers. */
#define NR_NAMES	512
#define TYPES_BYTES	(48u << 10)
#define STRINGS_BYTES	(32u << 10)

static const char *out_dir;

static void write_seed(const char *kind, const char *name, const uint64_t *base,
		       const void *data, size_t len)
{
	char path[500];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", out_dir, kind, name);
	file = fopen(path, "we");
	if (!file)
		ksft_exit_fail_msg("%s: cannot be written\n", path);
	if (base)
		fwrite(base, sizeof(*base), 1, file);
	fwrite(data, 1, len, file);
	fclose(file);
}

struct part {
	uint8_t *data;
	size_t len;
};

static void append(struct part *part, const void *data, size_t len)
{
	/* Every table begins at a multiple of 8. */
	size_t at = (part->len + 7) & ~7ULL;

	part->data = realloc(part->data, at + len);
	if (!part->data)
		ksft_exit_fail_msg("out of memory\n");
	memset(part->data + part->len, 0, at - part->len);
	memcpy(part->data + at, data, len);
	part->len = at + len;
}

/* Where in the image an address is. */
static const uint8_t *in_image(const struct kernel_image *image, uint64_t gva)
{
	if (!kernel_image_has(image, gva, 1))
		ksft_exit_fail_msg("not in the image\n");
	return image->data + (gva - image->base);
}

/* The block of names that has _text in it, put together as in kernels up to 6.1. */
static void cut_kallsyms(const struct linux_guest *lg,
			 const struct kernel_image *image)
{
	const struct kallsyms *from = &lg->kallsyms;
	uint32_t markers[NR_NAMES / 256 + 1], nr = NR_NAMES, first = 0, i;
	const uint8_t *names = in_image(image, from->names);
	struct part part = { NULL, 0 };

	while (first < lg->symbols.nr &&
	       strcmp(symbol_name(&lg->symbols, &lg->symbols.list[first]),
		      "_text"))
		first++;
	first = first / 256 * 256;
	memcpy(markers, in_image(image, from->markers + first / 256 * 4),
	       sizeof(markers));
	names += markers[0];
	append(&part, in_image(image, from->offsets + first * 4), nr * 4);
	append(&part, &image->base, 8);
	append(&part, &nr, 4);
	append(&part, names, markers[NR_NAMES / 256] - markers[0]);
	for (i = NR_NAMES / 256; i > 0; i--)
		markers[i] -= markers[0];
	markers[0] = 0;
	append(&part, markers, NR_NAMES / 256 * 4);
	append(&part, in_image(image, from->token_table),
	       from->token_index - from->token_table);
	append(&part, in_image(image, from->token_index), 512);
	write_seed("kallsyms", "real", &image->base, part.data, part.len);
	free(part.data);
}

static void make_kallsyms(void)
{
	struct tables_made made;
	enum tables_order order;
	char name[20];

	for (order = 0; order < NR_TABLES_ORDERS; order++) {
		tables_make(&made, order, 300);
		snprintf(name, sizeof(name), "made%d", order);
		write_seed("kallsyms", name, &made.image.base, made.image.data,
			   made.end);
		free(made.image.data);
	}
}

/* The first whole types of the kernel's, and its first strings. */
static void cut_btf(const struct linux_guest *lg)
{
	struct part part = { NULL, 0 };
	const struct btf_type *type = NULL;
	struct btf_header header;
	const uint8_t *raw;
	uint32_t bytes, i;

	raw = btf__raw_data(lg->btf.btf, &bytes);
	memcpy(&header, raw, sizeof(header));
	for (i = 1; i < btf__type_cnt(lg->btf.btf); i++) {
		type = btf__type_by_id(lg->btf.btf, i);
		if ((const uint8_t *)type - raw > (long)TYPES_BYTES)
			break;
	}
	header.type_len = (const uint8_t *)type - raw - sizeof(header);
	append(&part, &header, sizeof(header));
	append(&part, raw + sizeof(header), header.type_len);
	append(&part, raw + sizeof(header) + header.str_off, STRINGS_BYTES);
	header.str_off = part.len - STRINGS_BYTES - sizeof(header);
	header.str_len = STRINGS_BYTES;
	memcpy(part.data, &header, sizeof(header));
	part.data[part.len - 1] = '\0';
	write_seed("btf", "real", NULL, part.data, part.len);
	free(part.data);
}

int main(int argc, char **argv)
{
	struct kernel_image image;
	struct guest_image *file;
	struct linux_guest lg;
	struct guest guest;

	if (argc != 3)
		ksft_exit_fail_msg("usage: cutouts IMAGE_DIR OUT_DIR\n");
	out_dir = argv[2];
	image_open(argv[1], &file, &guest);
	if (linux_open(&lg, &guest, NULL) ||
	    kernel_copy_image(&lg.kernel, &image))
		ksft_exit_fail_msg("%s\n", lg.error);
	cut_kallsyms(&lg, &image);
	make_kallsyms();
	cut_btf(&lg);
	kernel_image_free(&image);
	linux_close(&lg);
	guest_image_close(file);
	return 0;
}
