/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * detect.h - detectors: what an aggregation means
 */
#ifndef VMITAP_DETECT_DETECT_H
#define VMITAP_DETECT_DETECT_H

#include "aggregate.h"

enum verdict_class {
	/* Looked into, and explained. */
	VERDICT_BENIGN,
	/* Cannot be explained, and not be proved either. */
	VERDICT_UNKNOWN,
	/* No guest that works as it should is in this state. */
	VERDICT_MALICIOUS,
};

#define VERDICT_EVIDENCE	640

/**
 * struct verdict - what a detector has found
 * @detector: its name
 * @class: enum verdict_class
 * @tsc: when it was sure
 * @since_tsc: since when it was so
 * @process: which process; @known is 0 if it is about something else
 * @seen: views that have it
 * @missing: views that should
 * @what: in a few words
 * @evidence: what a person can check, lines that end with a newline
 */
struct verdict {
	const char *detector;
	enum verdict_class class;
	uint64_t tsc;
	uint64_t since_tsc;
	struct fact_process process;
	uint32_t seen;
	uint32_t missing;
	char what[120];
	char evidence[VERDICT_EVIDENCE];
};

/* struct verdicts - list of them */
struct verdicts {
	struct verdict *list;
	size_t nr;
	size_t room;
};

/* Add one, zero; NULL without memory. */
struct verdict *verdicts_add(struct verdicts *verdicts);
void verdicts_free(struct verdicts *verdicts);

/* Add to the evidence; what does not fit is cut off. */
void verdict_say(struct verdict *verdict, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "benign", "unknown", "malicious". */
const char *verdict_class_name(enum verdict_class class);

/**
 * struct detector - a detector
 * @name: one word
 * @state_bytes: of what the callbacks get as @state; zero at first
 * @run: look at an aggregation; add verdicts that are new.  Sets *@confirm if it
 *	wants one of the paused VM: then the views sample, the aggregation is made
 *	anew, and it runs again, before the VM runs on.  Returns 0 or -ENOMEM.
 * @stop: release what @state has; may be NULL
 */
struct detector {
	const char *name;
	size_t state_bytes;
	int (*run)(void *state, const struct aggregate *agg,
		   struct verdicts *verdicts, bool *confirm);
	void (*stop)(void *state);
};

extern const struct detector detector_hidden_process;
extern const struct detector detector_entry_points;

/* All of them; ends with NULL. */
extern const struct detector *const detectors[];

#endif /* VMITAP_DETECT_DETECT_H */
