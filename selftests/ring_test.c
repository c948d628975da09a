// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring_test.c - wrap, overflow, slow and malicious readers, waiting, waking
 *
 * The guest does a known number of CPUIDs, and each of them must be accounted
 * for: records plus events lost is that number.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/fixture.h"
#include "lib/loops.h"

#define SMALL_RING	4096
#define CPUIDS		VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID)

/* The longest wait for room that there is, and less, in seconds, where the host is not slow. */
#define TIMEOUT_US	10000000
#define SOON		5

/* A record with no optional sections. */
#define RECORD_BYTES	sizeof(struct vmitap_exit)

GUEST_CPUID_LOOP(cpuids);

FIXTURE(ring)
{
	struct tapped t;
};

FIXTURE_SETUP(ring)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
	TESTVM_LOAD(self->t.vm, cpuids);
	tapped_attach(&self->t, SMALL_RING, CPUIDS, 0);
}

FIXTURE_TEARDOWN(ring)
{
	tapped_end(&self->t);
}

/* Have the guest do exactly @nr CPUIDs. */
static void do_cpuids(struct tapped *t, unsigned long nr)
{
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_set_gpr(t->vcpu, 'b', nr);
	testvm_run(t->vcpu);
}

/* Have the kernel tell about loss, then read all there is. */
static void finish(struct tapped *t)
{
	session_enable(t->fd, false);
	ring_drain(&t->ring);
	session_enable(t->fd, false);
	ring_drain(&t->ring);
}

static void expect_all(struct __test_metadata *_metadata, struct tapped *t,
		       unsigned long done)
{
	struct vmitap_stats stats = session_stats(t->fd);
	__u64 lost = 0;
	int i;

	EXPECT_EQ(done, t->ring.nr_exits + t->ring.nr_lost);
	EXPECT_EQ(t->ring.nr_exits, stats.out_events);
	for (i = 0; i < VMITAP_NR_LOST; i++) {
		EXPECT_EQ(t->ring.lost[i], stats.out_lost[i])
			TH_LOG("lost for reason %d", i);
		EXPECT_EQ(t->ring.lost[i], t->ring.prod->lost[i]);
		lost += stats.out_lost[i];
	}
	EXPECT_EQ(t->ring.nr_lost, lost);
	EXPECT_EQ(t->ring.prod->producer_pos, stats.out_bytes);
	EXPECT_EQ(t->ring.prod->waits, stats.out_waits);
	EXPECT_EQ(t->ring.prod->wait_ns, stats.out_wait_ns);
	EXPECT_EQ(t->ring.prod->wakeups, stats.out_wakeups);
}

TEST_F(ring, wrap)
{
	int i;

	for (i = 0; i < 40; i++) {
		do_cpuids(&self->t, 7);
		EXPECT_EQ(7, ring_drain(&self->t.ring));
	}
	EXPECT_LT(4ull * SMALL_RING, self->t.ring.pos);
	expect_all(_metadata, &self->t, 280);
	EXPECT_EQ(0, self->t.ring.nr_lost);
}

TEST_F(ring, overflow)
{
	const struct vmitap_record *rec;

	do_cpuids(&self->t, 500);
	EXPECT_EQ(0, self->t.ring.cons->consumer_pos);
	/* What was there first is still there. */
	rec = ring_next(&self->t.ring);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(0, rec->seq);
	ring_drain(&self->t.ring);
	EXPECT_EQ(0, self->t.ring.nr_lost_records);
	EXPECT_GE(SMALL_RING / RECORD_BYTES, self->t.ring.nr_exits);
	EXPECT_LE(SMALL_RING / RECORD_BYTES / 2, self->t.ring.nr_exits);

	/* Loss is told of before the next event. */
	do_cpuids(&self->t, 3);
	rec = ring_next(&self->t.ring);
	ASSERT_NE(NULL, rec);
	EXPECT_EQ(VMITAP_RECORD_LOST, rec->type);
	EXPECT_EQ(3, ring_drain(&self->t.ring));
	expect_all(_metadata, &self->t, 503);
	EXPECT_EQ(1, self->t.ring.nr_lost_records);
	EXPECT_EQ(self->t.ring.nr_lost, self->t.ring.lost[VMITAP_LOST_FULL]);
}

