// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_test.c - whose registers a guest's are
 */
#include <errno.h>

#include <kselftest.h>

#include "guest.h"

#define NR_VCPUS	3

static int nr_vcpus;
static int error;
static bool nested[NR_VCPUS];

static int count(void *arg)
{
	(void)arg;
	return nr_vcpus;
}

static int registers(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	(void)arg;
	regs->cr3 = 0x1000 * (vcpu + 1);
	regs->nested = nested[vcpu];
	return error;
}

static const struct guest_ops ops = { .nr_vcpus = count, .regs = registers };
static const struct guest guest = { .ops = &ops };

static int outer(unsigned int *vcpu, struct guest_regs *regs)
{
	*regs = (struct guest_regs){ 0 };
	return guest_outer_regs(&guest, vcpu, regs);
}

int main(void)
{
	struct guest_regs regs;
	unsigned int vcpu;

	ksft_print_header();
	ksft_set_plan(6);
	ksft_test_result(outer(&vcpu, &regs) == -ENOENT, "no vCPU\n");
	nr_vcpus = -EPIPE;
	ksft_test_result(outer(&vcpu, &regs) == -EPIPE, "no VM\n");
	nr_vcpus = NR_VCPUS;
	ksft_test_result(!outer(&vcpu, &regs) && !vcpu && regs.cr3 == 0x1000,
			 "the first\n");
	nested[0] = nested[1] = true;
	ksft_test_result(!outer(&vcpu, &regs) && vcpu == 2 && regs.cr3 == 0x3000,
			 "the first that runs no nested guest\n");
	nested[2] = true;
	ksft_test_result(outer(&vcpu, &regs) == -EAGAIN, "all run one\n");
	error = -EBUSY;
	ksft_test_result(outer(&vcpu, &regs) == -EBUSY, "no registers\n");
	ksft_finished();
}
