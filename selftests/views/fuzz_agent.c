// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_agent.c - messages of an agent that are anything (libFuzzer)
 *
 * Input: pieces, each with 8 bytes before it: its length (2), vCPU (1), what to do with
 * it (1), and an offset (4).
 */
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t now;

/* A piece of the input as one record, or as all records of a message. */
static void put_piece(struct view_runner *runner, const uint8_t *head,
		      const uint8_t *piece, uint16_t len)
{
	uint8_t buf[2 * VMITAP_MESSAGE_CHUNK] = { 0 };
	uint32_t offset;

	memcpy(&offset, head + 4, sizeof(offset));
	now += head[3];
	if (head[3] & 1) {
		put_message(runner, head[2], now, AGENT_TAG, piece, len);
		return;
	}
	offset %= VMITAP_MESSAGE_CHUNK;
	if (len > VMITAP_MESSAGE_CHUNK)
		len = VMITAP_MESSAGE_CHUNK;
	memcpy(buf + offset, piece, len);
	put_part(runner, head[2], now, AGENT_TAG, buf,
		 head[3] & 2 ? head[3] * 97u : offset + len, offset, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct view *const list[] = { &view_agent, NULL };
	static const struct view_env env = { .tsc_khz = 1 };
	struct facts facts = { .nr = 0 };
	struct view_report report;
	struct view_runner runner;
	uint8_t *piece;
	uint16_t len;

	if (view_runner_init(&runner, &env, list))
		abort();
	while (size >= 8) {
		memcpy(&len, data, sizeof(len));
		if (len > size - 8)
			len = size - 8;
		/* A copy has its end where a read behind it is seen. */
		piece = malloc(len);
		memcpy(piece, data + 8, len);
		put_piece(&runner, data, piece, len);
		free(piece);
		data += 8 + len;
		size -= 8 + len;
	}
	if (view_runner_facts(&runner, now, &facts, &report) ||
	    facts.nr > AGENT_MAX_PROCESSES || (facts.nr && !report.asked))
		abort();
	facts_free(&facts);
	view_runner_free(&runner);
	return 0;
}
