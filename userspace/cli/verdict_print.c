// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict_print.c - what views say and detectors found, in text and JSON
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "text.h"
#include "verdict_print.h"

const char *views_text(char *buf, size_t size, const struct inspect *inspect,
		       uint32_t mask)
{
	const struct view_runner *runner = &inspect->runner;
	size_t len = 0;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < runner->nr && len < size; i++)
		if (mask >> i & 1)
			len += snprintf(buf + len, size - len, "%s%s (%s)",
					len ? ", " : "", runner->view[i]->name,
					view_pattern_name(runner->view[i]->pattern));
	return buf;
}

void views_print_json(struct json *json, const char *name,
		      const struct inspect *inspect, uint32_t mask)
{
	unsigned int i;

	json_begin(json, name, '[');
	for (i = 0; i < inspect->runner.nr; i++)
		if (mask >> i & 1)
			json_string(json, NULL, inspect->runner.view[i]->name);
	json_end(json, ']');
}

void process_print_json(struct json *json, const struct fact_process *process)
{
	uint32_t known = process->known;

	if (known & FACT_PID)
		json_u64(json, "pid", process->pid);
	if (known & FACT_PPID)
		json_u64(json, "ppid", process->ppid);
	if (known & FACT_UID)
		json_u64(json, "uid", process->uid);
	if (known & FACT_START)
		json_u64(json, "start_ns", process->start_ns /
			 FACT_START_UNIT * FACT_START_UNIT);
	if (known & FACT_COMM)
		json_string(json, "comm", process->comm);
	if (known & FACT_KTHREAD)
		json_bool(json, "kthread", process->kthread);
	if (known & FACT_ROOT)
		json_hex(json, "root", process->root);
	if (known & FACT_CALLS)
		json_u64(json, "calls", process->calls);
}

static void print_now(void)
{
	time_t now = time(NULL);
	struct tm local;
	char text[40];

	if (localtime_r(&now, &local) &&
	    strftime(text, sizeof(text), "%F %T", &local))
		printf("%s ", text);
}

static enum text_style style_of(enum verdict_class class)
{
	return class == VERDICT_MALICIOUS ? TEXT_RED :
	       class == VERDICT_UNKNOWN ? TEXT_YELLOW : TEXT_GREEN;
}

void verdict_print_text(const struct inspect *inspect,
			const struct verdict *verdict)
{
	char what[sizeof(verdict->what)], evidence[VERDICT_EVIDENCE];
	char *line, *save = NULL;

	snprintf(what, sizeof(what), "%s", verdict->what);
	text_make_plain(what);
	print_now();
	printf("%s: %s%s%s: %s: %s\n", inspect->session.name,
	       text_style(stdout, style_of(verdict->class)),
	       verdict_class_name(verdict->class),
	       text_style(stdout, TEXT_PLAIN), verdict->detector, what);
	snprintf(evidence, sizeof(evidence), "%s", verdict->evidence);
	for (line = strtok_r(evidence, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		text_make_plain(line);
		printf("    %s\n", line);
	}
	printf("    at TSC %" PRIu64 "\n", verdict->tsc);
}

void verdict_print_json(const struct inspect *inspect,
			const struct verdict *verdict)
{
	struct json json = { .out = stdout };

	json_begin(&json, NULL, '{');
	json_string(&json, "vm", inspect->session.name);
	json_u64(&json, "time", time(NULL));
	json_u64(&json, "tsc", verdict->tsc);
	json_string(&json, "detector", verdict->detector);
	json_string(&json, "class", verdict_class_name(verdict->class));
	json_string(&json, "what", verdict->what);
	json_real(&json, "lasted_s", inspect_ns(inspect, verdict->tsc -
		  verdict->since_tsc) / 1e9, 3);
	if (verdict->process.known) {
		json_begin(&json, "process", '{');
		process_print_json(&json, &verdict->process);
		json_end(&json, '}');
	}
	views_print_json(&json, "seen", inspect, verdict->seen);
	views_print_json(&json, "missing", inspect, verdict->missing);
	json_string(&json, "evidence", verdict->evidence);
	json_end(&json, '}');
	putchar('\n');
}
