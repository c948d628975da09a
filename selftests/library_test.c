// SPDX-License-Identifier: GPL-2.0-only
/*
 * library_test.c - libvmitap on the module: sessions, reading, waiting, the end
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <vmitap.h>

#include "lib/fixture.h"
#include "lib/loops.h"
#include "lib/vmm.h"

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

static struct vmitap_stats get_stats(struct vmitap_session *session)
{
	struct vmitap_stats stats = { .size = sizeof(stats) };

	CHECK(!vmitap_session_stats(session, &stats), "%s", vmitap_session_error(session));
	return stats;
}

/* All there were until now, those lost included. */
static unsigned long nr_events(struct vmitap_session *session)
{
	const struct vmitap_stats stats = get_stats(session);
	unsigned long nr = stats.out_events;
	int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		nr += stats.out_lost[i];
	return nr;
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

TEST_F(library, vcpus)
{
	uint32_t ids[4] = { 9, 9, 9, 9 }, nr;

	EXPECT_EQ(-ENOTCONN, vmitap_session_vcpus(self->session, ids, 4, &nr));
	add_vcpu(self->vm);
	add_vcpu(self->vm);
	ASSERT_EQ(0, vmitap_session_attach_fd(self->session, self->vm->fd, RING_BYTES));
	ASSERT_EQ(0, vmitap_session_vcpus(self->session, ids, 1, &nr));
	EXPECT_EQ(2, nr);
	EXPECT_EQ(9, ids[1]);
	ASSERT_EQ(0, vmitap_session_vcpus(self->session, ids, 4, &nr));
	EXPECT_EQ(0, ids[0]);
	EXPECT_EQ(1, ids[1]);
}

TEST_F(library, memory)
{
	const size_t end = TESTVM_BYTES;
	unsigned char a[100], b[5000];
	struct vmitap_span spans[] = {
		{ 0x3000, a, sizeof(a) }, { end - sizeof(b), b, sizeof(b) },
		{ end, NULL, 0 },
	};
	size_t i;

	EXPECT_EQ(-ENOTCONN, vmitap_session_read_memory(self->session, spans, 1));
	add_vcpu(self->vm);
	ASSERT_EQ(0, vmitap_session_attach_fd(self->session, self->vm->fd, RING_BYTES));
	for (i = 0; i < sizeof(a); i++)
		self->vm->mem[0x3000 + i] = i;
	for (i = 0; i < sizeof(b); i++)
		self->vm->mem[end - sizeof(b) + i] = i * 7;
	ASSERT_EQ(0, vmitap_session_read_memory(self->session, spans, 3)) {
		TH_LOG("%s", vmitap_session_error(self->session));
	}
	EXPECT_EQ(0, memcmp(a, self->vm->mem + 0x3000, sizeof(a)));
	EXPECT_EQ(0, memcmp(b, self->vm->mem + end - sizeof(b), sizeof(b)));
	spans[1].gpa++;
	EXPECT_EQ(-EFAULT, vmitap_session_read_memory(self->session, spans, 2));
	EXPECT_NE(NULL, strstr(vmitap_session_error(self->session), "no memory there"));
	spans[0].gpa = ~0ull;
	EXPECT_EQ(-EFAULT, vmitap_session_read_memory(self->session, spans, 1));
}

TEST_F(library, memory_in_many_spans)
{
	struct vmitap_span spans[1000];
	uint32_t words[1000];
	unsigned int i;

	add_vcpu(self->vm);
	ASSERT_EQ(0, vmitap_session_attach_pid(self->session, getpid(), RING_BYTES));
	for (i = 0; i < 1000; i++) {
		memcpy(self->vm->mem + 0x3000 + 8 * i, &i, sizeof(i));
		spans[i] = (struct vmitap_span){ 0x3000 + 8 * i, &words[i], 4 };
	}
	ASSERT_EQ(0, vmitap_session_read_memory(self->session, spans, 1000));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(i, words[i]);
}

TEST_F(library, memory_of_a_vm_that_is_gone)
{
	struct vmitap_span span = { 0, NULL, 0 };
	unsigned char byte;

	add_vcpu(self->vm);
	ASSERT_EQ(0, vmitap_session_attach_fd(self->session, self->vm->fd, RING_BYTES));
	span = (struct vmitap_span){ 0, &byte, 1 };
	ASSERT_EQ(0, vmitap_session_read_memory(self->session, &span, 1));
	testvm_destroy(self->vm);
	self->vm = NULL;
	EXPECT_EQ(-EPIPE, vmitap_session_read_memory(self->session, &span, 1));
}

static struct testvm *running_vm(void)
{
	struct testvm *vm = testvm_create(false);

	TESTVM_LOAD(vm, cpuid_loop);
	add_vcpu(vm);
	testvm_start(vm);
	return vm;
}

TEST_F(library, memory_of_a_vmm_without_main_thread)
{
	unsigned char code[16];
	struct vmitap_span span = { TESTVM_CODE, code, sizeof(code) };
	int pid;

	REQUIRE_TAP(return);
	pid = vmm_spawn(running_vm);
	ASSERT_EQ(0, vmitap_session_attach_pid(self->session, pid, RING_BYTES));
	ASSERT_EQ(0, vmitap_session_read_memory(self->session, &span, 1));
	vmm_end_main_thread(pid);
	memset(code, 0, sizeof(code));
	EXPECT_EQ(0, vmitap_session_read_memory(self->session, &span, 1))
		TH_LOG("%s", vmitap_session_error(self->session));
	/* The same is in the fixture's. */
	EXPECT_EQ(0, memcmp(code, self->vm->mem + TESTVM_CODE, sizeof(code)));
	vmm_kill(pid);
	EXPECT_EQ(-EPIPE, vmitap_session_read_memory(self->session, &span, 1));
}

/* As KVM has them for a VMM that plugs memory in small pieces. */
TEST_F(library, memory_of_thousands_of_slots)
{
	struct kvm_userspace_memory_region slot = { .memory_size = 0x1000 };
	const __u64 base = 1ull << 32;
	const __u32 nr = 4200;
	unsigned char byte = 0;
	struct vmitap_span span = { 0, &byte, 1 };
	__u32 i;

	REQUIRE_TAP(return);
	add_vcpu(self->vm);
	for (i = 1; i <= nr; i++) {
		slot.slot = i;
		/* With holes: what is read is of this slot or of none. */
		slot.guest_phys_addr = base + i * 0x2000ull;
		slot.userspace_addr = (unsigned long)self->vm->mem + i % 512 * 0x1000;
		ASSERT_EQ(0, ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &slot));
	}
	ASSERT_EQ(0, vmitap_session_attach_fd(self->session, self->vm->fd, RING_BYTES));
	for (i = 1; i <= nr; i++) {
		self->vm->mem[i % 512 * 0x1000 + 5] = i % 251;
		span.gpa = base + i * 0x2000ull + 5;
		ASSERT_EQ(0, vmitap_session_read_memory(self->session, &span, 1))
			TH_LOG("slot %u: %s", i, vmitap_session_error(self->session));
		ASSERT_EQ(i % 251, byte);
	}
	span.gpa = base + nr * 0x2000ull + 0x1000;
	EXPECT_EQ(-EFAULT, vmitap_session_read_memory(self->session, &span, 1));
}

