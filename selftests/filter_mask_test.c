// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_mask_test.c - class mask, vCPU set, CPL, CR3 list and BPF programs keep
 * what they should and count the rest
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "lib/fixture.h"
#include "lib/loops.h"
#include "lib/vendor.h"

#define RING_BYTES	0x20000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

GUEST_CPUID_LOOP(cpuids);

FIXTURE(filter)
{
	struct tapped t;
};

FIXTURE_SETUP(filter)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	TESTVM_LOAD(self->t.vm, cpuids);
	tapped_attach(&self->t, RING_BYTES, CLASS(CPUID), 0);
}

FIXTURE_TEARDOWN(filter)
{
	tapped_end(&self->t);
}

static void do_cpuids(struct testvm_vcpu *vcpu, unsigned long nr)
{
	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_set_gpr(vcpu, 'b', nr);
	testvm_run(vcpu);
}

static void set_config(struct tapped *t, struct vmitap_config config)
{
	config.size = sizeof(config);
	vmitap_ioctl(t->fd, VMITAP_IOC_CONFIG, &config);
}

static __u64 filtered(struct tapped *t, enum vmitap_filtered why)
{
	__u64 count = session_stats(t->fd).out_filtered[why];

	CHECK(count == t->ring.prod->filtered[why], "%llu in the ring, %llu by STATS",
	      t->ring.prod->filtered[why], count);
	return count;
}

TEST_F(filter, classes)
{
	struct tapped *t = &self->t;

	do_cpuids(t->vcpu, 25);
	EXPECT_EQ(25, ring_drain(&t->ring));
	/* At least the OUT at the end. */
	EXPECT_LE(1, filtered(t, VMITAP_FILTERED_MASK));

	session_config(t->fd, CLASS(PIO), 0);
	do_cpuids(t->vcpu, 25);
	EXPECT_EQ(1, ring_drain(&t->ring));
	EXPECT_LE(26, filtered(t, VMITAP_FILTERED_MASK));

	session_config(t->fd, 0, 0);
	do_cpuids(t->vcpu, 25);
	EXPECT_EQ(0, ring_drain(&t->ring));
	EXPECT_LE(52, filtered(t, VMITAP_FILTERED_MASK));
	EXPECT_EQ(0, filtered(t, VMITAP_FILTERED_CPL));
	EXPECT_EQ(0, filtered(t, VMITAP_FILTERED_CR3));
	EXPECT_EQ(0, filtered(t, VMITAP_FILTERED_BPF));
}

TEST_F(filter, nothing_counts_while_off)
{
	struct tapped *t = &self->t;

	session_enable(t->fd, false);
	do_cpuids(t->vcpu, 25);
	EXPECT_EQ(0, ring_drain(&t->ring));
	EXPECT_EQ(0, filtered(t, VMITAP_FILTERED_MASK));
	EXPECT_EQ(0, session_stats(t->fd).out_events);
	session_enable(t->fd, true);
	do_cpuids(t->vcpu, 25);
	EXPECT_EQ(25, ring_drain(&t->ring));
}

TEST_F(filter, vcpus)
{
	struct testvm_vcpu *second = testvm_add_vcpu(self->t.vm);
	struct tapped *t = &self->t;
	__u64 only_second = 2;
	struct ring ring;

	ring_map(&ring, t->fd, 1);
	set_config(t, (struct vmitap_config) {
		.classes = CLASS(CPUID), .nr_vcpu_words = 1,
		.vcpus = (unsigned long)&only_second,
	});
	do_cpuids(t->vcpu, 10);
	do_cpuids(second, 20);
	EXPECT_EQ(0, ring_drain(&t->ring));
	EXPECT_EQ(20, ring_drain(&ring));
	EXPECT_LE(10, t->ring.prod->filtered[VMITAP_FILTERED_MASK]);
	ring_unmap(&ring);
}

