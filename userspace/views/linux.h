/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux.h - a Linux guest, understood with no profile
 *
 * What is learned here comes from memory that the guest writes: a view of it says
 * what the guest's kernel would say, and binds nobody who controls that kernel.
 */
#ifndef VMITAP_VIEWS_LINUX_H
#define VMITAP_VIEWS_LINUX_H

#include "kallsyms.h"
#include "linux_layout.h"

/**
 * struct linux_options - what is given instead of found; all may be NULL
 * @btf: path of type information
 * @system_map: path of a System.map
 */
struct linux_options {
	const char *btf;
	const char *system_map;
};

/**
 * struct linux_guest - a Linux guest
 * @guest: its state
 * @kernel: where its kernel is; @kernel.paging has the kernel's page tables
 * @btf: type information
 * @symbols: kernel symbols
 * @kallsyms: where they were found; @nr is 0 if they are from a file
 * @layout: members of structures
 * @init_task: address of the first task
 * @init_pid_ns: address of the first PID namespace
 * @banner: as in /proc/version, without the newline
 * @release: as uname -r says
 * @error: what went wrong and what to do, when linux_open() fails
 */
struct linux_guest {
	const struct guest *guest;
	struct kernel kernel;
	struct kernel_btf btf;
	struct symbols symbols;
	struct kallsyms kallsyms;
	struct linux_layout layout;
	uint64_t init_task;
	uint64_t init_pid_ns;
	char banner[512];
	char release[65];
	char error[256];
};

/**
 * linux_open() - find out all that the views of a Linux guest need
 * @lg: result; linux_close() it, whatever this returns
 * @guest: its state, which outlives @lg
 * @options: may be NULL
 *
 * Return: 0, -ENOENT something is not there, -EINVAL something is not as it should
 * be, or another errno; @lg->error says more.
 */
int linux_open(struct linux_guest *lg, const struct guest *guest,
	       const struct linux_options *options);
void linux_close(struct linux_guest *lg);

#endif /* VMITAP_VIEWS_LINUX_H */
