/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loops.h - guest code that more than one test runs
 */
#ifndef LOOPS_H
#define LOOPS_H

#include "testvm.h"

/*
 * As many CPUIDs as RBX says, then one round is over; a vCPU that runs on does
 * as many again.
 */
#define GUEST_CPUID_LOOP(name)						\
	GUEST_CODE(name, 64,						\
		   "mov %rbx, %r8\n"					\
		   "1: mov %r8, %r9\n"					\
		   "2: xor %eax, %eax\n"				\
		   "xor %ecx, %ecx\n"					\
		   "cpuid\n"						\
		   "dec %r9\n"						\
		   "jnz 2b\n"						\
		   "out %al, $0xf4\n"					\
		   "jmp 1b\n")

#endif /* LOOPS_H */
