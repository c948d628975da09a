// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_ioctl_test.c - ioctls, mappings and closes at random, by structs that are
 * nearly right, from several threads, on VMs whose vCPUs run, come and go
 *
 * FUZZ_SECONDS is how long (default 10), FUZZ_SEED the first random number.  Threads
 * race, so that a seed says what each of them does, not how that interleaves.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "lib/fixture.h"
#include "lib/loops.h"

#define NR_FDS		6
#define NR_THREADS	3
#define PAGE		4096ul
#define AREA_BYTES	(2 * PAGE)
#define CANARY		0x5a

GUEST_CPUID_LOOP(cpuids);

/**
 * struct fuzz - what the threads share
 * @vm: the VM that stays
 * @other_fd: file of a VM that comes and goes, or of what came then
 * @fds: sessions; a number may be that of a file closed meanwhile
 * @progs: BPF programs, of the right and of a wrong type
 * @evt: eventfd
 * @stop: the time is up
 */
static struct fuzz {
	struct testvm *vm;
	int other_fd;
	int fds[NR_FDS];
	int progs[2];
	int evt;
	bool stop;
} fuzz;

/**
 * struct fuzzer - one thread
 * @random: state of its random numbers
 * @area: two pages with nothing mapped behind
 * @calls: ioctls
 * @successes: of these
 * @bad: errno that is not documented, or 0
 * @bad_cmd: of which ioctl
 * @overwritten: the kernel wrote before the struct
 */
struct fuzzer {
	pthread_t thread;
	__u64 random;
	char *area;
	unsigned long calls;
	unsigned long successes;
	int bad;
	unsigned int bad_cmd;
	bool overwritten;
};

static __u64 draw(struct fuzzer *f)
{
	/* xorshift64 */
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random;
}

/* 0 to n - 1 */
static unsigned int pick(struct fuzzer *f, unsigned int n)
{
	return (draw(f) >> 20) % n;
}

static bool one_in(struct fuzzer *f, unsigned int n)
{
	return !pick(f, n);
}

/* Mostly one of the values that matter, now and then any. */
static __u32 some_u32(struct fuzzer *f)
{
	static const __u32 values[] = {
		0, 1, 2, 3, 4, 8, 48, 49, 63, 64, 255, 4095, 4096, 4097, 0x7fffffff,
		0x80000000, 0xffffffff,
	};

	if (one_in(f, 4))
		return draw(f) >> 16;
	return values[pick(f, sizeof(values) / sizeof(values[0]))];
}

/* For user pointers: room, the end of it, nothing, the kernel, nonsense. */
static __u64 some_pointer(struct fuzzer *f)
{
	const __u64 area = (unsigned long)f->area;
	const __u64 values[] = {
		area, area, area, area, area + PAGE, area + AREA_BYTES - 8,
		area + AREA_BYTES, area + 1, 0, 8, (unsigned long)cpuids,
		0xffff888000000000, 0xffffffff81000000, 0x8000000000000000,
		0xfffffffffffffff8,
	};

	return values[pick(f, sizeof(values) / sizeof(values[0]))];
}

static int some_fd(struct fuzzer *f)
{
	switch (pick(f, 8)) {
	case 0:  return -1;
	case 1:  return fuzz.progs[1];
	case 2:  return fuzz.evt;
	case 3:  return fuzz.vm->fd;
	case 4:  return fuzz.other_fd;
	case 5:  return fuzz.fds[pick(f, NR_FDS)];
	case 6:  return fuzz.vm->vcpus[0].fd;
	default: return some_u32(f);
	}
}

union any {
	struct {
		__u32 size;
		__u32 flags;
	};
	__u32 words[1024];
	struct vmitap_query query;
	struct vmitap_list_vms list_vms;
	struct vmitap_list_slots list_slots;
	struct vmitap_attach attach;
	struct vmitap_config config;
	struct vmitap_filter filter;
	struct vmitap_enable enable;
	struct vmitap_ring_info ring;
	struct vmitap_stats stats;
	struct vmitap_wake wake;
	struct vmitap_eventfd eventfd;
	struct vmitap_regs regs;
	struct vmitap_pause pause;
};

static void fill_list_vms(struct fuzzer *f, union any *arg)
{
	arg->list_vms.vms = some_pointer(f);
	arg->list_vms.entry_size = sizeof(struct vmitap_vm_info);
	arg->list_vms.nr = some_u32(f);
}

