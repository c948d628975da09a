/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - the BPF program that --filter names
 */
#ifndef VMITAP_CLI_FILTER_H
#define VMITAP_CLI_FILTER_H

#include <stdint.h>

struct bpf_object;
struct options;

/**
 * struct filter - a loaded program
 * @fd: of the program, -1 if there is none
 * @obj: the object it was loaded from, NULL if it was pinned
 */
struct filter {
	int fd;
	struct bpf_object *obj;
};

/*
 * Get the program of --filter and set the entries of --filter-map; @tsc_khz
 * stands for the word "tsc" in them.  Return: EXIT_OK, with @filter->fd -1 if no
 * --filter was given, else EXIT_FILTER or EXIT_USAGE, reported.
 */
int filter_open(struct filter *filter, const struct options *opts,
		uint32_t tsc_khz);
void filter_close(struct filter *filter);

#endif /* VMITAP_CLI_FILTER_H */
