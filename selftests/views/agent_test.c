// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent_test.c - messages of an agent, and what is none
 */
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "message.h"
#include "records.h"

#define NR_ENTRIES	500

static struct view_env env = { .tsc_khz = 1000 };
static struct view_runner runner;
static struct facts facts;
static struct view_report report;
static uint64_t now = 1000;

static union {
	struct agent_head head;
	uint8_t bytes[VMITAP_MESSAGE_MAX];
} message;

static void begin(void)
{
	static const struct view *const list[] = { &view_agent, NULL };

	view_runner_free(&runner);
	if (view_runner_init(&runner, &env, list))
		ksft_exit_fail_msg("out of memory\n");
}

static struct agent_process *entry(unsigned int i)
{
	return (struct agent_process *)(message.bytes + message.head.bytes) + i;
}

static void make(uint32_t sequence, unsigned int part, unsigned int parts,
		 unsigned int first_pid, unsigned int nr)
{
	unsigned int i;

	memset(&message, 0, sizeof(message));
	message.head = (struct agent_head){
		.bytes = sizeof(message.head), .version = AGENT_VERSION,
		.type = AGENT_PROCESSES, .sequence = sequence, .part = part,
		.parts = parts, .entries = nr, .ticks = 100,
		.total = sizeof(message.head) + nr * sizeof(*entry(0)),
		.time_ns = 5000000000,
	};
	for (i = 0; i < nr; i++)
		*entry(i) = (struct agent_process){
			.bytes = sizeof(*entry(0)), .pid = first_pid + i,
			.ppid = 1, .uid = 1000, .start = first_pid + i,
			.comm = "sixteen-letters!",
		};
}

static void give(unsigned int vcpu)
{
	put_message(&runner, vcpu, now += 10, AGENT_TAG, &message,
		    message.head.total);
}

static size_t listed(void)
{
	if (view_runner_facts(&runner, now, &facts, &report))
		ksft_exit_fail_msg("out of memory\n");
	return facts.nr;
}

static void test_good(void)
{
	const struct fact_process *process;

	begin();
	ksft_test_result(!listed() && !report.asked && report.why[0],
			 "no agent: not asked\n");
	make(1, 0, 1, 1, NR_ENTRIES);
	give(0);
	ksft_test_result(listed() == NR_ENTRIES && report.whole &&
			 report.guest_ns == 5000000000 && !report.refused,
			 "a list in one message, in many records\n");
	process = &facts.list[41].process;
	ksft_test_result(process->pid == 42 && process->uid == 1000 &&
			 process->start_ns == 420000000 &&
			 !strcmp(process->comm, "sixteen-letters!") &&
			 !(process->known & FACT_ROOT) &&
			 facts.list[41].pattern == VIEW_IN_BAND &&
			 !facts.list[41].binding, "members and labels\n");
	make(2, 0, 3, 1, 100);
	give(0);
	make(2, 1, 3, 101, 100);
	give(0);
	ksft_test_result(listed() == NR_ENTRIES,
			 "a list that is not complete does not count\n");
	make(2, 2, 3, 201, 7);
	give(0);
	ksft_test_result(listed() == 207 && report.rounds == 2,
			 "a list in three messages\n");
}

static void test_growth(void)
{
	begin();
	make(1, 0, 1, 1, 2);
	/* A later version's head and entry, each with 8 bytes more. */
	memmove(message.bytes + sizeof(message.head) + 8,
		message.bytes + sizeof(message.head), 2 * sizeof(*entry(0)));
	message.head.bytes += 8;
	entry(0)->bytes += 8;
	memmove((uint8_t *)entry(1) + 8, entry(1), sizeof(*entry(1)));
	message.head.total += 16;
	give(0);
	ksft_test_result(listed() == 2 && facts.list[1].process.pid == 2,
			 "what has grown since is skipped by length\n");
}

