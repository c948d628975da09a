// SPDX-License-Identifier: GPL-2.0-only
/*
 * library_test.c - libvmitap on the module: sessions, reading, waiting, the end
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vmitap.h>

#include "lib/fixture.h"
#include "lib/loops.h"

#define RING_BYTES	0x10000
#define CPUIDS		20

GUEST_CPUID_LOOP(cpuid_loop);

FIXTURE(library)
{
	struct testvm *vm;
	struct vmitap_session *session;
};

FIXTURE_SETUP(library)
{
	memset(self, 0, sizeof(*self));
	REQUIRE_TAP(return);
	self->vm = testvm_create(false);
	TESTVM_LOAD(self->vm, cpuid_loop);
	ASSERT_EQ(0, vmitap_session_open(&self->session));
}

FIXTURE_TEARDOWN(library)
{
	vmitap_session_close(self->session);
	if (self->vm)
		testvm_destroy(self->vm);
}

static void add_vcpu(struct testvm *vm)
{
	struct testvm_vcpu *vcpu = testvm_add_vcpu(vm);

	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_set_gpr(vcpu, 'b', CPUIDS);
}

static void tap(struct vmitap_session *session, const struct testvm *vm,
		__u32 ring_bytes, struct vmitap_config config)
{
	config.size = sizeof(config);
	CHECK(!vmitap_session_attach_fd(session, vm->fd, ring_bytes), "%s",
	      vmitap_session_error(session));
	CHECK(!vmitap_session_configure(session, &config), "%s",
	      vmitap_session_error(session));
	CHECK(!vmitap_session_enable(session), "%s",
	      vmitap_session_error(session));
}

/**
 * struct seen - what was read
 * @exits: exits
 * @lost: events lost
 * @next_seq: by vCPU
 * @last_tsc: by vCPU
 */
struct seen {
	unsigned long exits;
	unsigned long lost;
	__u32 next_seq[TESTVM_MAX_VCPUS];
	__u64 last_tsc[TESTVM_MAX_VCPUS];
};

static void see(struct seen *seen, const struct vmitap_record *record)
{
	unsigned int vcpu = record->vcpu;

	CHECK(vcpu < TESTVM_MAX_VCPUS, "vCPU %u", vcpu);
	CHECK(record->seq == seen->next_seq[vcpu], "%u, not %u", record->seq,
	      seen->next_seq[vcpu]);
	CHECK(record->tsc >= seen->last_tsc[vcpu], "time goes back");
	seen->last_tsc[vcpu] = record->tsc;
	if (record->type == VMITAP_RECORD_LOST) {
		const struct vmitap_lost_record *lost = (const void *)record;

		seen->lost += lost->count;
		seen->next_seq[vcpu] += lost->count;
		return;
	}
	seen->next_seq[vcpu]++;
	seen->exits += record->type == VMITAP_RECORD_EXIT;
}

/* Read what there is, by the one or the other function.  Return: as the last call. */
static int drain(struct vmitap_session *session, struct seen *seen, bool one_by_one)
{
	const struct vmitap_record *const *records, *record;
	int ret, i;

	do {
		if (one_by_one) {
			ret = vmitap_session_next(session, &record);
			if (ret > 0)
				see(seen, record);
			continue;
		}
		ret = vmitap_session_read(session, &records);
		for (i = 0; i < ret; i++)
			see(seen, records[i]);
	} while (ret > 0);
	return ret;
}

TEST_F(library, not_attached)
{
	struct vmitap_config config = { .size = sizeof(config) };
	struct vmitap_stats stats = { .size = sizeof(stats) };
	const struct vmitap_record *record;

	EXPECT_EQ(-ENOTCONN, vmitap_session_configure(self->session, &config));
	EXPECT_NE(NULL, strstr(vmitap_session_error(self->session), "no VM is attached"));
	EXPECT_EQ(-ENOTCONN, vmitap_session_enable(self->session));
	EXPECT_EQ(-ENOTCONN, vmitap_session_stats(self->session, &stats));
	EXPECT_EQ(-ENOTCONN, vmitap_session_wait(self->session, 0));
	EXPECT_EQ(0, vmitap_session_next(self->session, &record));
}

