// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_ps.c - processes of a guest, by each view
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "text.h"
#include "verdict_print.h"

/* How long to see what vCPUs run, unless --for says otherwise. */
#define DEFAULT_SECONDS 1

/* Columns of the table that a view has. */
static bool has_column(const struct inspect *inspect, unsigned int source)
{
	return inspect->runner.view[source]->title;
}

/*
 * Page tables of a process that has ended since are no process; those of the kernel's
 * own count if they were in use.
 */
static bool is_there(const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (process->known & FACT_PID)
		return true;
	if (process->running != FACT_OFF_CPU)
		return true;
	if (process->known & FACT_KTHREAD && process->kthread)
		return process->cpu_tsc;
	return process->known & FACT_MAPPED ? process->mapped :
					      process->user_tsc;
}

static const char *cell(const struct inspect *inspect,
			const struct entity *entity, unsigned int source)
{
	if (entity->seen >> source & 1)
		return "yes";
	if (!inspect->agg.reports[source].asked)
		return inspect->runner.view[source] == &view_agent ?
		       "absent" : "n/a";
	return entity->missing >> source & 1 ? "NO" : "-";
}

static double cpu_share(const struct inspect *inspect,
			const struct fact_process *process)
{
	double all = inspect->agg.now - inspect->started;

	return all > 0 ? 100 * process->cpu_tsc / all : 0;
}

static void print_name(const struct fact_process *process)
{
	char comm[20];

	if (!(process->known & FACT_COMM)) {
		printf(" %-17s", "?");
		return;
	}
	snprintf(comm, sizeof(comm), process->kthread &&
		 process->comm[0] != '[' ? "[%s]" : "%s", process->comm);
	text_make_plain(comm);
	printf(" %-17s", comm);
}

static void print_row(const struct inspect *inspect,
		      const struct entity *entity)
{
	const struct fact_process *process = &entity->process;
	uint32_t known = process->known;
	unsigned int i;

	if (known & FACT_PID)
		printf("%7u", process->pid);
	else
		printf("%7s", "?");
	if (known & FACT_UID)
		printf(" %6u", process->uid);
	else
		printf(" %6s", "?");
	if (known & FACT_START)
		printf(" %10.2f", process->start_ns / FACT_START_UNIT / 100.0);
	else
		printf(" %10s", "?");
	print_name(process);
	if (known & FACT_ROOT)
		printf(" %#14" PRIx64, process->root);
	else
		printf(" %14s", "-");
	if (known & FACT_CPU)
		printf(" %6.1f%%", cpu_share(inspect, process));
	else
		printf(" %7s", "-");
	for (i = 0; i < inspect->runner.nr; i++)
		if (has_column(inspect, i))
			printf(" %-6s", cell(inspect, entity, i));
	putchar('\n');
}

static void print_table(const struct inspect *inspect)
{
	const struct aggregate *agg = &inspect->agg;
	unsigned int i;
	size_t at;

	printf("%s%7s %6s %10s %-17s %14s %7s", text_style(stdout, TEXT_BOLD),
	       "PID", "UID", "START", "COMM", "PAGE TABLES", "CPU");
	for (i = 0; i < inspect->runner.nr; i++)
		if (has_column(inspect, i))
			printf(" %-6s", inspect->runner.view[i]->title);
	printf("%s\n", text_style(stdout, TEXT_PLAIN));
	for (at = 0; at < agg->nr; at++)
		if (is_there(&agg->list[at]))
			print_row(inspect, &agg->list[at]);
	putchar('\n');
}

static void print_views(const struct inspect *inspect)
{
	const struct view_report *report;
	const struct view *view;
	unsigned int i;

	for (i = 0; i < inspect->runner.nr; i++) {
		view = inspect->runner.view[i];
		report = &inspect->agg.reports[i];
		if (!view->title)
			continue;
		printf("%-6s %s: %s, %s%s%s\n", view->title, view->name,
		       view_pattern_name(view->pattern),
		       view->binding ? "binding" : "not binding",
		       *report->why ? "; " : "", report->why);
	}
	if (!inspect->lg)
		printf("No lists of processes: %s\n", inspect->why);
}

