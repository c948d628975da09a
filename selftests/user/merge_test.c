// SPDX-License-Identifier: GPL-2.0-only
/*
 * merge_test.c - libvmitap's reader of rings: order, wrap, damage
 *
 * The rings are laid out as the module does it, and the reader's mapping ends at a
 * hole, so that to read too far is a fault.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "../../userspace/lib/session.h"
#include "fakering.h"

#define RING_BYTES	16384

static struct fakering rings[40];
static struct vmitap_session session = { .fd = -1 };

/* Rings that start at position @pos, read by @session. */
static void setup(unsigned int nr, uint64_t pos)
{
	unsigned int i;

	vmitap_merge_init(&session.merge);
	for (i = 0; i < nr; i++) {
		fakering_create(&rings[i], i, RING_BYTES, pos);
		if (vmitap_merge_add(&session.merge, &rings[i].ring))
			abort();
	}
}

static struct vmitap_exit make_exit(unsigned int vcpu, uint64_t tsc)
{
	return (struct vmitap_exit){
		.record.type = VMITAP_RECORD_EXIT,
		.record.size = sizeof(struct vmitap_exit),
		.record.vcpu = vcpu,
		.record.tsc = tsc,
		.rip = ~tsc,
	};
}

static bool put(unsigned int ring, uint64_t tsc)
{
	struct vmitap_exit exit = make_exit(ring, tsc);

	return fakering_write(&rings[ring], &exit, sizeof(exit));
}

/* Put a record of any type and size, whose bytes behind the head are 0. */
static bool put_sized(unsigned int ring, uint16_t type, uint16_t size,
		      uint32_t fields, uint64_t tsc)
{
	union {
		struct vmitap_record record;
		unsigned char bytes[4096];
	} any = { .record = { .type = type, .size = size, .vcpu = ring,
			      .fields = fields, .tsc = tsc } };
	size_t room = size < sizeof(any.record) ? sizeof(any.record) : size;

	return fakering_write(&rings[ring], &any, (room + 7) & ~7ul);
}

static void publish_all(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		fakering_publish(&rings[i]);
}

/* The TSC of the next record, 0 if there is none, or a negative errno. */
static int64_t next_tsc(void)
{
	const struct vmitap_record *record;
	int ret = vmitap_session_next(&session, &record);

	return ret > 0 ? (int64_t)record->tsc : ret;
}

static uint64_t consumer_pos(unsigned int ring)
{
	return rings[ring].consumer->consumer_pos;
}

TEST(empty)
{
	const struct vmitap_record *const *records;

	setup(3, 0);
	EXPECT_EQ(0, next_tsc());
	EXPECT_EQ(0, vmitap_session_read(&session, &records));
}

TEST(no_rings)
{
	setup(0, 0);
	EXPECT_EQ(0, next_tsc());
}

TEST(one_ring_in_order)
{
	int64_t i;

	setup(1, 0);
	for (i = 1; i <= 100; i++)
		ASSERT_TRUE(put(0, i));
	publish_all(1);
	for (i = 1; i <= 100; i++)
		ASSERT_EQ(i, next_tsc());
	EXPECT_EQ(0, next_tsc());
	EXPECT_EQ(rings[0].pos, consumer_pos(0));
}

TEST(unpublished_is_not_seen)
{
	setup(1, 0);
	put(0, 1);
	publish_all(1);
	put(0, 2);
	EXPECT_EQ(1, next_tsc());
	EXPECT_EQ(0, next_tsc());
	publish_all(1);
	EXPECT_EQ(2, next_tsc());
}

/* Random records in @nr rings come out sorted, each with its contents. */
static void check_random(struct __test_metadata *_metadata, unsigned int nr,
			 unsigned int per_ring, unsigned int seed)
{
	const struct vmitap_record *record;
	uint64_t last[40] = { 0 }, tsc = 0;
	unsigned int i, count = 0, want = 0;

	srandom(seed);
	for (i = 0; i < nr * per_ring; i++) {
		tsc += random() % 3;
		want += put(random() % nr, tsc + 1);
	}
	publish_all(nr);
	tsc = 0;
	while (vmitap_session_next(&session, &record) > 0) {
		const struct vmitap_exit *exit = (const void *)record;

		ASSERT_GE(record->tsc, tsc);
		ASSERT_GE(record->tsc, last[record->vcpu]);
		ASSERT_EQ(~record->tsc, exit->rip);
		tsc = last[record->vcpu] = record->tsc;
		count++;
	}
	EXPECT_EQ(want, count);
	for (i = 0; i < nr; i++)
		EXPECT_EQ(rings[i].pos, consumer_pos(i));
}