TEST_F(library, attach_errors)
{
	add_vcpu(self->vm);
	EXPECT_EQ(-EINVAL, vmitap_session_attach_fd(self->session, self->vm->fd, 5000));
	EXPECT_NE(NULL, strstr(vmitap_session_error(self->session), "power of two"));
	EXPECT_EQ(-ENXIO, vmitap_session_attach_fd(self->session, 0, RING_BYTES));
	EXPECT_EQ(-ESRCH, vmitap_session_attach_pid(self->session, 0x7ffffff0, RING_BYTES));
	ASSERT_EQ(0, vmitap_session_attach_pid(self->session, getpid(), RING_BYTES));
	EXPECT_EQ(-EBUSY, vmitap_session_attach_pid(self->session, getpid(), RING_BYTES));
}

TEST_F(library, lists)
{
	struct vmitap_query query = { .size = sizeof(query) };
	struct vmitap_slot slots[8] = { 0 };
	struct vmitap_vm_info vms[8] = { 0 };
	bool found = false;
	__u32 nr, i;

	add_vcpu(self->vm);
	EXPECT_EQ(0, vmitap_session_query(self->session, &query));
	EXPECT_NE(VMITAP_VENDOR_NONE, query.out_vendor);
	ASSERT_EQ(0, vmitap_session_list_vms(self->session, vms, sizeof(vms[0]), 8, &nr));
	for (i = 0; i < nr && i < 8; i++)
		found |= vms[i].pid == (__u32)getpid();
	EXPECT_TRUE(found);
	EXPECT_EQ(-ENOTCONN, vmitap_session_list_slots(self->session, slots,
						       sizeof(slots[0]), 8, &nr));
	ASSERT_EQ(0, vmitap_session_attach_fd(self->session, self->vm->fd, RING_BYTES));
	ASSERT_EQ(0, vmitap_session_list_slots(self->session, slots,
					       sizeof(slots[0]), 8, &nr));
	ASSERT_EQ(1, nr);
	EXPECT_EQ(TESTVM_BYTES, slots[0].bytes);
	EXPECT_EQ((uintptr_t)self->vm->mem, slots[0].hva);
}

TEST_F(library, sections)
{
	const struct vmitap_config config = {
		.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID),
		.fields = VMITAP_FIELD_GPRS | VMITAP_FIELD_INSN,
	};
	const struct vmitap_record *record;
	const struct vmitap_exit *exit;

	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	testvm_run(&self->vm->vcpus[0]);
	ASSERT_EQ(1, vmitap_session_next(self->session, &record));
	exit = (const void *)record;
	ASSERT_EQ(VMITAP_CLASS_CPUID, exit->class_id);
	EXPECT_EQ(NULL, vmitap_exit_ctrl(exit));
	EXPECT_EQ(NULL, vmitap_exit_segs(exit));
	ASSERT_NE(NULL, vmitap_exit_gprs(exit));
	EXPECT_EQ(CPUIDS, vmitap_exit_gprs(exit)->reg[VMITAP_RBX]);
	ASSERT_NE(NULL, vmitap_exit_insn(exit));
	EXPECT_EQ(0, memcmp(vmitap_exit_insn(exit)->bytes, "\x0f\xa2", 2));
}

