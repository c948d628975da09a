// SPDX-License-Identifier: GPL-2.0-only
/*
 * nested_test.c - a tapped guest that runs a guest of its own: records say whose state
 * they have, traps are those of the outer guest, and neither can tell
 */
#include "lib/nested.h"
#include "lib/twice.h"

FIXTURE(nested)
{
	struct tapped t;
};

FIXTURE_SETUP(nested)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	if (!nested_available())
		SKIP(return, "KVM was told not to let guests have guests");
	tapped_create(&self->t, false);
}

FIXTURE_TEARDOWN(nested)
{
	tapped_end(&self->t);
}

/* What traps are for, besides what exits to the outer guest. */
GUEST_CODE(inner, 64,
	   "inner_cpuid: .globl inner_cpuid\n"
	   "cpuid\n"
	   "mov $0xa000, %eax\n"
	   "mov %rax, %cr3\n"
	   "mov $0x9000, %eax\n"
	   "mov %rax, %cr3\n"
	   "syscall\n"
	   "mov %cr3, %r8\n"
	   "mov $0x54494d56, %eax\n"
	   "xor %ebx, %ebx\n"
	   "vmmcall\n"
	   "inner_cpuid_again: .globl inner_cpuid_again\n"
	   "cpuid\n"
	   "hlt\n"
	   "jmp inner\n"
	   "inner_entry: .globl inner_entry\n"
	   "incq 0x40020\n"
	   "jmp *%rcx\n");
extern const char inner_cpuid[], inner_cpuid_again[], inner_entry[];

/* Interrupts are on, see testvm_interrupts_on(). */
GUEST_CODE(inner_spin, 64, "1: jmp 1b\n");

static void prepare_inner(struct testvm_vcpu *vcpu)
{
	nested_prepare(vcpu, inner, inner_end);
	nested_set_syscall(vcpu, inner_entry - inner);
}

static const struct guest_code code_inner = { .prepare = prepare_inner };

static void expect_inner(struct __test_metadata *_metadata, const struct state *state)
{
	EXPECT_EQ(4, left(state, NESTED_EXITS));
	EXPECT_EQ(vendor_is_intel() ? 12 : 0x78, left(state, NESTED_REASON));
	EXPECT_EQ(0, left(state, NESTED_FAILED));
	EXPECT_EQ(1, left(state, NESTED_FREE));
	EXPECT_EQ(NESTED_ROOT, state->regs.r8);
	EXPECT_EQ(OUTER_ROOT, state->sregs.cr3);
}

static void expect_cpuid(struct __test_metadata *_metadata, struct ring *ring,
			 const char *label)
{
	const struct vmitap_exit *exit = ring_expect_exit(ring, VMITAP_CLASS_CPUID);
	const struct vmitap_insn *insn = exit_section(exit, VMITAP_FIELD_INSN);
	const struct vmitap_ctrl *ctrl = exit_section(exit, VMITAP_FIELD_CTRL);

	EXPECT_EQ(VENDOR_CPUID, vendor_exit(exit));
	EXPECT_EQ(VMITAP_RECORD_NESTED, exit->record.flags & VMITAP_RECORD_NESTED);
	EXPECT_EQ(NESTED_CODE + (label - inner), exit->rip);
	EXPECT_EQ(NESTED_ROOT, exit->cr3);
	EXPECT_EQ(VMITAP_MODE_LONG64, exit->mode);
	EXPECT_EQ(0, exit->cpl);
	EXPECT_EQ(0x202, ctrl->rflags & ~0x8d5ull);
	EXPECT_EQ(0, insn->len);
}

TEST_F(nested, records)
{
	const __u64 classes = CLASS(CPUID) | CLASS(NESTED);
	struct tapped *t = &self->t;
	const struct vmitap_exit *exit;
	struct state state;
	int entries = 0;

	tapped_attach(t, RING_BYTES, classes, VMITAP_FIELD_INSN | VMITAP_FIELD_CTRL);
	run_guest(t, &code_inner, &state);
	expect_inner(_metadata, &state);
	expect_cpuid(_metadata, &t->ring, inner_cpuid);
	expect_cpuid(_metadata, &t->ring, inner_cpuid_again);
	EXPECT_EQ(NULL, ring_next_exit(&t->ring, VMITAP_CLASS_CPUID));

	/* Once more, for the entries: they are the outer guest's. */
	ring_drain(&t->ring);
	run_guest(t, &code_inner, &state);
	while ((exit = ring_next_exit(&t->ring, VMITAP_CLASS_NESTED))) {
		if (exit->record.flags & VMITAP_RECORD_NESTED)
			continue;
		EXPECT_LE(TESTVM_CODE, exit->rip);
		EXPECT_GT(TESTVM_CODE + 0x1000, exit->rip);
		entries++;
	}
	EXPECT_LE(3, entries);
}

