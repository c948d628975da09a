// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_native_test.c - decisions and maps of the shipped filters
 *
 * Loads each filter into the running kernel and runs it with
 * BPF_PROG_TEST_RUN on contexts as the module makes them; needs no module and
 * no VM.  The directory of the objects is the only argument.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/vmitap.h>

#define KSFT_SKIP 4

struct context {
	__u64 rec, reason, class_id, where, qual1, qual2;
	__u64 rip, cr3, tsc, entry_tsc, prev_exit_tsc, prev;
};

_Static_assert(sizeof(struct context) == 96, "12 values");

static const char *dir;
static int nr_tests, nr_failed;

static void ok(int good, const char *name)
{
	nr_tests++;
	nr_failed += !good;
	printf("%sok %d %s\n", good ? "" : "not ", nr_tests, name);
}

static void ok_u64(__u64 got, __u64 want, const char *name)
{
	ok(got == want, name);
	if (got != want)
		printf("# got 0x%llx, want 0x%llx\n", (unsigned long long)got,
		       (unsigned long long)want);
}

static struct bpf_object *load(const char *name)
{
	struct bpf_object *obj;
	char path[512], what[128];

	snprintf(path, sizeof(path), "%s/%s.bpf.o", dir, name);
	snprintf(what, sizeof(what), "%s: loads", name);
	obj = bpf_object__open_file(path, NULL);
	if (!obj || bpf_object__load(obj)) {
		printf("# %s: %s\n", path, strerror(errno));
		bpf_object__close(obj);
		obj = NULL;
	}
	ok(obj != NULL, what);
	return obj;
}

static int map_fd(struct bpf_object *obj, const char *name)
{
	return bpf_object__find_map_fd_by_name(obj, name);
}

/* Return: what the program decides, or -1 if it could not be run. */
static int run(struct bpf_object *obj, const char *prog, struct context *ctx)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.ctx_in = ctx,
		.ctx_size_in = sizeof(*ctx),
	);
	struct bpf_program *p;

	p = bpf_object__find_program_by_name(obj, prog);
	if (!p || bpf_prog_test_run_opts(bpf_program__fd(p), &opts)) {
		printf("# running %s: %s\n", prog, strerror(errno));
		return -1;
	}
	return opts.retval;
}

static void test_drop_all(void)
{
	struct bpf_object *obj = load("drop_all");
	struct context ctx = { .reason = 0x72, .class_id = VMITAP_CLASS_CPUID };

	if (!obj)
		return;
	ok(run(obj, "drop_all", &ctx) == 0, "drop_all: drops");
	bpf_object__close(obj);
}

static void test_by_reason(void)
{
	struct bpf_object *obj = load("by_reason");
	struct context cpuid = { .reason = 0x72, .class_id = VMITAP_CLASS_CPUID };
	struct context hlt = { .reason = 0x78, .class_id = VMITAP_CLASS_HLT };
	struct context npf = { .reason = 0x400, .class_id = VMITAP_CLASS_NPF };
	__u32 class_id = VMITAP_CLASS_HLT, reason = 0x72;
	__u64 count = 0;

	if (!obj)
		return;
	ok(run(obj, "by_reason", &cpuid) == 0, "by_reason: empty sets drop");
	bpf_map_update_elem(map_fd(obj, "reasons"), &reason, &count, BPF_ANY);
	bpf_map_update_elem(map_fd(obj, "classes"), &class_id, &count, BPF_ANY);
	ok(run(obj, "by_reason", &cpuid) == 1, "by_reason: reason in the set");
	ok(run(obj, "by_reason", &hlt) == 1, "by_reason: class in the set");
	ok(run(obj, "by_reason", &npf) == 0, "by_reason: neither");
	run(obj, "by_reason", &hlt);
	bpf_map_lookup_elem(map_fd(obj, "classes"), &class_id, &count);
	ok_u64(count, 2, "by_reason: class matches counted");
	bpf_map_lookup_elem(map_fd(obj, "reasons"), &reason, &count);
	ok_u64(count, 1, "by_reason: reason matches counted");
	bpf_map_delete_elem(map_fd(obj, "classes"), &class_id);
	ok(run(obj, "by_reason", &hlt) == 0, "by_reason: class taken out");
	bpf_object__close(obj);
}