static void fill_list_slots(struct fuzzer *f, union any *arg)
{
	arg->list_slots.slots = some_pointer(f);
	arg->list_slots.entry_size = sizeof(struct vmitap_slot);
	arg->list_slots.nr = some_u32(f);
}

static void fill_attach(struct fuzzer *f, union any *arg)
{
	if (one_in(f, 3)) {
		arg->attach.pid = one_in(f, 3) ? some_u32(f) : (__u32)getpid();
	} else {
		arg->attach.flags = VMITAP_ATTACH_BY_FD;
		arg->attach.vm_fd = fuzz.vm->fd;
		if (one_in(f, 3))
			arg->attach.vm_fd = one_in(f, 3) ? some_fd(f) : fuzz.other_fd;
	}
	/* The host's memory is bounded. */
	arg->attach.ring_bytes = PAGE << pick(f, 9);
}

static void fill_config(struct fuzzer *f, union any *arg)
{
	struct vmitap_config *config = &arg->config;

	config->classes = one_in(f, 3) ? VMITAP_CLASSES_ALL :
		draw(f) & VMITAP_CLASSES_ALL;
	config->fields = draw(f) & VMITAP_FIELDS_ALL;
	if (one_in(f, 3)) {
		config->delivery = VMITAP_DELIVERY_LOSSLESS;
		config->timeout_us = 1 + pick(f, 20000);
	}
	if (one_in(f, 3))
		config->watermark = pick(f, 3 * PAGE);
	if (one_in(f, 3))
		config->cpl_mask = pick(f, 16);
	if (one_in(f, 3)) {
		config->nr_vcpu_words = some_u32(f) % 80;
		config->vcpus = some_pointer(f);
	}
	if (one_in(f, 3)) {
		config->nr_cr3s = some_u32(f) % 5000;
		config->cr3s = some_pointer(f);
	}
	if (one_in(f, 3)) {
		config->nr_class_fields = some_u32(f) % 64;
		config->class_fields = some_pointer(f);
	}
}

static void fill_filter(struct fuzzer *f, union any *arg)
{
	arg->filter.prog_fd = one_in(f, 3) ? some_fd(f) : fuzz.progs[0];
}

static void fill_enable(struct fuzzer *f, union any *arg)
{
	arg->enable.enable = !one_in(f, 4);
}

static void fill_ring(struct fuzzer *f, union any *arg)
{
	arg->ring.index = one_in(f, 4) ? some_u32(f) : pick(f, 4);
}

static void fill_eventfd(struct fuzzer *f, union any *arg)
{
	arg->eventfd.fd = one_in(f, 3) ? some_fd(f) : fuzz.evt;
}

static void fill_regs(struct fuzzer *f, union any *arg)
{
	arg->regs.vcpu_id = one_in(f, 4) ? some_u32(f) : pick(f, 3);
}

static void fill_pause(struct fuzzer *f, union any *arg)
{
	arg->pause.pause = one_in(f, 4);
}

#define OP(cmd, type, fn) { VMITAP_IOC_##cmd, sizeof(struct type), fn }

static const struct {
	unsigned int cmd;
	__u32 size;
	void (*fill)(struct fuzzer *f, union any *arg);
} ops[] = {
	OP(QUERY, vmitap_query, NULL),
	OP(LIST_VMS, vmitap_list_vms, fill_list_vms),
	OP(LIST_SLOTS, vmitap_list_slots, fill_list_slots),
	OP(ATTACH, vmitap_attach, fill_attach),
	OP(CONFIG, vmitap_config, fill_config),
	OP(FILTER, vmitap_filter, fill_filter),
	OP(ENABLE, vmitap_enable, fill_enable),
	OP(RING, vmitap_ring_info, fill_ring),
	OP(STATS, vmitap_stats, NULL),
	OP(WAKE, vmitap_wake, NULL),
	OP(EVENTFD, vmitap_eventfd, fill_eventfd),
	OP(REGS, vmitap_regs, fill_regs),
	OP(PAUSE, vmitap_pause, fill_pause),
};

#define NR_OPS	(sizeof(ops) / sizeof(ops[0]))

