/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * follow.h - whether a guest still runs the kernel that was understood
 *
 * A guest that boots anew is another one: what was seen before says nothing of it.  Only
 * hardware is believed there, since who controls the guest's memory would have all that
 * was seen forgotten, and what it changed at that moment taken for the guest's own.
 */
#ifndef VMITAP_VIEWS_FOLLOW_H
#define VMITAP_VIEWS_FOLLOW_H

#include "linux.h"

/* No vCPU. */
#define FOLLOW_NONE	UINT32_MAX

/* What became of a guest between two looks. */
enum follow_seen {
	FOLLOW_SAME,
	/* A vCPU enters a kernel elsewhere than before. */
	FOLLOW_MOVED,
	/* vCPUs ran a kernel, and none of them does any more: it was reset. */
	FOLLOW_RESET,
};

/* What to do after an attempt to understand the guest. */
enum follow_step {
	/* Go on with what there is. */
	FOLLOW_KEEP,
	/* There is nothing to go on with, but it may be the same guest. */
	FOLLOW_DROP,
	/* Go on with what was found, of the same guest. */
	FOLLOW_TAKE,
	/* The same, of another one: forget what was seen. */
	FOLLOW_TAKE_ANEW,
};

struct follow_vcpu;

/**
 * struct follow - what is known of the guest's kernel.  All zero is nothing.
 * @vcpus: where vCPUs enter it, by id
 * @nr: how many
 * @first: id of the vCPU that was last seen to enter another, plus 1; 0 for none
 * @runs: a vCPU was seen to have a kernel
 * @moved: one enters another, and what that is has not been found out yet
 * @known: there is one, that the rest is of
 */
struct follow {
	struct follow_vcpu *vcpus;
	uint32_t nr;
	uint32_t first;
	bool runs;
	bool moved;
	bool known;
	uint64_t text;
	uint64_t phys;
	uint64_t init_task;
	uint32_t nr_symbols;
	uint32_t btf_bytes;
	char banner[512];
};

/* Look at the registers of all vCPUs. */
enum follow_seen follow_look(struct follow *follow, const struct guest *guest);

/*
 * The vCPU to begin with when the kernel is looked for, FOLLOW_NONE if any will do: when
 * a kernel panics, another one runs on one vCPU while the rest stays where it was.
 */
uint32_t follow_first(const struct follow *follow);

/**
 * follow_found() - an attempt to understand the guest has come to its end
 * @follow: what is known; learns @lg
 * @lg: what was found, NULL for nothing
 * @has: there is something to go on with
 * @lost: that does not lead anywhere any more
 */
enum follow_step follow_found(struct follow *follow,
			      const struct linux_guest *lg, bool has, bool lost);

void follow_free(struct follow *follow);

#endif /* VMITAP_VIEWS_FOLLOW_H */
