// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.c - where a Linux kernel is in a guest's memory
 *
 * The hardware enters the kernel where LSTAR (system calls) and the IDT
 * (exceptions) say.  Linux maps its image once, at one distance between virtual
 * and physical addresses, in a gigabyte of its own: all pages in it at the
 * distance that the entry point has are the image.  Nothing outside of it is
 * searched.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define CR0_PG		(1ULL << 31)
#define EFER_LMA	(1ULL << 10)

/*
 * With page-table isolation the top tables of a process are two pages, aligned to
 * their size: the kernel's, then the user's.
 */
#define CR3_PTI_USER	(1ULL << 12)

/* Times that registers are asked for. */
#define KERNEL_TRIES	3

#define IDT_PAGE_FAULT	14
#define IDT_GATE_BYTES	16

#define BANNER		"Linux version "

struct image_extent {
	uint64_t start;
	uint64_t end;
	uint64_t mapped;
};

static bool in_kernel_map(uint64_t gva)
{
	return gva >= KERNEL_MAP_START && gva < KERNEL_MAP_END;
}

/* All pages at the same distance from their physical addresses as @entry is. */
static int measure_image(struct paging *paging, uint64_t entry,
			 struct image_extent *extent)
{
	struct paging_page page;
	uint64_t gva, distance;
	int err;

	memset(extent, 0, sizeof(*extent));
	err = paging_translate(paging, entry, &page);
	if (err)
		return err;
	distance = entry - page.gpa;
	for (gva = KERNEL_MAP_START; gva < KERNEL_MAP_END;
	     gva = paging_behind(gva, &page)) {
		err = paging_translate(paging, gva, &page);
		if (err == -EIO)
			return err;
		if (err || gva - page.gpa != distance)
			continue;
		if (!extent->mapped)
			extent->start = gva;
		extent->end = gva + page.bytes;
		extent->mapped += page.bytes;
	}
	return extent->mapped ? 0 : -ENOENT;
}

/* Where the IDT sends page faults. */
static uint64_t page_fault_entry(struct paging *paging, uint64_t idt)
{
	uint64_t gate[2];

	if (paging_read(paging, idt + IDT_PAGE_FAULT * IDT_GATE_BYTES, gate,
			sizeof(gate)))
		return 0;
	return (gate[0] & 0xffff) | (gate[0] >> 48) << 16 | gate[1] << 32;
}

/*
 * Try one top table and one entry point; keep the one that maps more.  The process whose
 * top table it is may end at any time: the kernel's entry in it is read once.
 */
static void try_root(struct kernel *kernel, const struct guest_regs *regs,
		     uint64_t root, enum kernel_anchor anchor, uint64_t *mapped)
{
	struct paging *paging = &kernel->paging, before = *paging;
	struct image_extent extent;
	struct paging_page page;
	uint64_t entry;

	paging_set_root(paging, root);
	entry = anchor == KERNEL_ANCHOR_LSTAR ? regs->lstar :
		page_fault_entry(paging, regs->idtr_base);
	if (!in_kernel_map(entry) || paging_pin(paging, KERNEL_MAP_START) ||
	    measure_image(paging, entry, &extent) || extent.mapped <= *mapped ||
	    paging_translate(paging, extent.start, &page)) {
		*paging = before;
		return;
	}
	*mapped = extent.mapped;
	kernel->anchor = anchor;
	kernel->entry = entry;
	kernel->text = extent.start;
	kernel->end = extent.end;
	kernel->phys = page.gpa;
}

/*
 * Where LSTAR leads to, in the image.  Before 4.20 it is the address of a second
 * mapping of one of its pages, in the entry area of each CPU.  Pages that the image
 * needed only to start, the kernel may give to a module: they are its code no more.
 */
static uint64_t find_syscall_entry(struct kernel *kernel, uint64_t lstar)
{
	struct paging_page page, own;
	uint64_t entry;

	if (!lstar || paging_translate(&kernel->paging, lstar, &page) ||
	    page.gpa < kernel->phys ||
	    page.gpa - kernel->phys >= kernel->end - kernel->text)
		return 0;
	entry = kernel->text + (page.gpa - kernel->phys);
	if (paging_translate(&kernel->paging, entry, &own) || own.gpa != page.gpa ||
	    !own.executable)
		return 0;
	return entry;
}