/* While two vCPUs run, nothing is missing that is not said to be. */
static void check_reading(struct vmitap_session *session, struct testvm *vm,
			  bool one_by_one)
{
	const struct vmitap_config config = { .classes = VMITAP_CLASSES_EXIT };
	struct vmitap_stats stats = { .size = sizeof(stats) };
	struct seen seen = { 0 };
	int i;

	add_vcpu(vm);
	add_vcpu(vm);
	tap(session, vm, RING_BYTES, config);
	testvm_start(vm);
	for (i = 0; i < 200; i++) {
		CHECK(!drain(session, &seen, one_by_one), "reading");
		CHECK(vmitap_session_wait(session, 10) >= 0, "waiting");
	}
	testvm_stop(vm);
	CHECK(!vmitap_session_disable(session), "disable");
	CHECK(!drain(session, &seen, one_by_one), "reading");
	CHECK(!vmitap_session_stats(session, &stats), "stats");
	CHECK(seen.exits == stats.out_events, "%lu of %llu", seen.exits,
	      stats.out_events);
	CHECK(seen.lost == stats.out_lost[VMITAP_LOST_FULL], "%lu lost", seen.lost);
	CHECK(seen.exits > 100, "%lu exits", seen.exits);
}

TEST_F(library, next_while_vcpus_run)
{
	check_reading(self->session, self->vm, true);
}

TEST_F(library, read_while_vcpus_run)
{
	check_reading(self->session, self->vm, false);
}

TEST_F(library, lossless_in_the_smallest_ring)
{
	const struct vmitap_config config = {
		.classes = VMITAP_CLASSES_EXIT,
		.delivery = VMITAP_DELIVERY_LOSSLESS,
		.timeout_us = 10000000,
	};
	struct vmitap_stats stats = { .size = sizeof(stats) };
	struct seen seen = { 0 };

	add_vcpu(self->vm);
	tap(self->session, self->vm, 4096, config);
	testvm_start(self->vm);
	while (seen.exits < 2000) {
		ASSERT_EQ(0, drain(self->session, &seen, true));
		ASSERT_LE(0, vmitap_session_wait(self->session, 100));
	}
	vmitap_session_disable(self->session);
	testvm_stop(self->vm);
	ASSERT_EQ(0, drain(self->session, &seen, true));
	ASSERT_EQ(0, vmitap_session_stats(self->session, &stats));
	EXPECT_EQ(0, seen.lost);
	EXPECT_LT(0, stats.out_waits);
	EXPECT_EQ(stats.out_events, seen.exits);
}

TEST_F(library, eventfd_and_new_vcpu)
{
	const struct vmitap_config config = {
		.classes = VMITAP_CLASSES_EXIT, .watermark = 1,
	};
	struct pollfd fd = { .fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN };
	struct seen seen = { 0 };

	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	ASSERT_EQ(0, vmitap_session_set_eventfd(self->session, fd.fd));
	EXPECT_EQ(-EINVAL, vmitap_session_set_eventfd(self->session, 0));
	EXPECT_EQ(0, vmitap_session_wait(self->session, 0));
	add_vcpu(self->vm);
	testvm_run(&self->vm->vcpus[1]);
	EXPECT_EQ(1, poll(&fd, 1, 5000));
	EXPECT_EQ(1, vmitap_session_wait(self->session, 5000));
	ASSERT_EQ(0, drain(self->session, &seen, false));
	EXPECT_LE(CPUIDS, seen.next_seq[1]);
	close(fd.fd);
}

TEST_F(library, end_of_the_vm)
{
	const struct vmitap_config config = { .classes = VMITAP_CLASSES_PASSIVE };
	struct seen seen = { 0 };

	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	testvm_run(&self->vm->vcpus[0]);
	testvm_destroy(self->vm);
	self->vm = NULL;
	EXPECT_EQ(-EPIPE, vmitap_session_wait(self->session, 5000));
	EXPECT_NE(NULL, strstr(vmitap_session_error(self->session), "VM is gone"));
	EXPECT_EQ(0, drain(self->session, &seen, true));
	EXPECT_LE(CPUIDS, seen.exits);
	EXPECT_EQ(-EPIPE, vmitap_session_enable(self->session));
}

TEST_HARNESS_MAIN
