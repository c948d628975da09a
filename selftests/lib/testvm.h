/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * testvm.h - a VMM for guests of a few instructions
 *
 * Guest memory, from 0 on:
 *
 *	0x01000	page tables of long mode, 4 GiB mapped 1:1 for all privilege
 *		levels; 0x09000 and 0x0a000 are two more roots of the same tables
 *	0x08000	page directory of 32-bit mode, 4 GiB mapped 1:1
 *	0x0b000	IDT of long mode
 *	0x0c000	GDT
 *	0x10000	code
 *	0x20000	stacks, a page for each vCPU
 *	0x30000	TSS with an I/O bitmap that allows everything
 *	0x40000	free for tests, up to 2 MiB
 *	0x200000 what testvm_add_flash() adds
 *
 * A guest ends with OUT to TESTVM_PORT_DONE.
 */
#ifndef TESTVM_H
#define TESTVM_H

#include <pthread.h>
#include <stdbool.h>
#include <linux/kvm.h>
#include <linux/types.h>

#define TESTVM_PORT_DONE	0xf4
#define TESTVM_PORT_VMM		0x42		/* reads as TESTVM_IN_BYTE */
#define TESTVM_IN_BYTE		0xa5
#define TESTVM_MMIO		0xd0000000ul	/* reads as TESTVM_MMIO_VALUE */
#define TESTVM_MMIO_VALUE	0x1122334455667788ull

#define TESTVM_ROOT_A		0x1000ul
#define TESTVM_ROOT_B		0x9000ul
#define TESTVM_ROOT_C		0xa000ul
#define TESTVM_ROOT_32		0x8000ul
#define TESTVM_IDT		0xb000ul
#define TESTVM_GDT		0xc000ul
#define TESTVM_CODE		0x10000ul
#define TESTVM_STACK		0x20000ul
#define TESTVM_TSS		0x30000ul
#define TESTVM_DATA		0x40000ul
#define TESTVM_BYTES		0x200000ul
#define TESTVM_FLASH		0x200000ul
#define TESTVM_FLASH_BYTES	0x1000ul

#define TESTVM_CS64		0x08
#define TESTVM_SS		0x10
#define TESTVM_SS_USER		0x1b
#define TESTVM_CS64_USER	0x23

/* Selectors for SYSCALL and SYSRET as above. */
#define TESTVM_STAR		0x0013000800000000ull

#define TESTVM_MAX_VCPUS	4

/* How a vCPU starts. */
enum testvm_mode {
	TESTVM_REAL,		/* code segment based at TESTVM_CODE */
	TESTVM_PROT16,		/* code segment based at TESTVM_CODE */
	TESTVM_PROT32,		/* flat, no paging */
	TESTVM_PAGED32,		/* flat, 32-bit paging */
	TESTVM_COMPAT16,	/* long mode, 16-bit code segment at TESTVM_CODE */
	TESTVM_COMPAT32,	/* long mode, flat 32-bit code segment */
	TESTVM_LONG64,
	TESTVM_LONG64_USER,	/* CPL 3 */
};

/*
 * Guest code: the labels name and name_end delimit it, and it may have more
 * global labels of its own.  It is copied, so it must be position-independent.
 */
