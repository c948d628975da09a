/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one tapped VM, from --vm and the capture options to the last event
 */
#ifndef VMITAP_CLI_SESSION_H
#define VMITAP_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vmitap.h>

#include "filter.h"

struct options;
struct vmitap_session;

/**
 * struct session - a tapped VM
 * @tap: library handle
 * @filter: --filter
 * @query: what the module says about this host
 * @pid: VMM process
 * @name: of the VM, for people
 * @classes: captured
 * @vm_gone: the VM ended
 * @interrupted: stopped by a signal
 * @stats: counters of the session when it stopped
 */
struct session {
	struct vmitap_session *tap;
	struct filter filter;
	struct vmitap_query query;
	pid_t pid;
	char name[64];
	uint64_t classes;
	bool vm_gone;
	bool interrupted;
	struct vmitap_stats stats;
};

/* What session_sink.event() returns to end the capture without an error. */
#define SESSION_STOP (-1)

/**
 * struct session_sink - what is done with the events
 * @event: called for every record, in the order of time; returns EXIT_OK,
 *	SESSION_STOP, or the exit code that ends the capture
 * @idle: called whenever there is nothing to read right now; returns as @event
 * @tick: called every @interval seconds; returns as @event; may be NULL
 * @interval: seconds
 * @arg: for them
 */
struct session_sink {
	int (*event)(void *arg, const struct vmitap_record *rec);
	int (*idle)(void *arg);
	int (*tick)(void *arg);
	double interval;
	void *arg;
};

/* Open the device.  Return: EXIT_OK, or an exit code, reported. */
int session_open_device(struct session *session);

/*
 * Open the device, find and attach to the VM, load the filter, configure.
 * @everything captures every exit in order to time those that @opts selects;
 * the caller then selects with select_record().
 *
 * Return: EXIT_OK, or an exit code, reported; session_close() in both cases.
 */
int session_open(struct session *session, const struct options *opts,
		 bool everything);

/*
 * Open the device, find and attach to the VM: for its state, captures nothing.
 * Return: as session_open().
 */
int session_open_state(struct session *session, const struct options *opts);

/* From now on Ctrl-C and the like end a capture, or a pause, and not the process. */
void session_catch_signals(void);

/*
 * Keep the VM paused for @seconds (0: without end), or until a signal that was caught
 * comes or the VM goes.  Return: an exit code, reported.
 */
int session_hold(struct session *session, double seconds);

/*
 * Report what the library said about @err.  Return: the exit code that fits, else
 * @otherwise.
 */
int session_failed(const struct session *session, int err, int otherwise);

/*
 * Capture until --for is over, @sink ends it, SIGINT or SIGTERM comes or the VM
 * goes; then read what the rings still hold.  Return: an exit code, reported.
 */
int session_run(struct session *session, const struct options *opts,
		const struct session_sink *sink);

void session_close(struct session *session);

/* "; " and why the session ended, or "" if because it was asked to. */
const char *session_end_text(const struct session *session);

/* Seconds of CLOCK_MONOTONIC. */
double session_now(void);

#endif /* VMITAP_CLI_SESSION_H */