/*
 * Both anchors lead to the same image.  If they do not, LSTAR leads to a module, which
 * has less mapped: that is told, and does not blind the view.
 */
static int try_vcpu(struct kernel *kernel, const struct guest *guest,
		    const struct guest_regs *regs)
{
	enum kernel_anchor anchor;
	uint64_t root, mapped = 0;

	/* A nested guest has a kernel of its own, which is not the one looked for. */
	if (regs->nested || !(regs->cr0 & CR0_PG) || !(regs->efer & EFER_LMA))
		return -ENOENT;
	paging_init(&kernel->paging, guest, regs);
	root = kernel->paging.root;
	for (anchor = KERNEL_ANCHOR_LSTAR; anchor <= KERNEL_ANCHOR_IDT;
	     anchor++) {
		try_root(kernel, regs, root & ~CR3_PTI_USER, anchor, &mapped);
		if (root & CR3_PTI_USER)
			try_root(kernel, regs, root, anchor, &mapped);
	}
	if (!mapped)
		return -ENOENT;
	kernel->pti = kernel->paging.root != root;
	kernel->syscall_entry = find_syscall_entry(kernel, regs->lstar);
	kernel->lstar_elsewhere = regs->lstar && !kernel->syscall_entry;
	return 0;
}

static int try_vcpus(struct kernel *kernel, const struct guest *guest)
{
	struct guest_regs regs;
	int nr, vcpu, err, failed = -ENOENT;

	nr = guest_nr_vcpus(guest);
	if (nr < 0)
		return nr;
	for (vcpu = 0; vcpu < nr; vcpu++) {
		err = guest_regs(guest, vcpu, &regs);
		/* It may have been taken out since, or not be there to answer. */
		if (err) {
			failed = failed == -ENOENT ? err : failed;
			continue;
		}
		err = try_vcpu(kernel, guest, &regs);
		if (!err) {
			kernel->vcpu = vcpu;
			return 0;
		}
	}
	return failed;
}

/* A process may end between the registers and the first look at its top table. */
int kernel_find(struct kernel *kernel, const struct guest *guest)
{
	int tries, err = -ENOENT;

	memset(kernel, 0, sizeof(*kernel));
	for (tries = 0; err == -ENOENT && tries < KERNEL_TRIES; tries++)
		err = try_vcpus(kernel, guest);
	return err;
}

int kernel_copy_image(struct kernel *kernel, struct kernel_image *image)
{
	uint64_t distance = kernel->text - kernel->phys;
	uint64_t gva, next, end = kernel->end;
	struct paging_page page;

	if (end - kernel->text > KERNEL_IMAGE_MAX)
		end = kernel->text + KERNEL_IMAGE_MAX;
	image->base = kernel->text;
	image->bytes = end - kernel->text;
	/* Pages that are not mapped stay zero, and cost nothing. */
	image->data = calloc(1, image->bytes);
	if (!image->data)
		return -ENOMEM;
	for (gva = kernel->text; gva < end; gva = next) {
		bool there = !paging_translate(&kernel->paging, gva, &page) &&
			     gva - page.gpa == distance;

		next = paging_behind(gva, &page);
		if (next > end)
			next = end;
		/* What has no memory behind it is a hole as well. */
		if (there)
			guest_read(kernel->paging.guest, page.gpa,
				   image->data + (gva - kernel->text),
				   next - gva);
	}
	return 0;
}

void kernel_image_free(struct kernel_image *image)
{
	free(image->data);
	memset(image, 0, sizeof(*image));
}

bool kernel_image_has(const struct kernel_image *image, uint64_t gva,
		      size_t len)
{
	return gva >= image->base && len <= image->bytes &&
	       gva - image->base <= image->bytes - len;
}

int kernel_find_banner(const struct kernel_image *image, char *buf, size_t size)
{
	const uint8_t *at = image->data, *end = image->data + image->bytes;
	const size_t head = sizeof(BANNER) - 1;
	size_t len;

	while ((at = memmem(at, end - at, BANNER, head))) {
		/* Others of these strings are formats. */
		if ((size_t)(end - at) > head + 1 && isdigit(at[head])) {
			for (len = head; at + len < end && isprint(at[len]); )
				len++;
			if (len > size - 1)
				len = size - 1;
			memcpy(buf, at, len);
			buf[len] = '\0';
			return len;
		}
		at += head;
	}
	return -ENOENT;
}