/* The module on its own says what it does; a module that cannot is no failure. */
TEST_F(library, registers)
{
	struct vmitap_regs regs = { .size = sizeof(regs) };
	int err;

	add_vcpu(self->vm);
	EXPECT_GT(0, vmitap_session_regs(self->session, 0, &regs));
	ASSERT_EQ(0, vmitap_session_attach_fd(self->session, self->vm->fd, RING_BYTES));
	err = vmitap_session_regs(self->session, 0, &regs);
	if (err == -ENOTTY)
		SKIP(return, "the module has no registers");
	ASSERT_EQ(0, err) {
		TH_LOG("%s", vmitap_session_error(self->session));
	}
	EXPECT_EQ(CPUIDS, regs.out_gprs.reg[VMITAP_RBX]);
	EXPECT_EQ(VMITAP_MODE_LONG64, regs.out_mode);
	EXPECT_NE(0, regs.out_cr3);
	EXPECT_EQ(-ENOENT, vmitap_session_regs(self->session, 1, &regs));
	EXPECT_STREQ("there is no vCPU 1", vmitap_session_error(self->session));
}

TEST_F(library, pause_and_resume)
{
	const struct vmitap_config config = { .classes = VMITAP_CLASSES_EXIT };
	struct seen seen = { 0 };
	unsigned long before;
	int err;

	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	testvm_start(self->vm);
	EXPECT_TRUE(comes_true(nr_events(self->session)));
	err = vmitap_session_pause(self->session);
	if (err == -ENOTTY) {
		testvm_stop(self->vm);
		SKIP(return, "the module cannot pause");
	}
	ASSERT_EQ(0, err);
	/* A vCPU that was on its way into the guest leaves it before it runs code: one exit. */
	before = nr_events(self->session);
	ASSERT_EQ(0, drain(self->session, &seen, false));
	EXPECT_LT(0, seen.exits);
	usleep(200000);
	EXPECT_GE(before + 1, nr_events(self->session));
	ASSERT_EQ(0, vmitap_session_resume(self->session));
	EXPECT_TRUE(comes_true(nr_events(self->session) > before + 1));
	testvm_stop(self->vm);
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
	EXPECT_TRUE(comes_true(get_stats(self->session).out_waits));
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
	EXPECT_EQ(1, poll(&fd, 1, limit(IN_TIME) * 1000));
	EXPECT_EQ(1, vmitap_session_wait(self->session, limit(IN_TIME) * 1000));
	ASSERT_EQ(0, drain(self->session, &seen, false));
	EXPECT_LE(CPUIDS, seen.next_seq[1]);
	close(fd.fd);
}