TEST_F(ring, lost_by_class)
{
	const struct vmitap_lost_record *lost;

	session_config(self->t.fd, CPUIDS | VMITAP_CLASS_MASK(VMITAP_CLASS_PIO), 0);
	do_cpuids(&self->t, 500);
	ring_drain(&self->t.ring);
	session_enable(self->t.fd, false);
	lost = (const void *)ring_next(&self->t.ring);
	ASSERT_NE(NULL, lost);
	ASSERT_EQ(VMITAP_RECORD_LOST, lost->record.type);
	EXPECT_EQ(1, lost->by_class[VMITAP_CLASS_PIO]);
	EXPECT_EQ(lost->count - 1, lost->by_class[VMITAP_CLASS_CPUID]);
	EXPECT_EQ(501, self->t.ring.nr_exits + lost->count);
}

/* Off and on again tells about loss even if no event follows. */
TEST_F(ring, loss_is_told_when_switched_off)
{
	do_cpuids(&self->t, 500);
	ring_drain(&self->t.ring);
	EXPECT_EQ(0, self->t.ring.nr_lost);
	session_enable(self->t.fd, false);
	EXPECT_EQ(1, ring_drain(&self->t.ring));
	expect_all(_metadata, &self->t, 500);
}

TEST_F(ring, slow_reader)
{
	int i;

	for (i = 0; i < 20; i++) {
		do_cpuids(&self->t, 100);
		ring_drain(&self->t.ring);
	}
	finish(&self->t);
	expect_all(_metadata, &self->t, 2000);
	EXPECT_LT(0, self->t.ring.nr_lost);
}

TEST_F(ring, reads_while_written)
{
	const unsigned long rounds = 20, nr = 500;

	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', nr);
	testvm_start(self->t.vm);
	EXPECT_TRUE(comes_true((ring_drain(&self->t.ring),
				__atomic_load_n(&self->t.vcpu->rounds,
						__ATOMIC_ACQUIRE) >= rounds)));
	testvm_stop(self->t.vm);
	finish(&self->t);
	EXPECT_LE(rounds * nr, self->t.ring.nr_exits + self->t.ring.nr_lost);
	expect_all(_metadata, &self->t,
		   self->t.ring.nr_exits + self->t.ring.nr_lost);
}

/* Positions that no honest reader has. */
TEST_F(ring, nonsense_positions)
{
	static const __u64 bad[] = {
		0xffffffffffffffff, 1, 7, 0x8000000000000000, SMALL_RING * 16,
		(__u64)-8, 0x7ffffffffffffff8,
	};
	struct ring *ring = &self->t.ring;
	unsigned long done = 0;
	size_t i;

	do_cpuids(&self->t, 10);
	done += 10;
	EXPECT_EQ(10, ring_drain(ring));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		__u64 before = ring->prod->lost[VMITAP_LOST_CONSUMER];

		ring->cons->consumer_pos = bad[i];
		/* Enough for the kernel to look at the position. */
		do_cpuids(&self->t, 200);
		done += 200;
		EXPECT_LT(before, ring->prod->lost[VMITAP_LOST_CONSUMER])
			TH_LOG("position 0x%llx", bad[i]);
		/* The reader comes to its senses. */
		ring_drain(ring);
		do_cpuids(&self->t, 5);
		done += 5;
		ring_drain(ring);
		EXPECT_EQ(i + 1, ring->nr_lost_records);
	}
	finish(&self->t);
	expect_all(_metadata, &self->t, done);
	EXPECT_LT(0, ring->lost[VMITAP_LOST_CONSUMER]);
}

/* Far behind: the ring has less than what would be unread. */
TEST_F(ring, position_of_long_ago)
{
	struct ring *ring = &self->t.ring;
	int i;

	for (i = 0; i < 10; i++) {
		do_cpuids(&self->t, 20);
		ring_drain(ring);
	}
	ring->cons->consumer_pos = 0;
	do_cpuids(&self->t, 100);
	EXPECT_LT(0, ring->prod->lost[VMITAP_LOST_CONSUMER]);
	ring_drain(ring);
	finish(&self->t);
	expect_all(_metadata, &self->t, 300);
}

static bool vandal_stop;

