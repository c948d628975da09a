// SPDX-License-Identifier: GPL-2.0-only
/*
 * traploop.c - a 64-bit guest that does nothing but what can be trapped
 *
 * usage: traploop cr3|syscall|syscall_return COUNT [SETTLE]
 *
 * As exitloop.c: prints the nanoseconds (in a virtual host under -icount shift=0: the
 * instructions) that one takes, with the loop's own.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/testvm.h"

GUEST_CODE(loop_cr3, 64,
	   "mov $0x1000, %eax\n"
	   "1: mov %rax, %cr3\n"
	   "dec %rbx\n"
	   "jnz 1b\n"
	   "out %al, $0xf4\n");

/* At CPL 0, so that the handler can go back by a jump. */
GUEST_CODE(loop_call, 64,
	   "1: syscall\n"
	   "dec %rbx\n"
	   "jnz 1b\n"
	   "out %al, $0xf4\n"
	   "loop_call_entry: .globl loop_call_entry\n"
	   "jmp *%rcx\n");
extern const char loop_call_entry[];

GUEST_CODE(loop_return, 64,
	   "1: syscall\n"
	   "dec %rbx\n"
	   "jnz 1b\n"
	   "out %al, $0xf4\n"
	   "loop_return_entry: .globl loop_return_entry\n"
	   "sysretq\n");
extern const char loop_return_entry[];

static const struct kind {
	const char *name;
	const char *start, *end, *entry;
	enum testvm_mode mode;
} kinds[] = {
	{ "cr3", loop_cr3, loop_cr3_end, NULL, TESTVM_LONG64 },
	{ "syscall", loop_call, loop_call_end, loop_call_entry, TESTVM_LONG64 },
	{ "syscall_return", loop_return, loop_return_end, loop_return_entry,
	  TESTVM_LONG64_USER },
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Return: nanoseconds for one. */
static double run_loop(struct testvm_vcpu *vcpu, const struct kind *kind,
		       unsigned long count)
{
	double start;

	testvm_reset(vcpu, kind->mode);
	if (kind->entry)
		testvm_set_syscall(vcpu, kind->start, kind->entry, 0);
	testvm_set_gpr(vcpu, 'b', count);
	start = now_ns();
	testvm_run(vcpu);
	return (now_ns() - start) / count;
}

int main(int argc, char **argv)
{
	unsigned long count, settle;
	struct testvm_vcpu *vcpu;
	struct testvm *vm;
	char line[16];
	size_t i;

	if (argc < 3)
		errx(2, "usage: traploop cr3|syscall|syscall_return COUNT [SETTLE]");
	for (i = 0; i < 3 && strcmp(kinds[i].name, argv[1]); i++)
		;
	count = strtoul(argv[2], NULL, 0);
	settle = argc > 3 ? strtoul(argv[3], NULL, 0) : 1000;
	if (i == 3 || !count || !settle)
		errx(2, "usage: traploop cr3|syscall|syscall_return COUNT [SETTLE]");
	vm = testvm_create(false);
	vcpu = testvm_add_vcpu(vm);
	testvm_load(vm, kinds[i].start, kinds[i].end);
	run_loop(vcpu, &kinds[i], settle);
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	run_loop(vcpu, &kinds[i], settle);
	printf("%.1f\n", run_loop(vcpu, &kinds[i], count));
	testvm_destroy(vm);
	return 0;
}
