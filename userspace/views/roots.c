// SPDX-License-Identifier: GPL-2.0-only
/*
 * roots.c - page-table roots seen
 */
#include <stdlib.h>
#include <string.h>

#include "roots.h"

#define NR_BUCKETS	ROOTS_MAX

/* Entries looked at to find one that was not seen for long. */
#define EVICT_TRIES	16

/* Switches within pairs, one after the other, that are no chance any more. */
#define PAIRS_SURE	256

static uint32_t *bucket(const struct roots *roots, uint64_t root)
{
	return &roots->buckets[(root >> 12) * 0x9e3779b97f4a7c15ULL >> 50];
}

/* Links are indexes plus 1, so that 0 is none. */
static uint32_t *link_to(const struct roots *roots, uint64_t root)
{
	uint32_t *link = bucket(roots, root);

	while (*link && roots->list[*link - 1].root != root)
		link = &roots->list[*link - 1].next;
	return link;
}

struct root *roots_find(const struct roots *roots, uint64_t root)
{
	uint32_t link;

	if (!roots->buckets)
		return NULL;
	link = *link_to(roots, root);
	return link ? &roots->list[link - 1] : NULL;
}

static int grow(struct roots *roots)
{
	uint32_t room = roots->room ? roots->room * 2 : 256;
	struct root *more;

	if (!roots->buckets) {
		roots->buckets = calloc(NR_BUCKETS, sizeof(*roots->buckets));
		if (!roots->buckets)
			return -1;
	}
	if (roots->nr < roots->room)
		return 0;
	more = realloc(roots->list, room * sizeof(*more));
	if (!more)
		return -1;
	roots->list = more;
	roots->room = room;
	return 0;
}

/* Take one out that is old among a few; the last one takes its place. */
static void evict(struct roots *roots)
{
	uint32_t i, at, old = 0, last = roots->nr - 1;
	uint32_t *link;

	for (i = 0; i < EVICT_TRIES; i++) {
		roots->random = roots->random * 6364136223846793005ULL + 1;
		at = (roots->random >> 33) % roots->nr;
		if (!i || roots->list[at].last_tsc < roots->list[old].last_tsc)
			old = at;
	}
	link = link_to(roots, roots->list[old].root);
	*link = roots->list[old].next;
	if (old != last) {
		link = link_to(roots, roots->list[last].root);
		*link = old + 1;
		roots->list[old] = roots->list[last];
	}
	roots->nr--;
	roots->evicted++;
}

struct root *roots_get(struct roots *roots, uint64_t root, uint64_t tsc)
{
	struct root *found = roots_find(roots, root);
	uint32_t *first;

	if (found)
		return found;
	if (roots->nr == ROOTS_MAX)
		evict(roots);
	if (grow(roots))
		return NULL;
	first = bucket(roots, root);
	found = &roots->list[roots->nr++];
	*found = (struct root){
		.root = root, .first_tsc = tsc, .last_tsc = tsc, .next = *first,
	};
	*first = roots->nr;
	return found;
}

void roots_switch(struct roots *roots, uint64_t from, uint64_t to)
{
	if ((from ^ to) == ROOTS_USER_HALF)
		roots->pairs++;
	else if ((from | to) & ROOTS_USER_HALF)
		roots->pairs = 0;
}

void roots_are_split(struct roots *roots)
{
	roots->pairs = PAIRS_SURE;
}

bool roots_split(const struct roots *roots)
{
	return roots->pairs >= PAIRS_SURE;
}

static void add_half(struct root *whole, const struct root *half)
{
	whole->cpu_tsc += half->cpu_tsc;
	whole->calls += half->calls;
	if (half->first_tsc < whole->first_tsc)
		whole->first_tsc = half->first_tsc;
	if (half->user_tsc > whole->user_tsc)
		whole->user_tsc = half->user_tsc;
	root_held(whole, half->held_from, half->held_to);
	if (half->loaded_tsc > whole->loaded_tsc)
		whole->loaded_tsc = half->loaded_tsc;
	if (half->running > whole->running)
		whole->running = half->running;
	if (half->last_tsc > whole->last_tsc) {
		whole->last_tsc = half->last_tsc;
		whole->vcpu = half->vcpu;
	}
}

bool roots_whole(const struct roots *roots, uint32_t *at, struct root *whole)
{
	const struct root *half;

	while (*at < roots->nr) {
		*whole = roots->list[(*at)++];
		if (!roots_split(roots))
			return true;
		half = roots_find(roots, whole->root ^ ROOTS_USER_HALF);
		if (whole->root & ROOTS_USER_HALF) {
			/* It comes, or came, with the kernel's half. */
			if (half)
				continue;
			whole->root ^= ROOTS_USER_HALF;
			whole->mapped_known = false;
		} else if (half) {
			add_half(whole, half);
		}
		return true;
	}
	return false;
}

void roots_free(struct roots *roots)
{
	free(roots->list);
	free(roots->buckets);
	memset(roots, 0, sizeof(*roots));
}