/* A trap is the outer guest's, which writes CR3 once. */
TEST_F(nested, traps)
{
	const struct vmitap_cr3_write *rec;
	struct state state;

	run_twice(_metadata, &self->t, &code_inner,
		  CLASS(CR3) | CLASS(SYSCALL) | CLASS(MESSAGE), &state);
	expect_inner(_metadata, &state);
	rec = ring_expect_type(&self->t.ring, VMITAP_RECORD_CR3);
	EXPECT_EQ(TESTVM_ROOT_A, rec->old_cr3);
	EXPECT_EQ(OUTER_ROOT, rec->new_cr3);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* Everything, for it to be the same as without. */
TEST_F(nested, all_classes)
{
	struct state state;

	run_twice(_metadata, &self->t, &code_inner, VMITAP_CLASSES_ALL, &state);
	expect_inner(_metadata, &state);
	EXPECT_LT(0, ring_drain(&self->t.ring));
}

static void expect_nested(struct __test_metadata *_metadata, int fd)
{
	struct vmitap_regs regs = session_regs(fd, 0);

	EXPECT_EQ(1, regs.out_nested);
	EXPECT_EQ(NESTED_CODE, regs.out_rip);
	EXPECT_EQ(NESTED_ROOT, regs.out_cr3);
	EXPECT_EQ(VMITAP_MODE_LONG64, regs.out_mode);
}

/* Sessions come, look and go while the nested guest runs. */
TEST_F(nested, sessions_that_come_while_it_runs)
{
	struct tapped *t = &self->t;
	const struct vmitap_exit *exit;
	int i, fd = session_open();

	nested_prepare(t->vcpu, inner_spin, inner_spin_end);
	testvm_start(t->vm);
	ASSERT_TRUE(comes_true(session_vm(fd).state == VMITAP_VM_NESTED));
	close(fd);
	for (i = 0; i < 5; i++) {
		tapped_attach(t, RING_BYTES, VMITAP_CLASSES_ALL, 0);
		EXPECT_EQ(VMITAP_VM_NESTED, session_vm(t->fd).state);
		expect_nested(_metadata, t->fd);
		session_pause(t->fd, true);
		expect_nested(_metadata, t->fd);
		session_pause(t->fd, false);
		ASSERT_TRUE(comes_true((exit = ring_next_exit(&t->ring,
							      VMITAP_CLASS_INTERRUPT))));
		EXPECT_EQ(VMITAP_RECORD_NESTED, exit->record.flags & VMITAP_RECORD_NESTED);
		EXPECT_EQ(NESTED_ROOT, exit->cr3);
		ring_unmap(&t->ring);
		close(t->fd);
		t->fd = -1;
	}
	testvm_stop(t->vm);
}

/* Does it come and go, some times more? */
static bool gets_on(const struct testvm *vm)
{
	const __u64 *exits = (const __u64 *)(vm->mem + TESTVM_DATA) + NESTED_EXITS;
	__u64 before = __atomic_load_n(exits, __ATOMIC_RELAXED);

	return comes_true(__atomic_load_n(exits, __ATOMIC_RELAXED) > before + 10);
}

/* Entered and left again and again, while traps are armed and disarmed. */
TEST_F(nested, sessions_that_come_while_it_comes_and_goes)
{
	static const __u64 classes[] = {
		CLASS(CR3), CLASS(SYSCALL), CLASS(CPUID), VMITAP_CLASSES_ALL,
	};
	struct tapped *t = &self->t;
	const __u64 *notes = (const __u64 *)(t->vm->mem + TESTVM_DATA);
	int i;

	prepare_inner(t->vcpu);
	testvm_start(t->vm);
	for (i = 0; i < 20; i++) {
		tapped_attach(t, RING_BYTES, classes[i % 4], 0);
		EXPECT_TRUE(gets_on(t->vm));
		session_pause(t->fd, i % 2);
		session_regs(t->fd, 0);
		ring_drain(&t->ring);
		ring_unmap(&t->ring);
		close(t->fd);
		t->fd = -1;
		EXPECT_TRUE(gets_on(t->vm));
	}
	testvm_stop(t->vm);
	EXPECT_EQ(0, notes[NESTED_FAILED]);
}

TEST_HARNESS_MAIN