#define GUEST_CODE(name, bits, text)					\
	asm(".pushsection .rodata\n.code" #bits "\n"			\
	    ".globl " #name ", " #name "_end\n" #name ":\n" text "\n"	\
	    #name "_end:\n.code64\n.popsection");			\
	extern const char name[], name##_end[]

/**
 * struct testvm_vcpu - a vCPU
 * @vm: its VM
 * @fd: KVM's file
 * @id: vCPU id
 * @run: KVM's shared page
 * @base: base of the code segment
 * @thread: runs the vCPU between testvm_start() and testvm_stop()
 * @tid: thread id of @thread, 0 while it has not started
 * @stop: @thread shall end
 * @rounds: times the guest reached TESTVM_PORT_DONE
 * @halts: HLT exits that KVM gave to the VMM
 */
struct testvm_vcpu {
	struct testvm *vm;
	int fd;
	int id;
	struct kvm_run *run;
	__u64 base;
	pthread_t thread;
	int tid;
	bool stop;
	unsigned long rounds;
	unsigned long halts;
};

/**
 * struct testvm - a VM
 * @fd: KVM's file
 * @mem: guest memory, TESTVM_BYTES
 * @run_bytes: size of a vCPU's shared page
 * @nr_vcpus: vCPUs made
 * @vcpus: the vCPUs, by id
 */
struct testvm {
	int fd;
	char *mem;
	long run_bytes;
	int nr_vcpus;
	struct testvm_vcpu vcpus[TESTVM_MAX_VCPUS];
};

/**
 * testvm_available() - can VMs be made here?
 *
 * Return: true if /dev/kvm can be opened.
 */
bool testvm_available(void);

/**
 * testvm_create() - make a VM without vCPUs
 * @irqchip: with interrupt controllers in the kernel
 *
 * Return: the VM; it ends with testvm_destroy() or with the process.
 */
struct testvm *testvm_create(bool irqchip);

/**
 * testvm_destroy() - stop and end a VM
 * @vm: the VM; freed
 */
void testvm_destroy(struct testvm *vm);

/**
 * testvm_add_vcpu() - make one more vCPU
 * @vm: the VM, with fewer than TESTVM_MAX_VCPUS
 *
 * Return: the vCPU, owned by @vm.
 */
struct testvm_vcpu *testvm_add_vcpu(struct testvm *vm);

/**
 * testvm_add_flash() - add memory at TESTVM_FLASH that the guest can only read
 * @vm: VM
 * @code: what is in it
 * @len: bytes, at most TESTVM_FLASH_BYTES
 *
 * Return: the memory, to be unmapped by the caller once the guest has run.
 */
void *testvm_add_flash(struct testvm *vm, const void *code, size_t len);

/**
 * testvm_load() - copy code to TESTVM_CODE, with the hypercall of this host's vendor
 * @vm: the VM
 * @start: first byte
 * @end: behind the last byte
 */
void testvm_load(struct testvm *vm, const char *start, const char *end);

#define TESTVM_LOAD(vm, code)	testvm_load(vm, code, code##_end)

/**
 * testvm_has_cet() - can the guest set CR4.CET?
 * @vcpu: the vCPU
 *
 * Return: true if its CPUID has shadow stacks or indirect branch tracking.
 */
bool testvm_has_cet(const struct testvm_vcpu *vcpu);

/**
 * testvm_reset() - bring a vCPU to the start of the code
 * @vcpu: the vCPU, not running
 * @mode: how it starts
 *
 * General registers are distinct for each register: testvm_reg().
 */
void testvm_reset(struct testvm_vcpu *vcpu, enum testvm_mode mode);

/**
 * testvm_reg() - what testvm_reset() puts into a general register
 * @nr: number of the register in the instruction encoding, not that of RSP
 *
 * Return: the value; in 16-bit and 32-bit code its upper half is there as well.
 */
__u64 testvm_reg(int nr);

/**
 * testvm_rip() - where a label of the code is for a vCPU
 * @vcpu: the vCPU
 * @start: what was given to testvm_load()
 * @label: label in the code
 *
 * Return: the value of RIP there.
 */
__u64 testvm_rip(const struct testvm_vcpu *vcpu, const char *start,
		 const char *label);

/**
 * testvm_set_gpr() - set RAX, RBX, RCX or RDX
 * @vcpu: the vCPU, not running
 * @name: 'a', 'b', 'c' or 'd'
 * @value: value
 */
void testvm_set_gpr(struct testvm_vcpu *vcpu, char name, __u64 value);

/**
 * testvm_interrupts_on() - let a vCPU run with interrupts on
 * @vcpu: the vCPU, not running
 *
 * For guests that do not exit by themselves: when Bochs enters one that has interrupts off
 * it forgets that the host's interrupts end its run.
 */
void testvm_interrupts_on(struct testvm_vcpu *vcpu);

/**
 * testvm_set_msr() - set a model-specific register
 * @vcpu: the vCPU, not running
 * @msr: number
 * @value: value
 */
void testvm_set_msr(struct testvm_vcpu *vcpu, __u32 msr, __u64 value);

/**
 * testvm_set_syscall() - have SYSCALL lead to a label of the code
 * @vcpu: the vCPU, reset, not running
 * @start: what was given to testvm_load()
 * @label: label in the code, for callers of 64 and of 32 bits
 * @sfmask: flags that are cleared on the way
 *
 * Also gives the TSS a stack for interrupts from CPL 3, at TESTVM_DATA + 0x2000.
 */
void testvm_set_syscall(struct testvm_vcpu *vcpu, const char *start,
			const char *label, __u32 sfmask);

/**
 * testvm_set_gate() - have long mode's IDT lead to a label of the code
 * @vm: the VM
 * @vector: vector
 * @start: what was given to testvm_load()
 * @label: label in the code
 */
void testvm_set_gate(struct testvm *vm, int vector, const char *start,
		     const char *label);

/**
 * testvm_run() - run a vCPU in this thread until its guest is done
 * @vcpu: the vCPU, reset
 */
void testvm_run(struct testvm_vcpu *vcpu);

/**
 * testvm_start() - run all vCPUs in threads of their own
 * @vm: the VM, its vCPUs reset
 *
 * A guest that is done goes on behind its OUT.
 */
void testvm_start(struct testvm *vm);

/**
 * testvm_stop() - end the threads
 * @vm: the VM
 */
void testvm_stop(struct testvm *vm);

/**
 * testvm_wait_rounds() - wait until every vCPU was done some more times
 * @vm: the VM, started
 * @rounds: how many more times
 *
 * Fails the test if that takes longer than limit.h has for it.
 */
void testvm_wait_rounds(struct testvm *vm, unsigned long rounds);

#endif /* TESTVM_H */