/* 5 CPUIDs of the kernel, then 7 of a process. */
GUEST_CODE(two_levels, 64,
	   "mov $5, %r9\n"
	   "1: cpuid\n"
	   "dec %r9\n"
	   "jnz 1b\n"
	   "pushq $0x1b\n"
	   "pushq %rsp\n"
	   "pushq $0x3002\n"
	   "pushq $0x23\n"
	   "lea 2f(%rip), %rax\n"
	   "push %rax\n"
	   "iretq\n"
	   "2: mov $7, %r9\n"
	   "3: cpuid\n"
	   "dec %r9\n"
	   "jnz 3b\n"
	   "out %al, $0xf4\n");

TEST_F(filter, cpl)
{
	static const struct {
		__u32 mask, kernel, user;
	} cases[] = {
		{ 0x1, 5, 0 }, { 0x8, 0, 7 }, { 0x9, 5, 7 }, { 0, 5, 7 }, { 0x6, 0, 0 },
	};
	struct tapped *t = &self->t;
	__u64 dropped = 0;
	size_t i;

	TESTVM_LOAD(t->vm, two_levels);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__u32 kernel = 0, user = 0;
		const struct vmitap_exit *exit;

		set_config(t, (struct vmitap_config) {
			.classes = CLASS(CPUID), .cpl_mask = cases[i].mask,
		});
		testvm_reset(t->vcpu, TESTVM_LONG64);
		testvm_run(t->vcpu);
		while ((exit = ring_next_exit(&t->ring, VMITAP_CLASS_CPUID))) {
			kernel += exit->cpl == 0;
			user += exit->cpl == 3;
		}
		ring_release(&t->ring);
		EXPECT_EQ(cases[i].kernel, kernel)
			TH_LOG("mask 0x%x", cases[i].mask);
		EXPECT_EQ(cases[i].user, user)
			TH_LOG("mask 0x%x", cases[i].mask);
		dropped += 12 - kernel - user;
		EXPECT_EQ(dropped, filtered(t, VMITAP_FILTERED_CPL));
	}
}

/* 3 CPUIDs under root A, 4 under B, 5 under C. */
GUEST_CODE(three_roots, 64,
	   "mov $3, %r9\n"
	   "1: cpuid\n"
	   "dec %r9\n"
	   "jnz 1b\n"
	   "mov $0x9000, %eax\n"
	   "mov %rax, %cr3\n"
	   "mov $4, %r9\n"
	   "2: cpuid\n"
	   "dec %r9\n"
	   "jnz 2b\n"
	   "mov $0xa018, %eax\n"
	   "mov %rax, %cr3\n"
	   "mov $5, %r9\n"
	   "3: cpuid\n"
	   "dec %r9\n"
	   "jnz 3b\n"
	   "out %al, $0xf4\n");

static void expect_roots(struct __test_metadata *_metadata, struct tapped *t,
			 const __u64 *roots, __u32 nr, unsigned long want)
{
	__u64 before = filtered(t, VMITAP_FILTERED_CR3);
	struct vmitap_config config = {
		.classes = CLASS(CPUID), .nr_cr3s = nr,
		.cr3s = (unsigned long)roots,
	};

	set_config(t, config);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_run(t->vcpu);
	EXPECT_EQ(want, ring_drain(&t->ring));
	EXPECT_EQ(12 - want, filtered(t, VMITAP_FILTERED_CR3) - before);
}

