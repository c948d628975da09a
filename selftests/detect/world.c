// SPDX-License-Identifier: GPL-2.0-only
/*
 * world.c - a guest made up: its processes, what its lists say, what its vCPUs run
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "records.h"
#include "world.h"

#define FIRST_ROOT	0x100000ULL
#define ROOT_STEP	0x2000ULL

struct world world;

static int read_tables(void *arg, uint64_t gpa, void *buf, size_t len)
{
	uint64_t *entries = buf;
	unsigned int i;

	(void)arg;
	memset(buf, 0, len);
	for (i = 0; i < WORLD_PROCESSES; i++) {
		const struct world_process *process = &world.process[i];

		if (process->pid && process->mapped &&
		    (process->root == gpa ||
		     (world.halves && (process->root | 0x1000) == gpa)))
			entries[3] = (uint64_t)i << 12 | 0x67;
	}
	return 0;
}

static int nr_vcpus(void *arg)
{
	(void)arg;
	return WORLD_VCPUS;
}

static int registers(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	(void)arg;
	*regs = (struct guest_regs){
		.cr0 = 1ULL << 31, .efer = 1 << 10, .lstar = 0x80,
		.cpl = world.user[vcpu] ? 3 : 0,
		.cr3 = world.root[vcpu] | (world.halves && world.user[vcpu] ?
					   0x1000 : 0),
	};
	return 0;
}

static const struct guest_ops world_ops = {
	.read = read_tables,
	.nr_vcpus = nr_vcpus,
	.regs = registers,
};
static const struct guest world_guest = { .ops = &world_ops };

/* What a list had when it was last read. */
struct snapshot {
	struct world_process process[WORLD_PROCESSES];
	uint64_t begin;
	uint64_t end;
	uint64_t rounds;
};

static int take(struct snapshot *snapshot, uint64_t now)
{
	(void)now;
	if (world.between && !world.env.paused)
		world.between();
	memcpy(snapshot->process, world.process, sizeof(world.process));
	snapshot->begin = world.now;
	if (!world.env.paused)
		world.now += 10000;
	snapshot->end = world.now;
	snapshot->rounds++;
	return 0;
}

static int sample(void *state, uint64_t now)
{
	return take(state, now);
}

/* What came of an agent, and what it has read but not sent yet. */
struct told {
	struct snapshot come;
	struct snapshot read;
	unsigned int wait;
};

static int sample_agent(void *state, uint64_t now)
{
	struct told *told = state;

	if (!world.agent || world.env.paused)
		return 0;
	if (!told->wait) {
		take(&told->read, now);
		told->wait = world.agent_late + 1;
	}
	if (--told->wait)
		return 0;
	told->come = told->read;
	if (world.agent_late)
		told->come.begin = told->come.end = world.now;
	return 0;
}

static int add(struct facts *facts, const struct world_process *process,
	       bool root)
{
	struct fact *fact = facts_add(facts, FACT_PROCESS);

	if (!fact)
		return -ENOMEM;
	fact->process = (struct fact_process){
		.known = FACT_PID | FACT_START | FACT_COMM | FACT_KTHREAD |
			 (root ? FACT_ROOT : 0),
		.pid = process->pid, .tgid = process->pid,
		.start_ns = process->start * FACT_START_UNIT + 7,
		.root = root ? process->root : 0, .kthread = process->kthread,
	};
	if (process->kthread)
		fact->process.known = FACT_ROOT | FACT_KTHREAD | FACT_COMM;
	memcpy(fact->process.comm, process->comm, sizeof(process->comm));
	return 0;
}

static int list(const struct snapshot *snapshot, struct facts *facts,
		struct view_report *report, uint32_t hide, bool root)
{
	unsigned int i;

	report->asked = snapshot->rounds;
	report->whole = snapshot->rounds;
	report->rounds = snapshot->rounds;
	report->begin = snapshot->begin;
	report->end = snapshot->end;
	for (i = 0; i < WORLD_PROCESSES; i++)
		if (snapshot->process[i].pid && snapshot->process[i].listed &&
		    !(snapshot->process[i].hidden & hide) &&
		    add(facts, &snapshot->process[i], root))
			return -ENOMEM;
	return 0;
}

static int list_facts(void *state, struct facts *facts,
		      struct view_report *report)
{
	int err = list(state, facts, report, HIDE_LIST, true);

	report->whole &= !world.broken && (world.env.paused || !world.torn);
	return err;
}

static int tree_facts(void *state, struct facts *facts,
		      struct view_report *report)
{
	int err = list(state, facts, report, HIDE_TREE, true);

	report->whole &= world.env.paused || !world.torn_tree;
	return err;
}

static int agent_facts(void *state, struct facts *facts,
		       struct view_report *report)
{
	const struct told *told = state;
	int err = list(&told->come, facts, report, HIDE_AGENT, false);
	struct world_process process = { .comm = "invented" };
	unsigned int i;

	for (i = 0; i < world.invented && !err; i++) {
		process.pid = world.invented_pid + i;
		err = add(facts, &process, false);
	}
	return err;
}

