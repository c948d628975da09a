/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * vmitap_record.h - interface between the vmitap module and user space: events, and the
 * records of them that rings hold.  Include vmitap.h.
 */
#ifndef _UAPI_LINUX_VMITAP_RECORD_H
#define _UAPI_LINUX_VMITAP_RECORD_H

#include <linux/types.h>

/**
 * enum vmitap_class - vendor-neutral event classes
 *
 * The first 48 numbers are classes of hardware exits; the rest are events that
 * are no exits.  From 50 on they are traps: while a session that captures selects
 * one, hardware is made to exit where it would not by itself.  The guest does not
 * notice but by time.  Other sessions see such exits too, marked with
 * VMITAP_RECORD_TRAP.  Numbers are ABI and are never reused.
 */
enum vmitap_class {
	VMITAP_CLASS_OTHER = 0,		/* an exit reason with no class */
	VMITAP_CLASS_EXCEPTION,		/* exception raised in the guest */
	VMITAP_CLASS_INTERRUPT,		/* host interrupt, INIT, SIPI */
	VMITAP_CLASS_NMI,
	VMITAP_CLASS_SMI,		/* SMI, RSM */
	VMITAP_CLASS_WINDOW,		/* interrupt or NMI window, IRET */
	VMITAP_CLASS_TASK_SWITCH,
	VMITAP_CLASS_CPUID,
	VMITAP_CLASS_HLT,
	VMITAP_CLASS_PAUSE,
	VMITAP_CLASS_MWAIT,		/* MONITOR, MWAIT */
	VMITAP_CLASS_PIO,
	VMITAP_CLASS_MMIO,		/* nested fault known to be MMIO */
	VMITAP_CLASS_NPF,		/* nested page fault, EPT violation */
	VMITAP_CLASS_CR,		/* control register read or write */
	VMITAP_CLASS_DR,		/* debug register read or write */
	VMITAP_CLASS_MSR_READ,
	VMITAP_CLASS_MSR_WRITE,
	VMITAP_CLASS_XCR,		/* XSETBV, XSAVES, XRSTORS */
	VMITAP_CLASS_DTABLE,		/* GDTR, IDTR, LDTR, TR access */
	VMITAP_CLASS_TSC,		/* RDTSC, RDTSCP */
	VMITAP_CLASS_PMC,		/* RDPMC */
	VMITAP_CLASS_TLB,		/* INVLPG, INVPCID, INVLPGA */
	VMITAP_CLASS_CACHE,		/* INVD, WBINVD */
	VMITAP_CLASS_RANDOM,		/* RDRAND, RDSEED */
	VMITAP_CLASS_INSN,		/* PUSHF, POPF, INTn, ICEBP, other */
	VMITAP_CLASS_HYPERCALL,		/* VMCALL, VMMCALL */
	VMITAP_CLASS_NESTED,		/* the guest is itself a hypervisor */
	VMITAP_CLASS_APIC,		/* APIC access, TPR, EOI, AVIC */
	VMITAP_CLASS_STEP,		/* monitor trap flag */
	VMITAP_CLASS_TIMER,		/* VMX preemption timer */
	VMITAP_CLASS_SHUTDOWN,		/* triple fault */
	VMITAP_CLASS_FAIL,		/* entry refused by hardware */
	VMITAP_CLASS_ENCLAVE,		/* SGX, SEV, TDX specific */
	VMITAP_NR_EXIT_CLASSES,

	VMITAP_CLASS_INJECT = 48,	/* event injected at entry */
	VMITAP_CLASS_VCPU = 49,		/* vCPU created or destroyed */
	VMITAP_CLASS_CR3 = 50,		/* CR3 written */
	VMITAP_CLASS_SYSCALL = 51,	/* SYSCALL or SYSRET executed */
	VMITAP_CLASS_MESSAGE = 52,	/* hypercall VMITAP_HYPERCALL */
};

#define VMITAP_MAX_EXIT_CLASSES	48
#define VMITAP_CLASS_MASK(c)	(1ULL << (c))
#define VMITAP_CLASSES_EXIT	((1ULL << VMITAP_NR_EXIT_CLASSES) - 1)
#define VMITAP_CLASSES_TRAP	(VMITAP_CLASS_MASK(VMITAP_CLASS_CR3) |	\
				 VMITAP_CLASS_MASK(VMITAP_CLASS_SYSCALL) | \
				 VMITAP_CLASS_MASK(VMITAP_CLASS_MESSAGE))
