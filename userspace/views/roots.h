/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * roots.h - page-table roots seen, and what is known of each
 *
 * The guest decides how many there are, so the table has a limit: beyond it, a root
 * that was not seen for long makes room.
 */
#ifndef VMITAP_VIEWS_ROOTS_H
#define VMITAP_VIEWS_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOTS_MAX	16384

/* What of CR3 is the address: neither flags and PCID nor the no-flush bit. */
#define ROOTS_MASK	0x000ffffffffff000ULL

/* Which half of a pair it is, with page-table isolation. */
#define ROOTS_USER_HALF	0x1000ULL

/**
 * struct root - a page-table root
 * @root: guest-physical address
 * @first_tsc: first time seen
 * @last_tsc: last time seen
 * @user_tsc: last time seen at CPL 3
 * @loaded_tsc: last time that it was switched to
 * @held_from: some vCPU had it loaded at every moment from here
 * @held_to: to here, when it was at CPL 3
 * @cpu_tsc: time loaded and not halted
 * @calls: system calls made
 * @vcpu: where it was last seen
 * @running: enum fact_running at the last sample
 * @mapped: had user memory in it at the last sample
 * @mapped_known: that was looked at
 */
struct root {
	uint64_t root;
	uint64_t first_tsc;
	uint64_t last_tsc;
	uint64_t user_tsc;
	uint64_t loaded_tsc;
	uint64_t held_from;
	uint64_t held_to;
	uint64_t cpu_tsc;
	uint64_t calls;
	uint32_t vcpu;
	uint32_t next;
	uint8_t running;
	bool mapped;
	bool mapped_known;
};

/**
 * struct roots - the table
 * @list: the roots, in no order
 * @nr: how many
 * @evicted: roots that made room for others
 * @pairs: switches between the two halves of a pair since any switch that would not
 *	happen with page-table isolation
 *
 * All zero is an empty one.
 */
struct roots {
	struct root *list;
	uint32_t *buckets;
	uint32_t nr;
	uint32_t room;
	uint64_t evicted;
	uint64_t pairs;
	uint64_t random;
};

/*
 * The entry of a root, made if it is new; NULL without memory.  Entries move when
 * one is made.
 */
struct root *roots_get(struct roots *roots, uint64_t root, uint64_t tsc);

/* The entry of a root, or NULL. */
struct root *roots_find(const struct roots *roots, uint64_t root);

/*
 * A vCPU had it loaded from @from to @to without a break, and was at CPL 3 then.  What
 * follows without a gap is one time.
 */
static inline void root_held(struct root *root, uint64_t from, uint64_t to)
{
	if (to <= root->held_to)
		return;
	if (from > root->held_to || from < root->held_from)
		root->held_from = from;
	root->held_to = to;
}

/*
 * Learn from a switch whether the guest isolates page tables.  If it does, a root
 * with ROOTS_USER_HALF set is used beside the one without it and no other; if it does
 * not, about half of all roots have that bit by chance.
 */
void roots_switch(struct roots *roots, uint64_t from, uint64_t to);

/* It was learned otherwise that it does. */
void roots_are_split(struct roots *roots);

/* Whether roots are the halves of pairs. */
bool roots_split(const struct roots *roots);

/**
 * roots_whole() - go through the address spaces
 * @roots: table
 * @at: 0 to begin with
 * @whole: the next one; if roots are pairs, both halves of it, added up
 *
 * Return: whether there was one.
 */
bool roots_whole(const struct roots *roots, uint32_t *at, struct root *whole);

void roots_free(struct roots *roots);

#endif /* VMITAP_VIEWS_ROOTS_H */
