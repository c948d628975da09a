// SPDX-License-Identifier: GPL-2.0-only
/*
 * fetch_test.c - trapped system calls whose instruction cannot be read at the exit
 *
 * The guest has fetched it by a translation that the processor kept, and its page tables
 * lead elsewhere by then: nowhere, or to memory that the VMM does not have yet.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "lib/late.h"
#include "lib/module.h"
#include "lib/twice.h"

/*
 * All code runs at CPL 0 by a second mapping of the first 2 MiB, from 0x40000000 on, whose
 * page directory is at 0x50000; it changes that under its own feet.
 */
#define ALIASED(change)							\
	"movq $0xe7, 0x50000\n"						\
	"movq $0x50007, 0x2008\n"					\
	"mov %cr3, %rax\n"						\
	"mov %rax, %cr3\n"						\
	"lea 1f(%rip), %rax\n"						\
	"add $0x40000000, %rax\n"					\
	"jmp *%rax\n"							\
	"1: movq $" #change ", 0x50000\n"

TAPPED_FIXTURE(fetch)

GUEST_CODE(gone, 64,
	   ALIASED(0)
	   "syscall\n"
	   "out %al, $0xf4\n"
	   "gone_entry: .globl gone_entry\n"
	   "mov %rcx, 0x40000\n"
	   "out %al, $0xf4\n"
	   "gone_fault: .globl gone_fault\n"
	   "incq 0x40008\n"
	   "out %al, $0xf4\n"
	   "gone_page_fault: .globl gone_page_fault\n"
	   "incq 0x40010\n"
	   "movq $0xe7, 0x50000\n"
	   "add $8, %rsp\n"
	   "iretq\n");
extern const char gone_entry[], gone_fault[], gone_page_fault[];

/* Untapped it is a system call, or a page fault first; never is it undefined. */
TEST_F(fetch, mapping_that_is_gone)
{
	static const struct guest_code code = {
		.start = gone, .end = gone_end, .entry = gone_entry,
		.fault = gone_fault, .mode = TESTVM_LONG64,
	};
	struct state state;
	int i;

	testvm_set_gate(self->t.vm, 14, gone, gone_page_fault);
	tapped_attach(&self->t, RING_BYTES, CLASS(SYSCALL), 0);
	/* More often than an instruction that cannot be read at all is fetched. */
	for (i = 0; i < 40; i++) {
		run_guest(&self->t, &code, &state);
		EXPECT_EQ(0x40000000, left(&state, 0) & ~0xfffffffull);
		EXPECT_EQ(0, left(&state, 1));
		EXPECT_GE(1, left(&state, 2));
		ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSCALL);
		EXPECT_EQ(NULL, ring_next(&self->t.ring));
	}
}

GUEST_CODE(moved, 64,
	   ALIASED(0x4000e7)
	   "syscall\n"
	   "moved_entry: .globl moved_entry\n"
	   "mov %rcx, 0x40000\n"
	   "out %al, $0xf4\n");
extern const char moved_entry[];

/* Begin a system call whose page the VMM does not have; on return it is waited for. */
static void begin_late_call(struct tapped *t, struct late *late, pthread_t *thread)
{
	TESTVM_LOAD(t->vm, moved);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_set_syscall(t->vcpu, moved, moved_entry, 0);
	tapped_attach(t, RING_BYTES, CLASS(SYSCALL), 0);
	late_run(late, t->vcpu, LATE + TESTVM_CODE, thread);
}

/* Nobody has asked for it again; now it comes, and the call is done. */
static void end_late_call(struct __test_metadata *_metadata, struct tapped *t,
			  struct late *late, pthread_t thread)
{
	EXPECT_EQ(0, late_wanted(late, 1));
	late_give(late, LATE + TESTVM_CODE, t->vm->mem + TESTVM_CODE);
	pthread_join(thread, NULL);
	EXPECT_EQ(0x40000000 + TESTVM_CODE + (moved_entry - moved),
		  *(__u64 *)(t->vm->mem + TESTVM_DATA));
}

/* A VMM that does not give its memory keeps nobody but itself from anything. */
TEST_F(fetch, mapping_that_is_waited_for)
{
	struct late late;
	pthread_t thread;
	double start;

	if (!late_add(&late, self->t.vm))
		SKIP(return, "the kernel has no userfaultfd");
	begin_late_call(&self->t, &late, &thread);
	start = now();
	ring_unmap(&self->t.ring);
	close(self->t.fd);
	self->t.fd = session_tap(self->t.vm, RING_BYTES, CLASS(SYSCALL), 0);
	ring_map(&self->t.ring, self->t.fd, 0);
	EXPECT_GT(limit(10), now() - start);
	end_late_call(_metadata, &self->t, &late, thread);
	late_end(&late);
}