/* What can be captured without making the guest exit more often. */
#define VMITAP_CLASSES_PASSIVE	(VMITAP_CLASSES_EXIT |			\
				 VMITAP_CLASS_MASK(VMITAP_CLASS_INJECT) | \
				 VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU))
#define VMITAP_CLASSES_ALL	(VMITAP_CLASSES_PASSIVE | VMITAP_CLASSES_TRAP)

/* Optional sections of an EXIT record, in the order in which they follow it. */
#define VMITAP_FIELD_CTRL	(1U << 0)	/* struct vmitap_ctrl */
#define VMITAP_FIELD_GPRS	(1U << 1)	/* struct vmitap_gprs */
#define VMITAP_FIELD_SEGS	(1U << 2)	/* struct vmitap_segs */
#define VMITAP_FIELD_INSN	(1U << 3)	/* struct vmitap_insn */
#define VMITAP_FIELDS_ALL	((1U << 4) - 1)

/* Why an event is missing: index into lost counters. */
enum vmitap_lost {
	VMITAP_LOST_FULL = 0,		/* no room, record mode */
	VMITAP_LOST_TIMEOUT,		/* no room, lossless wait expired */
	VMITAP_LOST_CONSUMER,		/* the consumer's position is nonsense */
	VMITAP_LOST_PROTECTED,		/* hidden by hardware: state, or system calls */
	VMITAP_NR_LOST,
};

/* Record types. */
enum vmitap_record_type {
	VMITAP_RECORD_EXIT = 1,
	VMITAP_RECORD_INJECT,
	VMITAP_RECORD_LOST,
	VMITAP_RECORD_VCPU_CREATED,
	VMITAP_RECORD_VCPU_DESTROYED,
	VMITAP_RECORD_VM_GONE,
	VMITAP_RECORD_CR3,
	VMITAP_RECORD_SYSCALL,
	VMITAP_RECORD_SYSRET,
	VMITAP_RECORD_MESSAGE,
};

/* vmitap_record.flags */
#define VMITAP_RECORD_NESTED	(1U << 0)	/* state is a nested guest's */
#define VMITAP_RECORD_FASTPATH	(1U << 1)	/* KVM's fast path finished it */
#define VMITAP_RECORD_TRAP	(1U << 2)	/* exit that only a trap caused */

/**
 * struct vmitap_record - head of every record
 * @type: enum vmitap_record_type
 * @size: bytes, this head included, a multiple of 8
 * @vcpu: vCPU id
 * @flags: VMITAP_RECORD_*
 * @seq: number of the event in this ring.  Events that are lost use up numbers,
 *	events filtered out do not.  LOST records carry the number of the first
 *	event missing.
 * @fields: VMITAP_FIELD_* of the sections that follow
 * @tsc: host TSC at the event
 */
struct vmitap_record {
	__u16 type;
	__u16 size;
	__u16 vcpu;
	__u16 flags;
	__u32 seq;
	__u32 fields;
	__aligned_u64 tsc;
};

/* How the guest's processor ran. */
enum vmitap_mode {
	VMITAP_MODE_REAL = 0,
	VMITAP_MODE_VM86,
	VMITAP_MODE_PROT16,
	VMITAP_MODE_PROT32,
	VMITAP_MODE_COMPAT16,
	VMITAP_MODE_COMPAT32,
	VMITAP_MODE_LONG64,
};

/**
 * struct vmitap_exit - a hardware exit
 * @record: head, type VMITAP_RECORD_EXIT
 * @entry_tsc: host TSC right before the guest was entered
 * @reason: exit reason in the vendor's code (SVM EXITCODE, VMX basic reason
 *	with the entry-failure bit)
 * @class_id: enum vmitap_class
 * @cpl: privilege level
 * @mode: enum vmitap_mode
 * @__pad: 0
 * @qual1: SVM EXITINFO1, VMX exit qualification
 * @qual2: SVM EXITINFO2; VMX guest-physical address for EPT exits, interruption
 *	information and its error code (upper half) for exceptions and interrupts
 * @intr_info: SVM EXITINTINFO, VMX IDT-vectoring information: the event that
 *	was being delivered when the exit happened
 * @intr_error: error code that belongs to it
 * @rip: guest RIP
 * @cr3: guest CR3
 */
struct vmitap_exit {
	struct vmitap_record record;
	__aligned_u64 entry_tsc;
	__u32 reason;
	__u8 class_id;
	__u8 cpl;
	__u8 mode;
	__u8 __pad;
	__aligned_u64 qual1;
	__aligned_u64 qual2;
	__u32 intr_info;
	__u32 intr_error;
	__aligned_u64 rip;
	__aligned_u64 cr3;
};