static bool is_documented(int err)
{
	static const int documented[] = {
		0, ENOTTY, EINVAL, E2BIG, EOPNOTSUPP, EFAULT, ENODEV, ESRCH, ENXIO,
		ENOTUNIQ, EPERM, EBUSY, EUSERS, EBADF, ENOMEM, EINTR, ENOTCONN, EPIPE,
		ENOENT,
	};
	size_t i;

	for (i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
		if (err == documented[i])
			return true;
	return false;
}

static __u32 some_size(struct fuzzer *f, __u32 right)
{
	switch (pick(f, 16)) {
	case 0:  return some_u32(f);
	case 1:  return right - 1 - pick(f, 8);
	case 2:  return right + 1 + pick(f, 64);
	default: return right;
	}
}

static unsigned int some_cmd(struct fuzzer *f, unsigned int cmd)
{
	return one_in(f, 50) ? cmd ^ 1u << pick(f, 32) : cmd;
}

/* Any word at random, but where the kernel writes is not to be this test's own heap. */
static void change_word(struct fuzzer *f, unsigned int nr, union any *arg)
{
	arg->words[1 + pick(f, ops[nr].size / 4 - 1)] = some_u32(f);
	if (ops[nr].fill == fill_list_vms)
		arg->list_vms.vms = some_pointer(f);
	else if (ops[nr].fill == fill_list_slots)
		arg->list_slots.slots = some_pointer(f);
}

/* An ioctl; its struct ends where the mapped memory ends. */
static void do_ioctl(struct fuzzer *f)
{
	unsigned int nr = pick(f, NR_OPS);
	unsigned int cmd = some_cmd(f, ops[nr].cmd);
	union any arg = {};
	char *at;
	int err;

	if (ops[nr].fill)
		ops[nr].fill(f, &arg);
	arg.size = some_size(f, ops[nr].size);
	if (one_in(f, 8))
		change_word(f, nr, &arg);
	/* Where the area is given as a list as well, its content is of no use. */
	at = f->area + AREA_BYTES - (arg.size < PAGE ? arg.size & ~7u : ops[nr].size);
	memset(f->area, one_in(f, 2) ? 0 : CANARY, AREA_BYTES);
	memset(at - 8, CANARY, 8);
	memcpy(at, &arg, f->area + AREA_BYTES - at);

	err = ioctl(fuzz.fds[pick(f, NR_FDS)], cmd,
		    one_in(f, 50) ? (void *)(unsigned long)some_pointer(f) : at) ?
		errno : 0;
	f->calls++;
	f->successes += !err;
	if (!is_documented(err)) {
		f->bad = err;
		f->bad_cmd = cmd;
	}
}

/* Any part of a ring, read or written, then unmapped. */
static void do_mmap(struct fuzzer *f)
{
	size_t bytes = (1 + pick(f, 16)) * PAGE;
	__u64 offset = (__u64)pick(f, 4) << 32;
	int prot = pick(f, 8), i;
	__u64 *map;

	if (!one_in(f, 3))
		bytes = PAGE;
	else
		offset += pick(f, 8) * PAGE;
	if (one_in(f, 20))
		offset = draw(f) & ~(PAGE - 1) & 0x7fffffffffffffff;
	map = mmap(NULL, bytes, prot, one_in(f, 8) ? MAP_PRIVATE : MAP_SHARED,
		   fuzz.fds[pick(f, NR_FDS)], offset);
	if (map == MAP_FAILED)
		return;
	if (prot & PROT_WRITE)
		for (i = 0; i < 8; i++)
			__atomic_store_n(map, one_in(f, 2) ? draw(f) : some_u32(f),
					 __ATOMIC_RELAXED);
	mprotect(map, bytes, pick(f, 8));
	if (one_in(f, 4))
		map = mremap(map, bytes, bytes + PAGE, MREMAP_MAYMOVE) != MAP_FAILED ?
			NULL : map;
	if (map)
		munmap(map, bytes);
}

static void do_poll(struct fuzzer *f)
{
	struct pollfd pollfd = {
		.fd = fuzz.fds[pick(f, NR_FDS)],
		.events = POLLIN | POLLPRI,
	};

	poll(&pollfd, 1, pick(f, 3));
}

/* Another session in the place of one that others may be using. */
static void do_reopen(struct fuzzer *f)
{
	int fd = fuzz.fds[pick(f, NR_FDS)];
	int new = open(SESSION_DEVICE, O_RDWR | O_CLOEXEC);

	if (new < 0)
		return;
	dup3(new, fd, O_CLOEXEC);
	close(new);
}

static void *run_fuzzer(void *arg)
{
	struct fuzzer *f = arg;

	while (!__atomic_load_n(&fuzz.stop, __ATOMIC_RELAXED)) {
		switch (pick(f, 20)) {
		case 0:
			do_reopen(f);
			break;
		case 1:
		case 2:
			do_mmap(f);
			break;
		case 3:
			do_poll(f);
			break;
		default:
			do_ioctl(f);
			break;
		}
	}
	return NULL;
}

/*
 * A VM that gets vCPUs and ends; dup3() as the number stays the same.  Its interrupt
 * controllers are KVM's: with each vCPU that has none KVM changes its own code, which vCPUs
 * of other VMs execute, and now and then QEMU goes on executing the breakpoint that was
 * there meanwhile.
 */
static void *run_vms(void *arg)
{
	struct fuzzer *f = arg;

	while (!__atomic_load_n(&fuzz.stop, __ATOMIC_RELAXED)) {
		struct testvm *vm = testvm_create(true);
		int i;

		dup3(vm->fd, fuzz.other_fd, O_CLOEXEC);
		TESTVM_LOAD(vm, cpuids);
		for (i = 0; i < 2; i++) {
			testvm_reset(testvm_add_vcpu(vm), TESTVM_LONG64);
			testvm_set_gpr(&vm->vcpus[i], 'b', 10);
		}
		testvm_start(vm);
		usleep(1000 * pick(f, 50));
		testvm_destroy(vm);
	}
	return NULL;
}

static int load(enum bpf_prog_type type)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(type, "vmitap_test", "GPL", insns, 2, NULL);

	CHECK(fd >= 0, "BPF_PROG_LOAD");
	return fd;
}

