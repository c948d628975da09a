// SPDX-License-Identifier: GPL-2.0-only
/*
 * trap_test.c - traps of CR3 writes and system calls: what their records say, and
 * that the guest cannot tell
 *
 * The same guest runs untapped and tapped; its registers and memory must be the same.
 */
#include <string.h>

#include "lib/fixture.h"
#include "lib/vendor.h"

#define RING_BYTES	0x10000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

/* What the guests below leave in memory, from TESTVM_DATA on. */
#define LEFT_BYTES	0x100

FIXTURE(trap)
{
	struct tapped t;
};

FIXTURE_SETUP(trap)
{
	memset(self, 0, sizeof(*self));
	self->t.fd = -1;
	REQUIRE_TAP(return);
	tapped_create(&self->t, false);
}

FIXTURE_TEARDOWN(trap)
{
	tapped_end(&self->t);
}

/* A guest that is to run twice. */
struct guest_code {
	const char *start;
	const char *end;
	const char *entry;	/* of SYSCALL */
	const char *fault;	/* of #UD and #GP, NULL for none */
	const char *debug;	/* of #DB, NULL for none */
	enum testvm_mode mode;
	__u32 sfmask;
};

/* What there is to see of a guest when it is done. */
struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	char left[LEFT_BYTES];
};

static void run_guest(struct tapped *t, const struct guest_code *code,
		      struct state *state)
{
	testvm_load(t->vm, code->start, code->end);
	memset(t->vm->mem + TESTVM_DATA, 0, LEFT_BYTES);
	testvm_reset(t->vcpu, code->mode);
	if (code->entry)
		testvm_set_syscall(t->vcpu, code->start, code->entry,
				   code->sfmask);
	if (code->fault) {
		testvm_set_gate(t->vm, 6, code->start, code->fault);
		testvm_set_gate(t->vm, 13, code->start, code->fault);
	}
	if (code->debug)
		testvm_set_gate(t->vm, 1, code->start, code->debug);
	testvm_run(t->vcpu);
	memset(state, 0, sizeof(*state));
	CHECK(!ioctl(t->vcpu->fd, KVM_GET_REGS, &state->regs), "KVM_GET_REGS");
	CHECK(!ioctl(t->vcpu->fd, KVM_GET_SREGS, &state->sregs), "KVM_GET_SREGS");
	/* Emulated processors push no resume flag for faults, KVM does. */
	state->regs.rflags &= ~0x10000ull;
	memcpy(state->left, t->vm->mem + TESTVM_DATA, LEFT_BYTES);
}

/*
 * Run untapped, then tapped with @classes; the ring has the records of the second
 * run.  @state is what both left.
 */
static void run_twice(struct __test_metadata *_metadata, struct tapped *t,
		      const struct guest_code *code, __u64 classes,
		      struct state *state)
{
	struct state untapped;

	run_guest(t, code, &untapped);
	tapped_attach(t, RING_BYTES, classes, VMITAP_FIELD_GPRS);
	run_guest(t, code, state);
	EXPECT_EQ(0, memcmp(&untapped.regs, &state->regs, sizeof(state->regs)));
	EXPECT_EQ(0, memcmp(&untapped.sregs, &state->sregs,
			    sizeof(state->sregs)));
	EXPECT_EQ(0, memcmp(untapped.left, state->left, LEFT_BYTES));
}

static __u64 left(const struct state *state, int nr)
{
	__u64 val;

	memcpy(&val, state->left + nr * sizeof(val), sizeof(val));
	return val;
}

GUEST_CODE(cr3, 64,
	   "mov $0x9000, %eax\n"
	   "cr3_write: .globl cr3_write\n"
	   "mov %rax, %cr3\n"
	   "mov $0xa018, %eax\n"
	   "mov %rax, %cr3\n"
	   "mov %rax, %cr3\n"
	   "mov %cr3, %r8\n"
	   "mov $0x1000, %eax\n"
	   "mov %rax, %cr3\n"
	   "out %al, $0xf4\n");
extern const char cr3_write[];

static const struct guest_code code_cr3 = {
	.start = cr3, .end = cr3_end, .mode = TESTVM_LONG64,
};