/* Nor does it keep rmmod, which is told that the module is in use. */
TEST_F(fetch, module_that_is_waited_for)
{
	struct late late;
	pthread_t thread;

	if (!late_add(&late, self->t.vm))
		SKIP(return, "the kernel has no userfaultfd");
	begin_late_call(&self->t, &late, &thread);
	ring_unmap(&self->t.ring);
	close(self->t.fd);
	self->t.fd = -1;
	ASSERT_EQ(1, module_users());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	end_late_call(_metadata, &self->t, &late, thread);
	EXPECT_TRUE(comes_true(!module_users()));
	late_end(&late);
}

GUEST_CODE(switching, 64,
	   "1:\n"
	   "mov %cr3, %rax\n"
	   "mov %rax, %cr3\n"
	   "incq 0x40000\n"
	   "jmp 1b\n");

static bool gets_on(const struct testvm *vm)
{
	const __u64 *count = (const __u64 *)(vm->mem + TESTVM_DATA);
	__u64 before = __atomic_load_n(count, __ATOMIC_RELAXED);

	return comes_true(__atomic_load_n(count, __ATOMIC_RELAXED) > before + 10);
}

/*
 * KVM looks at the page that the VMM has for the APIC between an exit and its handler.  That
 * the exit is not finished meanwhile is nobody's business but that VMM's.
 */
TEST_F(fetch, apic_page_that_is_waited_for)
{
	static const char page[LATE_PAGE];
	struct kvm_vapic_addr apic = { .vapic_addr = LATE };
	struct tapped other = { .fd = -1 };
	struct testvm *vm;
	struct late late;
	double start;

	vm = testvm_create(true);
	testvm_add_vcpu(vm);
	if (!late_add(&late, vm))
		SKIP(return, "the kernel has no userfaultfd");
	late_give(&late, LATE, page);
	TESTVM_LOAD(vm, switching);
	testvm_reset(&vm->vcpus[0], TESTVM_LONG64);
	testvm_interrupts_on(&vm->vcpus[0]);
	CHECK(!ioctl(vm->vcpus[0].fd, KVM_SET_VAPIC_ADDR, &apic), "KVM_SET_VAPIC_ADDR");
	/* There is to be one VM in this process while it is attached to. */
	testvm_destroy(self->t.vm);
	self->t.vm = vm;
	self->t.fd = session_tap(vm, RING_BYTES, CLASS(CR3), 0);
	ring_map(&self->t.ring, self->t.fd, 0);
	testvm_start(vm);
	EXPECT_TRUE(gets_on(vm));
	CHECK(!madvise(late.mem, LATE_PAGE, MADV_DONTNEED), "madvise");
	ASSERT_EQ(LATE, late_wanted(&late, limit(IN_TIME)));

	start = now();
	ring_unmap(&self->t.ring);
	close(self->t.fd);
	self->t.fd = session_tap(vm, RING_BYTES, CLASS(CPUID), 0);
	close(self->t.fd);
	self->t.fd = -1;
	tapped_create(&other, false);
	testvm_destroy(other.vm);
	EXPECT_GT(limit(10), now() - start);
	EXPECT_EQ(0, late_wanted(&late, 1));

	late_give(&late, LATE, page);
	EXPECT_TRUE(gets_on(vm));
	EXPECT_TRUE(comes_true(!module_users()));
	testvm_stop(vm);
	late_end(&late);
}

/* The last instruction of a page, and the next page is not there. */
GUEST_CODE(border, 64,
	   "mov $0x400ffe, %eax\n"
	   "jmp *%rax\n"
	   "border_fault: .globl border_fault\n"
	   "out %al, $0xf4\n");
extern const char border_fault[];

TEST_F(fetch, no_more_than_the_instruction)
{
	char page[LATE_PAGE] = { [LATE_PAGE - 2] = 0x0f, [LATE_PAGE - 1] = 0x0b };	/* UD2 */
	struct testvm *vm = self->t.vm;
	struct late late;

	if (!late_add(&late, vm))
		SKIP(return, "the kernel has no userfaultfd");
	late_give(&late, LATE, page);
	TESTVM_LOAD(vm, border);
	testvm_set_gate(vm, 6, border, border_fault);
	testvm_reset(self->t.vcpu, TESTVM_LONG64);
	tapped_attach(&self->t, RING_BYTES, CLASS(SYSCALL), 0);
	testvm_run(self->t.vcpu);
	EXPECT_EQ(0, late_wanted(&late, 1));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	late_end(&late);
}

TEST_HARNESS_MAIN
