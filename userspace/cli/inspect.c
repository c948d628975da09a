// SPDX-License-Identifier: GPL-2.0-only
/*
 * inspect.c - a VM under all views: events, samples, pauses, aggregation
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include <vmitap.h>

#include "cli.h"
#include "inspect.h"
#include "text.h"

/* Between two attempts to understand a guest that is not. */
#define RETRY_S	2

static uint64_t read_tsc(void)
{
	return __rdtsc();
}

double inspect_ns(const struct inspect *inspect, uint64_t tsc)
{
	uint32_t khz = inspect->env.tsc_khz;

	return khz ? tsc * 1e6 / khz : 0;
}

static int no_view(const char *name)
{
	const char *words[VIEW_MAX + 2], *near;
	char all[256] = "";
	unsigned int i;

	for (i = 0; views[i]; i++) {
		words[i] = views[i]->name;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
			 i ? ", " : "", words[i]);
	}
	words[i++] = "all";
	words[i] = NULL;
	near = text_nearest(name, words);
	if (near)
		return fail(EXIT_USAGE, "no view \"%s\", is it \"%s\"?", name,
			    near);
	return fail(EXIT_USAGE, "no view \"%s\"; there are %s", name, all);
}

/* Mark what --views means.  Return: EXIT_OK or EXIT_USAGE, reported. */
static int choose(const char *list, bool *wanted)
{
	char buf[256], *save = NULL, *name;
	unsigned int i;

	for (i = 0; views[i]; i++)
		wanted[i] = list ? !strcmp(list, "all") :
				   views[i] != &view_system_calls;
	if (!list || !strcmp(list, "all"))
		return EXIT_OK;
	snprintf(buf, sizeof(buf), "%s", list);
	name = strtok_r(buf, ",", &save);
	if (!name)
		return fail(EXIT_USAGE, "--views: the list is empty");
	for (; name; name = strtok_r(NULL, ",", &save)) {
		if (!view_find(name))
			return no_view(name);
		for (i = 0; views[i]; i++)
			wanted[i] |= views[i] == view_find(name);
	}
	return EXIT_OK;
}

static int start_views(struct inspect *inspect)
{
	const struct view *chosen[VIEW_MAX + 1];
	bool wanted[VIEW_MAX] = { false };
	unsigned int i, nr = 0;
	int code;

	code = choose(inspect->opts.views, wanted);
	if (code)
		return code;
	for (i = 0; views[i]; i++)
		if (wanted[i])
			chosen[nr++] = views[i];
	chosen[nr] = NULL;
	inspect->env.clock = read_tsc;
	if (view_runner_init(&inspect->runner, &inspect->env, chosen))
		return fail(EXIT_OTHER, "out of memory");
	inspect->opts.classes = view_runner_classes(&inspect->runner);
	/* A view may want no events; the module wants some class. */
	if (!inspect->opts.classes)
		inspect->opts.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU);
	return EXIT_OK;
}

int inspect_open(struct inspect *inspect, const struct options *opts)
{
	int code, err;

	memset(inspect, 0, sizeof(*inspect));
	inspect->opts = *opts;
	inspect->session.filter.fd = -1;
	code = start_views(inspect);
	if (code)
		return code;
	code = session_open(&inspect->session, &inspect->opts, false);
	if (code)
		return code;
	inspect->env.tsc_khz = inspect->session.query.out_tsc_khz;
	err = guest_live_open(&inspect->live, &inspect->guest,
			      inspect->session.tap);
	if (err)
		return session_failed(&inspect->session, err, EXIT_OTHER);
	inspect->env.guest = &inspect->guest;
	inspect->started = read_tsc();
	return EXIT_OK;
}

static void close_linux(struct linux_guest *lg)
{
	if (lg)
		linux_close(lg);
	free(lg);
}

static void forget_linux(struct inspect *inspect)
{
	close_linux(inspect->lg);
	inspect->lg = NULL;
	inspect->env.lg = NULL;
}

void inspect_close(struct inspect *inspect)
{
	aggregate_free(&inspect->agg);
	view_runner_free(&inspect->runner);
	forget_linux(inspect);
	follow_free(&inspect->follow);
	guest_live_close(inspect->live);
	session_close(&inspect->session);
}

int inspect_event(struct inspect *inspect, const struct vmitap_record *rec)
{
	if (view_runner_event(&inspect->runner, rec))
		return fail(EXIT_OTHER, "out of memory");
	return EXIT_OK;
}