TEST(two_rings_in_order)
{
	int i;

	setup(2, 0);
	for (i = 0; i < 50; i++)
		check_random(_metadata, 2, 150, i);
}

TEST(many_rings_in_order)
{
	int i;

	setup(37, 0);
	for (i = 0; i < 20; i++)
		check_random(_metadata, 37, 170, i);
}

TEST(positions_far_from_zero)
{
	int i;

	setup(3, (1ull << 40) - 96);
	for (i = 0; i < 20; i++)
		check_random(_metadata, 3, 150, i);
}

TEST(records_do_not_wrap)
{
	const struct vmitap_record *const *records;
	uint64_t put_tsc = 0, got = 0;
	int nr, i;

	setup(1, 0);
	while (got < 5000) {
		while (put(0, put_tsc + 1))
			put_tsc++;
		publish_all(1);
		while ((nr = vmitap_session_read(&session, &records)) > 0) {
			for (i = 0; i < nr; i++) {
				const struct vmitap_exit *exit =
					(const void *)records[i];

				ASSERT_EQ(++got, exit->record.tsc);
				ASSERT_EQ(~got, exit->rip);
			}
		}
		ASSERT_EQ(0, nr);
	}
	EXPECT_EQ(put_tsc, got);
}

TEST(bursts_and_idle_rings)
{
	int64_t i;

	setup(4, 0);
	for (i = 1; i <= 150; i++)
		put(1, i);
	put(3, 75);
	for (i = 151; i <= 160; i++)
		put(2, i);
	publish_all(4);
	for (i = 1; i <= 75; i++)
		ASSERT_EQ(i, next_tsc());
	ASSERT_EQ(75, next_tsc());
	for (i = 76; i <= 160; i++)
		ASSERT_EQ(i, next_tsc());
	EXPECT_EQ(0, next_tsc());
}

/* What one vCPU publishes after the look waits for what all had published then. */
TEST(looks_are_for_all_rings)
{
	setup(2, 0);
	put(0, 10);
	put(1, 20);
	put(1, 30);
	publish_all(2);
	EXPECT_EQ(10, next_tsc());
	put(0, 25);
	publish_all(2);
	EXPECT_EQ(20, next_tsc());
	EXPECT_EQ(30, next_tsc());
	EXPECT_EQ(25, next_tsc());
}

TEST(tsc_that_goes_back)
{
	setup(2, 0);
	put(0, 100);
	put(0, 50);
	put(0, 101);
	put(1, 75);
	publish_all(2);
	EXPECT_EQ(75, next_tsc());
	EXPECT_EQ(100, next_tsc());
	EXPECT_EQ(50, next_tsc());
	EXPECT_EQ(101, next_tsc());
	/* And does not put the ring last for ever. */
	put(0, 60);
	put(1, 70);
	publish_all(2);
	EXPECT_EQ(60, next_tsc());
	EXPECT_EQ(70, next_tsc());
}

TEST(mixed_types_and_sections)
{
	const struct vmitap_record *record;
	const uint32_t all = VMITAP_FIELDS_ALL;
	int i;

	setup(1, 0);
	for (i = 1; i <= 10; i++) {
		put(0, i);
		put_sized(0, VMITAP_RECORD_INJECT, sizeof(struct vmitap_inject), 0, i);
		put_sized(0, VMITAP_RECORD_EXIT, VMITAP_EXIT_MAX, all, i);
		put_sized(0, VMITAP_RECORD_LOST, sizeof(struct vmitap_lost_record), 0, i);
		put_sized(0, VMITAP_RECORD_VM_GONE, sizeof(*record), 0, i);
	}
	publish_all(1);
	for (i = 0; i < 50; i++) {
		static const int types[] = {
			VMITAP_RECORD_EXIT, VMITAP_RECORD_INJECT,
			VMITAP_RECORD_EXIT, VMITAP_RECORD_LOST,
			VMITAP_RECORD_VM_GONE,
		};

		ASSERT_EQ(1, vmitap_session_next(&session, &record));
		ASSERT_EQ(types[i % 5], record->type);
		if (i % 5 == 2) {
			const struct vmitap_exit *exit = (const void *)record;

			EXPECT_EQ((const void *)(exit + 1), vmitap_exit_ctrl(exit));
			EXPECT_EQ((const char *)exit + record->size,
				  (const char *)(vmitap_exit_insn(exit) + 1));
			EXPECT_NE(NULL, vmitap_exit_gprs(exit));
			EXPECT_NE(NULL, vmitap_exit_segs(exit));
		}
	}
	EXPECT_EQ(0, next_tsc());
}

