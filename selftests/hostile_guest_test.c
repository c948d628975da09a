// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile_guest_test.c - guests that do their worst while everything of them is
 * tapped, traps included
 *
 * What they do to themselves is theirs.  The host must stay sound, every record must
 * be well-formed, and a guest that behaves must run on the same vCPUs afterwards.
 * STRESS_SEED is the first random number.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "lib/fixture.h"
#include "lib/loops.h"
#include "lib/testvm_state.h"
#include "lib/vendor.h"

/* The most that a test has between two looks at the ring. */
#define RING_BYTES	0x40000
#define TABLES_BYTES	TESTVM_CODE

GUEST_CPUID_LOOP(cpuids);

FIXTURE(hostile)
{
	struct tapped t;
	unsigned int seed;
};

static void on_timer(int sig)
{
	(void)sig;
}

/* A guest that does not exit is interrupted, again and again. */
static void start_timer(void)
{
	struct itimerval interval = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction action = { .sa_handler = on_timer };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

FIXTURE_SETUP(hostile)
{
	const char *seed = getenv("STRESS_SEED");

	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	self->seed = seed && *seed ? strtoul(seed, NULL, 0) : (unsigned long)time(NULL);
	TH_LOG("STRESS_SEED=%u", self->seed);
	srandom(self->seed);
	tapped_create(&self->t, false);
	tapped_attach(&self->t, RING_BYTES, VMITAP_CLASSES_ALL, VMITAP_FIELDS_ALL);
	start_timer();
}

FIXTURE_TEARDOWN(hostile)
{
	tapped_end(&self->t);
}

/* A guest that was interrupted so often has come to nothing but a loop. */
#define LOOPS	3

/*
 * Run until KVM gives up, at most @exits exits to here or @interruptions.
 *
 * Return: KVM's last reason.
 */
static unsigned int run_hostile(struct testvm_vcpu *vcpu, int exits, int interruptions)
{
	struct kvm_run *run = vcpu->run;

	while (exits--) {
		if (ioctl(vcpu->fd, KVM_RUN, 0)) {
			if (errno != EINTR && errno != EAGAIN)
				return KVM_EXIT_FAIL_ENTRY;
			if (!--interruptions)
				break;
			continue;
		}
		if (run->exit_reason == KVM_EXIT_SHUTDOWN ||
		    run->exit_reason == KVM_EXIT_INTERNAL_ERROR ||
		    run->exit_reason == KVM_EXIT_FAIL_ENTRY)
			break;
	}
	return run->exit_reason;
}

/* An instruction that KVM was about to finish belongs to the run before. */
static void finish_instruction(struct testvm_vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	ioctl(vcpu->fd, KVM_RUN, 0);
	vcpu->run->immediate_exit = 0;
}

static void set_up(struct tapped *t, enum testvm_mode mode)
{
	struct kvm_vcpu_events none = {};

	finish_instruction(t->vcpu);
	ioctl(t->vcpu->fd, KVM_SET_VCPU_EVENTS, &none);
	memset(t->vm->mem, 0, TABLES_BYTES);
	testvm_fill_tables(t->vm->mem);
	testvm_reset(t->vcpu, mode);
}

/* The same vCPU counts to what it is told. */
static void expect_sound(struct __test_metadata *_metadata, struct tapped *t)
{
	unsigned long before;

	TESTVM_LOAD(t->vm, cpuids);
	set_up(t, TESTVM_LONG64);
	testvm_set_gpr(t->vcpu, 'b', 17);
	ring_drain(&t->ring);
	before = t->ring.nr_exits;
	testvm_run(t->vcpu);
	ring_drain(&t->ring);
	/* 17 CPUIDs and the OUT; interruptions are exits as well. */
	EXPECT_LE(18, t->ring.nr_exits - before);
}

static void scramble(void *at, size_t bytes)
{
	unsigned char *to = at;

	while (bytes--)
		*to++ = random();
}

/*
 * Guests that come to any code.  Seen where an instruction goes on in a page of page
 * tables: interrupts are pending, the VMCB has them exit, and they do not.
 */
#define REQUIRE_HARDWARE_OR_BOCHS(statement)				\
	do {								\
		if (vendor_is_qemu())					\
			SKIP(statement, "QEMU's CPU stays in the guest for ever with some code"); \
	} while (0)

static enum testvm_mode some_mode(void)
{
	return random() % (TESTVM_LONG64_USER + 1);
}

/* Random instructions, with tables in place. */
TEST_F(hostile, random_code)
{
	struct tapped *t = &self->t;
	int i;

	REQUIRE_HARDWARE_OR_BOCHS(return);
	for (i = 0; i < 200; i++) {
		set_up(t, some_mode());
		scramble(t->vm->mem + TESTVM_CODE, 0x1000);
		run_hostile(t->vcpu, 20, LOOPS);
		ring_drain(&t->ring);
	}
	expect_sound(_metadata, t);
}

/* Nothing but exceptions, MSRs, control registers and what is trapped. */
GUEST_CODE(mixture, 64,
	   "mov $0xc0000080, %ecx\n"	/* EFER */
	   "rdmsr\n"
	   "xor $1, %eax\n"		/* SCE */
	   "wrmsr\n"
	   "mov %cr3, %rax\n"
	   "mov %rax, %cr3\n"
	   "syscall\n"
	   "sysretl\n"
	   "vmmcall\n"
	   "ud2\n");

/* Descriptor and page tables of random bytes, in every mode. */
TEST_F(hostile, garbage_tables)
{
	struct tapped *t = &self->t;
	int i;

	REQUIRE_HARDWARE_OR_BOCHS(return);
	TESTVM_LOAD(t->vm, mixture);
	for (i = 0; i < 200; i++) {
		set_up(t, some_mode());
		scramble(t->vm->mem + random() % TABLES_BYTES / 8 * 8, 0x40);
		if (i & 1)
			scramble(t->vm->mem + TESTVM_GDT, 0x100);
		run_hostile(t->vcpu, 20, LOOPS);
		ring_drain(&t->ring);
	}
	expect_sound(_metadata, t);
}

static void change_some(struct kvm_sregs *sregs)
{
	struct kvm_segment *segs[] = {
		&sregs->cs, &sregs->ds, &sregs->es, &sregs->fs, &sregs->gs, &sregs->ss,
		&sregs->tr, &sregs->ldt,
	};
	struct kvm_segment *seg = segs[random() % 8];

	switch (random() % 8) {
	case 0:
		sregs->cr0 ^= 1ul << random() % 32;
		break;
	case 1:
		sregs->cr4 ^= 1ul << random() % 24;
		break;
	case 2:
		sregs->efer ^= 1ul << random() % 16;
		break;
	case 3:
		sregs->cr3 = random() % TESTVM_BYTES;
		break;
	case 4:
		sregs->idt.limit = random();
		sregs->gdt.limit = random();
		break;
	case 5:
		sregs->idt.base = random() % TESTVM_BYTES;
		break;
	case 6:
		sregs->gdt.base = (unsigned long)random() << 33;
		break;
	default:
		seg->base ^= (unsigned long)random() << random() % 33;
		seg->limit ^= random() % 0x100000;
		seg->l = random();
		seg->db = random();
		seg->dpl = random();
		seg->type = random();
		seg->unusable = random() % 4 == 0;
	}
}

/* States that no processor comes into; KVM refuses some. */
TEST_F(hostile, odd_modes)
{
	struct tapped *t = &self->t;
	struct kvm_sregs sregs;
	int i, j, nr_run = 0;

	REQUIRE_HARDWARE_OR_BOCHS(return);
	TESTVM_LOAD(t->vm, mixture);
	for (i = 0; i < 400; i++) {
		set_up(t, some_mode());
		ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_SREGS, &sregs));
		for (j = random() % 3; j >= 0; j--)
			change_some(&sregs);
		if (ioctl(t->vcpu->fd, KVM_SET_SREGS, &sregs))
			continue;
		nr_run++;
		run_hostile(t->vcpu, 10, LOOPS);
		ring_drain(&t->ring);
	}
	EXPECT_LT(0, nr_run);
	expect_sound(_metadata, t);
}

