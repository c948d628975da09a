// SPDX-License-Identifier: GPL-2.0-only
/*
 * aggregate_test.c - facts of several views become processes and conflicts
 */
#include <string.h>

#include <kselftest.h>

#include "aggregate.h"

#define MAX_FACTS	16

/* A view that says what it is told to. */
struct said {
	struct fact_process process[MAX_FACTS];
	unsigned int nr;
	bool silent;
	bool partial;
	uint64_t guest_ns;
};

static struct said spaces, list, tree, agent;
static struct view_env env = { .tsc_khz = 1000 };
static struct view_runner runner;
static struct aggregate agg;

static int say(const struct said *said, struct facts *facts,
	       struct view_report *report)
{
	struct fact *fact;
	unsigned int i;

	report->asked = !said->silent;
	report->whole = !said->silent && !said->partial;
	report->guest_ns = said->guest_ns;
	for (i = 0; i < said->nr && !said->silent; i++) {
		fact = facts_add(facts, FACT_PROCESS);
		fact->process = said->process[i];
	}
	return 0;
}

#define SAYS(what)							\
static int say_##what(void *state, struct facts *facts,			\
		      struct view_report *report)			\
{									\
	(void)state;							\
	return say(&what, facts, report);				\
}

SAYS(spaces)
SAYS(list)
SAYS(tree)
SAYS(agent)

static const struct view view_spaces = {
	.name = "spaces", .pattern = VIEW_DERIVATION, .binding = true,
	.state_bytes = 1, .facts = say_spaces,
};
static const struct view view_list = {
	.name = "list", .pattern = VIEW_OUT_OF_BAND, .lists = true,
	.state_bytes = 1, .facts = say_list,
};
static const struct view view_tree = {
	.name = "tree", .pattern = VIEW_OUT_OF_BAND, .lists = true,
	.state_bytes = 1, .facts = say_tree,
};
static const struct view view_in = {
	.name = "in", .pattern = VIEW_IN_BAND, .lists = true,
	.state_bytes = 1, .facts = say_agent,
};

static void begin(void)
{
	memset(&spaces, 0, sizeof(spaces));
	memset(&list, 0, sizeof(list));
	memset(&tree, 0, sizeof(tree));
	memset(&agent, 0, sizeof(agent));
}

static void make(void)
{
	if (aggregate_make(&agg, &runner, 1000))
		ksft_exit_fail_msg("out of memory\n");
}

static struct fact_process *add(struct said *said, uint32_t pid,
				uint64_t start_ns, uint64_t root)
{
	struct fact_process *process = &said->process[said->nr++];

	*process = (struct fact_process){
		.known = FACT_PID | FACT_START | FACT_COMM | FACT_UID |
			 (root ? FACT_ROOT : 0),
		.pid = pid, .tgid = pid, .start_ns = start_ns, .root = root,
		.comm = "name",
	};
	return process;
}

static void add_space(uint64_t root, uint64_t user)
{
	spaces.process[spaces.nr++] = (struct fact_process){
		.known = FACT_ROOT | FACT_ACTIVE | FACT_CPU, .root = root,
		.user_tsc = user, .cpu_tsc = 5,
	};
}

static void test_join(void)
{
	begin();
	add(&list, 7, 100 * FACT_START_UNIT + 123, 0x1000);
	add(&list, 3, 50, 0x2000);
	add(&tree, 3, 50, 0x2000);
	add(&tree, 7, 100 * FACT_START_UNIT + 123, 0x1000);
	/* It knows times in ticks only, and no page tables. */
	add(&agent, 3, 0, 0);
	add(&agent, 7, 100 * FACT_START_UNIT, 0);
	add_space(0x2000, 9);
	make();
	ksft_test_result(agg.nr == 2 && !agg.nr_conflicts &&
			 agg.list[0].process.pid == 3 &&
			 agg.list[0].seen == 0xf && !agg.list[0].missing &&
			 agg.list[0].process.cpu_tsc == 5 &&
			 agg.list[0].process.user_tsc == 9 &&
			 agg.list[1].seen == 0xe && !agg.list[1].missing &&
			 agg.list[1].process.start_ns ==
			 100 * FACT_START_UNIT + 123,
			 "by PID, start time and page tables\n");
	ksft_test_result(agg.list[0].fact[0]->binding &&
			 agg.list[0].fact[0]->pattern == VIEW_DERIVATION &&
			 agg.list[0].fact[3]->pattern == VIEW_IN_BAND,
			 "facts keep their labels\n");
}