static void test_by_process(void)
{
	struct bpf_object *obj = load("by_process");
	struct context ctx = { .cr3 = 0x12345000 };
	__u64 root = 0x12345000, count = 0;

	if (!obj)
		return;
	ok(run(obj, "by_process", &ctx) == 0, "by_process: empty set drops");
	bpf_map_update_elem(map_fd(obj, "cr3s"), &root, &count, BPF_ANY);
	ok(run(obj, "by_process", &ctx) == 1, "by_process: in the set");
	ctx.cr3 = root | 0xfff;
	ok(run(obj, "by_process", &ctx) == 1, "by_process: PCID ignored");
	ctx.cr3 = root | 1ULL << 63;
	ok(run(obj, "by_process", &ctx) == 1, "by_process: bit 63 ignored");
	ctx.cr3 = root | 1ULL << 62;
	ok(run(obj, "by_process", &ctx) == 0, "by_process: bit 62 compared");
	ctx.cr3 = root + 0x1000;
	ok(run(obj, "by_process", &ctx) == 0, "by_process: next page differs");
	bpf_map_lookup_elem(map_fd(obj, "cr3s"), &root, &count);
	ok_u64(count, 3, "by_process: matches counted");
	bpf_object__close(obj);
}

static void test_sample(void)
{
	struct bpf_object *obj = load("sample");
	struct context ctx = { .where = 1 };
	__u32 zero = 0, vcpu = 1;
	__u64 n = 4, seen = 0;
	int i, kept = 0;

	if (!obj)
		return;
	for (i = 0; i < 8; i++)
		kept += run(obj, "sample", &ctx);
	ok_u64(kept, 8, "sample: N unset records all");
	bpf_map_update_elem(map_fd(obj, "config"), &zero, &n, BPF_ANY);
	for (i = 0, kept = 0; i < 40; i++)
		kept += run(obj, "sample", &ctx);
	ok_u64(kept, 10, "sample: one in four");
	ctx.where = 0 | 3ULL << 32;
	ok(run(obj, "sample", &ctx) == 1, "sample: first exit of another vCPU");
	ok(run(obj, "sample", &ctx) == 0, "sample: its second");
	bpf_map_lookup_elem(map_fd(obj, "exits"), &vcpu, &seen);
	ok_u64(seen, 48, "sample: exits counted per vCPU");
	bpf_object__close(obj);
}

static void test_rate_limit(void)
{
	struct bpf_object *obj = load("rate_limit");
	/* 1 MHz TSC, 1000 events per second: a token every 1000 ticks. */
	__u64 conf[3] = { 1000, 5, 1000 }, bucket[2] = { 0 };
	struct context ctx = { .where = 2, .tsc = 1000000 };
	__u32 zero = 0, vcpu = 2;
	int i, kept = 0;

	if (!obj)
		return;
	for (i = 0; i < 20; i++)
		kept += run(obj, "rate_limit", &ctx);
	ok_u64(kept, 20, "rate_limit: unset records all");
	bpf_map_update_elem(map_fd(obj, "config"), &zero, conf, BPF_ANY);
	for (i = 0, kept = 0; i < 20; i++)
		kept += run(obj, "rate_limit", &ctx);
	ok_u64(kept, 5, "rate_limit: a burst of five");
	ctx.tsc += 999;
	ok(run(obj, "rate_limit", &ctx) == 0, "rate_limit: no token yet");
	ctx.tsc += 1;
	ok(run(obj, "rate_limit", &ctx) == 1, "rate_limit: one token after 1 ms");
	ok(run(obj, "rate_limit", &ctx) == 0, "rate_limit: only one");
	bpf_map_lookup_elem(map_fd(obj, "buckets"), &vcpu, bucket);
	ok_u64(bucket[1], 17, "rate_limit: drops counted");
	/* One second at twice the rate. */
	ctx.tsc += 1000000;
	for (i = 0, kept = 0; i < 2000; i++, ctx.tsc += 500)
		kept += run(obj, "rate_limit", &ctx);
	ok(kept >= 1000 && kept <= 1005, "rate_limit: 1000 in one second");
	printf("# kept %d of 2000\n", kept);
	ctx.where = 0;
	ok(run(obj, "rate_limit", &ctx) == 1, "rate_limit: vCPUs are separate");
	bpf_object__close(obj);
}

static void test_exit_histogram(void)
{
	static const struct { __u64 ticks; int slot; } cases[] = {
		{ 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 1023, 9 },
		{ 1024, 10 }, { 1ULL << 32, 32 }, { (1ULL << 33) - 1, 32 },
	};
	struct bpf_object *obj = load("exit_histogram");
	__u64 hist[2 + 64], want[2 + 64] = { 0 };
	__u32 class_id = VMITAP_CLASS_PIO;
	struct context ctx = {
		.class_id = VMITAP_CLASS_CPUID,
		.prev = 0x7b | (__u64)VMITAP_CLASS_PIO << 32,
		.entry_tsc = 1000,
	};
	unsigned int i;
	int drops = 1;

	if (!obj)
		return;
	drops &= run(obj, "exit_histogram", &ctx) == 0;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ctx.prev_exit_tsc = 1000;
		ctx.entry_tsc = 1000 + cases[i].ticks;
		drops &= run(obj, "exit_histogram", &ctx) == 0;
		want[0]++;
		want[1] += cases[i].ticks;
		want[2 + cases[i].slot]++;
	}
	ok(drops, "exit_histogram: drops every exit");
	memset(hist, 0xff, sizeof(hist));
	bpf_map_lookup_elem(map_fd(obj, "histogram"), &class_id, hist);
	ok(!memcmp(hist, want, sizeof(hist)), "exit_histogram: slots");
	class_id = VMITAP_CLASS_CPUID;
	bpf_map_lookup_elem(map_fd(obj, "histogram"), &class_id, hist);
	ok_u64(hist[0], 0, "exit_histogram: time belongs to the previous exit");
	bpf_object__close(obj);
}

