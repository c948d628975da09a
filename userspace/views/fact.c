// SPDX-License-Identifier: GPL-2.0-only
/*
 * fact.c - lists of facts
 */
#include <stdlib.h>
#include <string.h>

#include "fact.h"

struct fact *facts_add(struct facts *facts, enum fact_type type)
{
	struct fact *fact;
	size_t room;
	void *more;

	if (facts->nr == facts->room) {
		room = facts->room ? facts->room * 2 : 256;
		more = realloc(facts->list, room * sizeof(*facts->list));
		if (!more)
			return NULL;
		facts->list = more;
		facts->room = room;
	}
	fact = &facts->list[facts->nr++];
	*fact = facts->label;
	fact->type = type;
	return fact;
}

void facts_free(struct facts *facts)
{
	free(facts->list);
	memset(facts, 0, sizeof(*facts));
}

const char *view_pattern_name(enum view_pattern pattern)
{
	static const char *const names[VIEW_NR_PATTERNS] = {
		[VIEW_DERIVATION] = "derivation",
		[VIEW_OUT_OF_BAND] = "out-of-band",
		[VIEW_IN_BAND] = "in-band",
	};

	return names[pattern];
}
