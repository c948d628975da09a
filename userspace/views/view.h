/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h - view generators, and what runs them
 *
 * A generator is a view function of the model with its profile: which events it
 * wants, and at which times it looks.  It is driven, it does not drive: records and
 * times come from a session, a recording, or a test, and it cannot tell which.
 */
#ifndef VMITAP_VIEWS_VIEW_H
#define VMITAP_VIEWS_VIEW_H

#include <linux/vmitap.h>

#include "fact.h"
#include "linux.h"

#define VIEW_MAX	16

/**
 * struct view_env - what there is to make views of
 * @guest: state of the guest; NULL if there are events only
 * @lg: the guest understood as Linux; NULL if it is not
 * @tsc_khz: frequency of the TSC in records
 * @paused: no vCPU runs: what is read now is of one moment
 * @clock: the TSC now; may be NULL if reading takes no time
 *
 * Belongs to who runs the views, who changes it between calls.
 */
struct view_env {
	const struct guest *guest;
	struct linux_guest *lg;
	uint32_t tsc_khz;
	bool paused;
	uint64_t (*clock)(void);
};

/**
 * struct view_report - how far the facts of a view go
 * @asked: the view had what it needs; if not, @why says what is missing, and that
 *	it does not see something says nothing
 * @whole: everything of its kind is in the facts, as of a moment from @begin to
 *	@end; what is not in them was not there
 * @begin: TSC
 * @end: TSC
 * @guest_ns: the same moment in time since the guest booted, if the view knows it:
 *	what was started later is not in its facts
 * @rounds: lists made so far
 * @refused: messages or records refused, because they made no sense or were too many
 * @why: a few words, if there is something to say
 */
struct view_report {
	bool asked;
	bool whole;
	uint64_t begin;
	uint64_t end;
	uint64_t guest_ns;
	uint64_t rounds;
	uint64_t refused;
	char why[120];
};

/**
 * struct view - a view generator
 * @name: one word
 * @title: head of its column in a table of processes; NULL if it has none of them
 * @pattern: enum view_pattern
 * @binding: of all of its facts
 * @lists: it lists all processes, so one that is not in its facts can be missing in them
 * @knowledge: what it has to know besides the state of the guest, in words
 * @classes: mask of VMITAP_CLASS_* that it wants; records of others may come too
 * @sample_ms: time between two samples, 0 if only events count
 * @state_bytes: of what the callbacks get as @state; zero at first
 * @start: begin; may be NULL
 * @event: a record; may be NULL
 * @sample: look at the state of the guest at TSC @now; may be NULL
 * @facts: add what is known; report how far it goes
 * @stop: release what @state has; may be NULL
 *
 * Callbacks return 0 or -ENOMEM; that a guest is not as expected is no failure, it
 * goes into the report.
 */
struct view {
	const char *name;
	const char *title;
	enum view_pattern pattern;
	bool binding;
	bool lists;
	const char *knowledge;
	uint64_t classes;
	unsigned int sample_ms;
	size_t state_bytes;
	int (*start)(void *state, const struct view_env *env);
	int (*event)(void *state, const struct vmitap_record *rec);
	int (*sample)(void *state, uint64_t now);
	int (*facts)(void *state, struct facts *facts,
		     struct view_report *report);
	void (*stop)(void *state);
};

extern const struct view view_address_spaces;
extern const struct view view_system_calls;
extern const struct view view_entry_points;
extern const struct view view_task_list;
extern const struct view view_pid_tree;
extern const struct view view_mm_owners;
extern const struct view view_agent;

/* All of them, in the order in which they are shown; ends with NULL. */
extern const struct view *const views[];

/* The view of that name, or NULL. */
const struct view *view_find(const char *name);

/**
 * struct view_runner - views that run
 * @env: for all of them
 * @nr: how many
 * @view: the generators; their place is @source of their facts
 */
struct view_runner {
	const struct view_env *env;
	unsigned int nr;
	const struct view *view[VIEW_MAX];
	void *state[VIEW_MAX];
	uint64_t sampled[VIEW_MAX];
};

/**
 * view_runner_init() - start views
 * @runner: view_runner_free() it, whatever this returns
 * @env: stays the caller's
 * @list: generators, ends with NULL
 *
 * Return: 0, -ENOMEM, -E2BIG.
 */
int view_runner_init(struct view_runner *runner, const struct view_env *env,
		     const struct view *const *list);
void view_runner_free(struct view_runner *runner);

/* Forget all that was seen: the guest has booted anew. */
int view_runner_restart(struct view_runner *runner);

/* Classes that any of the views wants. */
uint64_t view_runner_classes(const struct view_runner *runner);

/* Give all views a record that is as long as its type calls for. */
int view_runner_event(struct view_runner *runner,
		      const struct vmitap_record *rec);

/* Have those views sample whose time it is; all with @force. */
int view_runner_sample(struct view_runner *runner, uint64_t now, bool force);

/* Facts of all views, and a report of each, by its number. */
int view_runner_facts(struct view_runner *runner, uint64_t now,
		      struct facts *facts, struct view_report *reports);

#endif /* VMITAP_VIEWS_VIEW_H */
