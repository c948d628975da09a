// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow_test.c - what is taken for a guest that has booted anew, and what is not
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kselftest.h>

#include "follow.h"

#define CR0_PG	(1ULL << 31)

#define ENTRY	0xffffffff81a00080ULL
#define OTHER	0xffffffff9a600080ULL

#define NR_VCPUS	3

/* vCPUs as they are numbered with three cores a socket. */
static struct guest_regs vcpus[NR_VCPUS];
static int errors[NR_VCPUS];

static int count(void *arg)
{
	(void)arg;
	return NR_VCPUS;
}

static uint32_t id_of(void *arg, unsigned int vcpu)
{
	(void)arg;
	return vcpu * 4;
}

static int registers(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	(void)arg;
	*regs = vcpus[vcpu];
	return errors[vcpu];
}

static const struct guest_ops ops = {
	.nr_vcpus = count, .vcpu_id = id_of, .regs = registers,
};
static const struct guest guest = { .ops = &ops };
static struct follow follow;
static struct linux_guest lg;

/* A guest that runs and is understood; its third vCPU has not been started. */
static void begin(void)
{
	unsigned int i;

	follow_free(&follow);
	memset(errors, 0, sizeof(errors));
	memset(vcpus, 0, sizeof(vcpus));
	for (i = 0; i < 2; i++)
		vcpus[i] = (struct guest_regs){
			.cr0 = CR0_PG, .lstar = ENTRY,
		};
	follow_look(&follow, &guest);
	memset(&lg, 0, sizeof(lg));
	lg.kernel.text = 0xffffffff81000000;
	lg.kernel.phys = 0x1000000;
	lg.init_task = 0xffffffff82a15a40;
	lg.symbols.nr = 170000;
	lg.btf.bytes = 5000000;
	strcpy(lg.banner, "Linux version 6.1.0-9");
	follow_found(&follow, &lg, false, false);
}

static enum follow_seen look(void)
{
	return follow_look(&follow, &guest);
}

static void test_reset(void)
{
	begin();
	vcpus[2] = vcpus[0];
	ksft_test_result(look() == FOLLOW_SAME && look() == FOLLOW_SAME,
			 "a vCPU that starts is nothing\n");
	vcpus[0].lstar = 0;
	ksft_test_result(look() == FOLLOW_SAME, "nor is one that is reset\n");
	vcpus[1].lstar = 0;
	vcpus[2].cr0 = 0;
	ksft_test_result(look() == FOLLOW_RESET && look() == FOLLOW_SAME,
			 "when no vCPU has a kernel any more the guest was reset\n");
	vcpus[0].lstar = OTHER;
	ksft_test_result(look() == FOLLOW_SAME && look() == FOLLOW_SAME &&
			 follow_found(&follow, &lg, false, false) == FOLLOW_TAKE,
			 "the kernel after it is that guest's first\n");
	begin();
	vcpus[0].lstar = 0;
	vcpus[1] = (struct guest_regs){ .nested = true };
	ksft_test_result(look() == FOLLOW_SAME,
			 "a vCPU with a nested guest has a kernel\n");
	begin();
	errors[0] = errors[1] = errors[2] = -EBUSY;
	ksft_test_result(look() == FOLLOW_SAME,
			 "vCPUs that cannot be asked say nothing\n");
}

static void test_moved(void)
{
	begin();
	vcpus[1].lstar = OTHER;
	vcpus[1].nested = true;
	ksft_test_result(look() == FOLLOW_SAME && look() == FOLLOW_SAME,
			 "LSTAR of a nested guest is another's\n");
	vcpus[1].nested = false;
	ksft_test_result(look() == FOLLOW_SAME && !follow.moved,
			 "one look at it says nothing\n");
	vcpus[1].lstar = ENTRY;
	look();
	vcpus[1].lstar = OTHER;
	ksft_test_result(look() == FOLLOW_SAME && look() == FOLLOW_MOVED &&
			 look() == FOLLOW_SAME && follow.moved,
			 "two do, of any vCPU\n");
	ksft_test_result(follow_first(&follow) == 4,
			 "the search begins with that one, by its id\n");
}

/* A root-kit overwrites the banner and takes the system calls, all between two looks. */
static void test_not_found(void)
{
	begin();
	ksft_test_result(follow_found(&follow, NULL, true, true) == FOLLOW_KEEP,
			 "what was found before goes on if lists are lost alone\n");
	vcpus[0].lstar = OTHER;
	look();
	look();
	ksft_test_result(follow_found(&follow, NULL, true, false) == FOLLOW_DROP,
			 "it does not if the kernel is entered elsewhere\n");
	ksft_test_result(follow_found(&follow, &lg, false, false) == FOLLOW_TAKE,
			 "when it is found again it is the same guest\n");
	follow_found(&follow, NULL, false, false);
	lg.kernel.phys += 0x200000;
	ksft_test_result(follow_found(&follow, &lg, false, false) ==
			 FOLLOW_TAKE_ANEW,
			 "a kernel elsewhere is another guest, even after that\n");
}

static void test_found(void)
{
	begin();
	ksft_test_result(follow_found(&follow, &lg, true, false) == FOLLOW_KEEP,
			 "the same kernel: what there is goes on\n");
	ksft_test_result(follow_found(&follow, &lg, true, true) == FOLLOW_TAKE,
			 "unless its lists are lost\n");
	lg.init_task += 0x40;
	ksft_test_result(follow_found(&follow, &lg, true, false) == FOLLOW_TAKE,
			 "another build in its place, but not another guest\n");
	lg.banner[14] = '7';
	ksft_test_result(follow_found(&follow, &lg, true, false) == FOLLOW_TAKE &&
			 follow_found(&follow, &lg, true, false) == FOLLOW_KEEP,
			 "also by its banner\n");
	lg.kernel.text += 0x1000000;
	ksft_test_result(follow_found(&follow, &lg, true, false) ==
			 FOLLOW_TAKE_ANEW, "a kernel elsewhere\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(19);
	test_reset();
	test_moved();
	test_not_found();
	test_found();
	follow_free(&follow);
	ksft_finished();
}
