// SPDX-License-Identifier: GPL-2.0-only
/*
 * trap_test.c - traps of CR3 writes, and what exits more often on account of traps: what
 * the records say, and that the guest cannot tell
 */
#include "lib/twice.h"

TAPPED_FIXTURE(trap)

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

/* A write counts for either root, and as filtered out once at most. */
TEST_F(trap, cr3_writes_by_root)
{
	const __u64 root = 0x9000;
	struct vmitap_config config = {
		.size = sizeof(config), .classes = CLASS(CR3),
		.cr3s = (unsigned long)&root, .nr_cr3s = 1,
	};
	struct state state;

	tapped_attach(&self->t, RING_BYTES, CLASS(CR3), 0);
	vmitap_ioctl(self->t.fd, VMITAP_IOC_CONFIG, &config);
	run_guest(&self->t, &code_cr3, &state);
	EXPECT_EQ(2, ring_drain(&self->t.ring));
	EXPECT_EQ(2, session_stats(self->t.fd).out_filtered[VMITAP_FILTERED_CR3]);
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

TEST_HARNESS_MAIN
