// SPDX-License-Identifier: GPL-2.0-only
/*
 * pause_test.c - registers of vCPUs, and vCPUs that are kept from running
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/fixture.h"

#define RING_BYTES	0x4000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176

/* Says so, then stays where it is, with registers that do not change. */
GUEST_CODE(spin, 64,
	   "movb $1, 0x40000\n"
	   "1: jmp 1b\n");

/* The interrupts that would wake it are off. */
GUEST_CODE(halt, 64, "cli\n"
		     "hlt\n"
		     "out %al, $0xf4\n");

FIXTURE(regs)
{
	struct testvm *vm;
	struct testvm_vcpu *vcpu;
	int fd;
};

FIXTURE_SETUP(regs)
{
	self->vm = NULL;
	REQUIRE_TAP(return);
	self->vm = testvm_create(true);
	self->vcpu = testvm_add_vcpu(self->vm);
	self->fd = -1;
}

FIXTURE_TEARDOWN(regs)
{
	if (!self->vm)
		return;
	close(self->fd);
	testvm_destroy(self->vm);
}

static bool spins(const struct testvm *vm)
{
	return __atomic_load_n(vm->mem + TESTVM_DATA, __ATOMIC_ACQUIRE);
}

static void expect_gprs(struct __test_metadata *_metadata,
			const struct vmitap_regs *got,
			const struct kvm_regs *want)
{
	const __u64 regs[VMITAP_NR_GPRS] = {
		want->rax, want->rcx, want->rdx, want->rbx, want->rsp, want->rbp,
		want->rsi, want->rdi, want->r8, want->r9, want->r10, want->r11,
		want->r12, want->r13, want->r14, want->r15,
	};
	int i;

	for (i = 0; i < VMITAP_NR_GPRS; i++)
		EXPECT_EQ(regs[i], got->out_gprs.reg[i])
			TH_LOG("register %d", i);
	EXPECT_EQ(want->rip, got->out_rip);
	/* KVM shows its own resume flag, which comes and goes with what ended the run. */
	EXPECT_EQ(want->rflags & ~0x10000ull, got->out_ctrl.rflags & ~0x10000ull);
}

static void expect_seg(struct __test_metadata *_metadata, const char *name,
		       const struct kvm_segment *want,
		       const struct vmitap_seg *got)
{
	EXPECT_EQ(want->base, got->base)
		TH_LOG("base of %s", name);
	EXPECT_EQ(want->limit, got->limit)
		TH_LOG("limit of %s", name);
	EXPECT_EQ(want->selector, got->selector)
		TH_LOG("selector of %s", name);
}

static void expect_sregs(struct __test_metadata *_metadata,
			 const struct vmitap_regs *got,
			 const struct kvm_sregs *want)
{
	const struct vmitap_seg *seg = got->out_segs.seg;

	EXPECT_EQ(want->cr0, got->out_ctrl.cr0);
	EXPECT_EQ(want->cr2, got->out_ctrl.cr2);
	EXPECT_EQ(want->cr3, got->out_cr3);
	EXPECT_EQ(want->cr4, got->out_ctrl.cr4);
	EXPECT_EQ(want->efer, got->out_ctrl.efer);
	expect_seg(_metadata, "ES", &want->es, &seg[VMITAP_ES]);
	expect_seg(_metadata, "CS", &want->cs, &seg[VMITAP_CS]);
	expect_seg(_metadata, "SS", &want->ss, &seg[VMITAP_SS]);
	expect_seg(_metadata, "DS", &want->ds, &seg[VMITAP_DS]);
	expect_seg(_metadata, "FS", &want->fs, &seg[VMITAP_FS]);
	expect_seg(_metadata, "GS", &want->gs, &seg[VMITAP_GS]);
	expect_seg(_metadata, "TR", &want->tr, &seg[VMITAP_TR]);
	EXPECT_EQ(want->gdt.base, seg[VMITAP_GDTR].base);
	EXPECT_EQ(want->gdt.limit, seg[VMITAP_GDTR].limit);
	EXPECT_EQ(want->idt.base, seg[VMITAP_IDTR].base);
	EXPECT_EQ(want->idt.limit, seg[VMITAP_IDTR].limit);
}

