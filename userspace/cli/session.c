// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - one tapped VM, from --vm and the capture options to the last event
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmitap.h>

#include "cli.h"
#include "options.h"
#include "session.h"
#include "vms.h"

/* Longest wait for events, so that signals and ticks are never late. */
#define WAIT_MAX_S 0.1

/* Events between two looks at signals, the time and ticks. */
#define BATCH 256

static volatile sig_atomic_t nr_signals;

static void on_signal(int sig)
{
	(void)sig;
	nr_signals++;
}

/* Without SA_RESTART, so that waiting ends at once. */
void session_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

double session_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int session_failed(const struct session *session, int err, int otherwise)
{
	int code = otherwise;

	switch (-err) {
	case EPERM:
	case EACCES:
		code = EXIT_NO_PERMISSION;
		break;
	case ESRCH:
	case ENXIO:
	case ENOTUNIQ:
	case EPIPE:
		code = EXIT_NO_VM;
		break;
	}
	return fail(code, "%s", vmitap_session_error(session->tap));
}

/* Missing devices mean a missing module here, and no VM in session_failed(). */
static int open_failed(const struct session *session, int err)
{
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		return fail(EXIT_NO_MODULE, "%s (vmitap doctor tells more)",
			    vmitap_session_error(session->tap));
	return session_failed(session, err, EXIT_OTHER);
}

int session_open_device(struct session *session)
{
	int err;

	memset(session, 0, sizeof(*session));
	session->filter.fd = -1;
	session->query.size = sizeof(session->query);
	err = vmitap_session_open(&session->tap);
	if (err)
		return open_failed(session, err);
	err = vmitap_session_query(session->tap, &session->query);
	return err ? session_failed(session, err, EXIT_OTHER) : EXIT_OK;
}

static int check_ring(const struct session *session, uint32_t bytes)
{
	if (bytes >= session->query.out_ring_min &&
	    bytes <= session->query.out_ring_max)
		return EXIT_OK;
	return fail(EXIT_USAGE, "--ring: %u bytes; this module takes %u to %u",
		    bytes, session->query.out_ring_min,
		    session->query.out_ring_max);
}

/* Exits of other vendors never occur, but a trap would be waited for in vain. */
static int check_classes(const struct session *session, uint64_t classes)
{
	uint64_t missing = classes & VMITAP_CLASSES_TRAP &
			   ~session->query.out_classes;

	if (!missing)
		return EXIT_OK;
	return fail(EXIT_UNFIT_HOST, "--events: this module (version %.*s) has"
		    " no event \"%s\" on this host",
		    (int)sizeof(session->query.out_version),
		    session->query.out_version,
		    vmitap_class_name(__builtin_ctzll(missing)));
}

static int attach(struct session *session, uint32_t ring_bytes)
{
	struct timespec pause = { .tv_nsec = 20000000 };
	int err, tries = 50;

	do {
		err = vmitap_session_attach_pid(session->tap, session->pid,
						ring_bytes);
		/* A VM that starts has its vCPUs soon. */
	} while (err == -EBUSY && --tries && !nanosleep(&pause, NULL));
	if (err == -ENODEV || err == -EOPNOTSUPP)
		return session_failed(session, err, EXIT_UNFIT_HOST);
	return err ? session_failed(session, err, EXIT_OTHER) : EXIT_OK;
}

/* --vm, if given, is the process that will have the VM. */
static int attach_next(struct session *session, const struct options *opts)
{
	int err;

	session->pid = 0;
	if (opts->vm && !vms_parse_pid(opts->vm, &session->pid))
		return fail(EXIT_USAGE, "--next: --vm %s is no PID; a VM that is not"
			    " there has no name", opts->vm);
	err = vmitap_session_attach_next(session->tap, session->pid,
					 opts->ring_bytes);
	if (err == -ENODEV || err == -EOPNOTSUPP)
		return session_failed(session, err, EXIT_UNFIT_HOST);
	return err ? session_failed(session, err, EXIT_OTHER) : EXIT_OK;
}

