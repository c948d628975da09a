// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_live_test.c - what the live guest makes of what a session says
 *
 * The session is one of this test: memory of its own, three vCPUs whose ids are not
 * in order, and memory slots as a q35 machine of QEMU has them.
 */
#include <errno.h>
#include <string.h>

#include <kselftest.h>
#include <vmitap.h>

#include "guest_live.h"

static uint8_t memory[0x10000];
static unsigned int reads;
static const uint32_t ids[] = { 4, 0, 6, 2 };
static uint32_t nr_ids = 3;

/* Not in order, some that touch, a hole at 0xa0000, ROMs, and a tiny one. */
static const struct vmitap_slot slots[] = {
	{ .gpa = 0xfffc0000, .bytes = 0x40000, .flags = VMITAP_SLOT_READONLY },
	{ .gpa = 0x100000, .bytes = 0x7ff00000, .flags = VMITAP_SLOT_LOG_DIRTY },
	{ .gpa = 0, .bytes = 0xa0000 },
	{ .gpa = 0xc0000, .bytes = 0x20000, .flags = VMITAP_SLOT_READONLY },
	{ .gpa = 0xe0000, .bytes = 0x10000 },
	{ .gpa = 0xf0000, .bytes = 0x10000 },
	{ .gpa = 0xfee00000, .bytes = 0x1000 },
	{ .gpa = 0x100000000, .bytes = 0x80000000 },
};

#define NR_SLOTS (sizeof(slots) / sizeof(slots[0]))

int vmitap_session_vcpus(struct vmitap_session *session, uint32_t *vcpus,
			 uint32_t room, uint32_t *nr)
{
	uint32_t i;

	(void)session;
	*nr = nr_ids;
	for (i = 0; i < nr_ids && i < room; i++)
		vcpus[i] = ids[i];
	return 0;
}

int vmitap_session_list_slots(struct vmitap_session *session,
			      struct vmitap_slot *list, size_t entry_bytes,
			      uint32_t room, uint32_t *nr)
{
	(void)session;
	*nr = NR_SLOTS;
	memcpy(list, slots, (room < NR_SLOTS ? room : NR_SLOTS) * entry_bytes);
	return 0;
}

int vmitap_session_regs(struct vmitap_session *session, uint32_t vcpu_id,
			struct vmitap_regs *regs)
{
	(void)session;
	regs->out_cr3 = 0x1000 + vcpu_id;
	regs->out_lstar = 2;
	regs->out_ctrl.cr4 = 3;
	regs->out_segs.seg[VMITAP_IDTR].base = 4;
	regs->out_gprs.reg[VMITAP_RSP] = 5;
	regs->out_cpl = 3;
	regs->out_nested = vcpu_id == 6;
	return 0;
}

int vmitap_session_read_memory(struct vmitap_session *session,
			       const struct vmitap_span *spans, size_t nr)
{
	size_t i;

	(void)session;
	reads++;
	for (i = 0; i < nr; i++) {
		if (spans[i].gpa + spans[i].bytes > sizeof(memory))
			return -EFAULT;
		memcpy(spans[i].buf, memory + spans[i].gpa, spans[i].bytes);
	}
	return 0;
}

