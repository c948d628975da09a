// SPDX-License-Identifier: GPL-2.0-only
/*
 * btf_test.c - type information made by hand, right and wrong
 *
 * usage: btf_test DIR		a directory for its files
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <kselftest.h>

#include "btf.h"

#define IMAGE_BYTES	(1u << 20)
#define BTF_AT		0x1238
#define LARGE_AT	0x100000

static struct kernel_image image = {
	.base = 0xffffffff81000000ULL, .bytes = IMAGE_BYTES,
};

/*
 *	struct list { struct list *next, *prev; };
 *	struct task_struct {
 *		unsigned int flags;
 *		union { struct { int deep[2][3]; }; long other; };
 *		const list_t tasks;		(list_t is struct list)
 *		int bit : 3;
 *	};
 */
static void add_task_struct(struct btf *btf, int id_int, int id_long)
{
	int id_array, id_struct, id_union, id_list, id_const;

	id_list = btf__add_struct(btf, "list", 16);
	btf__add_field(btf, "next", id_list + 1, 0, 0);
	btf__add_field(btf, "prev", id_list + 1, 64, 0);
	btf__add_ptr(btf, id_list);
	id_const = btf__add_typedef(btf, "list_t", id_list);
	id_const = btf__add_const(btf, id_const);

	id_array = btf__add_array(btf, id_int, id_int, 3);
	id_array = btf__add_array(btf, id_int, id_array, 2);
	id_struct = btf__add_struct(btf, NULL, 24);
	btf__add_field(btf, "deep", id_array, 0, 0);
	id_union = btf__add_union(btf, NULL, 24);
	btf__add_field(btf, NULL, id_struct, 0, 0);
	btf__add_field(btf, "other", id_long, 0, 0);

	btf__add_struct(btf, "task_struct", 64);
	btf__add_field(btf, "flags", id_int, 0, 0);
	btf__add_field(btf, NULL, id_union, 64, 0);
	btf__add_field(btf, "tasks", id_const, 256, 0);
	btf__add_field(btf, "bit", id_int, 384, 3);
}

/* Types that go in circles, as no compiler makes them. */
static void add_hostile(struct btf *btf)
{
	int id, i;

	/* Its next member, without a name, is itself. */
	id = btf__type_cnt(btf);
	btf__add_struct(btf, "self", 8);
	btf__add_field(btf, NULL, id, 0, 0);
	btf__add_field(btf, NULL, id, 0, 0);
	btf__add_field(btf, NULL, id, 0, 0);
	/* Twenty levels of three each. */
	btf__add_struct(btf, "wide", 8);
	for (i = 0; i < 20; i++) {
		id = btf__type_cnt(btf);
		btf__add_field(btf, NULL, id, 0, 0);
		btf__add_field(btf, NULL, id, 0, 0);
		btf__add_field(btf, NULL, id, 0, 0);
		btf__add_struct(btf, NULL, 8);
	}
	id = btf__type_cnt(btf);
	btf__add_typedef(btf, "circle_a", id + 1);
	btf__add_typedef(btf, "circle_b", id);
	btf__add_struct(btf, "uses_circle", 8);
	btf__add_field(btf, "circle", id, 0, 0);
	btf__add_field(btf, "nothing", 1000000, 0, 0);
	btf__add_field(btf, NULL, 1000000, 0, 0);
}

static struct btf *make_btf(void)
{
	struct btf *btf = btf__new_empty();
	int id_int, id_long, i;
	char name[20];

	id_int = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	id_long = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	add_task_struct(btf, id_int, id_long);
	add_hostile(btf);
	/* A kernel has more. */
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "filler%d", i);
		btf__add_typedef(btf, name, id_int);
	}
	return btf;
}

static void expect(const struct kernel_btf *btf, const char *path, int err,
		   uint32_t offset, uint32_t bytes, uint32_t elements)
{
	struct btf_field field = { 0 };
	int got = kernel_btf_field(btf, path, &field);

	if (got != err || (!err && (field.offset != offset ||
				    field.bytes != bytes ||
				    field.elements != elements))) {
		ksft_print_msg("%d: %u %u %u\n", got, field.offset,
			       field.bytes, field.elements);
		ksft_test_result_fail("%s\n", path);
	} else {
		ksft_test_result_pass("%s\n", path);
	}
}