static void test_shared(void)
{
	begin();
	add(&list, 7, 0, 0x1000);
	add(&list, 8, 0, 0x1000);
	add(&tree, 7, 0, 0x1000);
	add(&tree, 8, 0, 0x1000);
	agent.silent = true;
	add_space(0x1000, 9);
	make();
	ksft_test_result(agg.nr == 2 && agg.list[0].seen == 7 &&
			 agg.list[1].seen == 7 && !agg.list[1].missing,
			 "two processes in one address space\n");
}

static void test_reuse(void)
{
	begin();
	agent.silent = true;
	add(&list, 7, 1 * FACT_START_UNIT, 0x1000);
	add(&tree, 7, 9 * FACT_START_UNIT, 0x2000);
	make();
	ksft_test_result(agg.nr == 2 && agg.list[0].seen == 2 &&
			 agg.list[0].missing == 4 && agg.list[1].missing == 2,
			 "one PID, two start times: two processes\n");
}

static void test_missing(void)
{
	begin();
	add(&list, 7, 10 * FACT_START_UNIT, 0x1000);
	add(&tree, 7, 10 * FACT_START_UNIT, 0x1000);
	add_space(0x9000, 5);
	add_space(0x8000, 0);
	make();
	ksft_test_result(agg.nr == 3 && agg.list[0].missing == 8 &&
			 agg.list[1].process.root == 0x9000 &&
			 agg.list[1].missing == 0xe && !agg.list[2].missing,
			 "missing in each that was asked, if it is a process\n");
	agent.guest_ns = 5 * FACT_START_UNIT;
	tree.partial = true;
	make();
	ksft_test_result(!agg.list[0].missing && agg.list[1].missing == 0xa,
			 "not in one that is older, or not whole\n");
}

static void test_conflicts(void)
{
	struct fact_process *process;

	begin();
	add(&list, 7, 0, 0x1000)->uid = 0;
	add(&tree, 7, 0, 0x1000)->uid = 0;
	process = add(&agent, 7, 0, 0);
	process->uid = 1000;
	strcpy(process->comm, "other");
	make();
	ksft_test_result(agg.nr == 1 && agg.nr_conflicts == 4 &&
			 agg.conflicts[0].field == FACT_UID &&
			 agg.conflicts[0].one == 1 &&
			 agg.conflicts[0].other == 3 &&
			 agg.conflicts[1].field == FACT_COMM,
			 "members that differ, with both sides\n");
}

static void test_twice(void)
{
	begin();
	agent.silent = true;
	tree.silent = true;
	add(&list, 7, 0, 0x1000);
	add(&list, 7, 0, 0x1000);
	make();
	ksft_test_result(agg.nr == 1 && !agg.nr_conflicts &&
			 !agg.list[0].missing, "a list that goes in circles\n");
	begin();
	make();
	ksft_test_result(!agg.nr && !agg.nr_conflicts, "nothing at all\n");
}

int main(void)
{
	static const struct view *const all[] = {
		&view_spaces, &view_list, &view_tree, &view_in, NULL,
	};

	ksft_print_header();
	ksft_set_plan(9);
	if (view_runner_init(&runner, &env, all))
		ksft_exit_fail_msg("out of memory\n");
	test_join();
	test_shared();
	test_reuse();
	test_missing();
	test_conflicts();
	test_twice();
	aggregate_free(&agg);
	view_runner_free(&runner);
	ksft_finished();
}
