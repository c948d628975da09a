// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall_test.c - traps of system calls: what their records say, and that the guest
 * cannot tell
 */
#include "lib/twice.h"

TAPPED_FIXTURE(syscall)

/* From CPL 3 into the handler, which notes what it finds, and back. */
GUEST_CODE(call, 64,
	   "stc\n"
	   "std\n"
	   "call_insn: .globl call_insn\n"
	   "syscall\n"
	   "call_next: .globl call_next\n"
	   "mov %ss, %r9d\n"
	   "mov %cs, %r10d\n"
	   "pushfq\n"
	   "pop %r12\n"
	   "out %al, $0xf4\n"
	   "call_entry: .globl call_entry\n"
	   "mov %rcx, 0x40000\n"
	   "mov %r11, 0x40008\n"
	   "mov %rsp, 0x40010\n"
	   "pushfq\n"
	   "pop %r13\n"
	   "mov %r13, 0x40018\n"
	   "mov %cs, %r13d\n"
	   "mov %r13, 0x40020\n"
	   "mov %ss, %r13d\n"
	   "mov %r13, 0x40028\n"
	   "mov %rax, 0x40030\n"
	   "mov $-38, %rax\n"
	   "sysretq\n");
extern const char call_insn[], call_next[], call_entry[];

static const struct guest_code code_call = {
	.start = call, .end = call_end, .entry = call_entry,
	.mode = TESTVM_LONG64_USER, .sfmask = 0x401,
};

TEST_F(syscall, syscall_as_hardware_does_it)
{
	__u64 next = TESTVM_CODE + (call_next - call);
	struct state state;

	run_twice(_metadata, &self->t, &code_call, CLASS(SYSCALL), &state);
	EXPECT_EQ(next, left(&state, 0));
	/* IOPL 3, direction, carry, and what is always set. */
	EXPECT_EQ(0x3403, left(&state, 1));
	EXPECT_EQ(TESTVM_STACK + 0xff0, left(&state, 2));
	EXPECT_EQ(0x3002, left(&state, 3));
	EXPECT_EQ(TESTVM_CS64, left(&state, 4));
	EXPECT_EQ(TESTVM_SS, left(&state, 5));
	EXPECT_EQ(testvm_reg(0), left(&state, 6));
	EXPECT_EQ(TESTVM_SS_USER, state.regs.r9);
	EXPECT_EQ(TESTVM_CS64_USER, state.regs.r10);
	EXPECT_EQ(0x3403, state.regs.r12);
	EXPECT_EQ(-38, (long)state.regs.rax);
	EXPECT_EQ(3, state.sregs.cs.dpl);
	EXPECT_EQ(3, state.sregs.ss.dpl);
}

TEST_F(syscall, syscall_records)
{
	static const int args[] = { 7, 6, 2, 10, 8, 9 };
	struct tapped *t = &self->t;
	const struct vmitap_syscall *enter;
	const struct vmitap_sysret *ret;
	struct state state;
	int i;

	run_twice(_metadata, t, &code_call, CLASS(SYSCALL), &state);
	enter = ring_expect_type(&t->ring, VMITAP_RECORD_SYSCALL);
	EXPECT_EQ(testvm_rip(t->vcpu, call, call_insn), enter->rip);
	EXPECT_EQ(TESTVM_ROOT_A, enter->cr3);
	EXPECT_EQ(TESTVM_STACK + 0xff0, enter->rsp);
	EXPECT_EQ(testvm_reg(0), enter->nr);
	EXPECT_EQ(VMITAP_MODE_LONG64, enter->mode);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(testvm_reg(args[i]), enter->args[i]);
	ret = ring_expect_type(&t->ring, VMITAP_RECORD_SYSRET);
	EXPECT_EQ(testvm_rip(t->vcpu, call, call_next), ret->rip);
	EXPECT_EQ(TESTVM_ROOT_A, ret->cr3);
	EXPECT_EQ(TESTVM_STACK + 0xff0, ret->rsp);
	EXPECT_EQ(-38, (long)ret->result);
	EXPECT_EQ(VMITAP_MODE_LONG64, ret->mode);
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

TEST_F(syscall, syscall_exits_seen_by_others)
{
	struct state state;
	struct ring ring;
	int fd;

	fd = session_tap(self->t.vm, RING_BYTES, CLASS(EXCEPTION), 0);
	ring_map(&ring, fd, 0);
	run_twice(_metadata, &self->t, &code_call, CLASS(SYSCALL), &state);
	EXPECT_EQ(2, count_exits(_metadata, &ring, VMITAP_CLASS_EXCEPTION,
				 VENDOR_UNDEFINED, VMITAP_RECORD_TRAP));
	ring_unmap(&ring);
	close(fd);
}

/* A prefix belongs to the instruction: the return is behind it all. */
GUEST_CODE(prefixed, 64,
	   ".byte 0x48\n"
	   "syscall\n"
	   "prefixed_next: .globl prefixed_next\n"
	   "out %al, $0xf4\n"
	   "prefixed_entry: .globl prefixed_entry\n"
	   "mov %rcx, 0x40000\n"
	   "sysretq\n");
extern const char prefixed_next[], prefixed_entry[];

TEST_F(syscall, syscall_with_a_prefix)
{
	static const struct guest_code code = {
		.start = prefixed, .end = prefixed_end, .entry = prefixed_entry,
		.mode = TESTVM_LONG64_USER,
	};
	const struct vmitap_syscall *enter;
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(TESTVM_CODE + 3, left(&state, 0));
	enter = ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSCALL);
	EXPECT_EQ(TESTVM_CODE, enter->rip);
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSRET);
}