static void test_paths(const struct kernel_btf *btf)
{
	uint32_t bytes = 0;

	expect(btf, "task_struct.flags", 0, 0, 4, 1);
	expect(btf, "task_struct.deep", 0, 8, 4, 6);
	expect(btf, "task_struct.other", 0, 8, 8, 1);
	expect(btf, "task_struct.tasks", 0, 32, 16, 1);
	expect(btf, "task_struct.tasks.prev", 0, 40, 8, 1);
	expect(btf, "task_struct.bit", -EINVAL, 0, 0, 0);
	expect(btf, "task_struct.tasks.next.prev", -EINVAL, 0, 0, 0);
	expect(btf, "task_struct.none", -ENOENT, 0, 0, 0);
	expect(btf, "no_struct.flags", -ENOENT, 0, 0, 0);
	expect(btf, "list_t.next", -ENOENT, 0, 0, 0);
	expect(btf, "task_struct", -EINVAL, 0, 0, 0);
	expect(btf, "task_struct.", -EINVAL, 0, 0, 0);
	expect(btf, "task_struct..tasks", -EINVAL, 0, 0, 0);
	expect(btf, ".flags", -EINVAL, 0, 0, 0);
	expect(btf, "self.x", -E2BIG, 0, 0, 0);
	expect(btf, "wide.x", -E2BIG, 0, 0, 0);
	expect(btf, "uses_circle.circle", -EINVAL, 0, 0, 0);
	expect(btf, "uses_circle.nothing", -EINVAL, 0, 0, 0);
	expect(btf, "uses_circle.x", -ENOENT, 0, 0, 0);
	ksft_test_result(!kernel_btf_size(btf, "list", &bytes) && bytes == 16 &&
			 kernel_btf_size(btf, "none", &bytes) == -ENOENT,
			 "sizes\n");
}

static void damage(const char *name, size_t offset, uint8_t val, size_t len)
{
	struct kernel_btf btf;
	uint8_t before[64];

	memcpy(before, image.data + BTF_AT + offset, len);
	memset(image.data + BTF_AT + offset, val, len);
	ksft_test_result(kernel_btf_find(&btf, &image) == -ENOENT && !btf.btf,
			 "damage: %s\n", name);
	memcpy(image.data + BTF_AT + offset, before, len);
}

static void test_damage(uint32_t bytes)
{
	struct btf_header *header = (void *)(image.data + BTF_AT);
	struct kernel_btf btf;

	damage("magic", 0, 0, 2);
	damage("version", 2, 9, 1);
	damage("flags", 3, 1, 1);
	damage("header length", 4, 0xff, 4);
	damage("header length 0", 4, 0, 4);
	damage("type offset", 8, 0xff, 4);
	damage("type length", 12, 0xff, 4);
	damage("string offset", 16, 0xff, 4);
	damage("string length", 20, 0xff, 4);
	damage("first string", header->hdr_len + header->str_off, 'x', 1);
	damage("last string", bytes - 1, 'x', 1);
	damage("types", header->hdr_len, 0xff, 16);

	/* An image that ends within it. */
	image.bytes = BTF_AT + bytes - 1;
	ksft_test_result(kernel_btf_find(&btf, &image) == -ENOENT,
			 "image cut by a byte\n");
	image.bytes = BTF_AT + bytes;
	ksft_test_result(!kernel_btf_find(&btf, &image), "image cut after it\n");
	kernel_btf_free(&btf);
	image.bytes = IMAGE_BYTES;
}

/* A header that later kernels have made longer, with the same types after it. */
static void test_long_header(const void *raw, uint32_t bytes)
{
	struct btf_header header;
	struct kernel_btf btf;
	uint8_t *at = image.data + BTF_AT;

	memcpy(&header, raw, sizeof(header));
	header.hdr_len += 8;
	memmove(at + header.hdr_len, (const uint8_t *)raw + sizeof(header),
		bytes - sizeof(header));
	memcpy(at, &header, sizeof(header));
	memset(at + sizeof(header), 0, 8);
	ksft_test_result(!kernel_btf_find(&btf, &image), "longer header\n");
	expect(&btf, "task_struct.tasks", 0, 32, 16, 1);
	kernel_btf_free(&btf);
}