/* Put a part of a message, in a record of @size bytes. */
static void put_message(uint16_t size, uint32_t bytes, uint64_t tsc)
{
	struct {
		struct vmitap_message message;
		unsigned char data[64];
	} part = {
		.message = {
			.record.type = VMITAP_RECORD_MESSAGE,
			.record.size = size,
			.record.tsc = tsc,
			.total = bytes,
			.bytes = bytes,
		},
		.data = "data",
	};

	fakering_write(&rings[0], &part, size);
}

TEST(traps_and_messages)
{
	static const uint16_t sizes[] = {
		[VMITAP_RECORD_CR3] = sizeof(struct vmitap_cr3_write),
		[VMITAP_RECORD_SYSCALL] = sizeof(struct vmitap_syscall),
		[VMITAP_RECORD_SYSRET] = sizeof(struct vmitap_sysret),
		[VMITAP_RECORD_MESSAGE] = sizeof(struct vmitap_message),
	};
	const struct vmitap_message *message;
	const struct vmitap_record *record;
	int type, i;

	setup(1, 0);
	for (type = VMITAP_RECORD_CR3; type <= VMITAP_RECORD_MESSAGE; type++)
		put_sized(0, type, sizes[type], 0, type);
	for (i = 0; i <= 16; i++)
		put_message(sizeof(*message) + 16, i, 100 + i);
	publish_all(1);
	for (type = VMITAP_RECORD_CR3; type <= VMITAP_RECORD_MESSAGE; type++)
		ASSERT_EQ(type, next_tsc());
	for (i = 0; i <= 16; i++) {
		ASSERT_EQ(1, vmitap_session_next(&session, &record));
		message = (const void *)record;
		EXPECT_EQ(i, message->bytes);
		EXPECT_EQ((const void *)(message + 1),
			  vmitap_message_data(message));
	}
	EXPECT_EQ(0, next_tsc());
}

TEST(short_traps)
{
	int type;

	for (type = VMITAP_RECORD_CR3; type <= VMITAP_RECORD_MESSAGE; type++) {
		setup(1, 0);
		put_sized(0, type, sizeof(struct vmitap_record) + 8, 0, 1);
		publish_all(1);
		EXPECT_EQ(-EPROTO, next_tsc());
	}
}

TEST(message_longer_than_its_record)
{
	setup(1, 0);
	put_message(sizeof(struct vmitap_message) + 8, 8, 1);
	/* As the one before, but for what is not in the head. */
	put_message(sizeof(struct vmitap_message) + 8, 9, 2);
	publish_all(1);
	EXPECT_EQ(1, next_tsc());
	EXPECT_EQ(-EPROTO, next_tsc());
}

TEST(message_data)
{
	struct {
		struct vmitap_message message;
		unsigned char data[VMITAP_MESSAGE_CHUNK + 8];
	} part = { .message.record.size = sizeof(part) };
	struct vmitap_message *message = &part.message;

	message->total = VMITAP_MESSAGE_MAX;
	message->bytes = VMITAP_MESSAGE_CHUNK;
	message->offset = VMITAP_MESSAGE_MAX - VMITAP_MESSAGE_CHUNK;
	EXPECT_EQ((const void *)part.data, vmitap_message_data(message));
	message->offset++;
	EXPECT_EQ(NULL, vmitap_message_data(message));
	message->offset = ~0u;
	EXPECT_EQ(NULL, vmitap_message_data(message));
	message->offset = 0;
	message->bytes++;
	EXPECT_EQ(NULL, vmitap_message_data(message));
	message->bytes = 8;
	message->total = VMITAP_MESSAGE_MAX + 1;
	EXPECT_EQ(NULL, vmitap_message_data(message));
	message->total = 8;
	message->record.size = sizeof(*message) + 7;
	EXPECT_EQ(NULL, vmitap_message_data(message));
	message->record.size = 8;
	EXPECT_EQ(NULL, vmitap_message_data(message));
}

