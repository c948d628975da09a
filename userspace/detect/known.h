/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * known.h - which processes page tables were of, when a list last had them
 *
 * What is taken out of all lists has been in them before, as a rule.  A page may be
 * another process's since, so this is a hint and no more.
 */
#ifndef VMITAP_DETECT_KNOWN_H
#define VMITAP_DETECT_KNOWN_H

#include "aggregate.h"

/* More are not kept: the guest decides how many there are. */
#define KNOWN_MAX	16384

/**
 * struct known - page tables, and whose they were
 * @root: page tables
 * @tsc: when a list last had the process
 * @pid: of the process
 * @comm: its name
 */
struct known {
	uint64_t root;
	uint64_t tsc;
	uint32_t pid;
	char comm[17];
};

/* struct known_list - them, by @root.  All zero is an empty one. */
struct known_list {
	struct known *list;
	size_t nr;
};

/* Learn from an aggregation.  Return: 0 or -ENOMEM. */
int known_learn(struct known_list *known, const struct aggregate *agg);

const struct known *known_find(const struct known_list *known, uint64_t root);

void known_free(struct known_list *known);

#endif /* VMITAP_DETECT_KNOWN_H */