static void test_interleaved(void)
{
	uint32_t offset, bytes;

	begin();
	make(1, 0, 1, 1, 100);
	for (offset = 0; offset < message.head.total; offset += bytes) {
		bytes = message.head.total - offset < 800 ?
			message.head.total - offset : 800;
		put_part(&runner, 0, now, AGENT_TAG, &message,
			 message.head.total, offset, bytes);
		put_part(&runner, 7, now, AGENT_TAG, &message,
			 message.head.total, offset, bytes);
		put_part(&runner, 0, now, 77, &message, message.head.total,
			 offset, bytes);
	}
	ksft_test_result(listed() == 100 && report.rounds == 2 &&
			 !report.refused,
			 "two vCPUs at a time, and a message to others\n");
}

static void test_parts(void)
{
	uint32_t total;

	begin();
	make(1, 0, 1, 1, 100);
	total = message.head.total;
	put_part(&runner, 0, now, AGENT_TAG, &message, total, 0, 800);
	put_part(&runner, 0, now, AGENT_TAG, &message, total, 1600, 800);
	put_part(&runner, 0, now, AGENT_TAG, &message, total, 2400, 800);
	ksft_test_result(!listed() && report.refused == 1, "a part lost\n");
	put_part(&runner, 0, now, AGENT_TAG, &message, total, 0, 800);
	put_part(&runner, 0, now, AGENT_TAG, &message, total + 8, 800, 800);
	put_part(&runner, 0, now, AGENT_TAG, &message, 0, 0, 0);
	put_part(&runner, 0, now, AGENT_TAG, &message, UINT32_MAX, 0, 800);
	put_part(&runner, 0, now, AGENT_TAG, &message, 400, 0, 800);
	put_part(&runner, 0, now, AGENT_TAG, &message, total, 800, 800);
	ksft_test_result(!listed() && report.refused == 5,
			 "lengths that do not fit together\n");
	give(0);
	ksft_test_result(listed() == 100, "a good one after them\n");
}

static void refused(const char *name)
{
	uint64_t before;

	listed();
	before = report.refused;
	give(0);
	ksft_test_result(listed() == 3 && report.refused == before + 1,
			 "refused: %s\n", name);
	make(9, 0, 1, 1, 3);
}

static void test_lies(void)
{
	begin();
	make(8, 0, 1, 1, 3);
	give(0);
	make(9, 0, 1, 1, 3);
	message.head.version = 2;
	refused("another version");
	message.head.type = 9;
	refused("another type");
	message.head.bytes = 4;
	refused("a head that is too short");
	message.head.bytes = 0x10000;
	refused("a head longer than the message");
	message.head.entries = UINT32_MAX;
	refused("more entries than bytes");
	message.head.entries = 2;
	refused("fewer entries than bytes");
	message.head.parts = 0;
	refused("no parts");
	message.head.part = 1;
	refused("a part that there cannot be");
	message.head.parts = UINT16_MAX;
	refused("too many parts");
	message.head.ticks = 0;
	refused("no ticks");
	entry(1)->bytes = 0;
	refused("an entry without length");
	entry(1)->bytes = 0xfff8;
	refused("an entry longer than the message");
	entry(1)->bytes -= 1;
	refused("an entry not aligned");
	entry(2)->pid = 0;
	refused("PID 0");
	entry(2)->start = UINT64_MAX / 2;
	refused("a time that there cannot be");
	message.head.part = 1;
	message.head.parts = 2;
	refused("a second part without a first");
}

static void test_floods(void)
{
	unsigned int i;

	begin();
	for (i = 0; i < 1000; i++) {
		make(i, 0, 1, 1, 3);
		put_message(&runner, 0, now, AGENT_TAG, &message,
			    message.head.total);
	}
	ksft_test_result(listed() == 3 && report.rounds <= 256 &&
			 report.refused >= 744, "more than is read in a second\n");
	now += 2000000;
	give(0);
	ksft_test_result(listed() == 3 && report.rounds <= 257,
			 "and again in the next\n");
	/* First parts of many vCPUs, no last ones. */
	begin();
	make(1, 0, 1, 1, 100);
	for (i = 0; i < 200; i++)
		put_part(&runner, i, now += 1, AGENT_TAG, &message,
			 message.head.total, 0, 800);
	ksft_test_result(!listed() && report.refused == 200 - 64,
			 "messages that never end\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(29);
	test_good();
	test_growth();
	test_interleaved();
	test_parts();
	test_lies();
	test_floods();
	view_runner_free(&runner);
	facts_free(&facts);
	ksft_finished();
}