/* VMITAP_FIELD_CTRL: as the guest would read them. */
struct vmitap_ctrl {
	__aligned_u64 rflags;
	__aligned_u64 cr0;
	__aligned_u64 cr2;
	__aligned_u64 cr4;
	__aligned_u64 efer;
};

/* Index into vmitap_gprs.reg: the order of the instruction encoding. */
enum vmitap_gpr {
	VMITAP_RAX = 0, VMITAP_RCX, VMITAP_RDX, VMITAP_RBX,
	VMITAP_RSP, VMITAP_RBP, VMITAP_RSI, VMITAP_RDI,
	VMITAP_R8, VMITAP_R9, VMITAP_R10, VMITAP_R11,
	VMITAP_R12, VMITAP_R13, VMITAP_R14, VMITAP_R15,
	VMITAP_NR_GPRS,
};

/* VMITAP_FIELD_GPRS */
struct vmitap_gprs {
	__aligned_u64 reg[VMITAP_NR_GPRS];
};

/**
 * struct vmitap_seg - a segment register
 * @base: base address
 * @limit: limit in bytes
 * @selector: visible part
 * @attrib: bits 0-7 the descriptor's access byte (type, S, DPL, P), bits 8-11
 *	AVL, L, D/B, G, bit 12 unusable
 */
struct vmitap_seg {
	__aligned_u64 base;
	__u32 limit;
	__u16 selector;
	__u16 attrib;
};

#define VMITAP_SEG_UNUSABLE	(1U << 12)

enum vmitap_segreg {
	VMITAP_ES = 0, VMITAP_CS, VMITAP_SS, VMITAP_DS, VMITAP_FS, VMITAP_GS,
	VMITAP_LDTR, VMITAP_TR, VMITAP_GDTR, VMITAP_IDTR,
	VMITAP_NR_SEGS,
};

/* VMITAP_FIELD_SEGS: GDTR and IDTR have a base and a limit only. */
struct vmitap_segs {
	struct vmitap_seg seg[VMITAP_NR_SEGS];
};

/**
 * struct vmitap_insn - bytes at the instruction pointer
 * @len: valid bytes; 0 if they could not be read without waiting, or are a nested guest's
 * @bytes: from CS.base + RIP on
 */
struct vmitap_insn {
	__u8 len;
	__u8 bytes[15];
};

/* vmitap_inject.kind, the encoding that both vendors use */
enum vmitap_inject_kind {
	VMITAP_INJECT_INTERRUPT = 0,
	VMITAP_INJECT_NMI = 2,
	VMITAP_INJECT_EXCEPTION = 3,
	VMITAP_INJECT_SOFT_INTERRUPT = 4,
	VMITAP_INJECT_PRIV_SOFT_EXCEPTION = 5,
	VMITAP_INJECT_SOFT_EXCEPTION = 6,
};

/**
 * struct vmitap_inject - an event that KVM injects at entry
 * @record: head, type VMITAP_RECORD_INJECT
 * @kind: enum vmitap_inject_kind
 * @vector: vector
 * @has_error: 1 if @error is pushed
 * @__pad: 0
 * @error: error code
 * @rip: guest RIP before the event
 * @cr3: guest CR3
 */
struct vmitap_inject {
	struct vmitap_record record;
	__u8 kind;
	__u8 vector;
	__u8 has_error;
	__u8 __pad;
	__u32 error;
	__aligned_u64 rip;
	__aligned_u64 cr3;
};

/**
 * struct vmitap_lost_record - events are missing here
 * @record: head, type VMITAP_RECORD_LOST; tsc is that of the last event missing
 * @first_tsc: TSC of the first event missing
 * @count: events missing
 * @reason: of these, by enum vmitap_lost
 * @by_class: of these, by enum vmitap_class; events that are no exits count as
 *	VMITAP_CLASS_OTHER
 */
struct vmitap_lost_record {
	struct vmitap_record record;
	__aligned_u64 first_tsc;
	__aligned_u64 count;
	__u32 reason[VMITAP_NR_LOST];
	__u32 by_class[VMITAP_MAX_EXIT_CLASSES];
};

/**
 * struct vmitap_cr3_write - the guest wrote CR3
 * @record: head, type VMITAP_RECORD_CR3
 * @old_cr3: value before
 * @new_cr3: value after; may be the same
 * @rip: of the instruction
 * @cpl: privilege level, which is 0
 * @mode: enum vmitap_mode
 * @__pad: 0
 */
struct vmitap_cr3_write {
	struct vmitap_record record;
	__aligned_u64 old_cr3;
	__aligned_u64 new_cr3;
	__aligned_u64 rip;
	__u8 cpl;
	__u8 mode;
	__u8 __pad[6];
};

