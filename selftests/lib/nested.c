// SPDX-License-Identifier: GPL-2.0-only
/*
 * nested.c - a guest that runs a guest of its own: what both vendors have in common
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "nested.h"
#include "testvm.h"
#include "vendor.h"

#define MSR_LSTAR	0xc0000082

bool nested_available(void)
{
	FILE *file = fopen(vendor_is_intel() ? "/sys/module/kvm_intel/parameters/nested" :
			   "/sys/module/kvm_amd/parameters/nested", "r");
	int val = file ? fgetc(file) : 'N';

	if (file)
		fclose(file);
	return val == 'Y' || val == '1';
}

void nested_prepare(struct testvm_vcpu *vcpu, const char *start, const char *end)
{
	char *mem = vcpu->vm->mem;

	CHECK(end - start < 0x10000, "code of %ld bytes", (long)(end - start));
	memset(mem + TESTVM_DATA, 0, NESTED_STACK - TESTVM_DATA);
	memcpy(mem + NESTED_CODE, start, end - start);
	vendor_fix_hypercalls(mem + NESTED_CODE, end - start);
	if (vendor_is_intel())
		nested_vmx_prepare(vcpu);
	else
		nested_svm_prepare(vcpu);
}

void nested_set_syscall(struct testvm_vcpu *vcpu, unsigned long offset)
{
	testvm_set_syscall(vcpu, NULL, NULL, 0);
	testvm_set_msr(vcpu, MSR_LSTAR, NESTED_CODE + offset);
}
