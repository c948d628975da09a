// SPDX-License-Identifier: GPL-2.0-only
/*
 * paging_test.c - all kinds of page tables, made by hand
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "paging.h"

#define MEMORY_BYTES	(1u << 20)

#define CR0_PG		(1ULL << 31)
#define CR4_PSE		(1ULL << 4)
#define CR4_PAE		(1ULL << 5)
#define CR4_LA57	(1ULL << 12)
#define EFER_LMA	(1ULL << 10)

#define P		0x1ULL
#define RW		0x2ULL
#define US		0x4ULL
#define PS		0x80ULL
#define NX		(1ULL << 63)

/* Tables at these addresses, and the data pages. */
#define L5		0x1000
#define L4		0x2000
#define L3		0x3000
#define L2		0x4000
#define L1		0x5000
#define DATA		0x10000

static uint8_t *memory;
static unsigned int nr_reads;

static int buffer_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	(void)arg;
	nr_reads++;
	if (gpa > MEMORY_BYTES || len > MEMORY_BYTES - gpa)
		return -EFAULT;
	memcpy(buf, memory + gpa, len);
	return 0;
}

static const struct guest_ops buffer_ops = { .read = buffer_read };
static const struct guest guest = { .ops = &buffer_ops };

static void put64(uint64_t table, unsigned int index, uint64_t entry)
{
	memcpy(memory + table + index * 8, &entry, 8);
}

static void put32(uint64_t table, unsigned int index, uint32_t entry)
{
	memcpy(memory + table + index * 4, &entry, 4);
}

static bool goes_to(struct paging *paging, uint64_t gva, uint64_t gpa,
		    uint64_t bytes)
{
	struct paging_page page;
	int i;

	/* The second time from the cache. */
	for (i = 0; i < 2; i++)
		if (paging_translate(paging, gva, &page) || page.gpa != gpa ||
		    page.bytes != bytes)
			return false;
	return true;
}

static bool fails(struct paging *paging, uint64_t gva, int err, uint64_t bytes)
{
	struct paging_page page;

	return paging_translate(paging, gva, &page) == err &&
	       page.bytes == bytes;
}

static void test_long_mode(void)
{
	struct guest_regs regs = { .cr0 = CR0_PG, .cr3 = L4 | 0x18,
				   .cr4 = CR4_PAE, .efer = EFER_LMA };
	uint64_t top = 0xffff800000000000ULL;
	struct paging_page page;
	struct paging paging;

	memset(memory, 0, MEMORY_BYTES);
	put64(L4, 256, L3 | P | RW | US);
	put64(L3, 0, L2 | P | RW | US);
	put64(L3, 1, 0x40000000 | P | RW | PS | NX);
	put64(L2, 0, L1 | P | US);
	put64(L2, 1, 0x600000 | P | RW | US | PS);
	put64(L1, 0, DATA | P | RW | US);
	put64(L1, 1, (DATA + 0x3000) | P | RW);
	put64(L4, 300, (1ULL << 40) | P);
	put64(L4, 301, L3 | P | PS);
	paging_init(&paging, &guest, &regs);
	ksft_test_result(paging.mode == PAGING_4LEVEL && paging.root == L4,
			 "four levels\n");
	ksft_test_result(goes_to(&paging, top + 0x123, DATA + 0x123, 4096),
			 "page of 4 KiB\n");
	ksft_test_result(goes_to(&paging, top + 0x212345, 0x612345, 2 << 20),
			 "page of 2 MiB\n");
	ksft_test_result(goes_to(&paging, top + 0x40000000 + 0x12345678,
				 0x40000000 + 0x12345678, 1 << 30),
			 "page of 1 GiB\n");
	paging_translate(&paging, top, &page);
	ksft_test_result(!page.writable && page.user && page.executable,
			 "read-only if one level says so\n");
	paging_translate(&paging, top + 0x40000000, &page);
	ksft_test_result(page.writable && !page.user && !page.executable,
			 "no execution if one level says so\n");
	ksft_test_result(fails(&paging, top + 0x2000, -EFAULT, 4096) &&
			 fails(&paging, top + 0x400000, -EFAULT, 2 << 20) &&
			 fails(&paging, top + 0x80000000, -EFAULT, 1 << 30) &&
			 fails(&paging, 0, -EFAULT, 1ULL << 39),
			 "holes, and how large they are\n");
	ksft_test_result(paging_translate(&paging, 1ULL << 47, &page) ==
			 -EINVAL, "not canonical\n");
	ksft_test_result(fails(&paging, top + (44ULL << 39), -EIO, 1 << 30),
			 "a table outside of memory\n");
	ksft_test_result(fails(&paging, top + (45ULL << 39), -EFAULT,
			       1ULL << 39), "no page can be that large\n");
}