static void name_entity(char *buf, size_t size, const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (process->known & FACT_PID)
		snprintf(buf, size, "%u (%s)", process->pid, process->comm);
	else
		snprintf(buf, size, "page tables 0x%" PRIx64, process->root);
	text_make_plain(buf);
}

/* Only the agent's word, which is older than the lists: it may have ended since. */
static void print_told_only(const struct inspect *inspect, uint32_t in_band)
{
	const struct aggregate *agg = &inspect->agg;
	size_t i, nr = 0;

	for (i = 0; i < agg->nr; i++)
		nr += agg->list[i].missing && !(agg->list[i].seen & ~in_band);
	if (nr)
		printf("%zu only in-band: told before the lists were read, and"
		       " maybe gone since\n", nr);
}

static size_t print_contradictions(const struct inspect *inspect)
{
	const struct aggregate *agg = &inspect->agg;
	uint32_t in_band = aggregate_pattern(agg, VIEW_IN_BAND);
	char name[80], seen[200], missing[200];
	const struct conflict *conflict;
	const struct entity *entity;
	size_t i, nr = 0;

	for (i = 0; i < agg->nr; i++) {
		entity = &agg->list[i];
		if (!entity->missing || !is_there(entity) ||
		    !(entity->seen & ~in_band))
			continue;
		nr++;
		name_entity(name, sizeof(name), entity);
		printf("Conflict: %s: in %s; not in %s\n", name,
		       views_text(seen, sizeof(seen), inspect, entity->seen),
		       views_text(missing, sizeof(missing), inspect,
				  entity->missing));
	}
	print_told_only(inspect, in_band);
	for (i = 0; i < agg->nr_conflicts; i++) {
		conflict = &agg->conflicts[i];
		nr++;
		name_entity(name, sizeof(name), &agg->list[conflict->entity]);
		printf("Conflict: %s: %s and %s differ about its %s\n", name,
		       inspect->runner.view[conflict->one]->name,
		       inspect->runner.view[conflict->other]->name,
		       fact_field_name(conflict->field));
	}
	return nr;
}

static void print_text(const struct inspect *inspect)
{
	size_t nr;

	print_table(inspect);
	print_views(inspect);
	nr = print_contradictions(inspect);
	if (nr)
		printf("%zu conflicts; vmitap watch tells births and deaths from"
		       " what stays\n", nr);
	else
		printf("No conflicts\n");
}

static void print_json_views(struct json *json, const struct inspect *inspect)
{
	const struct view_report *report;
	const struct view *view;
	unsigned int i;

	json_begin(json, "views", '[');
	for (i = 0; i < inspect->runner.nr; i++) {
		view = inspect->runner.view[i];
		report = &inspect->agg.reports[i];
		json_begin(json, NULL, '{');
		json_string(json, "view", view->name);
		json_string(json, "pattern", view_pattern_name(view->pattern));
		json_bool(json, "binding", view->binding);
		json_string(json, "knowledge", view->knowledge);
		json_bool(json, "asked", report->asked);
		json_bool(json, "whole", report->whole);
		json_u64(json, "refused", report->refused);
		json_string(json, "why", report->why);
		json_end(json, '}');
	}
	json_end(json, ']');
}

static void print_json_entry_points(struct json *json,
				    const struct aggregate *agg)
{
	const struct fact *fact;
	size_t i;

	json_begin(json, "entry_points", '[');
	for (i = 0; i < agg->facts.nr; i++) {
		fact = &agg->facts.list[i];
		if (fact->type != FACT_ENTRY_POINTS)
			continue;
		json_begin(json, NULL, '{');
		json_u64(json, "vcpu", fact->entry.vcpu);
		json_hex(json, "lstar", fact->entry.lstar);
		json_hex(json, "cstar", fact->entry.cstar);
		json_hex(json, "sysenter", fact->entry.sysenter);
		json_hex(json, "idtr", fact->entry.idtr);
		json_u64(json, "changes", fact->entry.changes);
		json_end(json, '}');
	}
	json_end(json, ']');
}

