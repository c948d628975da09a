/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * btf.h - layouts of the guest kernel's structures
 *
 * From the type information (BTF) that a kernel has in its own memory, or from a
 * file.  The kernel's is not to be trusted: everything about it is checked, and
 * every search is bounded.
 */
#ifndef VMITAP_VIEWS_BTF_H
#define VMITAP_VIEWS_BTF_H

#include "kernel.h"

struct btf;

/**
 * struct kernel_btf - type information
 * @btf: parsed
 * @gva: where in the guest it is, 0 if from a file
 * @bytes: size
 */
struct kernel_btf {
	struct btf *btf;
	uint64_t gva;
	uint32_t bytes;
};

/**
 * struct btf_field - a member of a structure
 * @offset: in bytes, from the start of the outermost structure
 * @bytes: size; of an element if it is an array
 * @elements: 1 if it is no array
 */
struct btf_field {
	uint32_t offset;
	uint32_t bytes;
	uint32_t elements;
};

/*
 * Find the BTF in the image.  Return: 0, or -ENOENT if there is none, or if it comes
 * after more that looks like it than any kernel has.
 */
int kernel_btf_find(struct kernel_btf *btf, const struct kernel_image *image);

/* Take a file instead: raw BTF, or an ELF file with a .BTF section. */
int kernel_btf_load(struct kernel_btf *btf, const char *path);

void kernel_btf_free(struct kernel_btf *btf);

/**
 * kernel_btf_field() - where a member is
 * @btf: type information
 * @path: structure and members, for example "task_struct.tasks.next"; members of
 *	anonymous structures and unions are members of what has these
 * @field: result
 *
 * Return: 0, -ENOENT no such structure or member, -EINVAL not a path, a pointer
 * followed, or a bit-field, -E2BIG types too deep or too many to be a kernel's.
 */
int kernel_btf_field(const struct kernel_btf *btf, const char *path,
		     struct btf_field *field);

/* Size of a structure; the same errors. */
int kernel_btf_size(const struct kernel_btf *btf, const char *name,
		    uint32_t *bytes);

#endif /* VMITAP_VIEWS_BTF_H */