/* Capture from now on, and return once there is a vCPU. */
static int await(struct session *session)
{
	struct vmitap_stats stats = { .size = sizeof(stats) };
	int err;

	err = vmitap_session_enable(session->tap);
	note("waiting for a VM to start");
	while (!err && !stats.out_nr_rings) {
		int ret;

		if (nr_signals)
			return fail(EXIT_NO_VM, "no VM has started");
		ret = vmitap_session_wait(session->tap, WAIT_MAX_S * 1e3);
		err = vmitap_session_stats(session->tap, &stats);
		/* One that is over already left its rings, which can be read. */
		if (!err && ret == -EPIPE && !stats.out_nr_rings)
			err = ret;
	}
	if (err)
		return session_failed(session, err, EXIT_OTHER);
	return vms_find_own(session->tap, &session->pid, session->name,
			    sizeof(session->name));
}

static int find_and_attach(struct session *session, const struct options *opts,
			   uint32_t ring_bytes)
{
	int code;

	code = vms_find(session->tap, opts->vm, &session->pid, session->name,
			sizeof(session->name));
	return code ? code : attach(session, ring_bytes);
}

static int configure(struct session *session, const struct options *opts,
		     bool everything)
{
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = opts->classes,
		.fields = opts->fields,
		.delivery = opts->lossless_us ? VMITAP_DELIVERY_LOSSLESS :
						VMITAP_DELIVERY_RECORD,
		.timeout_us = opts->lossless_us,
		.watermark = opts->watermark,
		.nr_vcpu_words = opts->nr_vcpu_words,
		.vcpus = (uintptr_t)opts->vcpus,
	};
	int err;

	if (everything) {
		config.classes |= VMITAP_CLASSES_EXIT;
	} else {
		config.cpl_mask = opts->cpl_mask;
		config.nr_cr3s = opts->nr_cr3s;
		config.cr3s = (uintptr_t)opts->cr3s;
	}
	if (config.nr_cr3s > session->query.out_max_cr3s)
		return fail(EXIT_USAGE, "--cr3: this module takes %u; use the"
			    " by_process filter",
			    session->query.out_max_cr3s);
	session->classes = config.classes;
	err = vmitap_session_configure(session->tap, &config);
	return err ? session_failed(session, err, EXIT_OTHER) : EXIT_OK;
}

static int set_filter(struct session *session, const struct options *opts)
{
	int code, err;

	code = filter_open(&session->filter, opts, session->query.out_tsc_khz);
	if (code || session->filter.fd < 0)
		return code;
	err = vmitap_session_set_filter(session->tap, session->filter.fd);
	if (err)
		return fail(EXIT_FILTER, "filter %s: %s", opts->filter,
			    vmitap_session_error(session->tap));
	return EXIT_OK;
}

int session_open(struct session *session, const struct options *opts,
		 bool everything)
{
	int code;

	/* From here on Ctrl-C ends the capture and not the process. */
	session_catch_signals();
	code = session_open_device(session);
	if (!code)
		code = check_ring(session, opts->ring_bytes);
	if (!code)
		code = check_classes(session, opts->classes);
	if (!code)
		code = opts->next ? attach_next(session, opts) :
		       find_and_attach(session, opts, opts->ring_bytes);
	if (!code)
		code = configure(session, opts, everything);
	if (!code)
		code = set_filter(session, opts);
	if (!code && opts->next)
		code = await(session);
	return code;
}

int session_open_state(struct session *session, const struct options *opts)
{
	int code;

	code = session_open_device(session);
	if (!code)
		code = find_and_attach(session, opts, session->query.out_ring_min);
	return code;
}

/*
 * Give up to BATCH events to the sink.  Return: EXIT_OK, SESSION_STOP or an exit
 * code; *nr is how many there were.
 */
static int read_batch(struct session *session, const struct session_sink *sink,
		      unsigned int *nr)
{
	const struct vmitap_record *rec;
	int ret, code;

	for (*nr = 0; *nr < BATCH; ++*nr) {
		ret = vmitap_session_next(session->tap, &rec);
		if (ret < 0)
			return session_failed(session, ret, EXIT_OTHER);
		if (!ret)
			break;
		if (rec->type == VMITAP_RECORD_VM_GONE)
			session->vm_gone = true;
		code = sink->event(sink->arg, rec);
		if (code)
			return code;
	}
	return EXIT_OK;
}

static int tick_if_due(const struct session_sink *sink, double now,
		       double *next)
{
	if (!sink->tick || now < *next)
		return EXIT_OK;
	*next = now + sink->interval;
	return sink->tick(sink->arg);
}

