/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict_print.h - what views say and detectors found, in text and JSON
 */
#ifndef VMITAP_CLI_VERDICT_PRINT_H
#define VMITAP_CLI_VERDICT_PRINT_H

#include "detect.h"
#include "inspect.h"
#include "json.h"

void verdict_print_text(const struct inspect *inspect,
			const struct verdict *verdict);
void verdict_print_json(const struct inspect *inspect,
			const struct verdict *verdict);

/* Members of a process that are known. */
void process_print_json(struct json *json, const struct fact_process *process);

/* Names of the views of a mask, as an array. */
void views_print_json(struct json *json, const char *name,
		      const struct inspect *inspect, uint32_t mask);

/* Names and patterns of the views of a mask.  Return: @buf. */
const char *views_text(char *buf, size_t size, const struct inspect *inspect,
		       uint32_t mask);

#endif /* VMITAP_CLI_VERDICT_PRINT_H */
