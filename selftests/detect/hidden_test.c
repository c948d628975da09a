// SPDX-License-Identifier: GPL-2.0-only
/*
 * hidden_test.c - which processes are said to be hidden, and which are not
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "world.h"

/* Looks, five in a second of the guest, after which a hidden process is found. */
#define LOOKS	30

/* One second of them, for one that the kernel knows the owner of. */
#define LOOKS_OWNED	5

#define HIDE_LISTS	(HIDE_LIST | HIDE_TREE)

static void print_verdicts(void)
{
	size_t i;

	for (i = 0; i < world.verdicts.nr; i++)
		ksft_print_msg("%s: %s", world.verdicts.list[i].what,
			       world.verdicts.list[i].evidence);
}

static void quiet(size_t verdicts, const char *name)
{
	if (verdicts)
		print_verdicts();
	ksft_test_result(!verdicts, "no alert: %s\n", name);
}

static void test_nothing(void)
{
	world_init(50);
	world.agent = true;
	quiet(world_looks(100), "nothing happens");
	ksft_test_result(!world.pauses, "and no pause\n");
}

/* Between two lists, a process is born, another dies, another is replaced. */
static void live(void)
{
	static uint32_t next = 1000;

	world_exit(world_find(next == 1000 ? 10 : next - 1));
	world_fork(next++);
	if (next % 3 == 0) {
		world.now += FACT_START_UNIT;
		world_exit(world_find(11));
		world_fork(11);
	}
}

static void test_births(void)
{
	world_init(50);
	world.agent = true;
	world.between = live;
	quiet(world_looks(300), "births and deaths between lists, PIDs again");
}

/* One of few pages is always the page tables of some process, made or taken apart. */
static void storm(unsigned int steps)
{
	static uint32_t pid = 5000;
	static unsigned int state[4];
	unsigned int slot, i;
	struct world_process *process;

	for (i = 0; i < steps; i++) {
		slot = rand() % 4;
		process = &world.process[100 + slot];
		switch (state[slot]++ % 4) {
		case 0:
			*process = (struct world_process){
				.pid = pid++, .mapped = true,
				.start = world.now / FACT_START_UNIT,
				.root = 0x800000 + slot * 0x2000,
			};
			break;
		case 1:
			process->listed = true;
			world_run(slot % 2, process, 3000 + rand() % 3000, true);
			break;
		case 2:
			process->listed = false;
			break;
		case 3:
			world_exit(process);
			break;
		}
		world.now += rand() % 20000;
	}
}

static void storm_between(void)
{
	storm(rand() % 10);
}

static void test_storm(void)
{
	unsigned int i;
	size_t verdicts = 0;

	srand(7);
	world_init(20);
	world.between = storm_between;
	for (i = 0; i < 3000 && !verdicts; i++) {
		storm(50 + rand() % 20);
		verdicts = world_looks(1);
	}
	quiet(verdicts, "3000 looks at a storm of forks");
	ksft_test_result(world.pauses < 1000, "and few pauses: %u\n",
			 world.pauses);
}

static void test_vfork_exec(void)
{
	struct world_process *child;
	unsigned int i;

	world_init(10);
	for (i = 0; i < 60; i++) {
		child = world_fork(100 + i);
		child->root = world_find(3)->root;
		world_looks(1);
		child->root = 0x600000 + i * 0x2000;
		world_looks(i % 3);
		world_exit(child);
	}
	quiet(world_looks(5), "vfork and exec");
}

static void test_lazy(void)
{
	struct world_process dead;
	unsigned int i;

	world_init(10);
	world_looks(3);
	dead = *world_find(5);
	world_exit(world_find(5));
	/* A kernel thread goes on with the page tables of the dead. */
	for (i = 0; i < 50; i++) {
		world.root[0] = dead.root;
		world_run(0, &dead, 50000, false);
		world_looks(1);
	}
	quiet(world.verdicts.nr, "page tables of the dead, used by the kernel");
}