/* It tells of the end, of which there is no record, and of new rings before any record. */
TEST_F(library, eventfd_and_the_vms_life)
{
	/* None that vCPUs of the guest's code have. */
	const struct vmitap_config config = {
		.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_CR3), .watermark = 1,
	};
	struct pollfd fd = { .fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN };
	__u64 count;

	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	ASSERT_EQ(0, vmitap_session_set_eventfd(self->session, fd.fd));
	testvm_run(&self->vm->vcpus[0]);
	EXPECT_EQ(0, poll(&fd, 1, 100));
	add_vcpu(self->vm);
	testvm_run(&self->vm->vcpus[1]);
	EXPECT_EQ(1, poll(&fd, 1, limit(IN_TIME) * 1000));
	ASSERT_EQ(sizeof(count), read(fd.fd, &count, sizeof(count)));
	testvm_destroy(self->vm);
	self->vm = NULL;
	EXPECT_EQ(1, poll(&fd, 1, limit(IN_TIME) * 1000));
	EXPECT_EQ(-EPIPE, vmitap_session_wait(self->session, limit(IN_TIME) * 1000));
	close(fd.fd);
}

/* The VM is there, but not for it: it has no vCPU yet. */
TEST_F(library, next_vm)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = VMITAP_CLASSES_EXIT, .watermark = 1,
	};
	struct pollfd fd = { .fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN };
	struct vmitap_regs regs = { .size = sizeof(regs) };
	struct seen seen = { 0 };

	EXPECT_EQ(-ESRCH, vmitap_session_attach_next(self->session, 0x7ffffff0, RING_BYTES));
	EXPECT_EQ(-EINVAL, vmitap_session_attach_next(self->session, getpid(), 5000));
	ASSERT_EQ(0, vmitap_session_attach_next(self->session, getpid(), RING_BYTES)) {
		TH_LOG("%s", vmitap_session_error(self->session));
	}
	ASSERT_EQ(0, vmitap_session_configure(self->session, &config));
	ASSERT_EQ(0, vmitap_session_enable(self->session));
	ASSERT_EQ(0, vmitap_session_set_eventfd(self->session, fd.fd));
	EXPECT_EQ(0, poll(&fd, 1, 100));
	EXPECT_EQ(0, vmitap_session_wait(self->session, 0));
	EXPECT_EQ(-ENOTCONN, vmitap_session_regs(self->session, 0, &regs));
	add_vcpu(self->vm);
	EXPECT_EQ(1, poll(&fd, 1, limit(IN_TIME) * 1000));
	EXPECT_EQ(0, vmitap_session_regs(self->session, 0, &regs));
	testvm_run(&self->vm->vcpus[0]);
	EXPECT_LE(0, vmitap_session_wait(self->session, 0));
	ASSERT_EQ(0, drain(self->session, &seen, false));
	/* From its first on. */
	EXPECT_EQ(seen.exits, seen.next_seq[0]);
	EXPECT_LE(CPUIDS, seen.exits);
	close(fd.fd);
}