struct read_result {
	__u64 rax, r15, rflags, efer, cs_base, tr_selector;
	__u64 insn_len, insn_last, has, rip;
};

/* Lay out a record with the sections @fields; other bytes are 0xee. */
static void make_record(unsigned char *buf, __u32 fields)
{
	struct vmitap_exit exit = { .record.fields = fields, .rip = 0x401000 };
	struct vmitap_ctrl ctrl = { .rflags = 0x246, .efer = 0xd01 };
	struct vmitap_insn insn = { .len = 15, .bytes[14] = 0x90 };
	struct vmitap_gprs gprs = { 0 };
	struct vmitap_segs segs = { 0 };

	gprs.reg[VMITAP_RAX] = 0x1234;
	gprs.reg[VMITAP_R15] = 0xf5f5;
	segs.seg[VMITAP_CS].base = 0xffff0000;
	segs.seg[VMITAP_TR].selector = 0x40;
	memset(buf, 0xee, VMITAP_EXIT_MAX);
	memcpy(buf, &exit, sizeof(exit));
	buf += sizeof(exit);
	if (fields & VMITAP_FIELD_CTRL)
		buf = (unsigned char *)memcpy(buf, &ctrl, sizeof(ctrl)) +
		      sizeof(ctrl);
	if (fields & VMITAP_FIELD_GPRS)
		buf = (unsigned char *)memcpy(buf, &gprs, sizeof(gprs)) +
		      sizeof(gprs);
	if (fields & VMITAP_FIELD_SEGS)
		buf = (unsigned char *)memcpy(buf, &segs, sizeof(segs)) +
		      sizeof(segs);
	if (fields & VMITAP_FIELD_INSN)
		memcpy(buf, &insn, sizeof(insn));
}

/* Every combination of sections: present ones are found, others read as 0. */
static void test_read(void)
{
	unsigned char buf[VMITAP_EXIT_MAX];
	struct bpf_object *obj = load("filter_read");
	__u32 zero = 0, fields, wrong = 0;
	struct context ctx = { 0 };
	struct read_result res;

	if (!obj)
		return;
	ok(run(obj, "find", &ctx) == 1, "read: address of the record");
	bpf_map_lookup_elem(map_fd(obj, "address"), &zero, &ctx.rec);
	for (fields = 0; fields <= VMITAP_FIELDS_ALL; fields++) {
		int c = !!(fields & VMITAP_FIELD_CTRL);
		int g = !!(fields & VMITAP_FIELD_GPRS);
		int s = !!(fields & VMITAP_FIELD_SEGS);
		int n = !!(fields & VMITAP_FIELD_INSN);
		struct read_result want = {
			g * 0x1234, g * 0xf5f5, c * 0x246, c * 0xd01,
			s * 0xffff0000ULL, s * 0x40, n * 15, n * 0x90,
			fields, 0x401000
		};

		make_record(buf, fields);
		bpf_map_update_elem(map_fd(obj, "record"), &zero, buf, BPF_ANY);
		memset(&res, 0xff, sizeof(res));
		bpf_map_update_elem(map_fd(obj, "result"), &zero, &res, BPF_ANY);
		wrong += run(obj, "read", &ctx) != g;
		bpf_map_lookup_elem(map_fd(obj, "result"), &zero, &res);
		wrong += !!memcmp(&res, &want, sizeof(res));
	}
	ok_u64(wrong, 0, "read: all 16 combinations of sections");
	ctx.rec = 0;
	ok(run(obj, "read", &ctx) == 0, "read: a bad address is an error");
	bpf_object__close(obj);
}

static int bpf_permitted(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, NULL);

	if (fd < 0 && (errno == EPERM || errno == ENOSYS))
		return 0;
	return 1;
}

int main(int argc, char **argv)
{
	dir = argc > 1 ? argv[1] : "build/bpf";
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
	if (!bpf_permitted()) {
		printf("1..0 # SKIP bpf() is not permitted here\n");
		return KSFT_SKIP;
	}
	test_drop_all();
	test_by_reason();
	test_by_process();
	test_sample();
	test_rate_limit();
	test_exit_histogram();
	test_read();
	printf("1..%d\n", nr_tests);
	return nr_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
