// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspects.c - processes that views disagree about
 */
#include <stdlib.h>
#include <string.h>

#include "suspects.h"

static bool is(const struct suspect *suspect, const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (process->known & FACT_PID)
		return suspect->pid == process->pid &&
		       suspect->start == process->start_ns / FACT_START_UNIT;
	return !suspect->pid && suspect->root == process->root;
}

static struct suspect *find(const struct suspects *suspects,
			    const struct entity *entity)
{
	size_t i;

	for (i = 0; i < suspects->nr; i++)
		if (is(&suspects->list[i], entity))
			return &suspects->list[i];
	return NULL;
}

static void begin(struct suspect *suspect, const struct entity *entity,
		  uint64_t now)
{
	unsigned int cleared = suspect->cleared;

	*suspect = (struct suspect){
		.pid = entity->process.pid,
		.start = entity->process.start_ns / FACT_START_UNIT,
		.root = entity->process.root, .missing = entity->missing,
		.first_tsc = now, .seen_tsc = now, .pause_end = now,
		.cleared = cleared,
	};
}

/* One for which least speaks, and that the longest. */
static struct suspect *least(const struct suspects *suspects)
{
	struct suspect *found = suspects->list, *at;
	size_t i;

	for (i = 1; i < suspects->nr; i++) {
		at = &suspects->list[i];
		if (at->runs != found->runs ? at->runs < found->runs :
		    at->seen_tsc < found->seen_tsc)
			found = at;
	}
	found->cleared = 0;
	return found;
}

struct suspect *suspects_get(struct suspects *suspects,
			     const struct entity *entity, uint64_t now)
{
	struct suspect *suspect = find(suspects, entity);

	/* It was cleared: the suspicion is a new one. */
	if (suspect && !suspect->runs && !suspect->missing)
		begin(suspect, entity, now);
	if (suspect)
		return suspect;
	if (!suspects->list) {
		suspects->list = calloc(SUSPECTS_MAX, sizeof(*suspect));
		if (!suspects->list)
			return NULL;
	}
	suspect = suspects->nr == SUSPECTS_MAX ? least(suspects) :
						 &suspects->list[suspects->nr++];
	suspect->cleared = 0;
	begin(suspect, entity, now);
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
		if (suspects->list[i].seen_tsc < before)
			suspects->list[i] = suspects->list[--suspects->nr];
		else
			i++;
	}
}

static void clear(struct suspects *suspects, struct suspect *suspect,
		  const struct entity *entity, uint32_t silent, uint64_t now)
{
	if (suspect->missing & silent && !(suspect->missing & entity->seen)) {
		suspect->gap = true;
		return;
	}
	if (suspect->pid) {
		*suspect = suspects->list[--suspects->nr];
		return;
	}
	if (!suspect->missing)
		return;
	*suspect = (struct suspect){
		.root = suspect->root, .seen_tsc = now,
		.cleared = suspect->cleared + 1,
	};
}

void suspects_clear(struct suspects *suspects, const struct entity *entity,
		    uint32_t silent, uint64_t now)
{
	const struct fact_process *process = &entity->process;
	struct suspect *suspect = find(suspects, entity);
	size_t i;

	if (suspect)
		clear(suspects, suspect, entity, silent, now);
	/* Page tables that were nobody's have turned out to be this one's. */
	for (i = 0; i < suspects->nr && process->known & FACT_ROOT; i++) {
		suspect = &suspects->list[i];
		if (!suspect->pid && suspect->root == process->root) {
			clear(suspects, suspect, entity, silent, now);
			break;
		}
	}
}

void suspects_free(struct suspects *suspects)
{
	free(suspects->list);
	memset(suspects, 0, sizeof(*suspects));
}