GUEST_CODE(triple, 64,
	   "cpuid\n"
	   "ud2\n");

/* Reset after each triple fault. */
TEST_F(hostile, triple_faults)
{
	struct tapped *t = &self->t;
	struct kvm_sregs sregs;
	int i;

	TESTVM_LOAD(t->vm, triple);
	for (i = 0; i < 300; i++) {
		set_up(t, TESTVM_LONG64);
		ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_GET_SREGS, &sregs));
		sregs.idt.limit = 0;
		ASSERT_EQ(0, ioctl(t->vcpu->fd, KVM_SET_SREGS, &sregs));
		ASSERT_EQ(KVM_EXIT_SHUTDOWN, run_hostile(t->vcpu, 100, 100));
		/* The CPUID is there each time, and what ended it. */
		ring_expect_exit(&t->ring, VMITAP_CLASS_CPUID);
		ring_expect_exit(&t->ring, VMITAP_CLASS_SHUTDOWN);
		ring_drain(&t->ring);
	}
	expect_sound(_metadata, t);
}

/* Each round makes CPUID of RDMSR and back, in the page that is being executed. */
GUEST_CODE(changing, 64,
	   "lea 3f(%rip), %rdi\n"
	   "mov $200, %r8\n"
	   "1: movw $0xa20f, (%rdi)\n"		/* CPUID */
	   "call 3f\n"
	   "movw $0x320f, (%rdi)\n"		/* RDMSR */
	   "mov $0x10, %ecx\n"
	   "call 3f\n"
	   "dec %r8\n"
	   "jnz 1b\n"
	   "out %al, $0xf4\n"
	   "jmp 1b\n"
	   "3: nop\n"
	   "nop\n"
	   "ret\n");