static void *vandal(void *arg)
{
	struct vmitap_ring_consumer *cons = arg;
	__u64 x = 88172645463325252ull;

	while (!__atomic_load_n(&vandal_stop, __ATOMIC_RELAXED)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		__atomic_store_n(&cons->consumer_pos, x & 1 ? x : x & 0x1fff8,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(ring, position_that_never_rests)
{
	struct ring *ring = &self->t.ring;
	struct vmitap_stats stats;
	pthread_t thread;

	vandal_stop = false;
	ASSERT_EQ(0, pthread_create(&thread, NULL, vandal, ring->cons));
	do_cpuids(&self->t, 3000);
	vandal_stop = true;
	pthread_join(thread, NULL);

	/* Records were overwritten, but all of them were counted. */
	stats = session_stats(self->t.fd);
	EXPECT_EQ(3000, stats.out_events + stats.out_lost[VMITAP_LOST_FULL] +
			stats.out_lost[VMITAP_LOST_CONSUMER]);
	EXPECT_EQ(0, stats.out_lost[VMITAP_LOST_TIMEOUT]);

	/* A reader that begins anew at the producer's position is served. */
	ring->cons->consumer_pos = ring->prod->producer_pos;
	session_enable(self->t.fd, false);
	session_enable(self->t.fd, true);
	ring->pos = ring->prod->producer_pos;
	ring->cons->consumer_pos = ring->pos;
	ring->next_seq = 3000;
	ring->last_tsc = 0;
	do_cpuids(&self->t, 10);
	EXPECT_EQ(10, ring_drain(ring));
}

/* Lossless. */

static void set_lossless(struct tapped *t, __u32 timeout_us)
{
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = CPUIDS,
		.delivery = VMITAP_DELIVERY_LOSSLESS,
		.timeout_us = timeout_us,
	};

	vmitap_ioctl(t->fd, VMITAP_IOC_CONFIG, &config);
}

static bool is_waiting(const struct ring *ring)
{
	return __atomic_load_n(&ring->prod->state, __ATOMIC_ACQUIRE) & VMITAP_RING_WAITING;
}

static void wake_vcpus(int fd)
{
	struct vmitap_wake wake = { .size = sizeof(wake) };

	vmitap_ioctl(fd, VMITAP_IOC_WAKE, &wake);
}

/* Read @nr exits, so slowly that the ring is full nearly always. */
static void drain_slowly(struct tapped *t, unsigned long nr)
{
	double end = now() + limit(IN_TIME);

	while (t->ring.nr_exits < nr && now() < end) {
		if (ring_drain(&t->ring))
			wake_vcpus(t->fd);
		usleep(2000);
	}
}

TEST_F(ring, lossless)
{
	const unsigned long nr = 2000;
	struct ring *ring = &self->t.ring;

	set_lossless(&self->t, TIMEOUT_US);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', nr);
	testvm_start(self->t.vm);
	drain_slowly(&self->t, nr);
	EXPECT_LE(nr, ring->nr_exits);
	EXPECT_EQ(0, ring->nr_lost);
	EXPECT_LT(0, session_stats(self->t.fd).out_waits);
	EXPECT_LT(0, session_stats(self->t.fd).out_wait_ns);
	/* Stop it while it waits. */
	testvm_stop(self->t.vm);
	finish(&self->t);
	EXPECT_EQ(0, ring->nr_lost);
}

/* Without WAKE the vCPU sees by itself that there is room. */
TEST_F(ring, lossless_without_wake)
{
	const unsigned long nr = 300;
	struct ring *ring = &self->t.ring;

	set_lossless(&self->t, TIMEOUT_US);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', nr);
	testvm_start(self->t.vm);
	EXPECT_TRUE(comes_true((ring_drain(ring), ring->nr_exits >= nr)));
	EXPECT_EQ(0, ring->nr_lost);
	testvm_stop(self->t.vm);
}

GUEST_CODE(halts, 64,
	   "1: hlt\n"
	   "dec %ebx\n"
	   "jnz 1b\n"
	   "out %al, $0xf4\n"
	   "jmp 1b\n");

/* Of these KVM's fast path may return to the VMM, which is no way around the wait. */
TEST_F(ring, lossless_halts)
{
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = VMITAP_CLASS_MASK(VMITAP_CLASS_HLT),
		.delivery = VMITAP_DELIVERY_LOSSLESS,
		.timeout_us = TIMEOUT_US,
	};
	struct ring *ring = &self->t.ring;
	const unsigned long nr = 300;

	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	TESTVM_LOAD(self->t.vm, halts);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', nr);
	testvm_start(self->t.vm);
	EXPECT_TRUE(comes_true(is_waiting(ring)));
	drain_slowly(&self->t, nr);
	testvm_stop(self->t.vm);
	finish(&self->t);
	EXPECT_EQ(0, ring->nr_lost);
	/* Each got to the VMM, and once only; others may follow when the guest starts over. */
	EXPECT_LE(nr, ring->nr_exits);
	EXPECT_EQ(ring->nr_exits, self->t.vcpu->halts);
}

/* How often the vCPU's thread went to sleep; one that waits for room does after each look. */
static unsigned long nr_sleeps(const struct testvm_vcpu *vcpu)
{
	unsigned long nr = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", vcpu->tid);
	file = fopen(path, "r");
	CHECK(file, "%s", path);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %lu", &nr);
	fclose(file);
	return nr;
}

/* By itself it looks once a millisecond, no earlier: is it seen to do so more often? */
static bool looks_when_woken(const struct tapped *t)
{
	double start = now();
	unsigned long looks = nr_sleeps(t->vcpu);
	int i;

	for (i = 0; i < 100; i++) {
		wake_vcpus(t->fd);
		sched_yield();
	}
	looks = nr_sleeps(t->vcpu) - looks;
	return looks > (now() - start) * 1000 + 3;
}

/* Have both threads use the last CPU, so that one who is woken runs when the other yields. */
static void share_a_cpu(const struct testvm_vcpu *vcpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
	CHECK(!sched_setaffinity(vcpu->tid, sizeof(cpus), &cpus) &&
	      !sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

TEST_F(ring, wake_has_them_look)
{
	set_lossless(&self->t, TIMEOUT_US);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', 500);
	testvm_start(self->t.vm);
	EXPECT_TRUE(comes_true(is_waiting(&self->t.ring)));
	share_a_cpu(self->t.vcpu);
	EXPECT_TRUE(comes_true(looks_when_woken(&self->t)));
	/* There was no room. */
	EXPECT_EQ(1, self->t.ring.prod->waits);
	session_config(self->t.fd, CPUIDS, 0);
	ring_drain(&self->t.ring);
	testvm_stop(self->t.vm);
}

TEST_F(ring, lossless_timeout)
{
	struct ring *ring = &self->t.ring;
	double start, took;

	set_lossless(&self->t, 300000);
	start = now();
	/* Nobody reads: one wait, then loss. */
	do_cpuids(&self->t, 500);
	took = now() - start;
	EXPECT_LE(0.29, took);
	EXPECT_GT(limit(SOON), took);
	EXPECT_EQ(1, ring->prod->waits);
	EXPECT_LE(290000000, ring->prod->wait_ns);
	EXPECT_LT(0, ring->prod->lost[VMITAP_LOST_TIMEOUT]);
	EXPECT_EQ(0, ring->prod->lost[VMITAP_LOST_FULL]);

	/* With room again, it waits again. */
	ring_drain(ring);
	do_cpuids(&self->t, 500);
	EXPECT_EQ(2, ring->prod->waits);
	finish(&self->t);
	expect_all(_metadata, &self->t, 1000);
}

TEST_F(ring, waiting_is_seen)
{
	struct ring *ring = &self->t.ring;
	double start;

	set_lossless(&self->t, TIMEOUT_US);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', 500);
	testvm_start(self->t.vm);
	EXPECT_TRUE(comes_true(is_waiting(ring)));
	EXPECT_NE(0, session_poll(self->t.fd, 0) & POLLIN);
	/* Back to a mode in which nobody waits. */
	start = now();
	session_config(self->t.fd, CPUIDS, 0);
	wake_vcpus(self->t.fd);
	ring_drain(ring);
	testvm_wait_rounds(self->t.vm, 1);
	EXPECT_GT(limit(SOON), now() - start);
	testvm_stop(self->t.vm);
}

/* A session on @vm, alive until it is killed, which says on @said that it is there. */
static void be_reader(const struct testvm *vm, int said)
{
	struct tapped t = { .fd = session_tap(vm, SMALL_RING, 0, 0) };

	set_lossless(&t, TIMEOUT_US);
	ring_map(&t.ring, t.fd, 0);
	CHECK(write(said, "", 1) == 1, "pipe");
	CHECK(comes_true(is_waiting(&t.ring)), "the vCPU does not wait");
	CHECK(write(said, "", 1) == 1, "pipe");
	for (;;)
		pause();
}

/* The reader dies while the vCPU waits for it. */
TEST_F(ring, killed_reader_releases_the_vcpu)
{
	struct testvm *vm = self->t.vm;
	int said[2], pid;
	double start;
	char byte;

	ASSERT_EQ(0, pipe(said));
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	testvm_set_gpr(self->t.vcpu, 'b', 500);
	session_enable(self->t.fd, false);
	pid = fork();
	if (!pid)
		be_reader(vm, said[1]);
	close(said[1]);
	ASSERT_EQ(1, read(said[0], &byte, 1));
	testvm_start(vm);
	ASSERT_EQ(1, read(said[0], &byte, 1));
	EXPECT_EQ(0, self->t.vcpu->rounds);
	start = now();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	testvm_wait_rounds(vm, 2);
	EXPECT_GT(limit(SOON), now() - start);
	testvm_stop(vm);
}

/* Waking. */

TEST_F(ring, watermark)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CPUIDS,
		.watermark = 10 * RECORD_BYTES,
	};

	session_poll(self->t.fd, 0);
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	do_cpuids(&self->t, 9);
	EXPECT_EQ(0, session_poll(self->t.fd, 0) & POLLIN);
	EXPECT_EQ(0, self->t.ring.prod->wakeups);
	do_cpuids(&self->t, 1);
	EXPECT_NE(0, session_poll(self->t.fd, 0) & POLLIN);
	ring_drain(&self->t.ring);
	EXPECT_EQ(0, session_poll(self->t.fd, 0) & POLLIN);
}

/**
 * struct sleeper - a thread in poll()
 * @fd: session
 * @tid: its id, set before it polls
 * @events: what poll() said
 */
struct sleeper {
	int fd;
	int tid;
	int events;
};

static void *poll_thread(void *arg)
{
	struct sleeper *sleeper = arg;

	__atomic_store_n(&sleeper->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	sleeper->events = session_poll(sleeper->fd, limit(IN_TIME) * 1000);
	return NULL;
}

static bool sleeps(const struct sleeper *sleeper)
{
	char path[64], line[512] = "", *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
		 __atomic_load_n(&sleeper->tid, __ATOMIC_ACQUIRE));
	file = fopen(path, "r");
	if (!file)
		return false;
	state = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	return state && !strncmp(state, ") S", 3);
}

/* A reader that sleeps is woken once, however many events follow. */
TEST_F(ring, sleeping_reader_is_woken_once)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CPUIDS,
		.watermark = 8 * RECORD_BYTES,
	};
	struct sleeper sleeper = { .fd = self->t.fd };
	pthread_t thread;

	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	ASSERT_EQ(0, pthread_create(&thread, NULL, poll_thread, &sleeper));
	EXPECT_TRUE(comes_true(sleeps(&sleeper)));
	do_cpuids(&self->t, 30);
	pthread_join(thread, NULL);
	EXPECT_NE(0, sleeper.events & POLLIN);
	EXPECT_LE(1, self->t.ring.prod->wakeups);
	/* The sleeper's poll() looks once before and once after it sleeps. */
	EXPECT_GE(2, self->t.ring.prod->wakeups);
	EXPECT_EQ(self->t.ring.prod->wakeups, session_stats(self->t.fd).out_wakeups);
}