static void test_kernel_tables(void)
{
	struct world_process *poking;
	unsigned int i;

	world_init(10);
	poking = world_fork(500);
	poking->kthread = true;
	poking->hidden = HIDE_TREE;
	for (i = 0; i < 50; i++) {
		world_run(1, poking, 2000, false);
		world_looks(1);
	}
	quiet(world.verdicts.nr, "page tables of the kernel's own");
	/* Named so, but it runs like a process. */
	for (i = 0; i < 50; i++) {
		world_run(1, poking, 2000, true);
		world_looks(1);
	}
	ksft_test_result(world.verdicts.nr == 1 &&
			 world.verdicts.list[0].class == VERDICT_MALICIOUS,
			 "alert: the kernel's own page tables with a process\n");
}

static void hide(uint32_t mask, bool rename, bool halves, const char *name)
{
	const struct verdict *verdict;
	struct world_process *victim;

	world_init(30);
	world.halves = halves;
	quiet(world_looks(5), "before it is hidden");
	victim = world_find(17);
	victim->hidden = mask;
	if (rename)
		strcpy(victim->comm, "kworker/0:1");
	world_looks((mask & HIDE_LISTS) == HIDE_LISTS && mask & HIDE_OWNER ?
		    LOOKS : LOOKS_OWNED);
	verdict = world.verdicts.list;
	ksft_test_result(world.verdicts.nr == 1 &&
			 verdict->class == VERDICT_MALICIOUS &&
			 verdict->process.root == victim->root &&
			 verdict->missing == (mask & HIDE_LISTS) << 1 &&
			 strstr(verdict->evidence, "missing in") &&
			 !strstr(verdict->evidence, "(p17)") ==
			 (mask != (HIDE_LISTS | HIDE_OWNER)) &&
			 !strstr(verdict->what, "process 17 ") ==
			 (mask == (HIDE_LISTS | HIDE_OWNER)),
			 "alert: %s\n", name);
	if (world.verdicts.nr)
		print_verdicts();
	world_looks(50);
	ksft_test_result(world.verdicts.nr == 1, "once\n");
}

static void test_hidden(void)
{
	hide(HIDE_LIST, false, false, "taken out of the list of tasks");
	hide(HIDE_TREE, false, false, "taken out of the tree of PIDs");
	hide(HIDE_LISTS, false, false, "taken out of both");
	hide(HIDE_LISTS, true, false, "out of both, and renamed");
	hide(HIDE_LISTS, false, true, "out of both, isolated tables");
	hide(HIDE_LISTS | HIDE_OWNER, false, false,
	     "out of both, and its page tables are nobody's");
	hide(HIDE_LISTS | HIDE_OWNER, false, true,
	     "out of both, nobody's isolated page tables");
}

/* All that lists do not have is told once, until that changes. */
static void test_once(void)
{
	struct world_process *victim;
	unsigned int i;

	world_init(30);
	victim = world_find(17);
	victim->hidden = HIDE_LIST;
	for (i = 0; i < 40; i++) {
		world_looks(1);
		/* Now and then a list cannot be read, or an owner is not known. */
		world.broken = i % 3 == 2;
		victim->hidden = HIDE_LIST | (i % 5 == 4 ? HIDE_OWNER : 0);
	}
	world.broken = false;
	ksft_test_result(world.verdicts.nr == 1, "once: lists break now and then\n");
	victim->hidden = HIDE_LISTS | HIDE_OWNER;
	world_looks(LOOKS);
	victim->hidden = HIDE_LISTS;
	world_looks(LOOKS);
	ksft_test_result(world.verdicts.nr == 2,
			 "once more: then it leaves another list as well\n");
	victim->hidden = 0;
	world_looks(3);
	victim->hidden = HIDE_LIST;
	world_looks(LOOKS);
	ksft_test_result(world.verdicts.nr == 3,
			 "once more: it came back, and is hidden again\n");
}

static unsigned int lists_before;

static void hide_between(void)
{
	if (lists_before-- > 0)
		return;
	world_find(17)->hidden = HIDE_LISTS;
	world.between = NULL;
}

/* Wherever it happens among the lists of a round, it is missing in both in the end. */
static void test_hidden_between(void)
{
	unsigned int i;
	bool good = true;

	for (i = 0; i < 4; i++) {
		world_init(30);
		world_looks(5);
		lists_before = i;
		world.between = hide_between;
		world_looks(LOOKS_OWNED + 2);
		good &= world.verdicts.nr == 1 &&
			world.verdicts.list->missing == HIDE_LISTS << 1;
		print_verdicts();
		world_looks(50);
		good &= world.verdicts.nr == 1;
	}
	ksft_test_result(good, "alert: hidden between two lists, missing in both, once\n");
}