TEST_F(filter, cr3s)
{
	const __u64 a = TESTVM_ROOT_A, b = TESTVM_ROOT_B, c = TESTVM_ROOT_C;
	/* Bits that take no part in the comparison. */
	const __u64 c_flags = c | 0xfff | 1ull << 63;
	const __u64 b_and_a[] = { b, a }, none = 0x123000;
	struct tapped *t = &self->t;
	__u64 many[64];
	int i;

	TESTVM_LOAD(t->vm, three_roots);
	expect_roots(_metadata, t, NULL, 0, 12);
	expect_roots(_metadata, t, &a, 1, 3);
	expect_roots(_metadata, t, &b, 1, 4);
	expect_roots(_metadata, t, &c, 1, 5);
	expect_roots(_metadata, t, &c_flags, 1, 5);
	expect_roots(_metadata, t, b_and_a, 2, 7);
	expect_roots(_metadata, t, &none, 1, 0);
	for (i = 0; i < 64; i++)
		many[i] = 0x100000000ull - i * 0x1000;
	many[63] = a;
	expect_roots(_metadata, t, many, 64, 3);
}

/* BPF programs. */

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, int nr)
{
	int fd = bpf_prog_load(type, "vmitap_test", "GPL", insns, nr, NULL);

	CHECK(fd >= 0, "BPF_PROG_LOAD");
	return fd;
}

static int load_return(enum bpf_prog_type type, int value)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(type, insns, 2);
}

/* Record exits whose value number @index of the context is @value. */
static int load_match(int index, int value)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 1,
		  .off = index * 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 2, .imm = value, .off = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, 5);
}

#define RAW_TP	BPF_PROG_TYPE_RAW_TRACEPOINT

TEST_F(filter, bpf_drops_or_records)
{
	struct tapped *t = &self->t;
	int drop = load_return(RAW_TP, 0), record = load_return(RAW_TP, 1);
	int odd = load_return(RAW_TP, -5);

	ASSERT_EQ(0, __session_filter(t->fd, drop));
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(0, ring_drain(&t->ring));
	EXPECT_EQ(10, filtered(t, VMITAP_FILTERED_BPF));

	ASSERT_EQ(0, __session_filter(t->fd, record));
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(10, ring_drain(&t->ring));

	/* Anything but 0 records. */
	ASSERT_EQ(0, __session_filter(t->fd, odd));
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(10, ring_drain(&t->ring));
	EXPECT_EQ(10, filtered(t, VMITAP_FILTERED_BPF));

	ASSERT_EQ(0, __session_filter(t->fd, drop));
	ASSERT_EQ(0, __session_filter(t->fd, -1));
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(10, ring_drain(&t->ring));
	close(drop);
	close(record);
	close(odd);
}

/* Helpers of tracepoints look for what a tracepoint gives them. */
TEST_F(filter, bpf_with_a_cookie)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_attach_cookie },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct tapped *t = &self->t;
	int fd = bpf_prog_load(RAW_TP, "cookie", "GPL", insns, 2, NULL);

	if (fd < 0)
		SKIP(return, "before 6.10 raw tracepoints have no cookie");
	ASSERT_EQ(0, __session_filter(t->fd, fd));
	do_cpuids(t->vcpu, 10);
	/* It is 0. */
	EXPECT_EQ(0, ring_drain(&t->ring));
	EXPECT_EQ(10, filtered(t, VMITAP_FILTERED_BPF));
	close(fd);
}

/* Loss before is told though nothing passes from then on. */
TEST_F(filter, bpf_drops_all_after_loss)
{
	int drop = load_return(RAW_TP, 0);
	struct tapped *t = &self->t;

	do_cpuids(t->vcpu, RING_BYTES / sizeof(struct vmitap_exit) + 10);
	ring_drain(&t->ring);
	ASSERT_EQ(0, __session_filter(t->fd, drop));
	do_cpuids(t->vcpu, 10);
	session_enable(t->fd, false);
	ring_drain(&t->ring);
	EXPECT_LT(0, t->ring.nr_lost);
	EXPECT_EQ(session_stats(t->fd).out_lost[VMITAP_LOST_FULL], t->ring.nr_lost);
	close(drop);
}

