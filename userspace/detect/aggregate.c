// SPDX-License-Identifier: GPL-2.0-only
/*
 * aggregate.c - what all views together say, and where they disagree
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"

static int make_room(void *list, size_t nr, size_t *room, size_t size)
{
	void **at = list, *more;

	if (nr < *room)
		return 0;
	more = realloc(*at, (*room ? *room * 2 : 256) * size);
	if (!more)
		return -ENOMEM;
	*at = more;
	*room = *room ? *room * 2 : 256;
	return 0;
}

static uint64_t start_of(const struct fact_process *process)
{
	return process->known & FACT_START ?
	       process->start_ns / FACT_START_UNIT : 0;
}

/* Facts of processes: with PID before others, by PID, start and view. */
static int by_identity(const void *a, const void *b)
{
	const struct fact *x = *(const struct fact *const *)a;
	const struct fact *y = *(const struct fact *const *)b;
	const struct fact_process *p = &x->process, *q = &y->process;
	bool p_pid = p->known & FACT_PID, q_pid = q->known & FACT_PID;

	if (p_pid != q_pid)
		return p_pid ? -1 : 1;
	if (p_pid && p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	if (start_of(p) != start_of(q))
		return start_of(p) < start_of(q) ? -1 : 1;
	return (x->source > y->source) - (x->source < y->source);
}

/* Of what one view says, take what is not known yet. */
static void learn(struct fact_process *process, const struct fact_process *from)
{
	uint32_t new = from->known & ~process->known;

	if (new & FACT_PID) {
		process->pid = from->pid;
		process->tgid = from->tgid;
	}
	if (new & FACT_PPID)
		process->ppid = from->ppid;
	if (new & FACT_UID)
		process->uid = from->uid;
	if (new & FACT_START)
		process->start_ns = from->start_ns;
	if (new & FACT_COMM)
		memcpy(process->comm, from->comm, sizeof(process->comm));
	if (new & FACT_KTHREAD)
		process->kthread = from->kthread;
	if (new & FACT_ROOT)
		process->root = from->root;
	if (new & FACT_CPU) {
		process->cpu_tsc = from->cpu_tsc;
		process->vcpu = from->vcpu;
	}
	if (new & FACT_CALLS)
		process->calls = from->calls;
	if (new & FACT_RUNNING)
		process->running = from->running;
	if (new & FACT_MAPPED)
		process->mapped = from->mapped;
	if (from->user_tsc > process->user_tsc)
		process->user_tsc = from->user_tsc;
	if (from->held_to > process->held_to) {
		process->held_from = from->held_from;
		process->held_to = from->held_to;
	}
	if (from->loaded_tsc > process->loaded_tsc)
		process->loaded_tsc = from->loaded_tsc;
	process->split |= from->split;
	process->known |= new;
}

static bool differ(const struct fact_process *p, const struct fact_process *q,
		   uint32_t field)
{
	switch (field) {
	case FACT_PPID:
		return p->ppid != q->ppid;
	case FACT_UID:
		return p->uid != q->uid;
	case FACT_KTHREAD:
		return p->kthread != q->kthread;
	case FACT_ROOT:
		return p->root != q->root;
	case FACT_COMM:
		/* The guest shows its own threads with longer names. */
		return !(p->known & q->known & FACT_KTHREAD &&
			 (p->kthread || q->kthread)) &&
		       strncmp(p->comm, q->comm, 15);
	}
	return false;
}

static int note_conflicts(struct aggregate *agg, size_t entity,
			  const struct fact *one, const struct fact *other)
{
	static const uint32_t fields[] = {
		FACT_PPID, FACT_UID, FACT_COMM, FACT_KTHREAD, FACT_ROOT,
	};
	const struct fact_process *p = &one->process, *q = &other->process;
	unsigned int i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!(p->known & q->known & fields[i]) ||
		    !differ(p, q, fields[i]))
			continue;
		if (make_room(&agg->conflicts, agg->nr_conflicts,
			      &agg->conflicts_room, sizeof(*agg->conflicts)))
			return -ENOMEM;
		agg->conflicts[agg->nr_conflicts++] = (struct conflict){
			.entity = entity, .field = fields[i],
			.one = one->source, .other = other->source,
		};
	}
	return 0;
}