/* Compare with what KVM says of the vCPU, which must not run any more. */
static void expect_as_kvm(struct __test_metadata *_metadata,
			  const struct vmitap_regs *got,
			  const struct testvm_vcpu *vcpu, int cpl)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	ASSERT_EQ(0, ioctl(vcpu->fd, KVM_GET_REGS, &regs));
	ASSERT_EQ(0, ioctl(vcpu->fd, KVM_GET_SREGS, &sregs));
	expect_gprs(_metadata, got, &regs);
	expect_sregs(_metadata, got, &sregs);
	EXPECT_EQ(TESTVM_STAR, got->out_star);
	EXPECT_EQ(TESTVM_CODE, got->out_lstar);
	EXPECT_EQ(TESTVM_CODE, got->out_cstar);
	EXPECT_EQ(0x47700, got->out_sfmask);
	EXPECT_EQ(0x12345000, got->out_kernel_gs_base);
	EXPECT_EQ(0x10, got->out_sysenter_cs);
	EXPECT_EQ(0x7000, got->out_sysenter_esp);
	EXPECT_EQ(0x8000, got->out_sysenter_eip);
	EXPECT_EQ(cpl, got->out_cpl);
	EXPECT_EQ(VMITAP_MODE_LONG64, got->out_mode);
	EXPECT_EQ(0, got->out_nested);
}

static void prepare(struct testvm_vcpu *vcpu, const char *start, const char *end,
		    enum testvm_mode mode)
{
	testvm_load(vcpu->vm, start, end);
	testvm_reset(vcpu, mode);
	testvm_interrupts_on(vcpu);
	testvm_set_syscall(vcpu, start, start, 0x47700);
	testvm_set_msr(vcpu, MSR_KERNEL_GS_BASE, 0x12345000);
	testvm_set_msr(vcpu, MSR_SYSENTER_CS, 0x10);
	testvm_set_msr(vcpu, MSR_SYSENTER_ESP, 0x7000);
	testvm_set_msr(vcpu, MSR_SYSENTER_EIP, 0x8000);
}

TEST_F(regs, of_a_vcpu_that_runs)
{
	struct vmitap_regs got;

	prepare(self->vcpu, spin, spin_end, TESTVM_LONG64_USER);
	self->fd = session_attach(self->vm, RING_BYTES);
	testvm_start(self->vm);
	EXPECT_TRUE(comes_true(spins(self->vm)));
	got = session_regs(self->fd, 0);
	testvm_stop(self->vm);
	expect_as_kvm(_metadata, &got, self->vcpu, 3);
}

/* The guest's own EFER, although the trap has another one in use. */
TEST_F(regs, with_traps_armed)
{
	struct vmitap_regs got;

	prepare(self->vcpu, spin, spin_end, TESTVM_LONG64_USER);
	self->fd = session_tap(self->vm, RING_BYTES, CLASS(SYSCALL) | CLASS(CR3), 0);
	testvm_start(self->vm);
	EXPECT_TRUE(comes_true(spins(self->vm)));
	got = session_regs(self->fd, 0);
	testvm_stop(self->vm);
	EXPECT_EQ(1, got.out_ctrl.efer & 1);
	expect_as_kvm(_metadata, &got, self->vcpu, 3);
}

TEST_F(regs, of_a_vcpu_that_sleeps)
{
	struct vmitap_regs got;

	prepare(self->vcpu, halt, halt_end, TESTVM_LONG64);
	self->fd = session_attach(self->vm, RING_BYTES);
	testvm_start(self->vm);
	EXPECT_TRUE(comes_true(session_regs(self->fd, 0).out_rip == TESTVM_CODE + 2));
	got = session_regs(self->fd, 0);
	testvm_stop(self->vm);
	expect_as_kvm(_metadata, &got, self->vcpu, 0);
}

TEST_F(regs, of_a_vcpu_that_never_ran)
{
	struct vmitap_regs got;

	prepare(self->vcpu, spin, spin_end, TESTVM_LONG64);
	self->fd = session_attach(self->vm, RING_BYTES);
	got = session_regs(self->fd, 0);
	expect_as_kvm(_metadata, &got, self->vcpu, 0);
}

