// SPDX-License-Identifier: GPL-2.0-only
/*
 * btf.c - layouts of the guest kernel's structures
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "btf.h"

/* A kernel's type information has some megabytes. */
#define BTF_MIN_TYPES	4096
#define BTF_MAX_BYTES	(128u << 20)

/*
 * To parse what is none costs two copies of it, and a guest can make any number of
 * headers: so many are believed, and so many bytes of all of them together.
 */
#define BTF_MAX_TRIES	16
#define BTF_MAX_COPIED	BTF_MAX_BYTES

/* For one member looked up: anonymous members within each other, and all. */
#define MAX_DEPTH	16
#define MAX_VISITS	200000

/* The header; kernels may have more after it, as hdr_len says. */
struct blob {
	const uint8_t *types;
	const uint8_t *strings;
	struct btf_header header;
};

/* Whether what begins at @at, with @left bytes after it, can be BTF. */
static bool check_header(const uint8_t *at, size_t left, struct blob *blob)
{
	struct btf_header *header = &blob->header;
	uint64_t end;

	if (left < sizeof(*header))
		return false;
	memcpy(header, at, sizeof(*header));
	if (header->magic != BTF_MAGIC || header->version != BTF_VERSION ||
	    header->flags || header->hdr_len < sizeof(*header) ||
	    header->hdr_len > 256 || header->hdr_len % 4 ||
	    header->type_off % 4 || header->type_len % 4 ||
	    header->type_len < BTF_MIN_TYPES || header->str_len < 2)
		return false;
	end = (uint64_t)header->type_off + header->type_len;
	if (header->str_off < end)
		return false;
	end = (uint64_t)header->hdr_len + header->str_off + header->str_len;
	if (end > left || end > BTF_MAX_BYTES)
		return false;
	blob->types = at + header->hdr_len + header->type_off;
	blob->strings = at + header->hdr_len + header->str_off;
	return !blob->strings[0] && !blob->strings[header->str_len - 1];
}

static int ignore_message(enum libbpf_print_level level, const char *fmt,
			  va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

/* In the form in which it is parsed. */
static uint32_t blob_bytes(const struct blob *blob)
{
	return sizeof(blob->header) + blob->header.type_len + blob->header.str_len;
}

/*
 * Parse with libbpf, in the one form of BTF that every version of it takes: types
 * and strings directly after the shortest header.
 */
static struct btf *parse(const struct blob *blob, uint32_t bytes)
{
	struct btf_header header = blob->header;
	libbpf_print_fn_t print;
	struct btf *btf;
	uint8_t *data;

	header.hdr_len = sizeof(header);
	header.type_off = 0;
	header.str_off = header.type_len;
	data = malloc(bytes);
	if (!data)
		return NULL;
	memcpy(data, &header, sizeof(header));
	memcpy(data + sizeof(header), blob->types, header.type_len);
	memcpy(data + sizeof(header) + header.type_len, blob->strings,
	       header.str_len);
	/* That the guest's bytes are no BTF is a finding, nothing to print. */
	print = libbpf_set_print(ignore_message);
	btf = btf__new(data, bytes);
	libbpf_set_print(print);
	free(data);
	return btf;
}

/* The kernel itself is what has tasks. */
static bool is_kernel(struct kernel_btf *btf, const struct blob *blob)
{
	btf->bytes = blob_bytes(blob);
	btf->btf = parse(blob, btf->bytes);
	if (btf->btf && btf__find_by_name_kind(btf->btf, "task_struct",
					       BTF_KIND_STRUCT) > 0)
		return true;
	kernel_btf_free(btf);
	return false;
}

int kernel_btf_find(struct kernel_btf *btf, const struct kernel_image *image)
{
	static const uint8_t magic[] = { 0x9f, 0xeb, BTF_VERSION, 0 };
	const uint8_t *at = image->data, *end = image->data + image->bytes;
	uint32_t tries = BTF_MAX_TRIES, left = BTF_MAX_COPIED;
	struct blob blob;

	memset(btf, 0, sizeof(*btf));
	while (tries && (at = memmem(at, end - at, magic, sizeof(magic)))) {
		/* What is too large for the rest leaves it to smaller ones. */
		if (check_header(at, end - at, &blob) &&
		    blob_bytes(&blob) <= left) {
			if (is_kernel(btf, &blob)) {
				btf->gva = image->base + (at - image->data);
				return 0;
			}
			left -= blob_bytes(&blob);
			tries--;
		}
		at += sizeof(magic);
	}
	return -ENOENT;
}

int kernel_btf_load(struct kernel_btf *btf, const char *path)
{
	const void *data;

	memset(btf, 0, sizeof(*btf));
	btf->btf = btf__parse(path, NULL);
	if (!btf->btf)
		return -errno;
	data = btf__raw_data(btf->btf, &btf->bytes);
	if (!data) {
		kernel_btf_free(btf);
		return -ENOMEM;
	}
	return 0;
}

void kernel_btf_free(struct kernel_btf *btf)
{
	btf__free(btf->btf);
	memset(btf, 0, sizeof(*btf));
}

/* A search for one member, with what bounds it. */
struct search {
	const struct btf *btf;
	const char *name;
	size_t len;
	unsigned int visits;
};

/* Type without typedefs and qualifiers; NULL if it is none or goes in circles. */
static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	unsigned int depth = 0;

	while (type && (btf_is_mod(type) || btf_is_typedef(type))) {
		if (++depth > MAX_DEPTH)
			return NULL;
		type = btf__type_by_id(btf, type->type);
	}
	return type;
}