static int add_to(struct aggregate *agg, size_t at, const struct fact *fact)
{
	struct entity *entity = &agg->list[at];
	unsigned int i;

	/* A list that has a process twice says no more by that. */
	if (entity->fact[fact->source])
		return 0;
	entity->fact[fact->source] = fact;
	entity->seen |= 1u << fact->source;
	learn(&entity->process, &fact->process);
	for (i = 0; i < agg->runner->nr; i++)
		if (i != fact->source && entity->fact[i] &&
		    note_conflicts(agg, at, entity->fact[i], fact))
			return -ENOMEM;
	return 0;
}

static int new_entity(struct aggregate *agg)
{
	if (make_room(&agg->list, agg->nr, &agg->room, sizeof(*agg->list)))
		return -ENOMEM;
	memset(&agg->list[agg->nr++], 0, sizeof(*agg->list));
	return 0;
}

static bool same(const struct fact_process *p, const struct fact_process *q)
{
	return p->pid == q->pid && start_of(p) == start_of(q);
}

/* Facts with PID, in their order. */
static int join_by_pid(struct aggregate *agg, const struct fact **facts,
		       size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if ((!i || !same(&facts[i]->process, &facts[i - 1]->process)) &&
		    new_entity(agg))
			return -ENOMEM;
		if (add_to(agg, agg->nr - 1, facts[i]))
			return -ENOMEM;
	}
	agg->nr_pids = agg->nr;
	return 0;
}

static int by_root(const void *a, const void *b, void *arg)
{
	const struct entity *list = arg;
	uint64_t x = list[*(const size_t *)a].process.root;
	uint64_t y = list[*(const size_t *)b].process.root;

	return (x > y) - (x < y);
}

static int index_roots(struct aggregate *agg)
{
	size_t i, *index;

	agg->nr_by_root = 0;
	index = realloc(agg->by_root, (agg->nr + 1) * sizeof(*index));
	if (!index)
		return -ENOMEM;
	agg->by_root = index;
	for (i = 0; i < agg->nr; i++)
		if (agg->list[i].process.known & FACT_ROOT)
			index[agg->nr_by_root++] = i;
	qsort_r(index, agg->nr_by_root, sizeof(*index), by_root, agg->list);
	return 0;
}

