// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent.c - in-band: processes as a component in the guest tells them
 *
 * Messages come in parts, from several vCPUs at a time, from whoever in the guest
 * executes the hypercall.  Everything has a limit: the messages being assembled, the
 * lists being assembled, entries, and messages in a second.  What is refused is
 * counted, and what was complete before stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent_list.h"
#include "view.h"

/* Messages being assembled, each of up to VMITAP_MESSAGE_MAX bytes. */
#define MAX_ASSEMBLED	64

/* Messages read in a second; more are refused unread. */
#define MAX_RATE	256

/* A message of which parts came. */
struct assembly {
	uint8_t *data;
	uint64_t cr3;
	uint64_t begin;
	uint64_t used;
	uint32_t total;
	uint32_t have;
	uint16_t vcpu;
};

struct agent {
	const struct view_env *env;
	struct assembly assembly[MAX_ASSEMBLED];
	struct agent_list pending;
	struct agent_list list;
	uint64_t lists;
	uint64_t refused;
	uint64_t second;
	unsigned int in_second;
};

static int agent_start(void *state, const struct view_env *env)
{
	struct agent *agent = state;

	agent->env = env;
	return 0;
}

static void drop(struct assembly *assembly)
{
	free(assembly->data);
	memset(assembly, 0, sizeof(*assembly));
}

static struct assembly *find_assembly(struct agent *agent, uint16_t vcpu)
{
	unsigned int i;

	for (i = 0; i < MAX_ASSEMBLED; i++)
		if (agent->assembly[i].data && agent->assembly[i].vcpu == vcpu)
			return &agent->assembly[i];
	return NULL;
}

/* A free place, else that whose last part is oldest. */
static struct assembly *new_assembly(struct agent *agent,
				     const struct vmitap_message *message)
{
	struct assembly *at = &agent->assembly[0];
	unsigned int i;

	for (i = 1; i < MAX_ASSEMBLED && at->data; i++)
		if (!agent->assembly[i].data ||
		    agent->assembly[i].used < at->used)
			at = &agent->assembly[i];
	if (at->data)
		agent->refused++;
	drop(at);
	at->data = malloc(message->total);
	if (!at->data)
		return NULL;
	at->cr3 = message->cr3;
	at->begin = message->record.tsc;
	at->total = message->total;
	at->vcpu = message->record.vcpu;
	return at;
}

static bool too_many(struct agent *agent, uint64_t tsc)
{
	uint64_t period = (uint64_t)agent->env->tsc_khz * 1000;

	if (tsc - agent->second >= period) {
		agent->second = tsc;
		agent->in_second = 0;
	}
	return ++agent->in_second > MAX_RATE;
}

/* A message is complete: it may be the last that its list needs. */
static int finish(struct agent *agent, struct assembly *assembly, uint64_t tsc)
{
	struct agent_list empty = { .nr = 0 };
	int ret;

	ret = agent_list_add(&agent->pending, assembly->data, assembly->total,
			     assembly->cr3, assembly->begin);
	drop(assembly);
	if (ret == -ENOMEM)
		return ret;
	if (ret < 0)
		agent->refused++;
	if (ret != 1)
		return 0;
	agent->pending.end = tsc;
	agent_list_free(&agent->list);
	agent->list = agent->pending;
	agent->pending = empty;
	agent->lists++;
	return 0;
}

static int agent_event(void *state, const struct vmitap_record *rec)
{
	const struct vmitap_message *part = (const void *)rec;
	struct agent *agent = state;
	struct assembly *assembly;

	if (rec->type != VMITAP_RECORD_MESSAGE ||
	    rec->flags & VMITAP_RECORD_NESTED || part->tag != AGENT_TAG)
		return 0;
	assembly = find_assembly(agent, rec->vcpu);
	if (!part->offset) {
		if (assembly)
			agent->refused++;
		if (assembly)
			drop(assembly);
		if (!part->total || part->total > VMITAP_MESSAGE_MAX ||
		    too_many(agent, rec->tsc)) {
			agent->refused++;
			return 0;
		}
		assembly = new_assembly(agent, part);
		if (!assembly)
			return -ENOMEM;
	}
	/* The rest of one that was refused, or that has lost a part. */
	if (!assembly)
		return 0;
	if (part->offset != assembly->have || part->total != assembly->total ||
	    part->bytes > assembly->total - assembly->have || !part->bytes ||
	    part->bytes > rec->size - sizeof(*part)) {
		drop(assembly);
		agent->refused++;
		return 0;
	}
	memcpy(assembly->data + part->offset, part + 1, part->bytes);
	assembly->have += part->bytes;
	assembly->used = rec->tsc;
	return assembly->have == assembly->total ?
	       finish(agent, assembly, rec->tsc) : 0;
}

static int add_process(struct agent *agent, struct facts *facts,
		       const struct agent_process *said)
{
	struct fact *fact = facts_add(facts, FACT_PROCESS);
	struct fact_process *process;

	if (!fact)
		return -ENOMEM;
	fact->tsc = agent->list.end;
	fact->first_tsc = agent->list.begin;
	fact->last_tsc = agent->list.end;
	process = &fact->process;
	process->known = FACT_PID | FACT_PPID | FACT_UID | FACT_START |
			 FACT_COMM | FACT_KTHREAD;
	process->pid = said->pid;
	process->tgid = said->pid;
	process->ppid = said->ppid;
	process->uid = said->uid;
	process->start_ns = said->start;
	process->kthread = said->flags & AGENT_F_KTHREAD;
	memcpy(process->comm, said->comm, sizeof(said->comm));
	return 0;
}

static int agent_facts(void *state, struct facts *facts,
		       struct view_report *report)
{
	struct agent *agent = state;
	uint32_t i;

	report->asked = agent->lists;
	report->whole = agent->lists;
	report->rounds = agent->lists;
	report->refused = agent->refused;
	report->begin = agent->list.begin;
	report->end = agent->list.end;
	report->guest_ns = agent->list.time_ns;
	if (!agent->lists)
		strcpy(report->why, agent->refused ?
		       "messages came, but none that makes sense" :
		       "no agent in the guest has reported");
	else if (agent->refused)
		strcpy(report->why, "messages were refused");
	for (i = 0; i < agent->list.nr; i++)
		if (add_process(agent, facts, &agent->list.processes[i]))
			return -ENOMEM;
	return 0;
}

static void agent_stop(void *state)
{
	struct agent *agent = state;
	unsigned int i;

	for (i = 0; i < MAX_ASSEMBLED; i++)
		drop(&agent->assembly[i]);
	agent_list_free(&agent->pending);
	agent_list_free(&agent->list);
}

const struct view view_agent = {
	.name = "agent",
	.title = "AGENT",
	.pattern = VIEW_IN_BAND,
	.lists = true,
	.knowledge = "vmitap-agent in the guest: what /proc shows there",
	.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_MESSAGE),
	.state_bytes = sizeof(struct agent),
	.start = agent_start,
	.event = agent_event,
	.facts = agent_facts,
	.stop = agent_stop,
};
