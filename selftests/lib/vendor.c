// SPDX-License-Identifier: GPL-2.0-only
/*
 * vendor.c - what an exit of this host's processor looks like
 *
 * Sources: AMD64 Architecture Programmer's Manual, volume 2, "SVM Intercept Exit
 * Codes"; Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3,
 * "Exit Qualification" and "VMX Basic Exit Reasons".
 */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include "vendor.h"

static bool read_is_intel(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];
	bool intel = false;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "vendor_id", 9))
			intel = strstr(line, "GenuineIntel");
	if (file)
		fclose(file);
	return intel;
}

bool vendor_is_intel(void)
{
	static int intel = -1;

	if (intel < 0)
		intel = read_is_intel();
	return intel;
}

bool vendor_is_qemu(void)
{
	unsigned int max, sign[3];

	__cpuid(0x40000000, max, sign[0], sign[1], sign[2]);
	return !memcmp(sign, "TCGTCGTCGTCG", sizeof(sign));
}

bool vendor_has_nested_paging(void)
{
	FILE *file = fopen(vendor_is_intel() ? "/sys/module/kvm_intel/parameters/ept" :
			   "/sys/module/kvm_amd/parameters/npt", "r");
	int val = file ? fgetc(file) : 'Y';

	if (file)
		fclose(file);
	return val == 'Y' || val == '1';
}

static enum vendor_exit svm_exit(const struct vmitap_exit *exit)
{
	switch (exit->reason) {
	case 0x04: return VENDOR_READ_CR4;
	case 0x10: return VENDOR_WRITE_CR0;
	case 0x65: return VENDOR_WRITE_CR0;	/* but for TS and MP */
	case 0x13: return VENDOR_WRITE_CR3;
	case 0x14: return VENDOR_WRITE_CR4;
	case 0x20: return VENDOR_READ_DR0;
	case 0x30: return VENDOR_WRITE_DR0;
	case 0x46: return VENDOR_UNDEFINED;
	case 0x4e: return VENDOR_PAGE_FAULT;
	case 0x64: return VENDOR_WINDOW;
	case 0x6f: return VENDOR_RDPMC;
	case 0x72: return VENDOR_CPUID;
	case 0x76: return VENDOR_INVD;
	case 0x78: return VENDOR_HLT;
	case 0x7b: return VENDOR_IO;
	case 0x7c: return exit->qual1 ? VENDOR_MSR_WRITE : VENDOR_MSR_READ;
	case 0x81: return VENDOR_HYPERCALL;
	case 0x89: return VENDOR_WBINVD;
	case 0x8a: return VENDOR_MONITOR;
	case 0x8b: return VENDOR_MWAIT;
	case 0x8d: return VENDOR_XSETBV;
	case 0x400: return VENDOR_NPF;
	default: return VENDOR_OTHER;
	}
}

static enum vendor_exit vmx_cr_exit(__u64 qual)
{
	static const enum vendor_exit writes[16] = {
		[0] = VENDOR_WRITE_CR0, [3] = VENDOR_WRITE_CR3, [4] = VENDOR_WRITE_CR4,
	};

	if (qual >> 4 & 3)
		return VENDOR_OTHER;
	return writes[qual & 15];
}

static enum vendor_exit vmx_dr_exit(__u64 qual)
{
	if (qual & 7)
		return VENDOR_OTHER;
	return qual & 16 ? VENDOR_READ_DR0 : VENDOR_WRITE_DR0;
}

/* Valid, a hardware exception, its vector. */
static enum vendor_exit vmx_exception(__u64 intr_info)
{
	switch (intr_info & 0x800007ff) {
	case 0x80000306: return VENDOR_UNDEFINED;
	case 0x8000030e: return VENDOR_PAGE_FAULT;
	default: return VENDOR_OTHER;
	}
}

static enum vendor_exit vmx_exit(const struct vmitap_exit *exit)
{
	switch (exit->reason) {
	case 0: return vmx_exception(exit->qual2);
	case 7: return VENDOR_WINDOW;
	case 10: return VENDOR_CPUID;
	case 12: return VENDOR_HLT;
	case 13: return VENDOR_INVD;
	case 15: return VENDOR_RDPMC;
	case 18: return VENDOR_HYPERCALL;
	case 28: return vmx_cr_exit(exit->qual1);
	case 29: return vmx_dr_exit(exit->qual1);
	case 30: return VENDOR_IO;
	case 31: return VENDOR_MSR_READ;
	case 32: return VENDOR_MSR_WRITE;
	case 36: return VENDOR_MWAIT;
	case 39: return VENDOR_MONITOR;
	case 48: return VENDOR_NPF;
	case 49: return VENDOR_NPF;	/* misconfigured on purpose: MMIO */
	case 54: return VENDOR_WBINVD;
	case 55: return VENDOR_XSETBV;
	default: return VENDOR_OTHER;
	}
}

enum vendor_exit vendor_exit(const struct vmitap_exit *exit)
{
	return vendor_is_intel() ? vmx_exit(exit) : svm_exit(exit);
}

struct vendor_io vendor_io(const struct vmitap_exit *exit)
{
	__u64 qual = exit->qual1;

	if (vendor_is_intel())
		return (struct vendor_io) {
			.port = qual >> 16, .size = (qual & 7) + 1, .in = qual & 8,
			.string = qual & 16, .rep = qual & 32,
		};
	return (struct vendor_io) {
		.port = qual >> 16, .size = qual >> 4 & 7, .in = qual & 1,
		.string = qual & 4, .rep = qual & 8,
	};
}

bool vendor_npf_write(const struct vmitap_exit *exit)
{
	return exit->qual1 & 2;
}

__u64 vendor_fault_address(const struct vmitap_exit *exit)
{
	return vendor_is_intel() ? exit->qual1 : exit->qual2;
}

void vendor_fix_hypercalls(char *code, unsigned long len)
{
	static const char vmmcall[] = { 0x0f, 0x01, (char)0xd9 };
	unsigned long i;

	if (!vendor_is_intel())
		return;
	for (i = 0; i + sizeof(vmmcall) <= len; i++)
		if (!memcmp(code + i, vmmcall, sizeof(vmmcall)))
			code[i + 2] = (char)0xc1;
}