/* Headers before the BTF that could be one's, of types that are none. */
static bool found_behind(unsigned int headers, const void *raw, uint32_t bytes)
{
	const struct btf_header header = {
		.magic = BTF_MAGIC, .version = BTF_VERSION,
		.hdr_len = sizeof(header), .type_len = 8192,
		.str_off = 8192, .str_len = 4,
	};
	struct kernel_btf btf;
	unsigned int i;
	bool found;

	memset(image.data, 0, IMAGE_BYTES);
	for (i = 0; i < headers; i++)
		memcpy(image.data + i * sizeof(header), &header, sizeof(header));
	memcpy(image.data + IMAGE_BYTES / 2, raw, bytes);
	found = !kernel_btf_find(&btf, &image);
	kernel_btf_free(&btf);
	return found;
}

static void test_many(const void *raw, uint32_t bytes)
{
	ksft_test_result(found_behind(15, raw, bytes), "found behind 15 headers\n");
	ksft_test_result(!found_behind(16, raw, bytes) &&
			 !found_behind(10000, raw, bytes),
			 "not looked for behind any number of them\n");
}

/* Strings may be of any size: three of these are more than any kernel has. */
static void test_large(const void *raw, uint32_t bytes)
{
	struct kernel_image large = { .base = image.base, .bytes = 64 << 20 };
	struct btf_header header;
	struct kernel_btf btf;
	uint8_t *last;
	bool found;

	memcpy(&header, raw, sizeof(header));
	header.str_len = 50 << 20;
	large.data = calloc(1, large.bytes);
	last = large.data + LARGE_AT;
	memcpy(last, raw, bytes);
	memcpy(last, &header, sizeof(header));
	found = !kernel_btf_find(&btf, &large);
	kernel_btf_free(&btf);
	/* Without types, before it. */
	memcpy(large.data, &header, sizeof(header));
	memcpy(large.data + 0x100, &header, sizeof(header));
	ksft_test_result(found && kernel_btf_find(&btf, &large) == -ENOENT,
			 "not more copied than a kernel has\n");
	kernel_btf_free(&btf);
	memcpy(last + sizeof(header), (const uint8_t *)raw + sizeof(header),
	       bytes - sizeof(header));
	memcpy(last, raw, sizeof(header));
	ksft_test_result(!kernel_btf_find(&btf, &large) &&
			 btf.gva == large.base + LARGE_AT,
			 "a small one behind large ones\n");
	kernel_btf_free(&btf);
	free(large.data);
}

static void test_file(const char *dir, const void *raw, uint32_t bytes)
{
	struct kernel_btf btf;
	char path[500];
	FILE *file;

	snprintf(path, sizeof(path), "%s/btf", dir);
	file = fopen(path, "we");
	fwrite(raw, 1, bytes, file);
	fclose(file);
	ksft_test_result(!kernel_btf_load(&btf, path) && !btf.gva &&
			 btf.bytes == bytes, "from a file\n");
	expect(&btf, "task_struct.tasks", 0, 32, 16, 1);
	kernel_btf_free(&btf);
	unlink(path);
	ksft_test_result(kernel_btf_load(&btf, path) == -ENOENT,
			 "no such file\n");
}

int main(int argc, char **argv)
{
	struct btf *made = make_btf();
	struct kernel_btf btf;
	const void *raw;
	uint32_t bytes;

	if (argc != 2)
		ksft_exit_fail_msg("usage: btf_test DIR\n");
	image.data = calloc(1, IMAGE_BYTES);
	raw = btf__raw_data(made, &bytes);
	memcpy(image.data + BTF_AT, raw, bytes);
	/* What looks like another before it. */
	memcpy(image.data + 0x100, raw, 24);
	ksft_print_header();
	ksft_set_plan(46);
	ksft_test_result(!kernel_btf_find(&btf, &image) &&
			 btf.gva == image.base + BTF_AT && btf.bytes == bytes,
			 "found in the image\n");
	if (!btf.btf)
		ksft_exit_fail_msg("no BTF\n");
	test_paths(&btf);
	kernel_btf_free(&btf);
	test_damage(bytes);
	test_long_header(raw, bytes);
	test_many(raw, bytes);
	test_large(raw, bytes);
	test_file(argv[1], raw, bytes);
	memset(image.data, 0, IMAGE_BYTES);
	ksft_test_result(kernel_btf_find(&btf, &image) == -ENOENT,
			 "an image of zeros\n");
	image.bytes = 0;
	ksft_test_result(kernel_btf_find(&btf, &image) == -ENOENT,
			 "an empty image\n");
	free(image.data);
	btf__free(made);
	ksft_finished();
}
