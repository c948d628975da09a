/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twice.h - the same guest untapped and tapped; its registers and memory must be the same
 */
#ifndef TWICE_H
#define TWICE_H

#include <string.h>

#include "fixture.h"
#include "vendor.h"

#define RING_BYTES	0x10000
#define CLASS(name)	VMITAP_CLASS_MASK(VMITAP_CLASS_##name)

/* What such guests leave in memory, from TESTVM_DATA on. */
#define LEFT_BYTES	0x100

/* A guest that is to run twice: by the code, or as a function prepares it. */
struct guest_code {
	void (*prepare)(struct testvm_vcpu *vcpu);
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

static inline void load_guest(struct tapped *t, const struct guest_code *code)
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
}

static inline void run_guest(struct tapped *t, const struct guest_code *code,
		      struct state *state)
{
	if (code->prepare)
		code->prepare(t->vcpu);
	else
		load_guest(t, code);
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
static inline void run_twice(struct __test_metadata *_metadata, struct tapped *t,
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

static inline __u64 left(const struct state *state, int nr)
{
	__u64 val;

	memcpy(&val, state->left + nr * sizeof(val), sizeof(val));
	return val;
}

/*
 * How many exits that are @what there are in the ring, all of them marked by @flags.
 * With shadow page tables there are others between them.
 */
static inline int count_exits(struct __test_metadata *_metadata, struct ring *ring, int class_id,
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

#endif /* TWICE_H */