static void test_vcpus(const struct guest *guest, struct guest_live *live)
{
	struct guest_regs regs;

	ksft_test_result(guest_nr_vcpus(guest) == 3 &&
			 guest_live_vcpu_id(live, 0) == 0 &&
			 guest_live_vcpu_id(live, 1) == 4 &&
			 guest_live_vcpu_id(live, 2) == 6,
			 "vCPUs in the order of ids\n");
	ksft_test_result(!guest_regs(guest, 1, &regs) && regs.cr3 == 0x1004 &&
			 regs.lstar == 2 && regs.cr4 == 3 &&
			 regs.idtr_base == 4 && regs.rsp == 5 && regs.cpl == 3,
			 "registers\n");
	ksft_test_result(!regs.nested && !guest_regs(guest, 2, &regs) &&
			 regs.nested, "registers of a nested guest are marked\n");
	ksft_test_result(guest_regs(guest, 3, &regs) == -ENOENT,
			 "no vCPU of that number\n");
	nr_ids = 4;
	ksft_test_result(guest_nr_vcpus(guest) == 4 &&
			 guest_vcpu_id(guest, 1) == 2 &&
			 !guest_regs(guest, 3, &regs) && regs.cr3 == 0x1006,
			 "a vCPU that comes later, and the ids of all\n");
	guest_live_first(live, 4);
	ksft_test_result(guest_nr_vcpus(guest) == 4 &&
			 guest_vcpu_id(guest, 0) == 4 &&
			 guest_vcpu_id(guest, 1) == 0 &&
			 guest_vcpu_id(guest, 3) == 6 &&
			 !guest_regs(guest, 0, &regs) && regs.cr3 == 0x1004,
			 "one of them before the others\n");
	guest_live_first(live, UINT32_MAX);
	nr_ids = 1;
	ksft_test_result(guest_nr_vcpus(guest) == 1 &&
			 guest_vcpu_id(guest, 0) == 4 &&
			 guest_regs(guest, 1, &regs) == -ENOENT,
			 "vCPUs that go\n");
}

static void test_regions(const struct guest *guest)
{
	static const struct guest_region want[] = {
		{ 0, 0xa0000 }, { 0xe0000, 0x7ff20000 },
		{ 0x100000000, 0x80000000 },
	};
	struct guest_region regions[4] = { 0 };

	ksft_test_result(guest_regions(guest, regions, 4) == 3 &&
			 !memcmp(regions, want, sizeof(want)),
			 "regions are RAM, in order\n");
	memset(regions, 0, sizeof(regions));
	ksft_test_result(guest_regions(guest, regions, 1) == 3 &&
			 !regions[1].bytes, "more regions than room\n");
}

static bool byte_is(const struct guest *guest, uint64_t gpa, int want)
{
	uint8_t byte;

	return !guest_read(guest, gpa, &byte, 1) && byte == want;
}

static void test_cache(const struct guest *guest, struct guest_live *live)
{
	uint8_t buf[100];

	memory[0x3000] = 1;
	ksft_test_result(byte_is(guest, 0x3000, 1), "read\n");
	memory[0x3000] = 2;
	ksft_test_result(byte_is(guest, 0x3000, 2), "nothing is kept at first\n");
	ksft_test_result(!guest_live_cache(live, true) &&
			 byte_is(guest, 0x3000, 2), "keep pages\n");
	memory[0x3000] = 3;
	reads = 0;
	ksft_test_result(byte_is(guest, 0x3000, 2) &&
			 byte_is(guest, 0x3fff, 0) && !reads,
			 "what is kept is not read again\n");
	ksft_test_result(!guest_read(guest, 0x3000, buf, sizeof(buf)) &&
			 buf[0] == 3, "long reads are not kept\n");
	ksft_test_result(!guest_read(guest, 0x2fff, buf, 2) && buf[1] == 3,
			 "nor those that cross pages\n");
	memory[0x3000 % 0x1000] = 7;
	ksft_test_result(byte_is(guest, 0, 7), "page 0\n");
	ksft_test_result(guest_read(guest, sizeof(memory), buf, 8) == -EFAULT &&
			 guest_read(guest, sizeof(memory), buf, 8) == -EFAULT,
			 "what cannot be read is not kept\n");
	ksft_test_result(!guest_live_cache(live, true) &&
			 byte_is(guest, 0x3000, 3), "forget\n");
	memory[0x3000] = 4;
	ksft_test_result(!guest_live_cache(live, false) &&
			 byte_is(guest, 0x3000, 4), "keep no pages\n");
}

int main(void)
{
	struct guest_live *live;
	struct guest guest;

	ksft_print_header();
	ksft_set_plan(19);
	if (guest_live_open(&live, &guest, NULL))
		ksft_exit_fail_msg("not opened\n");
	test_vcpus(&guest, live);
	test_regions(&guest);
	test_cache(&guest, live);
	guest_live_close(live);
	ksft_finished();
}
