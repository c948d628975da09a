// SPDX-License-Identifier: GPL-2.0-only
/*
 * paging.c - guest-virtual memory, by the guest's own page tables
 *
 * After the processor manuals: AMD64 Architecture Programmer's Manual, volume 2,
 * "Page Translation and Protection".
 */
#include <errno.h>
#include <string.h>

#include "paging.h"

#define CR0_PG		(1ULL << 31)
#define CR4_PSE		(1ULL << 4)
#define CR4_PAE		(1ULL << 5)
#define CR4_LA57	(1ULL << 12)
#define EFER_LMA	(1ULL << 10)

#define PTE_PRESENT	(1ULL << 0)
#define PTE_WRITABLE	(1ULL << 1)
#define PTE_USER	(1ULL << 2)
#define PTE_LARGE	(1ULL << 7)
#define PTE_NX		(1ULL << 63)
#define PTE_ADDRESS	0x000ffffffffff000ULL

/* Pages of this size and more go to the second half of the cache. */
#define LARGE_SHIFT	21

/* A kind of page tables: shift of each level, the top one first. */
struct paging_format {
	unsigned int levels;
	unsigned int shift[5];
	unsigned int entry_bytes;
	unsigned int address_bits;
};

static const struct paging_format formats[] = {
	[PAGING_32BIT]	= { 2, { 22, 12 }, 4, 32 },
	[PAGING_PAE]	= { 3, { 30, 21, 12 }, 8, 32 },
	[PAGING_4LEVEL]	= { 4, { 39, 30, 21, 12 }, 8, 48 },
	[PAGING_5LEVEL]	= { 5, { 48, 39, 30, 21, 12 }, 8, 57 },
};

void paging_init(struct paging *paging, const struct guest *guest,
		 const struct guest_regs *regs)
{
	memset(paging, 0, sizeof(*paging));
	paging->guest = guest;
	paging->large = regs->cr4 & CR4_PSE;
	if (!(regs->cr0 & CR0_PG))
		paging->mode = PAGING_OFF;
	else if (regs->efer & EFER_LMA)
		paging->mode = regs->cr4 & CR4_LA57 ? PAGING_5LEVEL :
						      PAGING_4LEVEL;
	else if (regs->cr4 & CR4_PAE)
		paging->mode = PAGING_PAE;
	else
		paging->mode = PAGING_32BIT;
	paging_set_root(paging, regs->cr3);
}

void paging_set_root(struct paging *paging, uint64_t root)
{
	if (paging->mode == PAGING_PAE)
		paging->root = root & 0xffffffe0;
	else if (paging->mode == PAGING_32BIT)
		paging->root = root & 0xfffff000;
	else
		paging->root = root & PTE_ADDRESS;
	paging->pinned = 0;
	paging_flush(paging);
}

void paging_flush(struct paging *paging)
{
	memset(paging->cache, 0, sizeof(paging->cache));
}

static struct paging_cached *cache_entry(struct paging *paging, uint64_t gva,
					 bool large)
{
	unsigned int shift = large ? LARGE_SHIFT : 12;

	return &paging->cache[large][(gva >> shift) % PAGING_CACHE_ENTRIES];
}

static bool cache_lookup(struct paging *paging, uint64_t gva,
			 struct paging_page *page)
{
	const struct paging_cached *entry;
	unsigned int large;

	for (large = 0; large < 2; large++) {
		entry = cache_entry(paging, gva, large);
		if (!entry->page.bytes ||
		    (entry->gva ^ gva) & ~(entry->page.bytes - 1))
			continue;
		*page = entry->page;
		page->gpa += gva & (page->bytes - 1);
		return true;
	}
	return false;
}

static void cache_insert(struct paging *paging, uint64_t gva,
			 const struct paging_page *page)
{
	struct paging_cached *entry;

	entry = cache_entry(paging, gva, page->bytes >= 1ULL << LARGE_SHIFT);
	entry->gva = gva;
	entry->page = *page;
	entry->page.gpa -= gva & (page->bytes - 1);
}

static bool address_valid(const struct paging_format *format, uint64_t gva)
{
	unsigned int unused = 64 - format->address_bits;

	if (format->address_bits == 32)
		return gva <= UINT32_MAX;
	/* Canonical: the bits above are copies of the highest one in use. */
	return (uint64_t)((int64_t)(gva << unused) >> unused) == gva;
}


/* Whether an entry of this level is a page; -EFAULT for one that cannot be. */
static int is_page(const struct paging *paging, unsigned int shift,
		   uint64_t entry)
{
	if (shift == 12)
		return true;
	if (!(entry & PTE_LARGE))
		return false;
	switch (paging->mode) {
	case PAGING_32BIT:
		return paging->large;
	case PAGING_PAE:
		return shift == 21 ? true : -EFAULT;
	default:
		return shift <= 30 ? true : -EFAULT;
	}
}

