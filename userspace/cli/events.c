// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - lists of event classes and of record fields
 */
#include <stdlib.h>
#include <string.h>

#include <vmitap.h>

#include "cli.h"
#include "events.h"
#include "text.h"

/* What each class is, for "vmitap help events". */
static const char *const meanings[64] = {
	[VMITAP_CLASS_OTHER] = "an exit reason with no class",
	[VMITAP_CLASS_EXCEPTION] = "exception raised in the guest",
	[VMITAP_CLASS_INTERRUPT] = "host interrupt, INIT, SIPI",
	[VMITAP_CLASS_NMI] = "non-maskable interrupt",
	[VMITAP_CLASS_SMI] = "SMI, RSM",
	[VMITAP_CLASS_WINDOW] = "interrupt or NMI window, IRET",
	[VMITAP_CLASS_TASK_SWITCH] = "hardware task switch",
	[VMITAP_CLASS_CPUID] = "CPUID",
	[VMITAP_CLASS_HLT] = "HLT",
	[VMITAP_CLASS_PAUSE] = "PAUSE",
	[VMITAP_CLASS_MWAIT] = "MONITOR, MWAIT",
	[VMITAP_CLASS_PIO] = "port I/O",
	[VMITAP_CLASS_MMIO] = "nested fault known to be MMIO",
	[VMITAP_CLASS_NPF] = "nested page fault, EPT violation",
	[VMITAP_CLASS_CR] = "control register read or write",
	[VMITAP_CLASS_DR] = "debug register read or write",
	[VMITAP_CLASS_MSR_READ] = "RDMSR",
	[VMITAP_CLASS_MSR_WRITE] = "WRMSR",
	[VMITAP_CLASS_XCR] = "XSETBV, XSAVES, XRSTORS",
	[VMITAP_CLASS_DTABLE] = "GDTR, IDTR, LDTR, TR access",
	[VMITAP_CLASS_TSC] = "RDTSC, RDTSCP",
	[VMITAP_CLASS_PMC] = "RDPMC",
	[VMITAP_CLASS_TLB] = "INVLPG, INVPCID, INVLPGA",
	[VMITAP_CLASS_CACHE] = "INVD, WBINVD",
	[VMITAP_CLASS_RANDOM] = "RDRAND, RDSEED",
	[VMITAP_CLASS_INSN] = "PUSHF, POPF, INTn, ICEBP, other instructions",
	[VMITAP_CLASS_HYPERCALL] = "VMCALL, VMMCALL",
	[VMITAP_CLASS_NESTED] = "the guest is itself a hypervisor",
	[VMITAP_CLASS_APIC] = "APIC access, TPR, EOI, AVIC",
	[VMITAP_CLASS_STEP] = "monitor trap flag",
	[VMITAP_CLASS_TIMER] = "VMX preemption timer",
	[VMITAP_CLASS_SHUTDOWN] = "triple fault",
	[VMITAP_CLASS_FAIL] = "entry refused by hardware",
	[VMITAP_CLASS_ENCLAVE] = "SGX, SEV, TDX specific",
	[VMITAP_CLASS_INJECT] = "event injected at entry",
	[VMITAP_CLASS_VCPU] = "vCPU created or destroyed",
	[VMITAP_CLASS_CR3] = "CR3 written: switch of address spaces (trap)",
	[VMITAP_CLASS_SYSCALL] = "SYSCALL, SYSRET (trap)",
	[VMITAP_CLASS_MESSAGE] = "message from the guest by hypercall (trap)",
};

#define NR_MEANINGS (sizeof(meanings) / sizeof(meanings[0]))

int events_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_MEANINGS; i++) {
		if (meanings[i] && !strcmp(vmitap_class_name(i), name))
			return i;
	}
	return -1;
}

static int unknown_event(const char *name)
{
	const char *words[NR_MEANINGS + 3];
	unsigned int i, nr = 0;
	const char *near;

	for (i = 0; i < NR_MEANINGS; i++) {
		if (meanings[i])
			words[nr++] = vmitap_class_name(i);
	}
	words[nr++] = "all";
	words[nr] = NULL;
	near = text_nearest(name, words);
	if (near)
		return fail(EXIT_USAGE, "--events: no event \"%s\", is it \"%s\""
			    "? (vmitap help events lists them)", name, near);
	return fail(EXIT_USAGE, "--events: no event \"%s\"; vmitap help events"
		    " lists them", name);
}

int events_parse(const char *list, uint64_t *classes)
{
	char *copy = strdup(list), *save = NULL, *elem, *name;
	int code = EXIT_OK, class_id;
	uint64_t mask = 0;

	if (!copy)
		return fail(EXIT_OTHER, "out of memory");
	/* "-hlt" alone means all but HLT. */
	*classes = copy[0] == '-' ? VMITAP_CLASSES_PASSIVE : 0;
	elem = strtok_r(copy, ",", &save);
	for (; elem && !code; elem = strtok_r(NULL, ",", &save)) {
		name = elem + (*elem == '-');
		class_id = events_find(name);
		if (!strcmp(name, "all"))
			mask = VMITAP_CLASSES_PASSIVE;
		else if (class_id >= 0)
			mask = VMITAP_CLASS_MASK(class_id);
		else
			code = unknown_event(name);
		if (!code && *elem == '-')
			*classes &= ~mask;
		else if (!code)
			*classes |= mask;
	}
	free(copy);
	if (!code && !*classes)
		code = fail(EXIT_USAGE, "--events: \"%s\" selects nothing",
			    list);
	return code;
}

int fields_parse(const char *list, uint32_t *fields)
{
	static const char *const names[] = {
		"ctrl", "gprs", "segs", "insn", "all", "none", NULL
	};
	static const uint32_t masks[] = {
		VMITAP_FIELD_CTRL, VMITAP_FIELD_GPRS, VMITAP_FIELD_SEGS,
		VMITAP_FIELD_INSN, VMITAP_FIELDS_ALL, 0
	};
	char *copy = strdup(list), *save = NULL, *elem;
	int code = EXIT_OK;
	const char *near;
	unsigned int i;

	if (!copy)
		return fail(EXIT_OTHER, "out of memory");
	*fields = 0;
	elem = strtok_r(copy, ",", &save);
	for (; elem && !code; elem = strtok_r(NULL, ",", &save)) {
		for (i = 0; names[i] && strcmp(names[i], elem); i++)
			;
		near = names[i] ? NULL : text_nearest(elem, names);
		if (names[i])
			*fields |= masks[i];
		else
			code = fail(EXIT_USAGE, "--fields: no section \"%s\"%s%s"
				    "%s; there are ctrl, gprs, segs, insn, all"
				    " and none", elem, near ? ", is it \"" : "",
				    near ? near : "", near ? "\"?" : "");
	}
	free(copy);
	return code;
}

void events_help(FILE *out)
{
	unsigned int i;

	fprintf(out, "Event classes, for --events LIST:\n\n");
	for (i = 0; i < NR_MEANINGS; i++) {
		if (meanings[i])
			fprintf(out, "  %-12s %s\n", vmitap_class_name(i),
				meanings[i]);
	}
	fprintf(out, "\n\"all\" is every class but traps, for which the guest is"
		" made to exit more\noften: name them, as in --events all,cr3."
		"  \"-NAME\" takes a class out:\n--events all,-hlt,-npf\n");
}