TEST_F(regs, of_a_paused_vcpu)
{
	struct vmitap_regs got;

	prepare(self->vcpu, spin, spin_end, TESTVM_LONG64_USER);
	self->fd = session_attach(self->vm, RING_BYTES);
	testvm_start(self->vm);
	EXPECT_TRUE(comes_true(spins(self->vm)));
	session_pause(self->fd, true);
	got = session_regs(self->fd, 0);
	testvm_stop(self->vm);
	expect_as_kvm(_metadata, &got, self->vcpu, 3);
}

TEST_F(regs, of_no_vcpu)
{
	struct vmitap_regs regs = { .size = sizeof(regs), .vcpu_id = 7 };

	self->fd = session_attach(self->vm, RING_BYTES);
	EXPECT_EQ(-ENOENT, __vmitap_ioctl(self->fd, VMITAP_IOC_REGS, &regs));
	regs.vcpu_id = 0;
	regs.flags = 1;
	EXPECT_EQ(-EOPNOTSUPP, __vmitap_ioctl(self->fd, VMITAP_IOC_REGS, &regs));
}

/**
 * struct asker - asks for registers without end
 * @fd: session
 * @stop: no more
 * @answers: times that it got some
 * @wrong: an error that there must not be, or 0
 */
struct asker {
	int fd;
	atomic_bool stop;
	unsigned long answers;
	int wrong;
};

static void *ask_for_regs(void *data)
{
	struct asker *asker = data;
	__u32 i;

	for (i = 0; !atomic_load(&asker->stop); i++) {
		struct vmitap_regs regs = { .size = sizeof(regs), .vcpu_id = i % 4 };
		int ret = __vmitap_ioctl(asker->fd, VMITAP_IOC_REGS, &regs);

		if (!ret)
			asker->answers++;
		else if (ret != -ENOENT && ret != -EPIPE && ret != -EBUSY)
			asker->wrong = ret;
	}
	return NULL;
}

/*
 * While KVM makes a vCPU, or destroys it with its VM, it loads it without a lock that
 * would keep others from doing so.
 */
TEST_F_TIMEOUT(regs, of_vcpus_that_come_and_go, 120)
{
	struct asker asker = { 0 };
	double start = now();
	pthread_t threads[3];
	size_t j;
	int i;

	/* A kernel that checks itself takes seconds for each. */
	for (i = 0; i < 100 && now() - start < 60; i++) {
		struct testvm *vm = testvm_create(true);

		asker.fd = session_tap(vm, RING_BYTES, VMITAP_CLASSES_EXIT, 0);
		atomic_store(&asker.stop, false);
		for (j = 0; j < 3; j++)
			ASSERT_EQ(0, pthread_create(&threads[j], NULL, ask_for_regs, &asker));
		for (j = 0; j < 4; j++)
			testvm_add_vcpu(vm);
		usleep(1000);
		testvm_destroy(vm);
		atomic_store(&asker.stop, true);
		for (j = 0; j < 3; j++)
			pthread_join(threads[j], NULL);
		close(asker.fd);
	}
	EXPECT_EQ(0, asker.wrong);
	EXPECT_LT(0, asker.answers);
}

/* RBX has the address of a counter. */
GUEST_CODE(count, 64,
	   "1: incq (%rbx)\n"
	   "mov $1000, %ecx\n"
	   "2: dec %ecx\n"
	   "jnz 2b\n"
	   "jmp 1b\n");

#define NR_VCPUS	2

FIXTURE(pause)
{
	struct testvm *vm;
	int fd;
};

FIXTURE_SETUP(pause)
{
	struct testvm_vcpu *vcpu;
	int i;

	self->vm = NULL;
	REQUIRE_TAP(return);
	self->vm = testvm_create(false);
	TESTVM_LOAD(self->vm, count);
	for (i = 0; i < NR_VCPUS; i++) {
		vcpu = testvm_add_vcpu(self->vm);
		testvm_reset(vcpu, TESTVM_LONG64);
		testvm_interrupts_on(vcpu);
		testvm_set_gpr(vcpu, 'b', TESTVM_DATA + i * 0x100);
	}
	self->fd = session_attach(self->vm, RING_BYTES);
	testvm_start(self->vm);
}

