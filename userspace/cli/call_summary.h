/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call_summary.h - system calls counted and timed by name
 */
#ifndef VMITAP_CLI_CALL_SUMMARY_H
#define VMITAP_CLI_CALL_SUMMARY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "call_print.h"
#include "calls.h"

struct json;

/**
 * struct call_row - calls of one name
 * @name: the name
 * @abi: which table it is of
 * @calls: how many began
 * @returned: of these, how many returned
 * @errors: of those, how many failed
 * @ns: from beginning to return, all that returned together
 */
struct call_row {
	char name[CALL_NAME_MAX];
	enum linux_abi abi;
	uint64_t calls;
	uint64_t returned;
	uint64_t errors;
	double ns;
};

struct call_summary {
	struct call_row *rows;
	size_t nr;
	size_t room;
};

/* Count a call that is over.  Return: EXIT_OK, or EXIT_OTHER, reported. */
int call_summary_add(struct call_summary *summary, const struct call *call,
		     enum call_outcome outcome, uint32_t tsc_khz);

/* Bring the rows into the order of time, and of calls where that is the same. */
void call_summary_sort(struct call_summary *summary);

void call_summary_print(FILE *out, const struct call_summary *summary);
void call_summary_json(struct json *json, const struct call_summary *summary);
void call_summary_free(struct call_summary *summary);

#endif /* VMITAP_CLI_CALL_SUMMARY_H */