static void start(struct fuzzer *f, __u64 seed, void *(*run)(void *))
{
	f->random = seed * 0x9e3779b97f4a7c15 | 1;
	f->area = mmap(NULL, AREA_BYTES + PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(f->area != MAP_FAILED &&
	      !mprotect(f->area, AREA_BYTES, PROT_READ | PROT_WRITE), "area");
	CHECK(!pthread_create(&f->thread, NULL, run, f), "thread");
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 0) : otherwise;
}

static void prepare(void)
{
	int i;

	fuzz.vm = testvm_create(true);
	TESTVM_LOAD(fuzz.vm, cpuids);
	for (i = 0; i < 2; i++) {
		testvm_reset(testvm_add_vcpu(fuzz.vm), TESTVM_LONG64);
		testvm_set_gpr(&fuzz.vm->vcpus[i], 'b', 10);
	}
	testvm_start(fuzz.vm);
	fuzz.progs[0] = load(BPF_PROG_TYPE_RAW_TRACEPOINT);
	fuzz.progs[1] = load(BPF_PROG_TYPE_SOCKET_FILTER);
	fuzz.evt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fuzz.other_fd = dup(fuzz.evt);
	for (i = 0; i < NR_FDS; i++)
		fuzz.fds[i] = session_open();
}

FIXTURE(fuzz)
{
};

FIXTURE_SETUP(fuzz)
{
	(void)self;
	REQUIRE_TAP(return);
}

FIXTURE_TEARDOWN(fuzz)
{
	(void)self;
}

/* Without a limit here: run-in-host.sh has one. */
TEST_F_TIMEOUT(fuzz, ioctls, 0)
{
	struct fuzzer fuzzers[NR_THREADS + 1] = {};
	unsigned long seed = number("FUZZ_SEED", time(NULL));
	unsigned long calls = 0, successes = 0;
	int i;

	REQUIRE_TAP(return);
	TH_LOG("FUZZ_SEED=%lu", seed);
	prepare();
	for (i = 0; i < NR_THREADS; i++)
		start(&fuzzers[i], seed + i, run_fuzzer);
	start(&fuzzers[NR_THREADS], seed + NR_THREADS, run_vms);
	sleep(number("FUZZ_SECONDS", 10));
	__atomic_store_n(&fuzz.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i <= NR_THREADS; i++) {
		pthread_join(fuzzers[i].thread, NULL);
		calls += fuzzers[i].calls;
		successes += fuzzers[i].successes;
		EXPECT_EQ(0, fuzzers[i].bad)
			TH_LOG("ioctl 0x%x", fuzzers[i].bad_cmd);
	}
	TH_LOG("%lu ioctls, %lu succeeded", calls, successes);
	EXPECT_LT(0, successes);
	/* Whatever was done to it, it runs again. */
	for (i = 0; i < NR_FDS; i++)
		close(fuzz.fds[i]);
	testvm_wait_rounds(fuzz.vm, 10);
	testvm_destroy(fuzz.vm);
}

TEST_HARNESS_MAIN