TEST_F(hostile, self_modifying_code)
{
	struct tapped *t = &self->t;
	unsigned long before;
	int i;

	TESTVM_LOAD(t->vm, changing);
	for (i = 0; i < 20; i++) {
		set_up(t, TESTVM_LONG64);
		ring_drain(&t->ring);
		before = t->ring.nr_exits + t->ring.nr_lost;
		testvm_run(t->vcpu);
		ring_drain(&t->ring);
		EXPECT_LE(200, t->ring.nr_exits + t->ring.nr_lost - before);
	}
	expect_sound(_metadata, t);
}

/* As many exits as there can be, of many kinds, on every vCPU. */
GUEST_CODE(storm, 64,
	   "1: cpuid\n"
	   "mov %cr3, %rax\n"
	   "mov %rax, %cr3\n"
	   "in $0x80, %al\n"
	   "mov $0x1b, %ecx\n"		/* APIC base */
	   "rdmsr\n"
	   "wrmsr\n"
	   "vmmcall\n"
	   "mov %cr0, %rax\n"
	   "mov %rax, %cr0\n"
	   "wbinvd\n"
	   "out %al, $0xf4\n"
	   "jmp 1b\n");

TEST(storm_on_every_vcpu)
{
	struct ring rings[TESTVM_MAX_VCPUS] = {};
	struct testvm *vm;
	int fd, i, round;

	REQUIRE_TAP(return);
	vm = testvm_create(true);
	TESTVM_LOAD(vm, storm);
	for (i = 0; i < TESTVM_MAX_VCPUS; i++)
		testvm_reset(testvm_add_vcpu(vm), TESTVM_LONG64);
	fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_ALL, VMITAP_FIELDS_ALL);
	for (i = 0; i < TESTVM_MAX_VCPUS; i++)
		ring_map(&rings[i], fd, i);
	testvm_start(vm);
	for (round = 0; round < 100; round++) {
		for (i = 0; i < TESTVM_MAX_VCPUS; i++)
			ring_drain(&rings[i]);
		session_config(fd, round & 1 ? VMITAP_CLASSES_ALL :
			       VMITAP_CLASSES_PASSIVE, VMITAP_FIELDS_ALL);
		usleep(10000);
	}
	testvm_wait_rounds(vm, 1);
	testvm_stop(vm);
	for (i = 0; i < TESTVM_MAX_VCPUS; i++) {
		ring_drain(&rings[i]);
		EXPECT_LT(0, rings[i].nr_exits);
		ring_unmap(&rings[i]);
	}
	close(fd);
	testvm_destroy(vm);
}

TEST_HARNESS_MAIN