/* A REX prefix that is not the last prefix is none. */
GUEST_CODE(disordered, 64,
	   ".byte 0x48, 0x66, 0x0f, 0x05\n"
	   "out %al, $0xf4\n"
	   "disordered_entry: .globl disordered_entry\n"
	   "mov %rcx, 0x40000\n"
	   "incq 0x40008\n"
	   ".byte 0x40, 0x66, 0x48, 0x0f, 0x07\n");
extern const char disordered_entry[];

TEST_F(syscall, syscall_with_prefixes_in_any_order)
{
	static const struct guest_code code = {
		.start = disordered, .end = disordered_end,
		.entry = disordered_entry, .mode = TESTVM_LONG64_USER,
	};
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(TESTVM_CODE + 4, left(&state, 0));
	EXPECT_EQ(1, left(&state, 1));
	EXPECT_EQ(3, state.sregs.cs.dpl);
	EXPECT_EQ(1, state.sregs.cs.l);
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSCALL);
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSRET);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* From compatibility mode, by CSTAR, and back by a SYSRET of 32 bits. */
GUEST_CODE(call32, 32,
	   "call32_insn: .globl call32_insn\n"
	   "syscall\n"
	   "call32_next: .globl call32_next\n"
	   "mov %ss, %edx\n"
	   "mov %cs, %esi\n"
	   "out %al, $0xf4\n"
	   ".code64\n"
	   "call32_entry: .globl call32_entry\n"
	   "mov %rcx, 0x40000\n"
	   "mov %r11, 0x40008\n"
	   "mov $0x1111222233334444, %rax\n"
	   "sysretl\n");
extern const char call32_insn[], call32_next[], call32_entry[];

