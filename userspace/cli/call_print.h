/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call_print.h - one system call as a line of text or of JSON
 */
#ifndef VMITAP_CLI_CALL_PRINT_H
#define VMITAP_CLI_CALL_PRINT_H

#include <stdint.h>
#include <stdio.h>

#include "calls.h"

/* Name of a call in @buf, its number if it has none. */
#define CALL_NAME_MAX	32
const char *call_name(char buf[CALL_NAME_MAX], const struct call *call);

/* Print "[pid comm] name(args) = result". */
void call_print_text(FILE *out, const struct call *call,
		     enum call_outcome outcome);

/* Print an object with all of it; a call that is pending is not worth one. */
void call_print_json(FILE *out, const struct call *call,
		     enum call_outcome outcome, uint32_t tsc_khz);

#endif /* VMITAP_CLI_CALL_PRINT_H */
