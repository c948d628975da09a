// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood_test.c - guests that give the detector much to do, so that it overlooks something
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <kselftest.h>

#include "world.h"

/* As many as the view of the agent takes. */
#define INVENTED	65536

/* Looks after which a hidden process is found: four seconds of the guest. */
#define LOOKS		20

/* What a look may cost: it is due five times in a second. */
#define LOOK_MS		150

static double cpu_ms(void)
{
	return clock() * 1e3 / CLOCKS_PER_SEC;
}

/* Verdicts on a process. */
static unsigned int alerts(uint32_t pid)
{
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < world.verdicts.nr; i++)
		nr += world.verdicts.list[i].process.pid == pid &&
		      world.verdicts.list[i].class == VERDICT_MALICIOUS;
	return nr;
}

/* Others than it said before. */
static void invent_others(void)
{
	world.invented_pid += INVENTED;
}

static void flood(void (*between)(void), const char *name)
{
	double begin, ms;

	world_init(30);
	world.agent = true;
	world.invented = INVENTED;
	world.invented_pid = 100000;
	world.between = between;
	world_looks(3);
	world_find(17)->hidden = HIDE_LIST | HIDE_TREE;
	begin = cpu_ms();
	world_looks(LOOKS);
	ms = (cpu_ms() - begin) / (LOOKS + world.pauses);
	ksft_test_result(alerts(17) == 1, "alert: hidden among %s\n", name);
	ksft_test_result(world.verdicts.nr <= 3, "%zu alerts in all: %s\n",
			 world.verdicts.nr, name);
	ksft_test_result(ms < LOOK_MS, "%.0f ms for a look: %s\n", ms, name);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(6);
	flood(NULL, "what an agent goes on to say");
	flood(invent_others, "what an agent says for once");
	world_free();
	ksft_finished();
}
