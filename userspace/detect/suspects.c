// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspects.c - processes that views disagree about
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "suspects.h"

/* Processes by PID and start, page tables after them. */
static int compare(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;
	uint64_t p = x->pid ? x->start : x->root;
	uint64_t q = y->pid ? y->start : y->root;

	if (x->pid != y->pid)
		return x->pid < y->pid ? 1 : -1;
	return (p > q) - (p < q);
}

static struct suspect *find(const struct suspects *suspects,
			    const struct suspect *key)
{
	struct suspect **found = tfind(key, &suspects->tree, compare);

	return found ? *found : NULL;
}

static struct suspect key_of(const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (process->known & FACT_PID)
		return (struct suspect){
			.pid = process->pid,
			.start = process->start_ns / FACT_START_UNIT,
		};
	return (struct suspect){ .root = process->root };
}

static void begin(struct suspect *suspect, const struct entity *entity,
		  uint64_t now)
{
	*suspect = (struct suspect){
		.at = suspect->at, .pid = suspect->pid,
		.start = suspect->start, .cleared = suspect->cleared,
		.root = entity->process.root, .missing = entity->missing,
		.first_tsc = now, .seen_tsc = now, .pause_end = now,
	};
}

static void forget(struct suspects *suspects, struct suspect *suspect)
{
	struct suspect *last = suspects->list[--suspects->nr];

	suspects->list[suspect->at] = last;
	last->at = suspect->at;
	tdelete(suspect, &suspects->tree, compare);
	free(suspect);
}

/* Those for which most speaks, and that the longest, come first. */
static int by_weight(const void *a, const void *b)
{
	const struct suspect *x = *(const struct suspect *const *)a;
	const struct suspect *y = *(const struct suspect *const *)b;

	if (x->runs != y->runs)
		return x->runs < y->runs ? 1 : -1;
	return (x->first_tsc > y->first_tsc) - (x->first_tsc < y->first_tsc);
}

static void make_room(struct suspects *suspects)
{
	size_t i;

	qsort(suspects->list, suspects->nr, sizeof(*suspects->list), by_weight);
	for (i = 0; i < suspects->nr; i++)
		suspects->list[i]->at = i;
	while (suspects->nr > SUSPECTS_MAX / 2)
		forget(suspects, suspects->list[suspects->nr - 1]);
}

static struct suspect *add(struct suspects *suspects,
			   const struct suspect *key)
{
	struct suspect *suspect;

	if (!suspects->list) {
		suspects->list = calloc(SUSPECTS_MAX, sizeof(*suspects->list));
		if (!suspects->list)
			return NULL;
	}
	if (suspects->nr == SUSPECTS_MAX)
		make_room(suspects);
	suspect = malloc(sizeof(*suspect));
	if (!suspect)
		return NULL;
	*suspect = *key;
	suspect->at = suspects->nr;
	if (!tsearch(suspect, &suspects->tree, compare)) {
		free(suspect);
		return NULL;
	}
	suspects->list[suspects->nr++] = suspect;
	return suspect;
}

struct suspect *suspects_get(struct suspects *suspects,
			     const struct entity *entity, uint64_t now)
{
	struct suspect key = key_of(entity);
	struct suspect *suspect = find(suspects, &key);

	if (!suspect) {
		suspect = add(suspects, &key);
		if (suspect)
			begin(suspect, entity, now);
	} else if (!suspect->runs && !suspect->missing) {
		/* It was cleared: the suspicion is a new one. */
		begin(suspect, entity, now);
	}
	return suspect;
}

void suspects_restart(struct suspect *suspect, const struct entity *entity,
		      uint32_t missing, uint64_t now)
{
	begin(suspect, entity, now);
	suspect->missing = missing;
}

void suspects_expire(struct suspects *suspects, uint64_t before)
{
	size_t i = 0;

	while (i < suspects->nr) {
		if (suspects->list[i]->seen_tsc < before)
			forget(suspects, suspects->list[i]);
		else
			i++;
	}
}

static void clear(struct suspects *suspects, const struct suspect *key,
		  const struct entity *entity, uint32_t silent, uint64_t now)
{
	struct suspect *suspect = find(suspects, key);

	if (!suspect)
		return;
	if (suspect->missing & silent && !(suspect->missing & entity->seen)) {
		suspect->gap = true;
	} else if (suspect->pid) {
		forget(suspects, suspect);
	} else if (suspect->missing) {
		*suspect = (struct suspect){
			.at = suspect->at, .root = suspect->root,
			.seen_tsc = now, .cleared = suspect->cleared + 1,
		};
	}
}

void suspects_clear(struct suspects *suspects, const struct entity *entity,
		    uint32_t silent, uint64_t now)
{
	const struct fact_process *process = &entity->process;
	struct suspect key = key_of(entity);

	clear(suspects, &key, entity, silent, now);
	/* Page tables that were nobody's have turned out to be this one's. */
	key = (struct suspect){ .root = process->root };
	if (process->known & FACT_PID && process->known & FACT_ROOT)
		clear(suspects, &key, entity, silent, now);
}

void suspects_free(struct suspects *suspects)
{
	while (suspects->nr)
		forget(suspects, suspects->list[suspects->nr - 1]);
	free(suspects->list);
	memset(suspects, 0, sizeof(*suspects));
}