TEST_F(filter, bpf_context)
{
	struct tapped *t = &self->t;
	int by_class = load_match(2, VMITAP_CLASS_PIO);
	int by_root = load_match(7, TESTVM_ROOT_B);

	session_config(t->fd, CLASS(CPUID) | CLASS(PIO), 0);
	ASSERT_EQ(0, __session_filter(t->fd, by_class));
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(1, ring_drain(&t->ring));
	EXPECT_EQ(10, filtered(t, VMITAP_FILTERED_BPF));

	TESTVM_LOAD(t->vm, three_roots);
	session_config(t->fd, CLASS(CPUID), 0);
	ASSERT_EQ(0, __session_filter(t->fd, by_root));
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_run(t->vcpu);
	EXPECT_EQ(4, ring_drain(&t->ring));
	close(by_class);
	close(by_root);
}

/* CONFIG replaces everything but the program. */
TEST_F(filter, bpf_stays_with_a_new_config)
{
	int drop = load_return(RAW_TP, 0);
	struct tapped *t = &self->t;

	ASSERT_EQ(0, __session_filter(t->fd, drop));
	session_config(t->fd, CLASS(CPUID), VMITAP_FIELDS_ALL);
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(0, ring_drain(&t->ring));
	close(drop);
}

TEST_F(filter, bpf_wrong_type)
{
	int fd = load_return(BPF_PROG_TYPE_SOCKET_FILTER, 1);

	EXPECT_EQ(-EINVAL, __session_filter(self->t.fd, fd));
	EXPECT_EQ(-EBADF, __session_filter(self->t.fd, 1000));
	/* No program at all. */
	EXPECT_EQ(-EINVAL, __session_filter(self->t.fd, self->t.vm->fd));
	close(fd);
}

/* A refused program leaves the one before in place. */
TEST_F(filter, bpf_refused)
{
	int drop = load_return(RAW_TP, 0);
	struct tapped *t = &self->t;

	ASSERT_EQ(0, __session_filter(t->fd, drop));
	EXPECT_EQ(-EBADF, __session_filter(t->fd, 1000));
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(0, ring_drain(&t->ring));
	close(drop);
}

TEST_F(filter, bpf_session_keeps_the_program)
{
	int drop = load_return(RAW_TP, 0);
	struct tapped *t = &self->t;

	ASSERT_EQ(0, __session_filter(t->fd, drop));
	close(drop);
	usleep(100000);
	do_cpuids(t->vcpu, 10);
	EXPECT_EQ(0, ring_drain(&t->ring));
	EXPECT_EQ(10, filtered(t, VMITAP_FILTERED_BPF));
}

TEST_F(filter, bpf_pinned_program_outlives_the_session)
{
	const char *path = "/sys/fs/bpf/vmitap_filter_mask_test";
	int drop = load_return(RAW_TP, 0), fd, again;

	unlink(path);
	if (bpf_obj_pin(drop, path))
		SKIP(return, "no BPF file system at /sys/fs/bpf");
	close(drop);
	fd = session_attach(self->t.vm, 4096);
	again = bpf_obj_get(path);
	ASSERT_LE(0, again);
	EXPECT_EQ(0, __session_filter(fd, again));
	/* Unpinned while in use, then the session goes. */
	EXPECT_EQ(0, unlink(path));
	EXPECT_EQ(0, bpf_obj_pin(again, path));
	close(again);
	close(fd);
	again = bpf_obj_get(path);
	EXPECT_LE(0, again);
	EXPECT_EQ(0, __session_filter(self->t.fd, again));
	close(again);
	unlink(path);
	do_cpuids(self->t.vcpu, 10);
	EXPECT_EQ(0, ring_drain(&self->t.ring));
}

