/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.h - where a Linux kernel is in a guest's memory
 */
#ifndef VMITAP_VIEWS_KERNEL_H
#define VMITAP_VIEWS_KERNEL_H

#include "paging.h"

/* The gigabyte of address space in which x86-64 Linux maps its image. */
#define KERNEL_MAP_START	0xffffffff80000000ULL
#define KERNEL_MAP_END		0xffffffffc0000000ULL

/* Larger images are read up to here. */
#define KERNEL_IMAGE_MAX	(256u << 20)

/* Which register led to the kernel. */
enum kernel_anchor {
	KERNEL_ANCHOR_LSTAR,
	KERNEL_ANCHOR_IDT,
};

/**
 * struct kernel - a kernel located
 * @paging: the kernel's address space
 * @vcpu: the vCPU whose registers were used
 * @anchor: which register
 * @entry: address in kernel text that the register gave
 * @text: start of the image
 * @end: end of its mapping
 * @phys: guest-physical address of @text
 * @syscall_entry: address in the image that LSTAR of this vCPU leads to, 0 if it is
 *	not known or leads elsewhere
 * @pti: page tables of user mode were found, the kernel's are beside them
 * @lstar_elsewhere: LSTAR leads out of the image: system calls are taken by something
 *	else than this kernel
 */
struct kernel {
	struct paging paging;
	unsigned int vcpu;
	enum kernel_anchor anchor;
	uint64_t entry;
	uint64_t text;
	uint64_t end;
	uint64_t phys;
	uint64_t syscall_entry;
	bool pti;
	bool lstar_elsewhere;
};

/**
 * struct kernel_image - copy of the kernel's image
 * @base: guest-virtual address of the first byte
 * @data: the bytes, zero where nothing is mapped
 * @bytes: how many
 *
 * What is looked for in the image is looked for in a copy: a guest that runs
 * cannot change it between a check and its use.
 */
struct kernel_image {
	uint64_t base;
	uint8_t *data;
	size_t bytes;
};

/**
 * kernel_find() - locate the kernel, from registers and page tables alone
 *
 * Return: 0, -ENOENT if no vCPU leads to a kernel that is mapped as x86-64 Linux
 * is, or what the backend says of one that it could not ask.
 */
int kernel_find(struct kernel *kernel, const struct guest *guest);

int kernel_copy_image(struct kernel *kernel, struct kernel_image *image);
void kernel_image_free(struct kernel_image *image);

/* Whether @len bytes at @gva are in the image. */
bool kernel_image_has(const struct kernel_image *image, uint64_t gva,
		      size_t len);

/**
 * kernel_find_banner() - find "Linux version ..." in the image
 *
 * Return: length of the banner without its newline, -ENOENT if there is none:
 * this is no Linux kernel.
 */
int kernel_find_banner(const struct kernel_image *image, char *buf,
		       size_t size);

#endif /* VMITAP_VIEWS_KERNEL_H */
