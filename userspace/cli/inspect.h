/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inspect.h - a VM under all views: events, samples, pauses, aggregation
 */
#ifndef VMITAP_CLI_INSPECT_H
#define VMITAP_CLI_INSPECT_H

#include "aggregate.h"
#include "follow.h"
#include "guest_live.h"
#include "options.h"
#include "session.h"

/**
 * struct inspect - a VM under views
 * @session: the VM
 * @opts: of the command, but with the classes that the views want
 * @live: its guest
 * @guest: the same, to be read
 * @lg: the guest understood as Linux, if @env.lg points here
 * @env: what the views have
 * @runner: the views
 * @agg: what they said last
 * @started: TSC when capture began
 * @follow: whether it is still the same guest, with the same kernel
 * @next_try: when to try again to understand the guest
 * @why: why it is not understood; "" if it is
 * @restarts: times that the guest was seen to have booted anew
 */
struct inspect {
	struct session session;
	struct options opts;
	struct guest_live *live;
	struct guest guest;
	struct linux_guest *lg;
	struct view_env env;
	struct view_runner runner;
	struct aggregate agg;
	uint64_t started;
	struct follow follow;
	double next_try;
	char why[256];
	unsigned int restarts;
};

/*
 * Attach to the VM that the options mean, with the views that they name.
 * Return: EXIT_OK, or an exit code, reported; inspect_close() in both cases.
 */
int inspect_open(struct inspect *inspect, const struct options *opts);
void inspect_close(struct inspect *inspect);

/* Give a record to the views.  For session_sink.event(). */
int inspect_event(struct inspect *inspect, const struct vmitap_record *rec);

/*
 * Have the views look, and aggregate.  With @pause of one moment: the VM is kept from
 * running, and what the rings have is read first; the caller lets it run on by
 * inspect_resume().
 *
 * Return: EXIT_OK, SESSION_STOP if the VM is gone, or an exit code, reported.
 */
int inspect_look(struct inspect *inspect, bool pause);
void inspect_resume(struct inspect *inspect);

/* Nanoseconds of TSC. */
double inspect_ns(const struct inspect *inspect, uint64_t tsc);

#endif /* VMITAP_CLI_INSPECT_H */