TEST_F(filter, bpf_replaced_while_running)
{
	int drop = load_return(RAW_TP, 0), record = load_return(RAW_TP, 1);
	struct tapped *t = &self->t;
	struct vmitap_stats stats;
	int i;

	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_set_gpr(t->vcpu, 'b', 100);
	testvm_start(t->vm);
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, __session_filter(t->fd, i % 3 == 0 ? drop :
					      i % 3 == 1 ? record : -1));
		ring_drain(&t->ring);
	}
	testvm_stop(t->vm);
	session_enable(t->fd, false);
	ring_drain(&t->ring);
	stats = session_stats(t->fd);
	EXPECT_LT(0, stats.out_filtered[VMITAP_FILTERED_BPF]);
	EXPECT_EQ(stats.out_events, t->ring.nr_exits);
	EXPECT_EQ(stats.out_lost[VMITAP_LOST_FULL], t->ring.nr_lost);
	close(drop);
	close(record);
}

/* What a program is told: the values of struct vmitap_filter_ctx of bpf/vmitap_filter.h. */
struct context {
	__u64 rec, reason, class_id, where, qual1, qual2;
	__u64 rip, cr3, tsc, entry_tsc, prev_exit_tsc, prev;
};

#define NR_VALUES	(sizeof(struct context) / sizeof(__u64))

/* A program that copies all it is told to entry 0 of an array, and records. */
static int load_copy(int map)
{
	struct bpf_insn insns[10 + 2 * NR_VALUES] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .off = 2 * NR_VALUES },
	};
	int nr = 8;
	size_t i;

	for (i = 0; i < NR_VALUES; i++) {
		insns[nr++] = (struct bpf_insn) {
			.code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 6,
			.off = i * 8,
		};
		insns[nr++] = (struct bpf_insn) {
			.code = BPF_STX | BPF_MEM | BPF_DW, .src_reg = 1, .off = i * 8,
		};
	}
	insns[nr++] = (struct bpf_insn) { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 };
	insns[nr++] = (struct bpf_insn) { .code = BPF_JMP | BPF_EXIT };
	return load(BPF_PROG_TYPE_RAW_TRACEPOINT, insns, nr);
}

static void expect_told(struct __test_metadata *_metadata, const struct context *told,
			const struct vmitap_exit *exit, const struct vmitap_exit *prev)
{
	/* An address of the kernel's. */
	EXPECT_EQ(1, told->rec >> 63);
	EXPECT_EQ(exit->reason, told->reason);
	EXPECT_EQ(exit->class_id, told->class_id);
	EXPECT_EQ(exit->record.vcpu, told->where & 0xffffffff);
	EXPECT_EQ(exit->cpl, told->where >> 32 & 0xff);
	EXPECT_EQ(exit->mode, told->where >> 40 & 0xff);
	EXPECT_EQ(exit->record.flags, told->where >> 48);
	EXPECT_EQ(exit->qual1, told->qual1);
	EXPECT_EQ(exit->qual2, told->qual2);
	EXPECT_EQ(exit->rip, told->rip);
	EXPECT_EQ(exit->cr3, told->cr3);
	EXPECT_EQ(exit->record.tsc, told->tsc);
	EXPECT_EQ(exit->entry_tsc, told->entry_tsc);
	EXPECT_EQ(prev->record.tsc, told->prev_exit_tsc);
	EXPECT_EQ(prev->reason | (__u64)prev->class_id << 32, told->prev);
}

/* Of a process on the second vCPU, so that all of it is not 0. */
TEST_F(filter, bpf_whole_context)
{
	struct testvm_vcpu *vcpu = testvm_add_vcpu(self->t.vm);
	struct vmitap_exit exit = { 0 }, prev = { 0 };
	const struct vmitap_record *rec;
	struct context told;
	int map, prog;
	struct ring ring;
	__u32 zero = 0;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "told", sizeof(zero), sizeof(told), 1, NULL);
	ASSERT_LE(0, map);
	prog = load_copy(map);
	ring_map(&ring, self->t.fd, 1);
	session_config(self->t.fd, VMITAP_CLASSES_EXIT, 0);
	ASSERT_EQ(0, __session_filter(self->t.fd, prog));
	testvm_reset(vcpu, TESTVM_LONG64_USER);
	testvm_set_gpr(vcpu, 'b', 3);
	testvm_run(vcpu);
	while ((rec = ring_next(&ring))) {
		ASSERT_EQ(VMITAP_RECORD_EXIT, rec->type);
		prev = exit;
		exit = *(const struct vmitap_exit *)rec;
	}
	/* That of the OUT. */
	EXPECT_EQ(VMITAP_CLASS_PIO, exit.class_id);
	EXPECT_EQ(3, exit.cpl);
	EXPECT_EQ(1, exit.record.vcpu);
	ASSERT_EQ(0, bpf_map_lookup_elem(map, &zero, &told));
	expect_told(_metadata, &told, &exit, &prev);
	ring_unmap(&ring);
	close(prog);
	close(map);
}