/* Nobody is woken by that, so the library looks for it. */
TEST_F(library, process_ends_before_it_has_a_vm)
{
	pid_t child;
	int go[2];
	char byte;

	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child) {
		if (read(go[0], &byte, 1) == 1)
			usleep(200000);
		_exit(0);
	}
	ASSERT_EQ(0, vmitap_session_attach_next(self->session, child, RING_BYTES));
	ASSERT_EQ(0, vmitap_session_enable(self->session));
	EXPECT_EQ(0, vmitap_session_wait(self->session, 700));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(-EPIPE, vmitap_session_wait(self->session, -1));
	EXPECT_NE(NULL, strstr(vmitap_session_error(self->session), "before it had a VM"));
	EXPECT_EQ(-EPIPE, vmitap_session_wait(self->session, 0));
	EXPECT_EQ(-EPIPE, vmitap_session_enable(self->session));
	waitpid(child, NULL, 0);
}

TEST_F(library, filter)
{
	const struct vmitap_config config = {
		.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID),
	};
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = VMITAP_FILTER_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct seen seen = { 0 };
	int drop;

	drop = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "drop", "GPL", insns, 2, NULL);
	ASSERT_LE(0, drop);
	EXPECT_EQ(-ENOTCONN, vmitap_session_set_filter(self->session, drop));
	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	EXPECT_EQ(-EBADF, vmitap_session_set_filter(self->session, 1000));
	EXPECT_EQ(-EINVAL, vmitap_session_set_filter(self->session, self->vm->fd));
	ASSERT_EQ(0, vmitap_session_set_filter(self->session, drop));
	close(drop);
	testvm_run(&self->vm->vcpus[0]);
	ASSERT_EQ(0, drain(self->session, &seen, true));
	EXPECT_EQ(0, seen.exits);
	EXPECT_EQ(CPUIDS, get_stats(self->session).out_filtered[VMITAP_FILTERED_BPF]);
	ASSERT_EQ(0, vmitap_session_set_filter(self->session, -1));
	testvm_run(&self->vm->vcpus[0]);
	ASSERT_EQ(0, drain(self->session, &seen, true));
	EXPECT_EQ(CPUIDS, seen.exits);
}

/* What was found in the rings but was in no batch yet is worth no wait. */
TEST_F(library, no_wait_while_there_are_records)
{
	const struct vmitap_config config = {
		.classes = VMITAP_CLASSES_EXIT, .watermark = 4 * RING_BYTES / 2,
	};
	const struct vmitap_record *const *records;

	add_vcpu(self->vm);
	testvm_set_gpr(&self->vm->vcpus[0], 'b', 600);
	tap(self->session, self->vm, 4 * RING_BYTES, config);
	testvm_run(&self->vm->vcpus[0]);
	EXPECT_EQ(0, vmitap_session_wait(self->session, 0));
	ASSERT_EQ(256, vmitap_session_read(self->session, &records));
	EXPECT_EQ(1, vmitap_session_wait(self->session, 0));
	ASSERT_EQ(256, vmitap_session_read(self->session, &records));
	ASSERT_LT(80, vmitap_session_read(self->session, &records));
	EXPECT_EQ(0, vmitap_session_wait(self->session, 0));
}

/* A reader that has always something to read gets the records of new vCPUs, too. */
TEST_F(library, new_vcpu_without_a_wait)
{
	const struct vmitap_config config = { .classes = VMITAP_CLASSES_EXIT };
	const struct vmitap_record *record;
	double end = now() + limit(IN_TIME);
	bool seen = false;
	int ret;

	add_vcpu(self->vm);
	tap(self->session, self->vm, RING_BYTES, config);
	testvm_start(self->vm);
	add_vcpu(self->vm);
	testvm_run(&self->vm->vcpus[1]);
	while (!seen && now() < end) {
		ret = vmitap_session_next(self->session, &record);
		ASSERT_LE(0, ret);
		seen = ret && record->vcpu == 1;
	}
	EXPECT_TRUE(seen);
	testvm_stop(self->vm);
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
	EXPECT_EQ(-EPIPE, vmitap_session_wait(self->session, limit(IN_TIME) * 1000));
	EXPECT_NE(NULL, strstr(vmitap_session_error(self->session), "VM is gone"));
	EXPECT_EQ(0, drain(self->session, &seen, true));
	EXPECT_LE(CPUIDS, seen.exits);
	EXPECT_EQ(-EPIPE, vmitap_session_enable(self->session));
}

TEST_HARNESS_MAIN
