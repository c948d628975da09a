/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * aggregate.h - what all views together say, and where they disagree
 *
 * The union of all facts, each still with its label, joined to processes: by PID and
 * start time, and by page-table root.
 */
#ifndef VMITAP_DETECT_AGGREGATE_H
#define VMITAP_DETECT_AGGREGATE_H

#include "view.h"

/**
 * struct entity - a process, or an address space that no list explains
 * @process: what is known of it, of each member what the first view says that knows
 *	it, those that list processes before others
 * @seen: bit n set: view n has it
 * @missing: bit n set: view n does not have it, although it would if all views said
 *	the truth at the same time
 * @fact: what each view says, NULL if it has none
 */
struct entity {
	struct fact_process process;
	uint32_t seen;
	uint32_t missing;
	const struct fact *fact[VIEW_MAX];
};

/**
 * struct conflict - two views say different things of a process
 * @entity: which
 * @field: FACT_*
 * @one: number of a view
 * @other: and of the other
 */
struct conflict {
	size_t entity;
	uint32_t field;
	uint8_t one;
	uint8_t other;
};

/**
 * struct aggregate - the aggregation
 * @runner: the views
 * @now: TSC
 * @paused: all of it is of one moment
 * @reports: of the views
 * @facts: of the views
 * @list: processes, those with a PID in its order first
 * @nr: how many
 * @nr_pids: of these, with a PID
 * @conflicts: disagreements on members; on existence see @list[].missing
 * @nr_conflicts: how many
 *
 * All zero is an empty one.
 */
struct aggregate {
	const struct view_runner *runner;
	uint64_t now;
	bool paused;
	struct view_report reports[VIEW_MAX];
	struct facts facts;
	struct entity *list;
	size_t nr;
	size_t nr_pids;
	size_t room;
	struct conflict *conflicts;
	size_t nr_conflicts;
	size_t conflicts_room;
	/* Processes by page-table root, to find one. */
	size_t *by_root;
	size_t nr_by_root;
};

/**
 * aggregate_make() - aggregate what the views know
 * @agg: what was in it before is gone
 * @runner: the views
 * @now: TSC
 *
 * Return: 0 or -ENOMEM.
 */
int aggregate_make(struct aggregate *agg, struct view_runner *runner,
		   uint64_t now);
void aggregate_free(struct aggregate *agg);

/**
 * aggregate_process() - find a process
 * @agg: where
 * @pid: its PID
 * @start: when it was started, in units of FACT_START_UNIT; 0 if that is not known
 *
 * Return: NULL if there is none.
 */
const struct entity *aggregate_process(const struct aggregate *agg,
				       uint32_t pid, uint64_t start);

/**
 * aggregate_of_root() - find those whose page tables these are
 * @agg: where
 * @root: page tables
 * @nr: how many
 *
 * Return: their numbers in @agg->list.
 */
const size_t *aggregate_of_root(const struct aggregate *agg, uint64_t root,
				size_t *nr);

/* Mask of the views of a pattern. */
uint32_t aggregate_pattern(const struct aggregate *agg,
			   enum view_pattern pattern);

/* Name of a member of a process, for people. */
const char *fact_field_name(uint32_t field);

#endif /* VMITAP_DETECT_AGGREGATE_H */
