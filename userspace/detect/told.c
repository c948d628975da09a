// SPDX-License-Identifier: GPL-2.0-only
/*
 * told.c - hidden processes that were told already
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "told.h"

static bool is(const struct told *told, const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (told->pid && process->known & FACT_PID)
		return told->pid == process->pid &&
		       told->start == process->start_ns / FACT_START_UNIT;
	return told->root && process->known & FACT_ROOT &&
	       told->root == process->root;
}

static struct told *find(const struct told_list *told,
			 const struct entity *entity)
{
	size_t i;

	for (i = 0; i < told->nr; i++)
		if (is(&told->list[i], entity))
			return &told->list[i];
	return NULL;
}

bool told_is(const struct told_list *told, const struct entity *entity,
	     uint32_t missing)
{
	const struct told *at = find(told, entity);

	return at && !(missing & ~at->missing);
}

int told_add(struct told_list *told, const struct entity *entity,
	     uint32_t missing)
{
	const struct fact_process *process = &entity->process;
	struct told *at = find(told, entity);

	if (!told->list) {
		told->list = calloc(TOLD_MAX, sizeof(*told->list));
		if (!told->list)
			return -ENOMEM;
	}
	if (!at) {
		at = &told->list[told->next++ % TOLD_MAX];
		if (told->nr < TOLD_MAX)
			told->nr++;
		memset(at, 0, sizeof(*at));
	}
	if (process->known & FACT_PID) {
		at->pid = process->pid;
		at->start = process->start_ns / FACT_START_UNIT;
	}
	if (process->known & FACT_ROOT)
		at->root = process->root;
	at->missing |= missing;
	return 0;
}

/* What an entity that may not be hidden says of one that was told. */
static void learn(struct told *told, const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (is(told, entity) && told->missing &&
	    !(told->missing & ~entity->seen))
		memset(told, 0, sizeof(*told));
	else if (told->root && process->known & FACT_ROOT &&
		 told->root == process->root &&
		 (!is(told, entity) || (process->known & FACT_MAPPED &&
					!process->mapped)))
		told->root = 0;
}

static void learn_all(struct told *told, const struct aggregate *agg)
{
	const struct entity *entity;
	const size_t *of_root;
	size_t i, nr = 0;

	entity = told->pid ? aggregate_process(agg, told->pid, told->start) : NULL;
	if (entity)
		learn(told, entity);
	of_root = told->root ? aggregate_of_root(agg, told->root, &nr) : NULL;
	for (i = 0; i < nr && told->root; i++)
		learn(told, &agg->list[of_root[i]]);
}

void told_learn(struct told_list *told, const struct aggregate *agg)
{
	size_t i;

	for (i = 0; i < told->nr; i++)
		learn_all(&told->list[i], agg);
}

void told_free(struct told_list *told)
{
	free(told->list);
	memset(told, 0, sizeof(*told));
}
