// SPDX-License-Identifier: GPL-2.0-only
/*
 * view.c - run view generators
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view.h"

const struct view *const views[] = {
	&view_address_spaces, &view_system_calls, &view_entry_points,
	&view_task_list, &view_pid_tree, &view_mm_owners, &view_agent, NULL,
};

const struct view *view_find(const char *name)
{
	unsigned int i;

	for (i = 0; views[i]; i++)
		if (!strcmp(views[i]->name, name))
			return views[i];
	return NULL;
}

static int start(struct view_runner *runner, unsigned int i)
{
	const struct view *view = runner->view[i];

	runner->sampled[i] = 0;
	memset(runner->state[i], 0, view->state_bytes);
	return view->start ? view->start(runner->state[i], runner->env) : 0;
}

static void stop(struct view_runner *runner, unsigned int i)
{
	if (runner->view[i]->stop)
		runner->view[i]->stop(runner->state[i]);
}

int view_runner_init(struct view_runner *runner, const struct view_env *env,
		     const struct view *const *list)
{
	int err;

	memset(runner, 0, sizeof(*runner));
	runner->env = env;
	for (; *list; list++) {
		if (runner->nr == VIEW_MAX)
			return -E2BIG;
		runner->state[runner->nr] = malloc((*list)->state_bytes);
		if (!runner->state[runner->nr])
			return -ENOMEM;
		runner->view[runner->nr] = *list;
		err = start(runner, runner->nr++);
		if (err)
			return err;
	}
	return 0;
}

void view_runner_free(struct view_runner *runner)
{
	unsigned int i;

	for (i = 0; i < runner->nr; i++) {
		stop(runner, i);
		free(runner->state[i]);
	}
	memset(runner, 0, sizeof(*runner));
}

int view_runner_restart(struct view_runner *runner)
{
	unsigned int i;
	int err;

	for (i = 0; i < runner->nr; i++) {
		stop(runner, i);
		err = start(runner, i);
		if (err)
			return err;
	}
	return 0;
}

uint64_t view_runner_classes(const struct view_runner *runner)
{
	uint64_t classes = 0;
	unsigned int i;

	for (i = 0; i < runner->nr; i++)
		classes |= runner->view[i]->classes;
	return classes;
}

int view_runner_event(struct view_runner *runner,
		      const struct vmitap_record *rec)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < runner->nr && !err; i++)
		if (runner->view[i]->event)
			err = runner->view[i]->event(runner->state[i], rec);
	return err;
}

int view_runner_sample(struct view_runner *runner, uint64_t now, bool force)
{
	uint64_t period;
	unsigned int i;
	int err = 0;

	for (i = 0; i < runner->nr && !err; i++) {
		if (!runner->view[i]->sample)
			continue;
		period = (uint64_t)runner->view[i]->sample_ms *
			 runner->env->tsc_khz;
		if (!force && runner->sampled[i] &&
		    now - runner->sampled[i] < period)
			continue;
		runner->sampled[i] = now;
		err = runner->view[i]->sample(runner->state[i], now);
	}
	return err;
}

int view_runner_facts(struct view_runner *runner, uint64_t now,
		      struct facts *facts, struct view_report *reports)
{
	const struct view *view;
	unsigned int i;
	int err = 0;

	facts->nr = 0;
	memset(reports, 0, runner->nr * sizeof(*reports));
	for (i = 0; i < runner->nr && !err; i++) {
		view = runner->view[i];
		facts->label = (struct fact){
			.pattern = view->pattern, .binding = view->binding,
			.source = i, .view = view->name, .tsc = now,
		};
		err = view->facts(runner->state[i], facts, &reports[i]);
	}
	return err;
}
