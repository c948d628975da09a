// SPDX-License-Identifier: GPL-2.0-only
/*
 * select.c - the selection options applied in user space
 */
#include "options.h"
#include "select.h"

#define CR3_NO_ROOT (0xfffULL | 1ULL << 63)

static bool select_class(const struct options *opts, unsigned int class_id)
{
	return opts->classes >> class_id & 1;
}

/* A recording has traps only if they were asked for then. */
static bool select_trap(const struct options *opts, unsigned int class_id)
{
	return !opts->classes_given || select_class(opts, class_id);
}

static bool select_vcpu(const struct options *opts, unsigned int vcpu)
{
	if (!opts->nr_vcpu_words)
		return true;
	if (vcpu / 64 >= opts->nr_vcpu_words)
		return false;
	return opts->vcpus[vcpu / 64] >> vcpu % 64 & 1;
}

static bool select_cr3(const struct options *opts, uint64_t cr3)
{
	uint32_t i;

	for (i = 0; i < opts->nr_cr3s; i++) {
		if (!((opts->cr3s[i] ^ cr3) & ~CR3_NO_ROOT))
			return true;
	}
	return !opts->nr_cr3s;
}

static bool select_cpl(const struct options *opts, uint8_t cpl)
{
	return !opts->cpl_mask || opts->cpl_mask >> (cpl & 3) & 1;
}

static bool select_exit(const struct options *opts,
			const struct vmitap_exit *exit)
{
	return select_class(opts, exit->class_id & 63) &&
	       select_cpl(opts, exit->cpl) && select_cr3(opts, exit->cr3);
}

static bool select_inject(const struct options *opts,
			  const struct vmitap_inject *inject)
{
	return select_class(opts, VMITAP_CLASS_INJECT) && select_cr3(opts, inject->cr3);
}

static bool select_cr3_write(const struct options *opts,
			     const struct vmitap_cr3_write *write)
{
	return select_trap(opts, VMITAP_CLASS_CR3) && select_cpl(opts, write->cpl) &&
	       (select_cr3(opts, write->old_cr3) || select_cr3(opts, write->new_cr3));
}

static bool select_message(const struct options *opts,
			   const struct vmitap_message *message)
{
	return select_trap(opts, VMITAP_CLASS_MESSAGE) &&
	       select_cpl(opts, message->cpl) && select_cr3(opts, message->cr3);
}

bool select_record(const struct options *opts, const struct vmitap_record *rec)
{
	if (rec->type == VMITAP_RECORD_LOST ||
	    rec->type == VMITAP_RECORD_VM_GONE)
		return true;
	if (!select_vcpu(opts, rec->vcpu))
		return false;
	switch (rec->type) {
	case VMITAP_RECORD_EXIT:
		return select_exit(opts, (const struct vmitap_exit *)rec);
	case VMITAP_RECORD_INJECT:
		return select_inject(opts, (const struct vmitap_inject *)rec);
	case VMITAP_RECORD_VCPU_CREATED:
	case VMITAP_RECORD_VCPU_DESTROYED:
		return select_class(opts, VMITAP_CLASS_VCPU);
	case VMITAP_RECORD_CR3:
		return select_cr3_write(opts, (const struct vmitap_cr3_write *)rec);
	case VMITAP_RECORD_SYSCALL:
		return select_trap(opts, VMITAP_CLASS_SYSCALL) &&
		       select_cr3(opts, ((const struct vmitap_syscall *)rec)->cr3);
	case VMITAP_RECORD_SYSRET:
		return select_trap(opts, VMITAP_CLASS_SYSCALL) &&
		       select_cr3(opts, ((const struct vmitap_sysret *)rec)->cr3);
	case VMITAP_RECORD_MESSAGE:
		return select_message(opts, (const struct vmitap_message *)rec);
	}
	return true;
}

bool select_among_exits(const struct options *opts)
{
	return (opts->classes & VMITAP_CLASSES_EXIT) != VMITAP_CLASSES_EXIT ||
	       opts->cpl_mask || opts->nr_cr3s;
}
