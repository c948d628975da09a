// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_owner.c - which process of a Linux guest page tables are of, by no list
 *
 * The kernel goes this way itself: from the page of a top table to its mm_struct when
 * it changes mappings of its own in all of them, and from there to the task when it
 * accounts memory.
 */
#include <errno.h>
#include <string.h>

#include "linux_owner.h"
#include "roots.h"

/* A task that begins to exit; and one from its copy on until it may first run. */
#define PF_EXITING	0x00000004
#define TASK_NEW	0x00000800

bool linux_owner_known(const struct linux_guest *lg, const char **why)
{
	uint64_t gva;

	if (!lg->layout.mm_owner.elements)
		*why = "the kernel has no owners of address spaces";
	else if (!lg->layout.page_mm.elements)
		*why = "the kernel has no address spaces of page tables";
	else if (symbols_address(&lg->symbols, "vmemmap_base", &gva))
		*why = "the kernel's symbols lack vmemmap_base";
	else
		return true;
	return false;
}

/* The mm_struct that has these page tables. */
static int find_mm(struct linux_guest *lg, uint64_t root, uint64_t *mm)
{
	const struct linux_layout *layout = &lg->layout;
	struct paging *paging = &lg->kernel.paging;
	uint64_t pages, back;

	if (symbols_address(&lg->symbols, "vmemmap_base", &pages) ||
	    paging_read_u64(paging, pages, &pages) ||
	    paging_read_u64(paging, pages + (root >> 12) * layout->page_bytes +
			    layout->page_mm.offset, mm) ||
	    linux_mm_root(lg, *mm, &back) || back != root)
		return -ENOENT;
	return 0;
}

/* Both are set from the copy of a task on, or from an exit, to its end. */
static bool is_between(const struct linux_task *task)
{
	return task->flags & PF_EXITING || task->state & TASK_NEW;
}

int linux_owner(struct linux_guest *lg, uint64_t root, struct linux_task *task)
{
	uint64_t mm, owner;
	int err;

	memset(task, 0, sizeof(*task));
	err = find_mm(lg, root, &mm);
	/* With page-table isolation, the page behind it is that of user mode. */
	if (err && root & ROOTS_USER_HALF) {
		root ^= ROOTS_USER_HALF;
		err = find_mm(lg, root, &mm);
	}
	if (err)
		return err;
	if (paging_read_u64(&lg->kernel.paging, mm + lg->layout.mm_owner.offset,
			    &owner) || !owner)
		return -ENOENT;
	err = linux_task_read(lg, task, owner);
	if (err)
		return err == -EFAULT ? -ENOENT : err;
	if (task->mm != mm || task->kthread || is_between(task))
		return -ENOENT;
	if (task->leader == owner)
		return 0;
	/* The first thread may have ended, but is what the process is known by. */
	err = linux_task_read(lg, task, task->leader);
	if (err)
		return err == -EFAULT ? -ENOENT : err;
	task->pgd = root;
	return task->pid == task->tgid ? 0 : -ENOENT;
}