/* Understand the guest.  Return: its knowledge, or NULL; inspect->why says why. */
static struct linux_guest *open_linux(struct inspect *inspect)
{
	const struct linux_options options = {
		.btf = inspect->opts.btf,
		.system_map = inspect->opts.system_map,
	};
	struct linux_guest *lg = calloc(1, sizeof(*lg));

	if (!lg)
		return NULL;
	/* What is read here stays as it is: tables and image of the kernel. */
	guest_live_cache(inspect->live, true);
	guest_live_first(inspect->live, follow_first(&inspect->follow));
	if (linux_open(lg, &inspect->guest, &options)) {
		snprintf(inspect->why, sizeof(inspect->why), "%s", lg->error);
		close_linux(lg);
		lg = NULL;
	} else {
		inspect->why[0] = '\0';
	}
	guest_live_first(inspect->live, FOLLOW_NONE);
	guest_live_cache(inspect->live, false);
	return lg;
}

/* Whether an out-of-band view cannot make sense of the guest any more. */
static bool lost_track(const struct inspect *inspect)
{
	const struct aggregate *agg = &inspect->agg;
	unsigned int i, lists = 0, broken = 0;

	for (i = 0; i < inspect->runner.nr; i++) {
		if (inspect->runner.view[i]->pattern != VIEW_OUT_OF_BAND ||
		    !inspect->runner.view[i]->lists || !agg->reports[i].asked)
			continue;
		lists++;
		broken += !agg->reports[i].whole;
	}
	return lists && broken == lists;
}

/*
 * The guest may not have been Linux yet, or have booted anew: then the kernel is
 * elsewhere, or not there any more.  Return: whether it is another guest than before.
 */
static bool follow_guest(struct inspect *inspect)
{
	bool lost = lost_track(inspect);
	enum follow_step step;
	struct linux_guest *lg;

	/* Lists of a kernel that does not run can still be whole: memory stays. */
	if (follow_look(&inspect->follow, &inspect->guest) == FOLLOW_RESET) {
		forget_linux(inspect);
		return true;
	}
	if (session_now() < inspect->next_try ||
	    (inspect->lg && !inspect->follow.moved && !lost))
		return false;
	inspect->next_try = session_now() + RETRY_S;
	lg = open_linux(inspect);
	step = follow_found(&inspect->follow, lg, inspect->lg, lost);
	if (step == FOLLOW_KEEP) {
		inspect->why[0] = '\0';
		close_linux(lg);
		return false;
	}
	forget_linux(inspect);
	inspect->lg = lg;
	inspect->env.lg = lg;
	return step == FOLLOW_TAKE_ANEW;
}

/* Read what the rings hold: a VM that is paused adds nothing to them. */
static int drain(struct inspect *inspect)
{
	const struct vmitap_record *rec;
	int ret;

	while ((ret = vmitap_session_next(inspect->session.tap, &rec)) > 0)
		if (inspect_event(inspect, rec))
			return EXIT_OTHER;
	return ret < 0 ? session_failed(&inspect->session, ret, EXIT_OTHER) :
			 EXIT_OK;
}

static int pause_vm(struct inspect *inspect)
{
	int err = vmitap_session_pause(inspect->session.tap);

	if (err == -EPIPE)
		return SESSION_STOP;
	if (err)
		return session_failed(&inspect->session, err, EXIT_OTHER);
	inspect->env.paused = true;
	/* All that is read until it runs on is of one moment. */
	guest_live_cache(inspect->live, true);
	return drain(inspect);
}

void inspect_resume(struct inspect *inspect)
{
	if (!inspect->env.paused)
		return;
	guest_live_cache(inspect->live, false);
	inspect->env.paused = false;
	vmitap_session_resume(inspect->session.tap);
}

static int look(struct inspect *inspect)
{
	uint64_t now;

	if (!inspect->env.paused && follow_guest(inspect)) {
		inspect->restarts++;
		inspect->started = read_tsc();
		if (view_runner_restart(&inspect->runner))
			return fail(EXIT_OTHER, "out of memory");
	}
	now = read_tsc();
	if (view_runner_sample(&inspect->runner, now, true) ||
	    aggregate_make(&inspect->agg, &inspect->runner, read_tsc()))
		return fail(EXIT_OTHER, "out of memory");
	return EXIT_OK;
}

int inspect_look(struct inspect *inspect, bool pause)
{
	int code = EXIT_OK;

	if (pause)
		code = pause_vm(inspect);
	return code ? code : look(inspect);
}