static bool name_is(const struct search *search, uint32_t offset)
{
	const char *name = btf__name_by_offset(search->btf, offset);

	return name && !strncmp(name, search->name, search->len) &&
	       !name[search->len];
}

/*
 * Find a member in a structure or in the anonymous ones in it.  The result is its
 * type's ID, and its offset in bits is added to @bits.
 */
static int find_member(struct search *search, const struct btf_type *type,
		       uint64_t *bits, unsigned int depth)
{
	const struct btf_member *member = btf_members(type);
	unsigned int i, nr = btf_vlen(type);
	const struct btf_type *inner;
	uint64_t inner_bits;
	int id;

	if (depth > MAX_DEPTH)
		return -E2BIG;
	for (i = 0; i < nr; i++, member++) {
		if (++search->visits > MAX_VISITS)
			return -E2BIG;
		if (member->name_off) {
			if (!name_is(search, member->name_off))
				continue;
			if (btf_member_bitfield_size(type, i))
				return -EINVAL;
			*bits += btf_member_bit_offset(type, i);
			return member->type;
		}
		inner = resolve(search->btf, member->type);
		if (!inner || !btf_is_composite(inner))
			continue;
		inner_bits = *bits + btf_member_bit_offset(type, i);
		id = find_member(search, inner, &inner_bits, depth + 1);
		if (id != -ENOENT) {
			*bits = inner_bits;
			return id;
		}
	}
	return -ENOENT;
}

/* Size of a type and, if it is an array, the number of its elements. */
static int measure(const struct btf *btf, uint32_t id, struct btf_field *field)
{
	const struct btf_type *type = resolve(btf, id);
	uint64_t elements = 1;
	unsigned int depth = 0;
	int64_t bytes;

	while (type && btf_is_array(type)) {
		elements *= btf_array(type)->nelems;
		if (++depth > MAX_DEPTH || elements > UINT32_MAX)
			return -E2BIG;
		id = btf_array(type)->type;
		type = resolve(btf, id);
	}
	if (!type)
		return -EINVAL;
	bytes = btf_is_ptr(type) ? 8 : btf__resolve_size(btf, id);
	if (bytes < 0)
		return -EINVAL;
	field->bytes = bytes;
	field->elements = elements;
	return 0;
}

static const struct btf_type *find_struct(const struct btf *btf,
					  const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, id) : NULL;
}

int kernel_btf_field(const struct kernel_btf *btf, const char *path,
		     struct btf_field *field)
{
	struct search search = { .btf = btf->btf };
	const struct btf_type *type;
	uint64_t bits = 0;
	char name[64];
	int id = -EINVAL;

	search.len = strcspn(path, ".");
	if (!search.len || search.len >= sizeof(name) || !path[search.len])
		return -EINVAL;
	memcpy(name, path, search.len);
	name[search.len] = '\0';
	type = find_struct(btf->btf, name);
	if (!type)
		return -ENOENT;
	for (path += search.len; *path == '.'; path += search.len) {
		search.name = ++path;
		search.len = strcspn(path, ".");
		if (!type || !btf_is_composite(type) || !search.len)
			return -EINVAL;
		id = find_member(&search, type, &bits, 0);
		if (id < 0)
			return id;
		type = resolve(btf->btf, id);
	}
	if (bits % 8 || bits / 8 > UINT32_MAX)
		return -EINVAL;
	field->offset = bits / 8;
	return measure(btf->btf, id, field);
}

int kernel_btf_size(const struct kernel_btf *btf, const char *name,
		    uint32_t *bytes)
{
	const struct btf_type *type = find_struct(btf->btf, name);

	if (!type)
		return -ENOENT;
	*bytes = type->size;
	return 0;
}