/* vmitap_syscall.mechanism, vmitap_sysret.mechanism */
enum vmitap_syscall_mechanism {
	VMITAP_SYSCALL_SYSCALL = 0,	/* SYSCALL, SYSRET */
};

/**
 * struct vmitap_syscall - a system call begins
 * @record: head, type VMITAP_RECORD_SYSCALL
 * @cr3: guest CR3
 * @rip: of the instruction
 * @rsp: guest RSP; with @cr3 it identifies the thread until the call returns
 * @nr: RAX
 * @args: RDI, RSI, RDX, R10, R8, R9 in 64-bit mode; RBX, RBP, RDX, RSI, RDI, R9
 *	in compatibility mode
 * @mechanism: enum vmitap_syscall_mechanism
 * @mode: enum vmitap_mode of the caller
 * @__pad: 0
 */
struct vmitap_syscall {
	struct vmitap_record record;
	__aligned_u64 cr3;
	__aligned_u64 rip;
	__aligned_u64 rsp;
	__aligned_u64 nr;
	__aligned_u64 args[6];
	__u8 mechanism;
	__u8 mode;
	__u8 __pad[6];
};

/**
 * struct vmitap_sysret - a system call returns
 * @record: head, type VMITAP_RECORD_SYSRET
 * @cr3: guest CR3
 * @rip: where to
 * @rsp: guest RSP
 * @result: RAX
 * @mechanism: enum vmitap_syscall_mechanism
 * @mode: enum vmitap_mode that it returns to
 * @__pad: 0
 *
 * A system that also returns by IRET, as Linux does after signals and for new
 * processes, has calls without a return.
 */
struct vmitap_sysret {
	struct vmitap_record record;
	__aligned_u64 cr3;
	__aligned_u64 rip;
	__aligned_u64 rsp;
	__aligned_u64 result;
	__u8 mechanism;
	__u8 mode;
	__u8 __pad[6];
};

/**
 * DOC: Messages
 *
 * Code of any privilege level in the guest gives a buffer to the sessions that
 * capture VMITAP_CLASS_MESSAGE by VMMCALL (AMD) or VMCALL (Intel) with
 *
 *   RAX  VMITAP_HYPERCALL
 *   RBX  a tag of the sender's choice
 *   RCX  address of the buffer, in the sender's address space
 *   RDX  its length, at most VMITAP_MESSAGE_MAX
 *
 * and gets in RAX the number of sessions that have all of it, or a negative errno:
 * -EINVAL if the buffer is too long, -EFAULT if it cannot be read, -ENOMEM if the host
 * has no memory for it, -ENOSPC if no session had room.  If no session captures
 * messages, or the CPL and CR3 filters of all keep the sender's out, KVM answers as to
 * any hypercall it does not know.
 *
 * A message comes as one or more records of at most VMITAP_MESSAGE_CHUNK bytes
 * of data each, one after the other in the same ring.
 */
#define VMITAP_HYPERCALL	0x54494d56u	/* "VMIT" */
#define VMITAP_MESSAGE_MAX	65536u
#define VMITAP_MESSAGE_CHUNK	2048u

/**
 * struct vmitap_message - part of a message; its data follow
 * @record: head, type VMITAP_RECORD_MESSAGE
 * @cr3: guest CR3 of the sender
 * @rip: of the hypercall
 * @tag: RBX
 * @total: bytes of the whole message
 * @offset: of this part in it
 * @bytes: in this part; the record is padded to a multiple of 8
 * @cpl: privilege level of the sender
 * @mode: enum vmitap_mode of the sender
 * @__pad: 0
 */
struct vmitap_message {
	struct vmitap_record record;
	__aligned_u64 cr3;
	__aligned_u64 rip;
	__aligned_u64 tag;
	__u32 total;
	__u32 offset;
	__u32 bytes;
	__u8 cpl;
	__u8 mode;
	__u8 __pad[2];
};

/* The largest record there can be. */
#define VMITAP_RECORD_MAX	(sizeof(struct vmitap_message) + VMITAP_MESSAGE_CHUNK)

/* The largest EXIT record. */
#define VMITAP_EXIT_MAX		(sizeof(struct vmitap_exit) +	\
				 sizeof(struct vmitap_ctrl) +	\
				 sizeof(struct vmitap_gprs) +	\
				 sizeof(struct vmitap_segs) +	\
				 sizeof(struct vmitap_insn))

#endif /* _UAPI_LINUX_VMITAP_RECORD_H */
