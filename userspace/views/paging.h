/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * paging.h - guest-virtual memory, by the guest's own page tables
 */
#ifndef VMITAP_VIEWS_PAGING_H
#define VMITAP_VIEWS_PAGING_H

#include "guest.h"

#define PAGING_CACHE_ENTRIES	64

enum paging_mode {
	PAGING_OFF,
	PAGING_32BIT,
	PAGING_PAE,
	PAGING_4LEVEL,
	PAGING_5LEVEL,
};

/**
 * struct paging_page - what an address translates to
 * @gpa: guest-physical address of the byte, not of the page
 * @bytes: size of the page, a power of two; when nothing is mapped, of the hole
 *	that the missing entry leaves
 * @writable: as all levels together allow
 * @user: likewise
 * @executable: likewise
 */
struct paging_page {
	uint64_t gpa;
	uint64_t bytes;
	bool writable;
	bool user;
	bool executable;
};

/* A page seen; @bytes 0 is a free entry. */
struct paging_cached {
	uint64_t gva;
	struct paging_page page;
};

/**
 * struct paging - an address space
 * @guest: whose
 * @mode: kind of page tables
 * @root: guest-physical address of the top table
 * @large: 4 MiB pages of 32-bit tables are on
 * @pinned: entry of the top table that is known, 0 for none
 * @pinned_index: which one
 * @cache: by page number, small pages and large ones
 *
 * Not for several threads at once.  The cache keeps what was true when it was
 * read: paging_flush() whenever the guest may have run.
 */
struct paging {
	const struct guest *guest;
	enum paging_mode mode;
	uint64_t root;
	bool large;
	uint64_t pinned;
	unsigned int pinned_index;
	struct paging_cached cache[2][PAGING_CACHE_ENTRIES];
};

/*
 * The address behind a page, or behind the hole that paging_translate() found.  Never
 * below @gva: of the last page it is the last address.
 */
static inline uint64_t paging_behind(uint64_t gva, const struct paging_page *page)
{
	uint64_t last = gva | (page->bytes - 1);

	return last == UINT64_MAX ? last : last + 1;
}

/* The address space that a vCPU with these registers uses. */
void paging_init(struct paging *paging, const struct guest *guest,
		 const struct guest_regs *regs);

/* The same kind of page tables, with another top table, of which nothing is pinned. */
void paging_set_root(struct paging *paging, uint64_t root);

/**
 * paging_pin() - read one entry of the top table for good
 * @paging: address space
 * @gva: an address below that entry
 *
 * The top table of a process is freed when that ends.  What its entries lead to is not
 * where a kernel has tables that all processes share: with that entry pinned, addresses
 * below it are translated as long as the kernel runs.
 *
 * Return: 0, or an error of paging_translate(), with nothing pinned.
 */
int paging_pin(struct paging *paging, uint64_t gva);

void paging_flush(struct paging *paging);

/**
 * paging_translate() - guest-virtual to guest-physical
 * @paging: address space
 * @gva: address
 * @page: result; @bytes is set even when nothing is mapped
 *
 * Return: 0, -EFAULT nothing is mapped, -EINVAL an address that this kind of page
 * tables cannot have, -EIO a page table that cannot be read.
 */
int paging_translate(struct paging *paging, uint64_t gva,
		     struct paging_page *page);

/* Read guest-virtual memory.  Return: 0, or an error of paging_translate(). */
int paging_read(struct paging *paging, uint64_t gva, void *buf, size_t len);
int paging_read_u32(struct paging *paging, uint64_t gva, uint32_t *val);
int paging_read_u64(struct paging *paging, uint64_t gva, uint64_t *val);

/**
 * paging_read_string() - read a string up to its NUL, or what fits
 *
 * Always terminates @buf.  Return: length, or an error of paging_translate() if
 * not even one byte could be read.
 */
int paging_read_string(struct paging *paging, uint64_t gva, char *buf,
		       size_t size);

#endif /* VMITAP_VIEWS_PAGING_H */