/* Told to be missing in one, it leaves the other. */
static void test_hides_more(void)
{
	struct world_process *victim;

	world_init(30);
	victim = world_find(17);
	victim->hidden = HIDE_TREE;
	world_looks(LOOKS);
	victim->hidden = HIDE_LISTS;
	world_looks(LOOKS);
	ksft_test_result(world.verdicts.nr == 2 &&
			 world.verdicts.list[1].missing == HIDE_LISTS << 1,
			 "once more: it leaves another list, missing in both\n");
}

/* Under way, the list of tasks always changes while it is read. */
static void torn(uint32_t mask, bool runs, const char *name)
{
	unsigned int i;

	world_init(30);
	world.torn = true;
	quiet(world_looks(5), "a list that is whole only in pauses");
	world_find(17)->hidden = mask;
	for (i = 0; i < LOOKS; i++) {
		world.now += 200 * (uint64_t)WORLD_KHZ;
		if (runs)
			world_run_all();
		world_look();
	}
	ksft_test_result(world.verdicts.nr == 1 &&
			 world.verdicts.list->missing == mask << 1,
			 "alert: %s, by one that is whole in pauses\n", name);
	print_verdicts();
}

static void test_torn(void)
{
	torn(HIDE_LISTS, true, "missing in both");
	torn(HIDE_LIST, true, "missing in that list alone");
	torn(HIDE_LIST, false, "a sleeper, missing in that list alone");
}

/* It is in the torn list, as that is read again, or never was missing in a whole one. */
static void test_torn_benign(void)
{
	struct world_process *process;
	unsigned int i;

	world_init(30);
	process = world_find(17);
	/* It leaves the list for a moment, at a pause, again and again. */
	for (i = 0; i < 60; i++) {
		world.torn = i % 4;
		process->hidden = i % 4 ? 0 : HIDE_LIST;
		world_looks(1);
	}
	quiet(world.verdicts.nr, "a torn list has again what a whole one missed");
}

/* Each tick one of two lists is torn, and it is missing in the other. */
static void test_torn_in_turn(void)
{
	unsigned int i;

	world_init(30);
	world_find(17)->hidden = HIDE_LISTS;
	for (i = 0; i < LOOKS; i++) {
		world.torn = i % 2;
		world.torn_tree = i % 2 == 0;
		world_looks(1);
	}
	ksft_test_result(world.verdicts.nr == 1,
			 "alert: missing in two lists that are torn in turn\n");
}

/* No vCPU leaves its page tables, which never are seen in user mode in a pause. */
static void test_held(void)
{
	struct world_process *victim;
	unsigned int i;

	world_init(30);
	victim = world_find(17);
	victim->hidden = HIDE_LISTS | HIDE_OWNER;
	for (i = 0; i < LOOKS_OWNED && !world.verdicts.nr; i++) {
		world.now += 200 * (uint64_t)WORLD_KHZ;
		world_run(1, victim, 1000, true);
		world_look();
	}
	ksft_test_result(world.verdicts.nr == 1 && world.pauses == 1,
			 "alert: loaded before and after one pause: %u pauses\n",
			 world.pauses);
}

/*
 * What runs before a pause and what runs after it have the same page in turn, and one
 * is always half made when the VM is paused.
 */
static void test_reuse(void)
{
	struct world_process *process;
	unsigned int i, pid = 1000;

	world_init(30);
	process = world_fork(pid);
	for (i = 0; i < 30; i++) {
		world_run(1, process, 1000, true);
		world_run(1, world_find(3), 1000, true);
		process->pid = ++pid;
		process->listed = false;
		world.now += 200 * (uint64_t)WORLD_KHZ;
		world_look();
		process->listed = true;
		if (i % 4 == 3)
			world_looks(1);
	}
	quiet(world.verdicts.nr, "a page is the page tables of one after the other");
}