/* It knows only those that are neither half made nor half gone. */
static int owner_facts(void *state, struct facts *facts,
		       struct view_report *report)
{
	int err = list(state, facts, report, HIDE_OWNER, true);

	report->whole = false;
	return err;
}

static const struct view world_list = {
	.name = "task-list", .pattern = VIEW_OUT_OF_BAND, .lists = true,
	.state_bytes = sizeof(struct snapshot), .sample = sample,
	.facts = list_facts,
};
static const struct view world_tree = {
	.name = "pid-tree", .pattern = VIEW_OUT_OF_BAND, .lists = true,
	.state_bytes = sizeof(struct snapshot), .sample = sample,
	.facts = tree_facts,
};
static const struct view world_owners = {
	.name = "mm-owners", .pattern = VIEW_OUT_OF_BAND,
	.state_bytes = sizeof(struct snapshot), .sample = sample,
	.facts = owner_facts,
};
static const struct view world_agent = {
	.name = "agent", .pattern = VIEW_IN_BAND, .lists = true,
	.state_bytes = sizeof(struct told), .sample = sample_agent,
	.facts = agent_facts,
};

void world_free(void)
{
	if (world.state) {
		detector_hidden_process.stop(world.state);
		free(world.state);
	}
	aggregate_free(&world.agg);
	view_runner_free(&world.runner);
	verdicts_free(&world.verdicts);
	memset(&world, 0, sizeof(world));
}

void world_init(unsigned int nr)
{
	static const struct view *const list[] = {
		&view_address_spaces, &world_list, &world_tree, &world_agent,
		&world_owners, NULL,
	};
	unsigned int i;

	world_free();
	world.now = 1000000;
	world.env = (struct view_env){
		.guest = &world_guest, .tsc_khz = WORLD_KHZ,
	};
	world.state = calloc(1, detector_hidden_process.state_bytes);
	if (!world.state || view_runner_init(&world.runner, &world.env, list))
		ksft_exit_fail_msg("out of memory\n");
	for (i = 1; i <= nr; i++)
		world_fork(i);
	world.root[0] = world.process[0].root;
	world.root[1] = world.process[0].root;
}

static bool is_free(uint64_t root)
{
	unsigned int i;

	for (i = 0; i < WORLD_PROCESSES; i++)
		if (world.process[i].pid && world.process[i].root == root)
			return false;
	return true;
}

struct world_process *world_fork(uint32_t pid)
{
	struct world_process *process = world.process;
	uint64_t root = FIRST_ROOT;

	while (process->pid)
		if (++process == world.process + WORLD_PROCESSES)
			ksft_exit_fail_msg("too many processes\n");
	while (!is_free(root))
		root += ROOT_STEP;
	*process = (struct world_process){
		.pid = pid, .start = world.now / FACT_START_UNIT, .root = root,
		.listed = true, .mapped = true,
	};
	snprintf(process->comm, sizeof(process->comm), "p%u", pid);
	return process;
}

void world_exit(struct world_process *process)
{
	memset(process, 0, sizeof(*process));
}

struct world_process *world_find(uint32_t pid)
{
	unsigned int i;

	for (i = 0; i < WORLD_PROCESSES; i++)
		if (world.process[i].pid == pid)
			return &world.process[i];
	ksft_exit_fail_msg("no process %u\n", pid);
	return NULL;
}

void world_run(unsigned int vcpu, const struct world_process *process,
	       uint64_t ns, bool user)
{
	uint64_t root = process->root, begin = world.now;

	put_switch(&world.runner, vcpu, begin, world.root[vcpu], root);
	if (world.halves && user)
		put_switch(&world.runner, vcpu, begin + 1, root, root | 0x1000);
	world.now += ns;
	put_exit(&world.runner, vcpu, begin + 2, world.now,
		 root | (world.halves && user ? 0x1000 : 0), user ? 3 : 0,
		 VMITAP_CLASS_INTERRUPT);
	if (world.halves && user)
		put_switch(&world.runner, vcpu, world.now, root | 0x1000, root);
	world.root[vcpu] = root;
	world.user[vcpu] = false;
}

void world_run_all(void)
{
	unsigned int i;

	for (i = 0; i < WORLD_PROCESSES; i++)
		if (world.process[i].pid && !world.process[i].kthread)
			world_run(i % WORLD_VCPUS, &world.process[i], 1000,
				  true);
}

static bool run_detector(void)
{
	bool confirm = false;

	if (view_runner_sample(&world.runner, world.now, true) ||
	    aggregate_make(&world.agg, &world.runner, world.now) ||
	    detector_hidden_process.run(world.state, &world.agg,
					&world.verdicts, &confirm))
		ksft_exit_fail_msg("out of memory\n");
	return confirm;
}

size_t world_look(void)
{
	if (run_detector()) {
		world.pauses++;
		world.env.paused = true;
		run_detector();
		world.env.paused = false;
	}
	return world.verdicts.nr;
}

size_t world_looks(unsigned int nr)
{
	while (nr--) {
		world.now += 200 * (uint64_t)WORLD_KHZ;
		world_run_all();
		world_look();
	}
	return world.verdicts.nr;
}