/* CPUIDs as many as RBX says, and with RDX one HLT. */
GUEST_CODE(cpuids_and_halt, 64,
	   "mov %rbx, %r9\n"
	   "mov %rdx, %r10\n"
	   "1: xor %eax, %eax\n"
	   "xor %ecx, %ecx\n"
	   "cpuid\n"
	   "dec %r9\n"
	   "jnz 1b\n"
	   "test %r10, %r10\n"
	   "jz 2f\n"
	   "hlt\n"
	   "2: out %al, $0xf4\n"
	   "jmp 2b\n");

static void do_cpuids_and_halt(struct tapped *t, unsigned long nr, bool halt)
{
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_set_gpr(t->vcpu, 'b', nr);
	testvm_set_gpr(t->vcpu, 'd', halt);
	testvm_run(t->vcpu);
}

/*
 * A ring of 64 KiB whose watermark is half of it: CPUIDs of 80 bytes, and HLTs of 424.
 * 410 of the former, which are 32800 bytes, have had somebody woken if one slept.
 */
static void attach_half_full(struct tapped *t, int eventfd)
{
	struct vmitap_class_fields halts = {
		.class_id = VMITAP_CLASS_HLT,
		.fields = VMITAP_FIELD_CTRL | VMITAP_FIELD_GPRS | VMITAP_FIELD_SEGS |
			  VMITAP_FIELD_INSN,
	};
	struct vmitap_config config = {
		.size = sizeof(config),
		.classes = CPUIDS | VMITAP_CLASS_MASK(VMITAP_CLASS_HLT),
		.watermark = 0x8000, .nr_class_fields = 1,
		.class_fields = (unsigned long)&halts,
	};
	struct vmitap_eventfd arg = { .size = sizeof(arg), .fd = eventfd };

	ring_unmap(&t->ring);
	close(t->fd);
	tapped_attach(t, 0x10000, 0, 0);
	vmitap_ioctl(t->fd, VMITAP_IOC_CONFIG, &config);
	vmitap_ioctl(t->fd, VMITAP_IOC_EVENTFD, &arg);
	TESTVM_LOAD(t->vm, cpuids_and_halt);
	do_cpuids_and_halt(t, 410, false);
	CHECK(t->ring.prod->producer_pos == 32800, "%llu bytes", t->ring.prod->producer_pos);
}