static void print_json_processes(struct json *json,
				 const struct inspect *inspect)
{
	const struct entity *entity;
	size_t i;

	json_begin(json, "processes", '[');
	for (i = 0; i < inspect->agg.nr; i++) {
		entity = &inspect->agg.list[i];
		if (!is_there(entity))
			continue;
		json_begin(json, NULL, '{');
		process_print_json(json, &entity->process);
		if (entity->process.known & FACT_CPU)
			json_real(json, "cpu_percent",
				  cpu_share(inspect, &entity->process), 2);
		views_print_json(json, "seen", inspect, entity->seen);
		views_print_json(json, "missing", inspect, entity->missing);
		json_end(json, '}');
	}
	json_end(json, ']');
}

static void print_json(const struct inspect *inspect)
{
	const struct aggregate *agg = &inspect->agg;
	struct json json = { .out = stdout };
	const struct conflict *conflict;
	size_t i;

	json_begin(&json, NULL, '{');
	json_string(&json, "vm", inspect->session.name);
	json_u64(&json, "vmm_pid", inspect->session.pid);
	json_bool(&json, "paused", agg->paused);
	json_string(&json, "why", inspect->why);
	print_json_views(&json, inspect);
	print_json_processes(&json, inspect);
	print_json_entry_points(&json, agg);
	json_begin(&json, "conflicts", '[');
	for (i = 0; i < agg->nr_conflicts; i++) {
		conflict = &agg->conflicts[i];
		json_begin(&json, NULL, '{');
		process_print_json(&json,
				   &agg->list[conflict->entity].process);
		json_string(&json, "member", fact_field_name(conflict->field));
		views_print_json(&json, "views", inspect, 1u << conflict->one |
				 1u << conflict->other);
		json_end(&json, '}');
	}
	json_end(&json, ']');
	json_end(&json, '}');
	putchar('\n');
}

static int ps_event(void *arg, const struct vmitap_record *rec)
{
	return inspect_event(arg, rec);
}

static int ps_idle(void *arg)
{
	(void)arg;
	return EXIT_OK;
}

/* Once before the end, so that what takes time is not done in the pause. */
static int ps_tick(void *arg)
{
	struct inspect *inspect = arg;

	return inspect->lg ? EXIT_OK : inspect_look(inspect, false);
}

static int look_and_print(struct inspect *inspect)
{
	int code = EXIT_OK;

	/* To understand the guest takes longer than a pause may, and it is now or never. */
	inspect->next_try = 0;
	if (!inspect->lg)
		code = inspect_look(inspect, false);
	if (!code)
		code = inspect_look(inspect, true);
	inspect_resume(inspect);
	if (code == SESSION_STOP)
		return fail(EXIT_NO_VM, "%s: the VM ended",
			    inspect->session.name);
	if (code)
		return code;
	if (inspect->opts.json)
		print_json(inspect);
	else
		print_text(inspect);
	return EXIT_OK;
}

static int run_ps(const struct options *opts, int argc, char **argv)
{
	struct inspect *inspect = calloc(1, sizeof(*inspect));
	struct session_sink sink = {
		.event = ps_event, .idle = ps_idle, .tick = ps_tick,
		.interval = 0.2, .arg = inspect,
	};
	int code;

	(void)argc;
	(void)argv;
	if (!inspect)
		return fail(EXIT_OTHER, "out of memory");
	code = inspect_open(inspect, opts);
	if (!inspect->opts.seconds)
		inspect->opts.seconds = DEFAULT_SECONDS;
	if (!code)
		code = session_run(&inspect->session, &inspect->opts, &sink);
	if (!code)
		code = look_and_print(inspect);
	inspect_close(inspect);
	free(inspect);
	return code;
}

const struct command cmd_ps = {
	.name = "ps",
	.args = "",
	.summary = "processes of a guest, by each of several views",
	.about =
"Looks for --for seconds (1) what the vCPUs run, pauses the VM for a moment to read\n"
"the guest's own lists, and prints a row for each process, with a column for each\n"
"view: yes if the view has it, - if not, NO if it should, n/a if the view could not\n"
"be asked; absent if there is no vmitap-agent in the guest.  START is seconds since\n"
"the guest booted, CPU the time that its page tables were loaded, of one vCPU.\n"
"PAGE TABLES without a PID are of a process that no list has.",
	.groups = OPTIONS_VM | OPTIONS_VIEWS | OPTIONS_LINUX | OPTIONS_RING |
		  OPTIONS_FOR | OPTIONS_JSON,
	.run = run_ps,
};
