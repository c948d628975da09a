// SPDX-License-Identifier: GPL-2.0-only
/*
 * known.c - which processes page tables were of, when a list last had them
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

static int by_root(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return (x->root > y->root) - (x->root < y->root);
}

static struct known *find(const struct known_list *known, size_t nr,
			  uint64_t root)
{
	const struct known key = { .root = root };

	return nr ? bsearch(&key, known->list, nr, sizeof(key), by_root) : NULL;
}

const struct known *known_find(const struct known_list *known, uint64_t root)
{
	return find(known, known->nr, root);
}

/* The half that was in no list for longest makes room. */
static int by_age(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return (x->tsc < y->tsc) - (x->tsc > y->tsc);
}

static void make_room(struct known_list *known)
{
	qsort(known->list, known->nr, sizeof(*known->list), by_age);
	known->nr /= 2;
	qsort(known->list, known->nr, sizeof(*known->list), by_root);
}

int known_learn(struct known_list *known, const struct aggregate *agg)
{
	const struct fact_process *process;
	struct known *at;
	size_t i, sorted;

	if (!known->list) {
		known->list = calloc(KNOWN_MAX, sizeof(*known->list));
		if (!known->list)
			return -ENOMEM;
	}
	if (known->nr > KNOWN_MAX / 2)
		make_room(known);
	sorted = known->nr;
	for (i = 0; i < agg->nr; i++) {
		process = &agg->list[i].process;
		if (!(process->known & FACT_PID) || !(process->known & FACT_ROOT))
			continue;
		at = find(known, sorted, process->root);
		if (!at && known->nr == KNOWN_MAX)
			break;
		if (!at)
			at = &known->list[known->nr++];
		at->root = process->root;
		at->tsc = agg->now;
		at->pid = process->pid;
		memcpy(at->comm, process->comm, sizeof(at->comm));
	}
	if (known->nr > sorted)
		qsort(known->list, known->nr, sizeof(*known->list), by_root);
	return 0;
}

void known_free(struct known_list *known)
{
	free(known->list);
	memset(known, 0, sizeof(*known));
}
