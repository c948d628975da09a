/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux_layout.h - members of the Linux structures that views read
 */
#ifndef VMITAP_VIEWS_LINUX_LAYOUT_H
#define VMITAP_VIEWS_LINUX_LAYOUT_H

#include "btf.h"

/**
 * struct linux_layout - where they are
 * @mm_owner: no elements if the kernel does not have it, and
 * @page_mm: likewise
 * @page_bytes: of a struct page
 * @task_lowest: first byte of a task_struct that any of its members here has
 * @task_bytes: bytes from there to behind the last
 */
struct linux_layout {
	struct btf_field task_flags;
	struct btf_field task_tasks;
	struct btf_field task_mm;
	struct btf_field task_pid;
	struct btf_field task_tgid;
	struct btf_field task_real_parent;
	struct btf_field task_thread_node;
	struct btf_field task_pid_links;
	struct btf_field task_start;
	struct btf_field task_cred;
	struct btf_field task_comm;
	struct btf_field task_signal;
	struct btf_field signal_thread_head;
	struct btf_field cred_uid;
	struct btf_field cred_euid;
	struct btf_field mm_pgd;
	struct btf_field pidns_xa_head;
	struct btf_field node_shift;
	struct btf_field node_slots;
	struct btf_field pid_tasks;
	struct btf_field uts_release;
	struct btf_field task_leader;
	struct btf_field task_state;
	struct btf_field mm_owner;
	struct btf_field page_mm;
	uint32_t page_bytes;
	uint32_t task_lowest;
	uint32_t task_bytes;
};

/**
 * linux_layout_init() - look all of them up
 * @layout: result
 * @btf: type information
 * @missing: path of the first that is not as expected
 *
 * Return: 0, or an error of kernel_btf_field(); -EINVAL as well for one that has
 * another size than it can have.
 */
int linux_layout_init(struct linux_layout *layout, const struct kernel_btf *btf,
		      const char **missing);

#endif /* VMITAP_VIEWS_LINUX_LAYOUT_H */