/* After one was read, 405 CPUIDs fit beside them, and no HLT: that is lost, and all after it. */
static void fill_up(struct __test_metadata *_metadata, struct tapped *t)
{
	do_cpuids_and_halt(t, 405, true);
	EXPECT_EQ(65200, t->ring.prod->producer_pos);
	EXPECT_EQ(1, t->ring.prod->lost[VMITAP_LOST_FULL]);
	do_cpuids_and_halt(t, 10, false);
	EXPECT_EQ(65200, t->ring.prod->producer_pos);
	EXPECT_EQ(11, t->ring.prod->lost[VMITAP_LOST_FULL]);
}

/* Nothing fits any more, so nothing is written behind which somebody could be woken. */
TEST_F(ring, sleeping_reader_is_woken_by_loss)
{
	struct sleeper sleeper;
	pthread_t thread;
	double start;

	attach_half_full(&self->t, -1);
	ASSERT_NE(NULL, ring_next(&self->t.ring));
	ring_release(&self->t.ring);
	sleeper = (struct sleeper) { .fd = self->t.fd };
	ASSERT_EQ(0, pthread_create(&thread, NULL, poll_thread, &sleeper));
	EXPECT_TRUE(comes_true(sleeps(&sleeper)));
	EXPECT_EQ(0, self->t.ring.prod->wakeups);
	start = now();
	fill_up(_metadata, &self->t);
	pthread_join(thread, NULL);
	/* By its own timeout it would find that as well. */
	EXPECT_GT(limit(SOON), now() - start);
	EXPECT_NE(0, sleeper.events & POLLIN);
	EXPECT_LE(1, self->t.ring.prod->wakeups);
	finish(&self->t);
	expect_all(_metadata, &self->t, 410 + 405 + 1 + 10);
}