/* It is found at once where it runs when the VM is paused. */
static void test_caught(void)
{
	struct world_process *victim;
	unsigned int i;

	world_init(30);
	victim = world_find(17);
	victim->hidden = HIDE_LISTS;
	for (i = 0; i < 5 && !world.verdicts.nr; i++) {
		world.now += 200 * (uint64_t)WORLD_KHZ;
		world_run_all();
		world_run(1, victim, 1000, true);
		world.user[1] = true;
		world_look();
	}
	ksft_test_result(world.verdicts.nr == 1 && world.pauses == 1 &&
			 strstr(world.verdicts.list->evidence, "CPL 3 at that"),
			 "alert: caught on a vCPU in the first pause\n");
}

/* One that sleeps, in one list only. */
static void test_sleeper(void)
{
	unsigned int i;

	world_init(30);
	world_find(17)->hidden = HIDE_LIST;
	for (i = 0; i < LOOKS; i++) {
		world.now += 200 * (uint64_t)WORLD_KHZ;
		world_look();
	}
	ksft_test_result(world.verdicts.nr == 1 &&
			 world.verdicts.list->process.pid == 17,
			 "alert: a process that sleeps\n");
}

static void test_agent(void)
{
	struct world_process *said;

	world_init(30);
	world.agent = true;
	world_find(17)->hidden = HIDE_AGENT;
	world_looks(LOOKS);
	ksft_test_result(world.verdicts.nr == 1 &&
			 world.verdicts.list->class == VERDICT_MALICIOUS,
			 "alert: what runs is not what the guest tells\n");
	world_init(30);
	world.agent = true;
	said = world_find(17);
	said->hidden = HIDE_LISTS;
	world_looks(LOOKS);
	ksft_test_result(world.verdicts.nr >= 1, "alert: the guest tells more\n");
	world_init(30);
	world.agent = true;
	world_looks(5);
	/* It stops, and its list gets old. */
	world.agent = false;
	world.between = NULL;
	world_fork(900);
	world_exit(world_find(9));
	quiet(world_looks(50), "an agent that says nothing more");
}

/*
 * Verdicts on a process that ends @phase looks after an agent began that is @late.  Others
 * are hidden, so the VM is paused meanwhile; with @torn lists are whole only then.
 */
static unsigned int verdicts_on_ended(unsigned int late, unsigned int phase, bool torn)
{
	unsigned int nr = 0, i;

	world_init(60);
	world.agent = true;
	world.agent_late = late;
	world_looks(2 * (late + 1) + phase);
	world_exit(world_find(17));
	world.torn = world.torn_tree = torn;
	for (i = 0; i < LOOKS; i++) {
		world_find(20 + i)->hidden = HIDE_LIST;
		world_looks(1);
	}
	for (i = 0; i < world.verdicts.nr; i++)
		nr += world.verdicts.list[i].process.pid == 17;
	return nr;
}

/* What an agent read before a process ended comes when all else is without it. */
static void test_late_agent(void)
{
	unsigned int late, phase, nr = 0;

	for (late = 1; late <= 20; late++)
		for (phase = 0; phase <= late; phase++)
			nr += verdicts_on_ended(late, phase, false) +
			      verdicts_on_ended(late, phase, true);
	ksft_test_result(!nr, "no alert: an agent is late (%u)\n", nr);
	world_init(30);
	world.agent = true;
	world.agent_late = 8;
	world.invented = 1;
	world.invented_pid = 900;
	world_looks(2 * LOOKS);
	ksft_test_result(world.verdicts.nr == 1 && world.verdicts.list->process.pid == 900 &&
			 world.verdicts.list->class == VERDICT_UNKNOWN,
			 "alert: a late agent tells more\n");
}

static void test_broken(void)
{
	world_init(30);
	world.broken = true;
	world_looks(60);
	ksft_test_result(world.verdicts.nr == 1 &&
			 world.verdicts.list->class == VERDICT_UNKNOWN &&
			 strstr(world.verdicts.list->what, "task-list"),
			 "alert: a list that is never whole\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(53);
	test_nothing();
	test_births();
	test_storm();
	test_vfork_exec();
	test_lazy();
	test_kernel_tables();
	test_hidden();
	test_once();
	test_hidden_between();
	test_hides_more();
	test_torn();
	test_torn_benign();
	test_torn_in_turn();
	test_held();
	test_reuse();
	test_caught();
	test_sleeper();
	test_agent();
	test_late_agent();
	test_broken();
	world_free();
	ksft_finished();
}