/* What went before an exit is told also if nobody wants to have it recorded. */
TEST_F(filter, bpf_previous_exit_is_masked_out)
{
	const struct vmitap_exit *exit;
	struct context told;
	int map, prog;
	__u32 zero = 0;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "told", sizeof(zero), sizeof(told), 1, NULL);
	ASSERT_LE(0, map);
	prog = load_copy(map);
	session_config(self->t.fd, CLASS(PIO), 0);
	ASSERT_EQ(0, __session_filter(self->t.fd, prog));
	do_cpuids(self->t.vcpu, 10);
	exit = (const struct vmitap_exit *)ring_next(&self->t.ring);
	ASSERT_NE(NULL, exit);
	EXPECT_EQ(VMITAP_CLASS_PIO, exit->class_id);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	/* The host's interrupts are others. */
	EXPECT_LE(10, filtered(&self->t, VMITAP_FILTERED_MASK));
	ASSERT_EQ(0, bpf_map_lookup_elem(map, &zero, &told));
	if (told.prev >> 32 != VMITAP_CLASS_INTERRUPT)
		EXPECT_EQ(VMITAP_CLASS_CPUID, told.prev >> 32);
	EXPECT_LT(0, told.prev_exit_tsc);
	EXPECT_LT(told.prev_exit_tsc, told.entry_tsc);
	close(prog);
	close(map);
}

/* Those that come with vmitap. */

FIXTURE(shipped)
{
	struct tapped t;
	struct bpf_object *obj;
};

FIXTURE_SETUP(shipped)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	TESTVM_LOAD(self->t.vm, cpuids);
	tapped_attach(&self->t, RING_BYTES, CLASS(CPUID), 0);
}

FIXTURE_TEARDOWN(shipped)
{
	tapped_end(&self->t);
	bpf_object__close(self->obj);
}

/* Load one and have the session ask it. */
static void use(FIXTURE_DATA(shipped) *self, const char *name)
{
	char path[PATH_MAX] = "", *end;
	struct bpf_program *prog;

	CHECK(readlink("/proc/self/exe", path, sizeof(path) / 2) > 0, "/proc/self/exe");
	end = strrchr(path, '/');
	snprintf(end, sizeof(path) / 2, "/../bpf/%s.bpf.o", name);
	self->obj = bpf_object__open_file(path, NULL);
	CHECK(self->obj && !bpf_object__load(self->obj), "%s", path);
	prog = bpf_object__next_program(self->obj, NULL);
	CHECK(!__session_filter(self->t.fd, bpf_program__fd(prog)), "%s", name);
}

static void set_entry(FIXTURE_DATA(shipped) *self, const char *map, __u64 key,
		      const void *value)
{
	int fd = bpf_object__find_map_fd_by_name(self->obj, map);

	/* A key of 32 bits is the first half of it. */
	CHECK(!bpf_map_update_elem(fd, &key, value, BPF_ANY), "%s[%llu]", map, key);
}

static void get_entry(FIXTURE_DATA(shipped) *self, const char *map, __u64 key, void *value)
{
	int fd = bpf_object__find_map_fd_by_name(self->obj, map);

	CHECK(!bpf_map_lookup_elem(fd, &key, value), "%s[%llu]", map, key);
}