/* First entry of the index with at least that root. */
static size_t find_root(const struct aggregate *agg, uint64_t root)
{
	size_t low = 0, high = agg->nr_by_root, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (agg->list[agg->by_root[mid]].process.root < root)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const size_t *aggregate_of_root(const struct aggregate *agg, uint64_t root,
				size_t *nr)
{
	size_t first = find_root(agg, root), end = first;

	while (end < agg->nr_by_root &&
	       agg->list[agg->by_root[end]].process.root == root)
		end++;
	*nr = end - first;
	return agg->by_root + first;
}

/* An address space may be that of several processes: vfork(), CLONE_VM. */
static int join_by_root(struct aggregate *agg, const struct fact *fact)
{
	size_t i, nr;
	const size_t *of_root = aggregate_of_root(agg, fact->process.root, &nr);

	for (i = 0; i < nr; i++)
		if (add_to(agg, of_root[i], fact))
			return -ENOMEM;
	if (nr)
		return 0;
	if (new_entity(agg) || add_to(agg, agg->nr - 1, fact))
		return -ENOMEM;
	return 0;
}

static int join(struct aggregate *agg, const struct fact **facts, size_t nr)
{
	size_t i, nr_pids = 0;
	unsigned int source;

	qsort(facts, nr, sizeof(*facts), by_identity);
	while (nr_pids < nr && facts[nr_pids]->process.known & FACT_PID)
		nr_pids++;
	if (join_by_pid(agg, facts, nr_pids))
		return -ENOMEM;
	/* View by view, so that one finds what the one before has added. */
	for (source = 0; source < agg->runner->nr; source++) {
		if (index_roots(agg))
			return -ENOMEM;
		for (i = nr_pids; i < nr; i++)
			if (facts[i]->source == source &&
			    join_by_root(agg, facts[i]))
				return -ENOMEM;
	}
	return index_roots(agg);
}

/* Whether a view that lists processes would list this one. */
static bool listable(const struct entity *entity)
{
	const struct fact_process *process = &entity->process;

	if (process->known & FACT_PID)
		return process->pid;
	/* The kernel's own page tables are no process's until code runs at CPL 3. */
	return process->user_tsc || (process->loaded_tsc && !process->kthread);
}

/* Whether a process is younger than the list that a view has. */
static bool too_young(const struct entity *entity,
		      const struct view_report *report)
{
	return report->guest_ns && entity->process.known & FACT_START &&
	       entity->process.start_ns + FACT_START_UNIT > report->guest_ns;
}

static uint32_t missing_in(const struct aggregate *agg,
			   const struct entity *entity, uint32_t lists)
{
	uint32_t missing = lists & ~entity->seen;
	unsigned int i;

	for (i = 0; i < agg->runner->nr; i++)
		if (missing >> i & 1 && too_young(entity, &agg->reports[i]))
			missing &= ~(1u << i);
	return missing;
}

static void find_missing(struct aggregate *agg)
{
	uint32_t lists = 0;
	unsigned int i;
	size_t at;

	for (i = 0; i < agg->runner->nr; i++)
		if (agg->reports[i].asked && agg->reports[i].whole &&
		    agg->runner->view[i]->lists)
			lists |= 1u << i;
	for (at = 0; at < agg->nr; at++)
		if (listable(&agg->list[at]))
			agg->list[at].missing =
				missing_in(agg, &agg->list[at], lists);
}

int aggregate_make(struct aggregate *agg, struct view_runner *runner,
		   uint64_t now)
{
	const struct fact **facts;
	size_t i, nr = 0;
	int err;

	agg->runner = runner;
	agg->now = now;
	agg->paused = runner->env->paused;
	agg->nr = 0;
	agg->nr_pids = 0;
	agg->nr_by_root = 0;
	agg->nr_conflicts = 0;
	err = view_runner_facts(runner, now, &agg->facts, agg->reports);
	if (err)
		return err;
	facts = malloc((agg->facts.nr + 1) * sizeof(*facts));
	if (!facts)
		return -ENOMEM;
	for (i = 0; i < agg->facts.nr; i++)
		if (agg->facts.list[i].type == FACT_PROCESS)
			facts[nr++] = &agg->facts.list[i];
	err = join(agg, facts, nr);
	free(facts);
	if (!err)
		find_missing(agg);
	return err;
}

void aggregate_free(struct aggregate *agg)
{
	facts_free(&agg->facts);
	free(agg->list);
	free(agg->conflicts);
	free(agg->by_root);
	memset(agg, 0, sizeof(*agg));
}

static int by_pid(const void *a, const void *b)
{
	const struct fact_process *p = &((const struct entity *)a)->process;
	const struct fact_process *q = &((const struct entity *)b)->process;

	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	return (start_of(p) > start_of(q)) - (start_of(p) < start_of(q));
}

const struct entity *aggregate_process(const struct aggregate *agg,
				       uint32_t pid, uint64_t start)
{
	const struct entity key = {
		.process = {
			.known = FACT_PID | FACT_START, .pid = pid,
			.start_ns = start * FACT_START_UNIT,
		},
	};

	return agg->nr_pids ? bsearch(&key, agg->list, agg->nr_pids,
				      sizeof(key), by_pid) : NULL;
}

uint32_t aggregate_pattern(const struct aggregate *agg,
			   enum view_pattern pattern)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < agg->runner->nr; i++)
		if (agg->runner->view[i]->pattern == pattern)
			mask |= 1u << i;
	return mask;
}

const char *fact_field_name(uint32_t field)
{
	switch (field) {
	case FACT_PPID:
		return "parent";
	case FACT_UID:
		return "user";
	case FACT_COMM:
		return "name";
	case FACT_KTHREAD:
		return "kind";
	case FACT_ROOT:
		return "page tables";
	}
	return "member";
}