TEST(unknown_types_are_skipped)
{
	int64_t i;

	setup(1, 0);
	for (i = 1; i <= 20; i++) {
		put_sized(0, 0, 24, 0, i);
		put_sized(0, 0x1234, 48, ~0u, i);
		put(0, i);
		put_sized(0, VMITAP_RECORD_MESSAGE + 1, 4096, 3, i);
		publish_all(1);
		ASSERT_EQ(i, next_tsc());
		ASSERT_EQ(0, next_tsc());
	}
}

TEST(longer_records_of_known_types)
{
	setup(1, 0);
	put_sized(0, VMITAP_RECORD_EXIT, sizeof(struct vmitap_exit) + 64, 1u << 9, 5);
	put(0, 6);
	publish_all(1);
	EXPECT_EQ(5, next_tsc());
	EXPECT_EQ(6, next_tsc());
}

/* Good records before a bad one are handed out, nothing after it. */
static void check_bad(struct __test_metadata *_metadata, uint16_t type,
		      uint16_t size, uint32_t fields)
{
	setup(2, 0);
	put(0, 1);
	put(1, 2);
	put_sized(0, type, size, fields, 3);
	put(0, 4);
	publish_all(2);
	EXPECT_EQ(1, next_tsc());
	while (next_tsc() > 0)
		;
	EXPECT_EQ(-EPROTO, next_tsc());
	EXPECT_EQ(-EPROTO, next_tsc());
	EXPECT_NE(NULL, strstr(vmitap_session_error(&session), "makes no sense"));
}

TEST(size_zero) { check_bad(_metadata, VMITAP_RECORD_EXIT, 0, 0); }
TEST(size_zero_of_unknown_type) { check_bad(_metadata, 99, 0, 0); }
TEST(size_less_than_head) { check_bad(_metadata, 99, 16, 0); }
TEST(size_odd) { check_bad(_metadata, VMITAP_RECORD_EXIT, 91, 0); }
TEST(size_less_than_exit) { check_bad(_metadata, VMITAP_RECORD_EXIT, 72, 0); }
TEST(size_less_than_sections)
{
	check_bad(_metadata, VMITAP_RECORD_EXIT, sizeof(struct vmitap_exit) + 40,
		  VMITAP_FIELD_CTRL | VMITAP_FIELD_INSN);
}
TEST(size_less_than_inject) { check_bad(_metadata, VMITAP_RECORD_INJECT, 40, 0); }
TEST(size_less_than_lost) { check_bad(_metadata, VMITAP_RECORD_LOST, 24, 0); }

TEST(size_beyond_what_is_published)
{
	setup(1, 0);
	put_sized(0, 99, 0xfff8 & 2048, 0, 1);
	put(0, 2);
	publish_all(1);
	rings[0].producer->producer_pos = 1024;
	EXPECT_EQ(-EPROTO, next_tsc());
}

TEST(largest_size_at_the_end_of_the_data)
{
	setup(1, RING_BYTES - 24);
	put_sized(0, VMITAP_RECORD_EXIT, sizeof(struct vmitap_exit), 0, 1);
	((struct vmitap_record *)(rings[0].data + RING_BYTES - 24))->size = 0xfff8;
	publish_all(1);
	EXPECT_EQ(-EPROTO, next_tsc());
}

/* @pos cannot be where the kernel is after position 4096. */
static void check_position(struct __test_metadata *_metadata, uint64_t pos)
{
	setup(2, 4096);
	put(1, 1);
	publish_all(2);
	rings[0].producer->producer_pos = pos;
	EXPECT_EQ(-EPROTO, next_tsc());
}

TEST(position_behind) { check_position(_metadata, 4088); }
TEST(position_zero) { check_position(_metadata, 0); }
TEST(position_too_far) { check_position(_metadata, 4096 + RING_BYTES + 8); }
TEST(position_odd) { check_position(_metadata, 4097); }
TEST(position_largest) { check_position(_metadata, ~0ull); }
TEST(position_less_than_a_head) { check_position(_metadata, 4096 + 16); }

static int init_with(void (*spoil)(struct fakering *fake))
{
	setup(1, 0);
	spoil(&rings[0]);
	return fakering_init_reader(&rings[0]);
}

