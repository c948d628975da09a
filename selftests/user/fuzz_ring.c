// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_ring.c - libFuzzer target: rings with any contents, read by libvmitap
 *
 * The first bytes of the input spoil the header or not, the rest is the data of two
 * rings.  Every byte of what the library hands out is read; behind the rings is a
 * hole in the address space.
 */
#include <stdlib.h>
#include <string.h>

#include "../../userspace/lib/session.h"
#include "fakering.h"

#define RING_BYTES	4096
#define NR_RINGS	2

/**
 * struct input - what comes before the data
 * @header: XORed with the first bytes of each header if @spoil is 0xff
 * @start: position at which the rings begin, in units of 8 bytes
 * @ahead: how far the first ring's kernel is ahead, bytes
 * @batches: odd to read by batches
 * @spoil: see @header
 */
struct input {
	unsigned char header[32];
	uint32_t start;
	uint16_t ahead;
	uint8_t batches;
	uint8_t spoil;
};

static struct fakering rings[NR_RINGS];

/* For the compiler not to leave out what only reads. */
volatile unsigned int fuzz_ring_sum;

/* Read all that a user of the record may. */
static unsigned int touch(const struct vmitap_record *record)
{
	const struct vmitap_exit *exit = (const void *)record;
	const unsigned char *bytes = (const void *)record;
	unsigned int sum = 0, i;

	if (record->size < vmitap_record_needs(record))
		abort();
	for (i = 0; i < record->size; i++)
		sum += bytes[i];
	if (record->type != VMITAP_RECORD_EXIT)
		return sum;
	if (vmitap_exit_ctrl(exit))
		sum += vmitap_exit_ctrl(exit)->efer;
	if (vmitap_exit_gprs(exit))
		sum += vmitap_exit_gprs(exit)->reg[VMITAP_R15];
	if (vmitap_exit_segs(exit))
		sum += vmitap_exit_segs(exit)->seg[VMITAP_IDTR].attrib;
	if (vmitap_exit_insn(exit) &&
	    (const unsigned char *)(vmitap_exit_insn(exit) + 1) > bytes + record->size)
		abort();
	return sum;
}

static void read_all(struct vmitap_session *session, bool batches)
{
	const struct vmitap_record *const *records, *record;
	unsigned int total = 0, sum = 0;
	int nr, i;

	do {
		if (batches) {
			nr = vmitap_session_read(session, &records);
			for (i = 0; i < nr; i++)
				sum += touch(records[i]);
		} else {
			nr = vmitap_session_next(session, &record);
			if (nr > 0)
				sum += touch(record);
		}
		total += nr > 0 ? nr : 0;
		/* No more than fit. */
		if (total > NR_RINGS * RING_BYTES / sizeof(*record))
			abort();
	} while (nr > 0);
	fuzz_ring_sum = sum;
}

static void reset(struct fakering *fake, const struct input *input,
		  unsigned int ahead)
{
	const uint64_t start = input->start * 8ull;
	unsigned char *header = (void *)fake->producer;
	unsigned int i;

	*fake->producer = (struct vmitap_ring_producer){
		.magic = VMITAP_RING_MAGIC,
		.header_bytes = sizeof(*fake->producer),
		.data_bytes = RING_BYTES,
		.data_offset = 8192,
		.producer_pos = start + ahead,
	};
	fake->consumer->consumer_pos = start;
	for (i = 0; input->spoil == 0xff && i < sizeof(input->header); i++)
		header[i] ^= input->header[i];
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct vmitap_session session = { .fd = -1 };
	struct input input;
	unsigned int i;

	if (!rings[0].bytes) {
		for (i = 0; i < NR_RINGS; i++)
			fakering_create(&rings[i], i, RING_BYTES, 0);
	}
	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	data += sizeof(input);
	size -= sizeof(input);
	vmitap_merge_init(&session.merge);
	for (i = 0; i < NR_RINGS; i++) {
		size_t half = size / 2 < RING_BYTES ? size / 2 : RING_BYTES;
		size_t at = input.start * 8ull % RING_BYTES;

		memset(rings[i].data, 0, RING_BYTES);
		/* The mapping behind is the same memory. */
		memcpy(rings[i].data + at, data + i * half, half);
		reset(&rings[i], &input, i ? half & ~7ul : input.ahead);
		if (!fakering_init_reader(&rings[i]) &&
		    vmitap_merge_add(&session.merge, &rings[i].ring))
			abort();
	}
	read_all(&session, input.batches & 1);
	vmitap_merge_free(&session.merge);
	return 0;
}