TEST_F(ring, eventfd_is_signalled_by_loss)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	__u64 count = 0;

	ASSERT_LE(0, fd);
	attach_half_full(&self->t, fd);
	EXPECT_EQ(8, read(fd, &count, sizeof(count)));
	ASSERT_NE(NULL, ring_next(&self->t.ring));
	ring_release(&self->t.ring);
	fill_up(_metadata, &self->t);
	EXPECT_EQ(8, read(fd, &count, sizeof(count)));
	/* Not once for each that is lost. */
	EXPECT_EQ(1, count);
	close(fd);
}

TEST_F(ring, eventfd)
{
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CPUIDS,
		.watermark = 8 * RECORD_BYTES,
	};
	struct vmitap_eventfd arg = { .size = sizeof(arg) };
	__u64 count = 0;
	int fd;

	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ASSERT_LE(0, fd);
	arg.fd = fd;
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	vmitap_ioctl(self->t.fd, VMITAP_IOC_EVENTFD, &arg);
	do_cpuids(&self->t, 7);
	EXPECT_EQ(-1, read(fd, &count, sizeof(count)));
	EXPECT_EQ(EAGAIN, errno);
	do_cpuids(&self->t, 10);
	EXPECT_EQ(8, read(fd, &count, sizeof(count)));
	EXPECT_LE(1, count);
	/* Not once for each event. */
	EXPECT_GE(3, count);

	arg.fd = -1;
	vmitap_ioctl(self->t.fd, VMITAP_IOC_EVENTFD, &arg);
	ring_drain(&self->t.ring);
	do_cpuids(&self->t, 20);
	EXPECT_EQ(-1, read(fd, &count, sizeof(count)));
	close(fd);
}

TEST_HARNESS_MAIN