static void spoil_magic(struct fakering *fake) { fake->producer->magic++; }
static void spoil_header(struct fakering *fake) { fake->producer->header_bytes = 8; }
static void spoil_header_size(struct fakering *fake) { fake->producer->header_bytes = ~0u; }
static void spoil_no_data(struct fakering *fake) { fake->producer->data_bytes = 0; }
static void spoil_odd_data(struct fakering *fake) { fake->producer->data_bytes = 12288; }
static void spoil_small_data(struct fakering *fake) { fake->producer->data_bytes = 8; }
static void spoil_large_data(struct fakering *fake) { fake->producer->data_bytes *= 2; }
static void spoil_huge_data(struct fakering *fake) { fake->producer->data_bytes = 1u << 31; }
static void spoil_offset(struct fakering *fake) { fake->producer->data_offset += 4096; }
static void spoil_small_offset(struct fakering *fake) { fake->producer->data_offset = 0; }
static void spoil_odd_offset(struct fakering *fake) { fake->producer->data_offset += 8; }
static void spoil_huge_offset(struct fakering *fake) { fake->producer->data_offset = ~4095u; }
static void spoil_consumer(struct fakering *fake) { fake->consumer->consumer_pos = 3; }
static void spoil_nothing(struct fakering *fake) { fake->producer->header_bytes += 512; }

TEST(header)
{
	EXPECT_EQ(0, init_with(spoil_nothing));
	EXPECT_EQ(-EPROTO, init_with(spoil_magic));
	EXPECT_EQ(-EPROTO, init_with(spoil_header));
	EXPECT_EQ(-EPROTO, init_with(spoil_header_size));
	EXPECT_EQ(-EPROTO, init_with(spoil_no_data));
	EXPECT_EQ(-EPROTO, init_with(spoil_odd_data));
	EXPECT_EQ(-EPROTO, init_with(spoil_small_data));
	EXPECT_EQ(-EPROTO, init_with(spoil_large_data));
	EXPECT_EQ(-EPROTO, init_with(spoil_huge_data));
	EXPECT_EQ(-EPROTO, init_with(spoil_offset));
	EXPECT_EQ(-EPROTO, init_with(spoil_small_offset));
	EXPECT_EQ(-EPROTO, init_with(spoil_odd_offset));
	EXPECT_EQ(-EPROTO, init_with(spoil_huge_offset));
	EXPECT_EQ(-EPROTO, init_with(spoil_consumer));
}

/* A record stays as it is until the next call, whatever the vCPU does meanwhile. */
TEST(records_stay_until_the_next_call)
{
	const struct vmitap_record *record;
	uint64_t put_tsc = 0, i;

	setup(1, 0);
	for (i = 1; i <= 3000; i++) {
		/* Nothing there: now all is given back. */
		while (!vmitap_session_next(&session, &record)) {
			while (put(0, put_tsc + 1))
				put_tsc++;
			publish_all(1);
		}
		/* The vCPU fills up whatever was given back. */
		while (put(0, put_tsc + 1))
			put_tsc++;
		ASSERT_EQ(i, record->tsc);
		ASSERT_EQ(~i, ((const struct vmitap_exit *)record)->rip);
	}
}

/* While a vCPU waits, each record read makes room. */
TEST(room_for_a_vcpu_that_waits)
{
	uint64_t before;
	int i;

	setup(1, 0);
	session.merge.lossless = true;
	while (put(0, 1))
		;
	publish_all(1);
	rings[0].producer->state = VMITAP_RING_WAITING;
	for (i = 0; i < 20; i++)
		next_tsc();
	for (; i < 40; i++) {
		before = consumer_pos(0);
		next_tsc();
		EXPECT_EQ(before + sizeof(struct vmitap_exit), consumer_pos(0));
	}
}

TEST(room_in_steps)
{
	unsigned int steps = 0, i;
	uint64_t last = 0;

	setup(1, 0);
	while (put(0, 1))
		;
	publish_all(1);
	for (i = 0; next_tsc() > 0; i++) {
		steps += consumer_pos(0) != last;
		last = consumer_pos(0);
		ASSERT_LE(last, i * sizeof(struct vmitap_exit));
	}
	EXPECT_EQ(rings[0].pos, consumer_pos(0));
	EXPECT_LE(steps, 2);
}

TEST_HARNESS_MAIN