TEST_F(shipped, by_reason)
{
	const __u32 cpuid = vendor_is_intel() ? 10 : 0x72;
	__u64 matches = 0;

	session_config(self->t.fd, CLASS(CPUID) | CLASS(PIO), 0);
	use(self, "by_reason");
	do_cpuids(self->t.vcpu, 10);
	EXPECT_EQ(0, ring_drain(&self->t.ring));
	set_entry(self, "classes", VMITAP_CLASS_PIO, &matches);
	do_cpuids(self->t.vcpu, 10);
	EXPECT_EQ(1, ring_drain(&self->t.ring));
	set_entry(self, "reasons", cpuid, &matches);
	do_cpuids(self->t.vcpu, 10);
	EXPECT_EQ(11, ring_drain(&self->t.ring));
	EXPECT_EQ(21, filtered(&self->t, VMITAP_FILTERED_BPF));
	get_entry(self, "classes", VMITAP_CLASS_PIO, &matches);
	EXPECT_EQ(2, matches);
	get_entry(self, "reasons", cpuid, &matches);
	EXPECT_EQ(10, matches);
}

TEST_F(shipped, by_process)
{
	__u64 matches = 0;

	use(self, "by_process");
	set_entry(self, "cr3s", TESTVM_ROOT_C, &matches);
	TESTVM_LOAD(self->t.vm, three_roots);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_run(self->t.vcpu);
	EXPECT_EQ(5, ring_drain(&self->t.ring));
	get_entry(self, "cr3s", TESTVM_ROOT_C, &matches);
	EXPECT_EQ(5, matches);
}

TEST_F(shipped, sample)
{
	__u64 n = 5, seen = 0;

	use(self, "sample");
	set_entry(self, "config", 0, &n);
	do_cpuids(self->t.vcpu, 23);
	/* The first, then each fifth. */
	EXPECT_EQ(5, ring_drain(&self->t.ring));
	EXPECT_EQ(18, filtered(&self->t, VMITAP_FILTERED_BPF));
	get_entry(self, "exits", 0, &seen);
	EXPECT_EQ(23, seen);
}

TEST_F(shipped, rate_limit)
{
	struct vmitap_query query = { .size = sizeof(query) };
	struct { __u64 events_per_s, burst, tsc_khz; } config = { 1, 10, 0 };
	struct { __u64 full_tsc, dropped; } bucket;
	double start = now();
	unsigned long nr;

	vmitap_ioctl(self->t.fd, VMITAP_IOC_QUERY, &query);
	config.tsc_khz = query.out_tsc_khz;
	use(self, "rate_limit");
	set_entry(self, "config", 0, &config);
	do_cpuids(self->t.vcpu, 100);
	nr = ring_drain(&self->t.ring);
	/* A burst, and one more for each second that it took. */
	EXPECT_LE(10, nr);
	EXPECT_GE(11 + now() - start, nr);
	EXPECT_EQ(100 - nr, filtered(&self->t, VMITAP_FILTERED_BPF));
	get_entry(self, "buckets", 0, &bucket);
	EXPECT_EQ(100 - nr, bucket.dropped);
}

TEST_F(shipped, exit_histogram)
{
	struct { __u64 count, ticks, slot[64]; } hist;
	__u64 nr = 0;
	int i;

	session_config(self->t.fd, VMITAP_CLASSES_EXIT, 0);
	use(self, "exit_histogram");
	do_cpuids(self->t.vcpu, 50);
	EXPECT_EQ(0, ring_drain(&self->t.ring));
	/* How long one took is known at the next, which there is after each. */
	get_entry(self, "histogram", VMITAP_CLASS_CPUID, &hist);
	EXPECT_EQ(50, hist.count);
	EXPECT_LT(0, hist.ticks);
	for (i = 0; i < 64; i++)
		nr += hist.slot[i];
	EXPECT_EQ(50, nr);
}

TEST_HARNESS_MAIN