/* Wait for events.  Return: EXIT_OK, or an exit code, reported. */
static int wait_for_events(struct session *session, double seconds)
{
	int err;

	err = vmitap_session_wait(session->tap,
				  seconds > 0 ? seconds * 1e3 + 1 : 0);
	if (err == -EPIPE)
		session->vm_gone = true;
	else if (err < 0 && err != -EINTR && err != -EAGAIN)
		return session_failed(session, err, EXIT_OTHER);
	return EXIT_OK;
}

/* Return: SESSION_STOP once the sink ends the capture, else as session_run(). */
static int capture(struct session *session, const struct options *opts,
		   const struct session_sink *sink)
{
	double now = session_now(), next = now + sink->interval;
	double end = opts->seconds ? now + opts->seconds : 0, wait;
	unsigned int nr;
	int code;

	while (!nr_signals && (!end || now < end) && !session->vm_gone) {
		code = read_batch(session, sink, &nr);
		now = session_now();
		if (!code)
			code = tick_if_due(sink, now, &next);
		if (!code && nr < BATCH)
			code = sink->idle(sink->arg);
		if (code)
			return code;
		if (nr == BATCH)
			continue;
		wait = WAIT_MAX_S;
		if (end && end - now < wait)
			wait = end - now;
		if (sink->tick && next - now < wait)
			wait = next - now;
		code = wait_for_events(session, wait);
		if (code)
			return code;
		now = session_now();
	}
	return EXIT_OK;
}

/* Read what the rings hold, unless another signal says not to wait for it. */
static int drain(struct session *session, const struct session_sink *sink,
		 int signals)
{
	unsigned int nr;
	int code;

	do {
		code = read_batch(session, sink, &nr);
	} while (!code && nr && nr_signals == signals);
	return code ? code : sink->idle(sink->arg);
}

/*
 * Switch capture off and read the rest.  What is lost to a full ring is only told once
 * there is room: so once more.
 */
static int finish(struct session *session, const struct session_sink *sink,
		  int signals)
{
	int code, i;

	for (i = 0, code = EXIT_OK; i < 2 && !code; i++) {
		vmitap_session_disable(session->tap);
		/* Rings of vCPUs that came late. */
		code = wait_for_events(session, 0);
		if (!code)
			code = drain(session, sink, signals);
	}
	return code;
}

int session_run(struct session *session, const struct options *opts,
		const struct session_sink *sink)
{
	int code, err, signals;

	err = vmitap_session_enable(session->tap);
	/* Of a VM that was waited for capture has been on, and it may be over. */
	if (err == -EPIPE && opts->next)
		session->vm_gone = true;
	else if (err)
		return session_failed(session, err, EXIT_OTHER);
	code = capture(session, opts, sink);
	signals = nr_signals;
	session->interrupted = signals;
	if (code)
		vmitap_session_disable(session->tap);
	else
		code = finish(session, sink, signals);
	session->stats.size = sizeof(session->stats);
	err = vmitap_session_stats(session->tap, &session->stats);
	if (!err && session->stats.out_vm_gone)
		session->vm_gone = true;
	if (!err && session->stats.out_untapped_vcpus)
		note("%u new vCPUs could not be tapped, and nothing is known of"
		     " what they did; the kernel log may say why",
		     session->stats.out_untapped_vcpus);
	return code == SESSION_STOP ? EXIT_OK : code;
}

int session_hold(struct session *session, double seconds)
{
	double end = session_now() + seconds, wait = WAIT_MAX_S;
	int code = EXIT_OK, err;

	err = vmitap_session_pause(session->tap);
	if (err)
		return session_failed(session, err, EXIT_OTHER);
	while (!code && !nr_signals && !session->vm_gone &&
	       (!seconds || session_now() < end)) {
		if (seconds && end - session_now() < wait)
			wait = end - session_now();
		code = wait_for_events(session, wait);
	}
	session->interrupted = nr_signals;
	err = session->vm_gone ? 0 : vmitap_session_resume(session->tap);
	if (err && err != -EPIPE)
		return session_failed(session, err, EXIT_OTHER);
	return code;
}

void session_close(struct session *session)
{
	vmitap_session_close(session->tap);
	session->tap = NULL;
	filter_close(&session->filter);
}

const char *session_end_text(const struct session *session)
{
	if (session->vm_gone)
		return "; the VM ended";
	if (session->interrupted)
		return "; stopped";
	return "";
}