static uint64_t page_address(const struct paging *paging, unsigned int shift,
			     uint64_t entry)
{
	uint64_t mask = ~((1ULL << shift) - 1);

	/* A 4 MiB page has address bits 32 to 39 in bits 13 to 20. */
	if (paging->mode == PAGING_32BIT && shift == 22)
		return (entry & 0xffc00000) | (entry & 0x1fe000) << 19;
	return entry & PTE_ADDRESS & mask;
}

static unsigned int entry_index(const struct paging_format *format,
				unsigned int level, uint64_t gva)
{
	unsigned int bits = format->entry_bytes == 4 ? 10 : 9;

	return gva >> format->shift[level] & ((1U << bits) - 1);
}

static int read_entry(const struct paging *paging, uint64_t table,
		      unsigned int level, uint64_t gva, uint64_t *entry)
{
	const struct paging_format *format = &formats[paging->mode];
	unsigned int index = entry_index(format, level, gva);

	*entry = paging->pinned;
	if (!level && *entry && index == paging->pinned_index)
		return 0;
	*entry = 0;
	if (guest_read(paging->guest,
		       table + (uint64_t)index * format->entry_bytes, entry,
		       format->entry_bytes))
		return -EIO;
	return 0;
}

static int walk(struct paging *paging, uint64_t gva, struct paging_page *page)
{
	const struct paging_format *format = &formats[paging->mode];
	uint64_t entry, table = paging->root, allowed = PTE_WRITABLE | PTE_USER;
	unsigned int level, shift;
	bool nx = false;
	int leaf;

	for (level = 0; level < format->levels; level++) {
		shift = format->shift[level];
		page->bytes = 1ULL << shift;
		if (read_entry(paging, table, level, gva, &entry))
			return -EIO;
		if (!(entry & PTE_PRESENT))
			return -EFAULT;
		/* The four entries at the top of PAE have no such bits. */
		if (paging->mode != PAGING_PAE || level)
			allowed &= entry;
		nx |= !!(entry & PTE_NX);
		leaf = is_page(paging, shift, entry);
		if (leaf < 0)
			return leaf;
		if (leaf) {
			page->gpa = page_address(paging, shift, entry) +
				    (gva & (page->bytes - 1));
			page->writable = allowed & PTE_WRITABLE;
			page->user = allowed & PTE_USER;
			page->executable = !nx;
			return 0;
		}
		table = entry & (format->entry_bytes == 4 ? 0xfffff000 :
							    PTE_ADDRESS);
	}
	return -EFAULT;
}

int paging_translate(struct paging *paging, uint64_t gva,
		     struct paging_page *page)
{
	int err;

	memset(page, 0, sizeof(*page));
	page->bytes = 4096;
	if (paging->mode == PAGING_OFF) {
		page->gpa = gva;
		page->writable = page->user = page->executable = true;
		return 0;
	}
	if (!address_valid(&formats[paging->mode], gva))
		return -EINVAL;
	if (cache_lookup(paging, gva, page))
		return 0;
	err = walk(paging, gva, page);
	if (!err)
		cache_insert(paging, gva, page);
	return err;
}

int paging_pin(struct paging *paging, uint64_t gva)
{
	uint64_t entry;

	paging->pinned = 0;
	if (paging->mode == PAGING_OFF)
		return 0;
	if (!address_valid(&formats[paging->mode], gva))
		return -EINVAL;
	if (read_entry(paging, paging->root, 0, gva, &entry))
		return -EIO;
	if (!(entry & PTE_PRESENT))
		return -EFAULT;
	paging->pinned = entry;
	paging->pinned_index = entry_index(&formats[paging->mode], 0, gva);
	return 0;
}

int paging_read(struct paging *paging, uint64_t gva, void *buf, size_t len)
{
	struct paging_page page;
	uint8_t *to = buf;
	uint64_t left;
	size_t part;
	int err;

	if (gva + len < gva)
		return -EINVAL;
	while (len) {
		err = paging_translate(paging, gva, &page);
		if (err)
			return err;
		left = page.bytes - (gva & (page.bytes - 1));
		part = len < left ? len : left;
		if (guest_read(paging->guest, page.gpa, to, part))
			return -EFAULT;
		to += part;
		gva += part;
		len -= part;
	}
	return 0;
}

int paging_read_u32(struct paging *paging, uint64_t gva, uint32_t *val)
{
	return paging_read(paging, gva, val, sizeof(*val));
}

int paging_read_u64(struct paging *paging, uint64_t gva, uint64_t *val)
{
	return paging_read(paging, gva, val, sizeof(*val));
}

int paging_read_string(struct paging *paging, uint64_t gva, char *buf,
		       size_t size)
{
	size_t done = 0, part;
	const char *end;
	int err;

	while (done < size - 1) {
		part = 4096 - gva % 4096;
		if (part > size - 1 - done)
			part = size - 1 - done;
		err = paging_read(paging, gva, buf + done, part);
		if (err) {
			buf[done] = '\0';
			return done ? (int)done : err;
		}
		end = memchr(buf + done, '\0', part);
		if (end)
			return end - buf;
		done += part;
		gva += part;
	}
	buf[done] = '\0';
	return done;
}