/* On Intel it is undefined. */
GUEST_CODE(undefined32, 32,
	   "syscall\n"
	   "out %al, $0xf4\n"
	   ".code64\n"
	   "undefined32_entry: .globl undefined32_entry\n"
	   "incq 0x40000\n"
	   "sysretl\n"
	   "undefined32_fault: .globl undefined32_fault\n"
	   "incq 0x40008\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char undefined32_entry[], undefined32_fault[];

static void expect_undefined32(struct __test_metadata *_metadata, struct tapped *t)
{
	static const struct guest_code code = {
		.start = undefined32, .end = undefined32_end,
		.entry = undefined32_entry, .fault = undefined32_fault,
		.mode = TESTVM_COMPAT32,
	};
	struct state state;

	run_twice(_metadata, t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(0, left(&state, 0));
	EXPECT_EQ(1, left(&state, 1));
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

TEST_F(syscall, syscall_of_32_bits)
{
	static const struct guest_code code = {
		.start = call32, .end = call32_end, .entry = call32_entry,
		.mode = TESTVM_COMPAT32,
	};
	static const int args[] = { 3, 5, 2, 6, 7, 9 };
	struct tapped *t = &self->t;
	const struct vmitap_syscall *enter;
	const struct vmitap_sysret *ret;
	struct state state;
	int i;

	if (vendor_is_intel()) {
		expect_undefined32(_metadata, t);
		return;
	}
	run_twice(_metadata, t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(TESTVM_CODE + (call32_next - call32), left(&state, 0));
	EXPECT_EQ(0x13, (__u32)state.regs.rsi);
	EXPECT_EQ(0x1b, (__u32)state.regs.rdx);
	EXPECT_EQ(0, state.sregs.cs.l);
	EXPECT_EQ(1, state.sregs.cs.db);
	enter = ring_expect_type(&t->ring, VMITAP_RECORD_SYSCALL);
	EXPECT_EQ(VMITAP_MODE_COMPAT32, enter->mode);
	EXPECT_EQ(TESTVM_CODE, enter->rip);
	for (i = 0; i < 6; i++)
		EXPECT_EQ((__u32)testvm_reg(args[i]), (__u32)enter->args[i]);
	ret = ring_expect_type(&t->ring, VMITAP_RECORD_SYSRET);
	EXPECT_EQ(VMITAP_MODE_COMPAT32, ret->mode);
	EXPECT_EQ(TESTVM_CODE + (call32_next - call32), ret->rip);
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

/*
 * The guest reads EFER, switches system calls off, makes one, switches them on and
 * makes another; all at CPL 0, where its handlers go back by a jump.
 */
GUEST_CODE(efer, 64,
	   "mov $0xc0000080, %ecx\n"
	   "rdmsr\n"
	   "mov %rax, 0x40000\n"
	   "and $-2, %eax\n"
	   "wrmsr\n"
	   "rdmsr\n"
	   "mov %rax, 0x40008\n"
	   "efer_undefined: .globl efer_undefined\n"
	   "syscall\n"
	   "mov $0xc0000080, %ecx\n"
	   "rdmsr\n"
	   "or $1, %eax\n"
	   "wrmsr\n"
	   "rdmsr\n"
	   "mov %rax, 0x40010\n"
	   "efer_insn: .globl efer_insn\n"
	   "syscall\n"
	   "out %al, $0xf4\n"
	   "efer_entry: .globl efer_entry\n"
	   "incq 0x40018\n"
	   "jmp *%rcx\n"
	   "efer_fault: .globl efer_fault\n"
	   "incq 0x40020\n"
	   "mov (%rsp), %rbx\n"
	   "mov %rbx, 0x40028\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char efer_undefined[], efer_insn[], efer_entry[], efer_fault[];

TEST_F(syscall, efer_is_the_guests_own)
{
	static const struct guest_code code = {
		.start = efer, .end = efer_end, .entry = efer_entry,
		.fault = efer_fault, .mode = TESTVM_LONG64,
	};
	const struct vmitap_syscall *enter;
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(0x501, left(&state, 0) & 0xfff);
	EXPECT_EQ(0x500, left(&state, 1) & 0xfff);
	EXPECT_EQ(0x501, left(&state, 2) & 0xfff);
	/* One call, and one #UD where calls were off. */
	EXPECT_EQ(1, left(&state, 3));
	EXPECT_EQ(1, left(&state, 4));
	EXPECT_EQ(testvm_rip(self->t.vcpu, efer, efer_undefined),
		  left(&state, 5));
	enter = ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSCALL);
	EXPECT_EQ(testvm_rip(self->t.vcpu, efer, efer_insn), enter->rip);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* Opcodes that are undefined anyhow. */
GUEST_CODE(undefined, 64,
	   "ud2\n"
	   "undefined_second: .globl undefined_second\n"
	   "ud2\n"
	   "out %al, $0xf4\n"
	   "undefined_entry: .globl undefined_entry\n"
	   "incq 0x40000\n"
	   "jmp *%rcx\n"
	   "undefined_fault: .globl undefined_fault\n"
	   "incq 0x40008\n"
	   "mov (%rsp), %rbx\n"
	   "mov %rbx, 0x40010\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char undefined_second[], undefined_entry[], undefined_fault[];

TEST_F(syscall, undefined_opcodes_are_the_guests_own)
{
	static const struct guest_code code = {
		.start = undefined, .end = undefined_end,
		.entry = undefined_entry, .fault = undefined_fault,
		.mode = TESTVM_LONG64,
	};
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(0, left(&state, 0));
	EXPECT_EQ(2, left(&state, 1));
	EXPECT_EQ(testvm_rip(self->t.vcpu, undefined, undefined_second),
		  left(&state, 2));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/*
 * One vCPU executes an instruction that another makes a SYSCALL and UD2 in turn.  What was
 * fetched first may not be there any more when it is looked at; no call gets by for that.
 */
GUEST_CODE(changing, 64,
	   "test %eax, %eax\n"
	   "jz 2f\n"
	   "1:\n"
	   "movb $0x05, changing_insn + 1(%rip)\n"
	   "movb $0x0b, changing_insn + 1(%rip)\n"
	   "cmpq $1000, 0x40010\n"
	   "jb 1b\n"
	   "jmp 3f\n"
	   "2:\n"
	   "incq 0x40010\n"
	   "changing_insn: .globl changing_insn\n"
	   "ud2\n"
	   "cmpq $1000, 0x40010\n"
	   "jb 2b\n"
	   "3:\n"
	   "out %al, $0xf4\n"
	   "jmp 3b\n"
	   "changing_entry: .globl changing_entry\n"
	   "incq 0x40000\n"
	   "jmp *%rcx\n"
	   "changing_fault: .globl changing_fault\n"
	   "incq 0x40008\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char changing_insn[], changing_entry[], changing_fault[];

/*
 * Run @code on two vCPUs, of which the first, with 0 in RAX, executes what the other
 * changes.  Return: its system calls that were trapped, however full the ring is.
 */
static unsigned long run_both(struct tapped *t, const struct guest_code *code)
{
	struct testvm_vcpu *other = testvm_add_vcpu(t->vm);
	struct vmitap_stats stats;

	load_guest(t, code);
	testvm_reset(other, code->mode);
	testvm_set_gpr(t->vcpu, 'a', 0);
	testvm_interrupts_on(t->vcpu);
	testvm_interrupts_on(other);
	tapped_attach(t, RING_BYTES, CLASS(SYSCALL), 0);
	testvm_start(t->vm);
	testvm_wait_rounds(t->vm, 1);
	testvm_stop(t->vm);
	stats = session_stats(t->fd);
	return stats.out_events + stats.out_lost[VMITAP_LOST_FULL];
}

TEST_F(syscall, no_call_gets_by_that_is_changed_meanwhile)
{
	static const struct guest_code code = {
		.start = changing, .end = changing_end, .entry = changing_entry,
		.fault = changing_fault, .mode = TESTVM_LONG64,
	};
	const __u64 *notes = (const __u64 *)(self->t.vm->mem + TESTVM_DATA);
	unsigned long calls = run_both(&self->t, &code);

	EXPECT_EQ(notes[0], calls);
	EXPECT_LE(1000, notes[0] + notes[1]);
}

/*
 * One vCPU executes an instruction that another makes a SYSCALL and RDTSC in turn, as who
 * intercepts system calls does, with some executions between.  Neither is undefined.  They
 * differ in one byte, as emulators fetch one at a time.
 */
GUEST_CODE(rewritten, 64,
	   "jmp 1f\n"
	   "2:\n"
	   "rewritten_insn: .globl rewritten_insn\n"
	   "rdtsc\n"
	   "cmpq $0, 0x40010\n"
	   "jne 5f\n"
	   "4:\n"
	   "incq 0x40018\n"
	   "jmp 2b\n"
	   "1:\n"
	   "test %eax, %eax\n"
	   "jz 4b\n"
	   "mov $1000, %edx\n"
	   "6:\n"
	   "xorb $0x34, rewritten_insn + 1(%rip)\n"
	   "mov 0x40018, %rax\n"
	   "add $2, %rax\n"
	   "3: pause\n"
	   "cmp %rax, 0x40018\n"
	   "jb 3b\n"
	   "dec %edx\n"
	   "jnz 6b\n"
	   "incq 0x40010\n"
	   "5:\n"
	   "out %al, $0xf4\n"
	   "jmp 5b\n"
	   "rewritten_entry: .globl rewritten_entry\n"
	   "incq 0x40000\n"
	   "jmp *%rcx\n"
	   "rewritten_fault: .globl rewritten_fault\n"
	   "incq 0x40008\n"
	   "addq $2, (%rsp)\n"
	   "iretq\n");
extern const char rewritten_entry[], rewritten_fault[];

TEST_F(syscall, what_takes_its_place_is_not_undefined)
{
	static const struct guest_code code = {
		.start = rewritten, .end = rewritten_end, .entry = rewritten_entry,
		.fault = rewritten_fault, .mode = TESTVM_LONG64,
	};
	const __u64 *notes = (const __u64 *)(self->t.vm->mem + TESTVM_DATA);
	unsigned long calls = run_both(&self->t, &code);

	EXPECT_EQ(notes[0], calls);
	EXPECT_LT(0, notes[0]);
	EXPECT_EQ(0, notes[1]);
}

/*
 * With CR4.CET, SYSCALL may have more to do: it is the guest's own until the first exit
 * without.
 */
GUEST_CODE(cet, 64,
	   "syscall\n"
	   "mov %cr0, %rax\n"
	   "or $0x10000, %eax\n"
	   "mov %rax, %cr0\n"
	   "mov %cr4, %rax\n"
	   "or $0x800000, %eax\n"
	   "mov %rax, %cr4\n"
	   "syscall\n"
	   "syscall\n"
	   "mov %cr4, %rax\n"
	   "mov %rax, 0x40008\n"
	   "and $~0x800000, %eax\n"
	   "mov %rax, %cr4\n"
	   "cpuid\n"
	   "syscall\n"
	   "out %al, $0xf4\n"
	   "cet_entry: .globl cet_entry\n"
	   "incq 0x40000\n"
	   "jmp *%rcx\n"
	   "cet_fault: .globl cet_fault\n"
	   "movq $-1, 0x40000\n"
	   "out %al, $0xf4\n");
extern const char cet_entry[], cet_fault[];

TEST_F(syscall, guests_that_have_cet_on)
{
	static const struct guest_code code = {
		.start = cet, .end = cet_end, .entry = cet_entry,
		.fault = cet_fault, .mode = TESTVM_LONG64,
	};
	struct tapped *t = &self->t;
	struct state state;

	if (!testvm_has_cet(t->vcpu))
		SKIP(return, "this KVM has no CET for guests");
	run_twice(_metadata, t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(4, left(&state, 0));
	EXPECT_EQ(0x800000, left(&state, 1) & 0x800000);
	ring_drain(&t->ring);
	EXPECT_EQ(2, t->ring.nr_traps);
	EXPECT_EQ(1, t->ring.lost[VMITAP_LOST_PROTECTED]);
}

/* CR4.CET for good, and an exit again and again. */
GUEST_CODE(cet_for_good, 64,
	   "mov %cr0, %rax\n"
	   "or $0x10000, %eax\n"
	   "mov %rax, %cr0\n"
	   "mov %cr4, %rax\n"
	   "or $0x800000, %eax\n"
	   "mov %rax, %cr4\n"
	   "1: out %al, $0xf4\n"
	   "jmp 1b\n");

/* That calls are not trapped is told once to each session, and once each time it asks. */
TEST_F(syscall, told_once_that_none_is_trapped)
{
	struct tapped *t = &self->t;
	struct tapped other = *t;
	int i, round;

	if (!testvm_has_cet(t->vcpu))
		SKIP(return, "this KVM has no CET for guests");
	testvm_load(t->vm, cet_for_good, cet_for_good_end);
	testvm_reset(t->vcpu, TESTVM_LONG64);
	testvm_set_syscall(t->vcpu, cet_for_good, cet_for_good, 0);
	tapped_attach(t, RING_BYTES, CLASS(SYSCALL), 0);
	tapped_attach(&other, RING_BYTES, CLASS(SYSCALL), 0);
	for (round = 1; round <= 3; round++) {
		for (i = 0; i < 5; i++)
			testvm_run(t->vcpu);
		EXPECT_EQ(1, session_stats(other.fd).out_lost[VMITAP_LOST_PROTECTED]);
		EXPECT_EQ(round, session_stats(t->fd).out_lost[VMITAP_LOST_PROTECTED]);
		session_config(t->fd, CLASS(SYSCALL), 0);
	}
	/* Whoever did not ask for calls is told nothing of them. */
	session_config(t->fd, CLASS(CPUID), 0);
	testvm_run(t->vcpu);
	EXPECT_EQ(3, session_stats(t->fd).out_lost[VMITAP_LOST_PROTECTED]);
	ring_unmap(&other.ring);
	close(other.fd);
}

/* So is SYSCALL with LOCK, but not to emulated processors when untapped. */
GUEST_CODE(locked, 64,
	   ".byte 0xf0, 0x0f, 0x05\n"
	   "out %al, $0xf4\n"
	   "locked_entry: .globl locked_entry\n"
	   "incq 0x40000\n"
	   "jmp *%rcx\n"
	   "locked_fault: .globl locked_fault\n"
	   "incq 0x40008\n"
	   "addq $3, (%rsp)\n"
	   "iretq\n");
extern const char locked_entry[], locked_fault[];

TEST_F(syscall, syscall_with_lock)
{
	static const struct guest_code code = {
		.start = locked, .end = locked_end, .entry = locked_entry,
		.fault = locked_fault, .mode = TESTVM_LONG64,
	};
	struct state state;

	tapped_attach(&self->t, RING_BYTES, CLASS(SYSCALL), 0);
	run_guest(&self->t, &code, &state);
	EXPECT_EQ(0, left(&state, 0));
	EXPECT_EQ(1, left(&state, 1));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* SYSRET of user mode is a #GP. */
GUEST_CODE(sysret_user, 64,
	   "sysretq\n"
	   "out %al, $0xf4\n"
	   "sysret_user_entry: .globl sysret_user_entry\n"
	   "sysretq\n"
	   "sysret_user_fault: .globl sysret_user_fault\n"
	   "pop %rbx\n"
	   "mov %rbx, 0x40000\n"
	   "mov (%rsp), %rbx\n"
	   "mov %rbx, 0x40008\n"
	   "addq $3, (%rsp)\n"
	   "iretq\n");
extern const char sysret_user_entry[], sysret_user_fault[];

TEST_F(syscall, sysret_of_user_mode)
{
	static const struct guest_code code = {
		.start = sysret_user, .end = sysret_user_end,
		.entry = sysret_user_entry, .fault = sysret_user_fault,
		.mode = TESTVM_LONG64_USER,
	};
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(0, left(&state, 0));
	EXPECT_EQ(TESTVM_CODE, left(&state, 1));
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* In memory that KVM may not write to, as of an image that many guests share. */
GUEST_CODE(flash_call, 64,
	   "mov $0x200000, %eax\n"
	   "jmp *%rax\n"
	   "flash_call_entry: .globl flash_call_entry\n"
	   "mov %rcx, 0x40000\n"
	   "sysretq\n");
extern const char flash_call_entry[];

TEST_F(syscall, in_read_only_memory)
{
	static const __u8 flash[] = { 0x0f, 0x05, 0xe6, TESTVM_PORT_DONE };
	static const struct guest_code code = {
		.start = flash_call, .end = flash_call_end,
		.entry = flash_call_entry, .mode = TESTVM_LONG64_USER,
	};
	void *mem = testvm_add_flash(self->t.vm, flash, sizeof(flash));
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(TESTVM_FLASH + 2, left(&state, 0));
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSCALL);
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSRET);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	munmap(mem, TESTVM_FLASH_BYTES);
}

/* So is the return, which pushes no error code; Bochs does it, when untapped. */
GUEST_CODE(sysret32, 32,
	   "sysretl\n"
	   ".code64\n"
	   "sysret32_fault: .globl sysret32_fault\n"
	   "mov (%rsp), %rbx\n"
	   "mov %rbx, 0x40000\n"
	   "out %al, $0xf4\n");
extern const char sysret32_fault[];

TEST_F(syscall, return_of_32_bits)
{
	static const struct guest_code code = {
		.start = sysret32, .end = sysret32_end, .entry = sysret32_fault,
		.fault = sysret32_fault, .mode = TESTVM_COMPAT32,
	};
	struct tapped *t = &self->t;
	struct state state;

	if (!vendor_is_intel())
		SKIP(return, "AMD has SYSRET in 32-bit code, see syscall_of_32_bits");
	tapped_attach(t, RING_BYTES, CLASS(SYSCALL), 0);
	run_guest(t, &code, &state);
	EXPECT_EQ(TESTVM_CODE, left(&state, 0));
	EXPECT_EQ(NULL, ring_next(&t->ring));
}

/* A step over either traps behind it, if the flags say so then. */
GUEST_CODE(stepped, 64,
	   "pushfq\n"
	   "orq $0x100, (%rsp)\n"
	   "popfq\n"
	   "syscall\n"
	   "stepped_next: .globl stepped_next\n"
	   "nop\n"
	   "out %al, $0xf4\n"
	   "stepped_entry: .globl stepped_entry\n"
	   "nop\n"
	   "sysretq\n"
	   "stepped_debug: .globl stepped_debug\n"
	   "push %rax\n"
	   "push %rbx\n"
	   "mov 0x40000, %rbx\n"
	   "incq 0x40000\n"
	   "mov 16(%rsp), %rax\n"
	   "mov %rax, 0x40008(, %rbx, 8)\n"
	   "andq $~0x100, 32(%rsp)\n"
	   "pop %rbx\n"
	   "pop %rax\n"
	   "iretq\n");
extern const char stepped_next[], stepped_entry[], stepped_debug[];

TEST_F(syscall, steps_as_hardware_does)
{
	static const struct guest_code code = {
		.start = stepped, .end = stepped_end, .entry = stepped_entry,
		.debug = stepped_debug, .mode = TESTVM_LONG64_USER,
	};
	struct state state;

	/* Bochs has another mind when untapped; QEMU does as the manuals say. */
	if (vendor_is_intel()) {
		tapped_attach(&self->t, RING_BYTES, CLASS(SYSCALL), 0);
		run_guest(&self->t, &code, &state);
	} else {
		run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	}
	EXPECT_EQ(2, left(&state, 0));
	EXPECT_EQ(TESTVM_CODE + (stepped_entry - stepped), left(&state, 1));
	EXPECT_EQ(TESTVM_CODE + (stepped_next - stepped), left(&state, 2));
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSCALL);
	ring_expect_type(&self->t.ring, VMITAP_RECORD_SYSRET);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* Intel's faults before it leaves CPL 0, AMD's return does. */
GUEST_CODE(far_return, 64,
	   "syscall\n"
	   "far_return_entry: .globl far_return_entry\n"
	   "mov $1, %ecx\n"
	   "shl $47, %rcx\n"
	   "sysretq\n"
	   "far_return_fault: .globl far_return_fault\n"
	   "pop 0x40000\n"
	   "pop 0x40008\n"
	   "pop 0x40010\n"
	   "out %al, $0xf4\n");
extern const char far_return_entry[], far_return_fault[];

TEST_F(syscall, return_to_no_address)
{
	static const struct guest_code code = {
		.start = far_return, .end = far_return_end,
		.entry = far_return_entry, .fault = far_return_fault,
		.mode = TESTVM_LONG64_USER,
	};
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL), &state);
	EXPECT_EQ(0, left(&state, 0));
	EXPECT_EQ(vendor_is_intel() ? TESTVM_CS64 : TESTVM_CS64_USER, left(&state, 2));
	if (!vendor_is_intel())
		EXPECT_EQ(1ull << 47, left(&state, 1));
}

TEST_F(syscall, two_sessions)
{
	struct state state;
	struct ring ring;
	int fd;

	fd = session_tap(self->t.vm, RING_BYTES, CLASS(SYSCALL), 0);
	ring_map(&ring, fd, 0);
	tapped_attach(&self->t, RING_BYTES, CLASS(SYSCALL) | CLASS(CR3), 0);
	run_guest(&self->t, &code_call, &state);
	EXPECT_EQ(2, ring_drain(&ring));
	EXPECT_EQ(2, ring_drain(&self->t.ring));
	/* Each has its own; the trap stays for the other. */
	ring_unmap(&ring);
	close(fd);
	run_guest(&self->t, &code_call, &state);
	EXPECT_EQ(2, ring_drain(&self->t.ring));
}

/* The configuration's filters apply to the records of traps. */
TEST_F(syscall, filtered_by_root)
{
	__u64 root = TESTVM_ROOT_B;
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CLASS(SYSCALL),
		.cr3s = (unsigned long)&root, .nr_cr3s = 1,
	};
	struct state state;

	tapped_attach(&self->t, RING_BYTES, CLASS(SYSCALL), 0);
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	run_guest(&self->t, &code_call, &state);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
	root = TESTVM_ROOT_A | 0x18;
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	run_guest(&self->t, &code_call, &state);
	EXPECT_EQ(2, ring_drain(&self->t.ring));
}

TEST_HARNESS_MAIN
