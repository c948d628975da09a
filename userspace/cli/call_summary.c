// SPDX-License-Identifier: GPL-2.0-only
/*
 * call_summary.c - system calls counted and timed by name
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "call_summary.h"
#include "cli.h"
#include "json.h"
#include "text.h"

static struct call_row *find_row(struct call_summary *summary,
				 const char *name, enum linux_abi abi)
{
	struct call_row *rows;
	size_t i;

	for (i = 0; i < summary->nr; i++) {
		if (summary->rows[i].abi == abi &&
		    !strcmp(summary->rows[i].name, name))
			return &summary->rows[i];
	}
	if (summary->nr == summary->room) {
		summary->room = summary->room ? summary->room * 2 : 64;
		rows = realloc(summary->rows, summary->room * sizeof(*rows));
		if (!rows)
			return NULL;
		summary->rows = rows;
	}
	rows = &summary->rows[summary->nr++];
	memset(rows, 0, sizeof(*rows));
	strcpy(rows->name, name);
	rows->abi = abi;
	return rows;
}

int call_summary_add(struct call_summary *summary, const struct call *call,
		     enum call_outcome outcome, uint32_t tsc_khz)
{
	char name[CALL_NAME_MAX];
	struct call_row *row;

	if (outcome == CALL_PENDING)
		return EXIT_OK;
	row = find_row(summary, call_name(name, call), call->abi);
	if (!row)
		return fail(EXIT_OTHER, "out of memory");
	row->calls++;
	if (outcome != CALL_RETURNED)
		return EXIT_OK;
	row->returned++;
	row->errors += linux_result_is_error(call->abi, call->result);
	row->ns += call_ns(call, tsc_khz);
	return EXIT_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct call_row *ra = a, *rb = b;

	if (ra->ns != rb->ns)
		return ra->ns > rb->ns ? -1 : 1;
	if (ra->calls != rb->calls)
		return ra->calls > rb->calls ? -1 : 1;
	return strcmp(ra->name, rb->name);
}

void call_summary_sort(struct call_summary *summary)
{
	if (summary->nr)
		qsort(summary->rows, summary->nr, sizeof(*summary->rows),
		      compare_rows);
}

static struct call_row total(const struct call_summary *summary)
{
	struct call_row sum = { .name = "total" };
	size_t i;

	for (i = 0; i < summary->nr; i++) {
		sum.calls += summary->rows[i].calls;
		sum.returned += summary->rows[i].returned;
		sum.errors += summary->rows[i].errors;
		sum.ns += summary->rows[i].ns;
	}
	return sum;
}

static double share(const struct call_row *row, double ns)
{
	return ns > 0 ? 100 * row->ns / ns : 0;
}

static void print_row(FILE *out, const struct call_row *row, double ns)
{
	char each[TEXT_MAX] = "-", calls[TEXT_MAX], errors[TEXT_MAX] = "";

	if (row->returned)
		text_time(each, row->ns / row->returned);
	if (row->errors)
		text_count(errors, row->errors);
	fprintf(out, "%6.2f %12.6f %9s %11s %9s %s%s\n", share(row, ns),
		row->ns / 1e9, each, text_count(calls, row->calls), errors,
		row->abi == LINUX_ABI_I386 ? "i386:" : "", row->name);
}

void call_summary_print(FILE *out, const struct call_summary *summary)
{
	struct call_row sum = total(summary);
	size_t i;

	fprintf(out, "%s%6s %12s %9s %11s %9s %s%s\n",
		text_style(out, TEXT_BOLD), "TIME %", "SECONDS", "PER CALL",
		"CALLS", "ERRORS", "SYSTEM CALL", text_style(out, TEXT_PLAIN));
	for (i = 0; i < summary->nr; i++)
		print_row(out, &summary->rows[i], sum.ns);
	print_row(out, &sum, sum.ns);
}

void call_summary_json(struct json *json, const struct call_summary *summary)
{
	struct call_row sum = total(summary);
	const struct call_row *row;
	size_t i;

	json_begin(json, "calls", '[');
	for (i = 0; i < summary->nr; i++) {
		row = &summary->rows[i];
		json_begin(json, NULL, '{');
		json_string(json, "name", row->name);
		json_string(json, "abi", row->abi == LINUX_ABI_I386 ?
			    "i386" : "x86_64");
		json_u64(json, "calls", row->calls);
		json_u64(json, "returned", row->returned);
		json_u64(json, "errors", row->errors);
		json_real(json, "ns", row->ns, 0);
		json_real(json, "share", share(row, sum.ns) / 100, 6);
		json_end(json, '}');
	}
	json_end(json, ']');
}

void call_summary_free(struct call_summary *summary)
{
	free(summary->rows);
	memset(summary, 0, sizeof(*summary));
}
