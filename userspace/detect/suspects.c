// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspects.c - processes that views disagree about
 */
#include <errno.h>
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

struct suspect *suspects_get(struct suspects *suspects,
			     const struct entity *entity, uint64_t now,
			     int *err)
{
	struct suspect *suspect = find(suspects, entity);

	if (suspect)
		return suspect;
	if (suspects->nr == SUSPECTS_MAX) {
		suspects->untold++;
		return NULL;
	}
	if (!suspects->list) {
		suspects->list = calloc(SUSPECTS_MAX, sizeof(*suspect));
		if (!suspects->list) {
			*err = -ENOMEM;
			return NULL;
		}
	}
	suspect = &suspects->list[suspects->nr++];
	memset(suspect, 0, sizeof(*suspect));
	suspect->pid = entity->process.pid;
	suspect->start = entity->process.start_ns / FACT_START_UNIT;
	suspect->root = entity->process.root;
	suspect->missing = entity->missing;
	suspect->first_tsc = now;
	suspect->seen_tsc = now;
	return suspect;
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

void suspects_clear(struct suspects *suspects, const struct entity *entity)
{
	const struct fact_process *process = &entity->process;
	struct suspect *suspect = find(suspects, entity);
	size_t i;

	if (suspect)
		*suspect = suspects->list[--suspects->nr];
	/* Page tables that were nobody's have turned out to be this one's. */
	for (i = 0; i < suspects->nr && process->known & FACT_ROOT; i++) {
		suspect = &suspects->list[i];
		if (!suspect->pid && suspect->root == process->root) {
			*suspect = suspects->list[--suspects->nr];
			break;
		}
	}
}

void suspects_free(struct suspects *suspects)
{
	free(suspects->list);
	memset(suspects, 0, sizeof(*suspects));
}