static void test_reads(void)
{
	struct guest_regs regs = { .cr0 = CR0_PG, .cr3 = L4, .cr4 = CR4_PAE,
				   .efer = EFER_LMA };
	uint64_t top = 0xffff800000000000ULL, val;
	struct paging paging;
	unsigned int before;
	char buf[64];

	paging_init(&paging, &guest, &regs);
	memcpy(memory + DATA + 0xffc, "over", 4);
	memcpy(memory + DATA + 0x3000, "pages\0and", 9);
	ksft_test_result(!paging_read(&paging, top + 0xffc, buf, 10) &&
			 !memcmp(buf, "overpages", 10),
			 "read over pages that are apart\n");
	ksft_test_result(paging_read_string(&paging, top + 0xffc, buf,
					    sizeof(buf)) == 9 &&
			 !strcmp(buf, "overpages"), "string over pages\n");
	ksft_test_result(paging_read_string(&paging, top + 0xffc, buf, 5) == 4 &&
			 !strcmp(buf, "over"), "string cut to what fits\n");
	memset(memory + DATA + 0x3ff0, 'x', 16);
	ksft_test_result(paging_read_string(&paging, top + 0x1ff0, buf,
					    sizeof(buf)) == 16 &&
			 strlen(buf) == 16, "string into a hole\n");
	ksft_test_result(paging_read_string(&paging, top + 0x2000, buf,
					    sizeof(buf)) == -EFAULT,
			 "string in a hole\n");
	ksft_test_result(paging_read(&paging, top + 0x1ffc, buf, 8) == -EFAULT,
			 "read into a hole\n");
	ksft_test_result(paging_read(&paging, UINT64_MAX - 3, buf, 8) ==
			 -EINVAL, "read over the end\n");
	/* Only as long as nothing is flushed. */
	paging_read_u64(&paging, top, &val);
	put64(L1, 0, (DATA + 0x5000) | P);
	before = nr_reads;
	paging_read_u64(&paging, top, &val);
	ksft_test_result(nr_reads == before + 1, "a translation is kept\n");
	paging_flush(&paging);
	ksft_test_result(goes_to(&paging, top, DATA + 0x5000, 4096),
			 "and not after a flush\n");
}

static void test_five_levels(void)
{
	struct guest_regs regs = { .cr0 = CR0_PG, .cr3 = L5,
				   .cr4 = CR4_PAE | CR4_LA57, .efer = EFER_LMA };
	uint64_t top = 0xff00000000000000ULL;
	struct paging_page page;
	struct paging paging;

	memset(memory, 0, MEMORY_BYTES);
	put64(L5, 256, L4 | P);
	put64(L5, 1, L4 | P);
	put64(L4, 0, L3 | P);
	put64(L3, 0, L2 | P);
	put64(L2, 0, L1 | P);
	put64(L1, 0, DATA | P);
	paging_init(&paging, &guest, &regs);
	ksft_test_result(paging.mode == PAGING_5LEVEL &&
			 goes_to(&paging, top + 8, DATA + 8, 4096) &&
			 goes_to(&paging, 1ULL << 48, DATA, 4096),
			 "five levels\n");
	ksft_test_result(fails(&paging, 2ULL << 48, -EFAULT, 1ULL << 48) &&
			 paging_translate(&paging, 1ULL << 56, &page) ==
			 -EINVAL, "five levels: hole and limit\n");
	/* A table that is its own entry ends at the last level all the same. */
	put64(L5, 511, L5 | P);
	ksft_test_result(goes_to(&paging, UINT64_MAX, L5 + 0xfff, 4096),
			 "a table within itself\n");
}

static void test_pae(void)
{
	struct guest_regs regs = { .cr0 = CR0_PG, .cr3 = L3 + 0x20,
				   .cr4 = CR4_PAE };
	struct paging_page page;
	struct paging paging;

	memset(memory, 0, MEMORY_BYTES);
	/* Entries of the top level have neither write nor user bit. */
	put64(L3 + 0x20, 3, L2 | P);
	put64(L2, 0, L1 | P | RW | US);
	put64(L2, 1, 0x1200000000 | P | RW | PS);
	put64(L1, 1, 0x1234567000 | P | RW | US);
	paging_init(&paging, &guest, &regs);
	ksft_test_result(paging.mode == PAGING_PAE &&
			 goes_to(&paging, 0xc0001004, 0x1234567004, 4096) &&
			 goes_to(&paging, 0xc0200004, 0x1200000004, 2 << 20),
			 "PAE\n");
	paging_translate(&paging, 0xc0001000, &page);
	ksft_test_result(page.writable && page.user, "PAE: rights\n");
	ksft_test_result(fails(&paging, 0, -EFAULT, 1 << 30) &&
			 paging_translate(&paging, 1ULL << 32, &page) ==
			 -EINVAL, "PAE: hole and limit\n");
}

static void test_32bit(void)
{
	struct guest_regs regs = { .cr0 = CR0_PG, .cr3 = L2, .cr4 = CR4_PSE };
	struct paging paging;

	memset(memory, 0, MEMORY_BYTES);
	put32(L2, 768, L1 | P | RW);
	/* Bits 13 to 20 are address bits 32 to 39. */
	put32(L2, 769, 0x00c00000 | 5 << 13 | PS | P);
	put32(L1, 2, DATA | P);
	paging_init(&paging, &guest, &regs);
	ksft_test_result(paging.mode == PAGING_32BIT &&
			 goes_to(&paging, 0xc0002010, DATA + 0x10, 4096) &&
			 goes_to(&paging, 0xc0400010, 0x500c00010, 4 << 20),
			 "32 bits\n");
	put32(L2, 769, L1 | PS | P);
	regs.cr4 = 0;
	paging_init(&paging, &guest, &regs);
	ksft_test_result(goes_to(&paging, 0xc0402010, DATA + 0x10, 4096),
			 "32 bits, large pages off\n");
	regs.cr0 = 0;
	paging_init(&paging, &guest, &regs);
	ksft_test_result(paging.mode == PAGING_OFF &&
			 goes_to(&paging, DATA, DATA, 4096), "paging off\n");
}

int main(void)
{
	memory = calloc(1, MEMORY_BYTES);
	ksft_print_header();
	ksft_set_plan(28);
	test_long_mode();
	test_reads();
	test_five_levels();
	test_pae();
	test_32bit();
	free(memory);
	ksft_finished();
}