TEST_F(trap, cr3_writes)
{
	static const __u64 values[] = { 0x1000, 0x9000, 0xa018, 0xa018, 0x1000 };
	const struct vmitap_cr3_write *rec;
	struct state state;
	int i;

	run_twice(_metadata, &self->t, &code_cr3, CLASS(CR3), &state);
	EXPECT_EQ(0xa018, state.regs.r8);
	for (i = 0; i < 4; i++) {
		rec = ring_expect_type(&self->t.ring, VMITAP_RECORD_CR3);
		EXPECT_EQ(values[i], rec->old_cr3);
		EXPECT_EQ(values[i + 1], rec->new_cr3);
		EXPECT_EQ(0, rec->cpl);
		EXPECT_EQ(VMITAP_MODE_LONG64, rec->mode);
		if (!i)
			EXPECT_EQ(testvm_rip(self->t.vcpu, cr3, cr3_write), rec->rip);
	}
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/* From every kind of register, with every kind of prefix, and in a single step. */
GUEST_CODE(cr3_forms, 64,
	   "mov $0x9000, %r9d\n"
	   "mov %r9, %cr3\n"
	   "mov $0xa000, %ebx\n"
	   ".byte 0x48\n"
	   "mov %rbx, %cr3\n"
	   "mov $0x1000, %r15d\n"
	   ".byte 0x66\n"
	   "mov %r15, %cr3\n"
	   "mov %rsp, %r8\n"
	   "mov $0x9000, %esp\n"
	   "mov %rsp, %cr3\n"
	   "mov %r8, %rsp\n"
	   "pushf\n"
	   "orq $0x100, (%rsp)\n"
	   "popf\n"
	   "mov %rbx, %cr3\n"
	   "cr3_stepped: .globl cr3_stepped\n"
	   "mov %cr3, %r10\n"
	   "out %al, $0xf4\n"
	   "cr3_debug: .globl cr3_debug\n"
	   "incq 0x40000\n"
	   "push %rax\n"
	   "mov 8(%rsp), %rax\n"
	   "mov %rax, 0x40008\n"
	   "pop %rax\n"
	   "andq $~0x100, 16(%rsp)\n"
	   "iretq\n");
extern const char cr3_stepped[], cr3_debug[];

TEST_F(trap, cr3_writes_of_every_form)
{
	static const __u64 values[] = { 0x1000, 0x9000, 0xa000, 0x1000, 0x9000, 0xa000 };
	static const struct guest_code code = {
		.start = cr3_forms, .end = cr3_forms_end, .debug = cr3_debug,
		.mode = TESTVM_LONG64,
	};
	const struct vmitap_cr3_write *rec;
	struct state state;
	int i;

	run_twice(_metadata, &self->t, &code, CLASS(CR3), &state);
	EXPECT_EQ(0xa000, state.regs.r10);
	EXPECT_EQ(1, left(&state, 0));
	EXPECT_EQ(testvm_rip(self->t.vcpu, cr3_forms, cr3_stepped), left(&state, 1));
	for (i = 0; i < 5; i++) {
		rec = ring_expect_type(&self->t.ring, VMITAP_RECORD_CR3);
		EXPECT_EQ(values[i], rec->old_cr3);
		EXPECT_EQ(values[i + 1], rec->new_cr3);
	}
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

/*
 * How many exits that are @what there are in the ring, all of them marked by @flags.
 * With shadow page tables there are others between them.
 */
static int count_exits(struct __test_metadata *_metadata, struct ring *ring, int class_id,
		       enum vendor_exit what, int flags)
{
	const struct vmitap_exit *exit;
	int nr = 0;

	while ((exit = ring_next_exit(ring, class_id))) {
		if (vendor_exit(exit) != what)
			continue;
		nr++;
		EXPECT_EQ(flags, exit->record.flags & VMITAP_RECORD_TRAP);
	}
	return nr;
}

/* To others, a trap's exits are exits like all, but marked, if KVM has no use for them. */
TEST_F(trap, cr3_exits_seen_by_others)
{
	bool nested = vendor_has_nested_paging();
	struct state state;
	struct ring ring;
	int fd;

	/* Alone, there is nothing to be seen, unless KVM wants to see it. */
	fd = session_tap(self->t.vm, RING_BYTES, CLASS(CR), 0);
	ring_map(&ring, fd, 0);
	run_guest(&self->t, &code_cr3, &state);
	EXPECT_EQ(nested ? 0 : 4, count_exits(_metadata, &ring, VMITAP_CLASS_CR,
					      VENDOR_WRITE_CR3, 0));

	tapped_attach(&self->t, RING_BYTES, CLASS(CR3), 0);
	run_guest(&self->t, &code_cr3, &state);
	EXPECT_EQ(4, count_exits(_metadata, &ring, VMITAP_CLASS_CR, VENDOR_WRITE_CR3,
				 nested ? VMITAP_RECORD_TRAP : 0));
	EXPECT_EQ(4, ring_drain(&self->t.ring));

	/* Once the trap is gone it is as before. */
	session_config(self->t.fd, 0, 0);
	run_guest(&self->t, &code_cr3, &state);
	EXPECT_EQ(nested ? 0 : 4, count_exits(_metadata, &ring, VMITAP_CLASS_CR,
					      VENDOR_WRITE_CR3, 0));
	ring_unmap(&ring);
	close(fd);
}

/* A write that faults is none.  Emulated processors check nothing when untapped. */
GUEST_CODE(cr3_bad, 64,
	   "mov $0x8000000000001000, %rax\n"
	   "mov %rax, %cr3\n"
	   "mov $0x9000, %eax\n"
	   "mov %rax, %cr3\n"
	   "out %al, $0xf4\n"
	   "cr3_bad_fault: .globl cr3_bad_fault\n"
	   "pop 0x40000\n"
	   "addq $3, (%rsp)\n"
	   "incq 0x40008\n"
	   "iretq\n");
extern const char cr3_bad_fault[];

TEST_F(trap, cr3_write_that_faults)
{
	static const struct guest_code code = {
		.start = cr3_bad, .end = cr3_bad_end, .fault = cr3_bad_fault,
		.mode = TESTVM_LONG64,
	};
	const struct vmitap_cr3_write *rec;
	struct state state;

	tapped_attach(&self->t, RING_BYTES, CLASS(CR3), 0);
	run_guest(&self->t, &code, &state);
	EXPECT_EQ(0, left(&state, 0));
	EXPECT_EQ(1, left(&state, 1));
	rec = ring_expect_type(&self->t.ring, VMITAP_RECORD_CR3);
	EXPECT_EQ(0x9000, rec->new_cr3);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

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

TEST_F(trap, syscall_as_hardware_does_it)
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

TEST_F(trap, syscall_records)
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

TEST_F(trap, syscall_exits_seen_by_others)
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

TEST_F(trap, syscall_with_a_prefix)
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

TEST_F(trap, syscall_of_32_bits)
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

TEST_F(trap, efer_is_the_guests_own)
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

TEST_F(trap, undefined_opcodes_are_the_guests_own)
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

TEST_F(trap, syscall_with_lock)
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

TEST_F(trap, sysret_of_user_mode)
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

GUEST_CODE(lstar, 64,
	   "mov $0xc0000082, %ecx\n"
	   "rdmsr\n"
	   "mov %rax, 0x40000\n"
	   "add $0x100, %eax\n"
	   "lstar_write: .globl lstar_write\n"
	   "wrmsr\n"
	   "rdmsr\n"
	   "mov %rax, 0x40008\n"
	   "out %al, $0xf4\n"
	   "lstar_entry: .globl lstar_entry\n"
	   "jmp *%rcx\n");
extern const char lstar_write[], lstar_entry[];

/* On SVM, KVM lets the guest write LSTAR without an exit; with the trap it is seen. */
TEST_F(trap, lstar_writes_are_seen)
{
	static const struct guest_code code = {
		.start = lstar, .end = lstar_end, .entry = lstar_entry,
		.mode = TESTVM_LONG64,
	};
	const struct vmitap_exit *exit;
	const struct vmitap_gprs *gprs;
	struct state state;

	run_twice(_metadata, &self->t, &code, CLASS(SYSCALL) | CLASS(MSR_WRITE),
		  &state);
	EXPECT_EQ(TESTVM_CODE + (lstar_entry - lstar), left(&state, 0));
	EXPECT_EQ(left(&state, 0) + 0x100, left(&state, 1));
	exit = ring_expect_exit(&self->t.ring, VMITAP_CLASS_MSR_WRITE);
	gprs = exit_section(exit, VMITAP_FIELD_GPRS);
	EXPECT_EQ(VENDOR_MSR_WRITE, vendor_exit(exit));
	EXPECT_EQ(vendor_is_intel() ? 0 : VMITAP_RECORD_TRAP,
		  exit->record.flags & VMITAP_RECORD_TRAP);
	EXPECT_EQ(testvm_rip(self->t.vcpu, lstar, lstar_write), exit->rip);
	EXPECT_EQ(0xc0000082, gprs->reg[VMITAP_RCX]);
	EXPECT_EQ(left(&state, 1), gprs->reg[VMITAP_RAX]);
	EXPECT_EQ(NULL, ring_next(&self->t.ring));
}

TEST_F(trap, two_sessions)
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
TEST_F(trap, filtered_by_root)
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
