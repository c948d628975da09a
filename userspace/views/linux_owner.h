/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux_owner.h - which process of a Linux guest page tables are of, by no list
 */
#ifndef VMITAP_VIEWS_LINUX_OWNER_H
#define VMITAP_VIEWS_LINUX_OWNER_H

#include "linux_tasks.h"

/* Whether the guest's kernel knows that.  If not, @why says what it lacks. */
bool linux_owner_known(const struct linux_guest *lg, const char **why);

/**
 * linux_owner() - the process that has an address space
 * @lg: Linux guest
 * @root: page tables, guest-physical; with page-table isolation either half
 * @task: result, the first thread of the process, with the kernel's half in @pgd
 *
 * The page of the top table has a struct page, which leads to the mm_struct, which
 * leads to a task.  Each must lead back.  One that is being forked and has not run yet
 * is none, nor is one that has begun to exit: whoever is found is in the kernel's
 * lists, or was taken out of them.
 *
 * Return: 0, -ENOENT if there is none, or -ENOMEM.
 */
int linux_owner(struct linux_guest *lg, uint64_t root, struct linux_task *task);

#endif /* VMITAP_VIEWS_LINUX_OWNER_H */