FIXTURE_TEARDOWN(pause)
{
	if (!self->vm)
		return;
	if (self->fd >= 0)
		close(self->fd);
	testvm_destroy(self->vm);
}

static __u64 counter(const struct testvm *vm, int vcpu)
{
	const __u64 *at = (const __u64 *)(vm->mem + TESTVM_DATA + vcpu * 0x100);

	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* Both count. */
static bool runs(const struct testvm *vm)
{
	__u64 first = counter(vm, 0), second = counter(vm, 1);

	return comes_true(counter(vm, 0) != first && counter(vm, 1) != second);
}

/* Neither counts at all. */
static bool stands(const struct testvm *vm)
{
	__u64 first = counter(vm, 0), second = counter(vm, 1);

	usleep(200000);
	return counter(vm, 0) == first && counter(vm, 1) == second;
}

TEST_F(pause, and_resume)
{
	int i;

	EXPECT_TRUE(runs(self->vm));
	for (i = 0; i < 5; i++) {
		session_pause(self->fd, true);
		EXPECT_TRUE(stands(self->vm));
		session_pause(self->fd, false);
		EXPECT_TRUE(runs(self->vm));
	}
}

TEST_F(pause, twice_is_once)
{
	session_pause(self->fd, true);
	session_pause(self->fd, true);
	EXPECT_TRUE(stands(self->vm));
	session_pause(self->fd, false);
	EXPECT_TRUE(runs(self->vm));
	session_pause(self->fd, false);
	EXPECT_TRUE(runs(self->vm));
}

TEST_F(pause, by_two_sessions)
{
	int fd = session_attach(self->vm, RING_BYTES);

	session_pause(self->fd, true);
	session_pause(fd, true);
	session_pause(self->fd, false);
	EXPECT_TRUE(stands(self->vm));
	close(fd);
	EXPECT_TRUE(runs(self->vm));
}

TEST_F(pause, ends_with_the_session)
{
	session_pause(self->fd, true);
	EXPECT_TRUE(stands(self->vm));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(runs(self->vm));
}

/* A signal brings the threads back to the VMM; the pause goes on. */
TEST_F(pause, vmm_gets_its_threads)
{
	session_pause(self->fd, true);
	testvm_stop(self->vm);
	testvm_start(self->vm);
	EXPECT_TRUE(stands(self->vm));
	testvm_stop(self->vm);
	session_pause(self->fd, false);
	testvm_start(self->vm);
	EXPECT_TRUE(runs(self->vm));
}

/* vCPUs that are not running when it begins, and one that is made in between. */
TEST_F(pause, before_it_runs)
{
	struct testvm_vcpu *vcpu;

	testvm_stop(self->vm);
	session_pause(self->fd, true);
	vcpu = testvm_add_vcpu(self->vm);
	testvm_reset(vcpu, TESTVM_LONG64);
	testvm_interrupts_on(vcpu);
	testvm_set_gpr(vcpu, 'b', TESTVM_DATA + 0x200);
	testvm_start(self->vm);
	EXPECT_TRUE(stands(self->vm));
	EXPECT_EQ(0, counter(self->vm, 2));
	session_pause(self->fd, false);
	EXPECT_TRUE(runs(self->vm));
	EXPECT_TRUE(comes_true(counter(self->vm, 2)));
}

TEST_F(pause, of_a_vm_that_ends)
{
	session_pause(self->fd, true);
	testvm_destroy(self->vm);
	self->vm = NULL;
	close(self->fd);
}

TEST_F(pause, wrong_values)
{
	struct vmitap_pause pause = { .size = sizeof(pause), .pause = 2 };

	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_PAUSE, &pause));
	pause.pause = 0;
	pause.flags = 1;
	EXPECT_EQ(-EOPNOTSUPP, __vmitap_ioctl(self->fd, VMITAP_IOC_PAUSE, &pause));
	pause.flags = 0;
	pause.__reserved = 1;
	EXPECT_EQ(-EINVAL, __vmitap_ioctl(self->fd, VMITAP_IOC_PAUSE, &pause));
}

TEST_HARNESS_MAIN
