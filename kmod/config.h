/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config.h - what a session captures, in the form the hooks use
 *
 * Immutable once published; replaced as a whole, freed after a grace period.
 */
#ifndef VMITAP_CONFIG_H
#define VMITAP_CONFIG_H

#include <linux/bitops.h>
#include <linux/types.h>
#include <linux/vmitap.h>

struct bpf_prog;

#define VMITAP_MAX_CR3S		4096u

/* vmitap_cfg.flags: what the hooks must look at beyond the class mask. */
#define VMITAP_CFG_CPL		BIT(0)
#define VMITAP_CFG_CR3		BIT(1)
#define VMITAP_CFG_LOSSLESS	BIT(2)

/*
 * What is to be done with an exit of a class.  The first two pass no filter but
 * the class mask, and are for the fast path.
 */
enum vmitap_action {
	VMITAP_ACTION_PLAIN,	/* record the fixed part */
	VMITAP_ACTION_GPRS,	/* record that and the general registers */
	VMITAP_ACTION_DROP,	/* count it as filtered out by the mask */
	VMITAP_ACTION_OTHER,	/* look at everything */
};

/* Bits of CR3 that are not the page-table root: PCID, PWT, PCD, no-flush. */
#define VMITAP_CR3_MASK		GENMASK_ULL(62, 12)

/**
 * struct vmitap_cfg - a session's configuration
 * @classes: mask of enum vmitap_class
 * @prog: filter or NULL; the configuration holds a reference
 * @flags: VMITAP_CFG_*
 * @cpl_mask: bit n: keep CPL n
 * @timeout_us: longest wait of a lossless session
 * @watermark: bytes, 0 for a quarter of a ring
 * @action: enum vmitap_action, by class
 * @size: bytes of an EXIT record, by class
 * @fields: VMITAP_FIELD_*, by class
 * @nr_vcpus: bits in @vcpus, 0 for all vCPUs
 * @vcpus: bit map by vCPU id
 * @nr_cr3s: entries in @cr3s
 * @cr3s: page-table roots, sorted
 */
struct vmitap_cfg {
	u64 classes;
	struct bpf_prog *prog;
	u32 flags;
	u32 cpl_mask;
	u32 timeout_us;
	u32 watermark;
	u8 action[VMITAP_NR_EXIT_CLASSES];
	u16 size[VMITAP_NR_EXIT_CLASSES];
	u8 fields[VMITAP_NR_EXIT_CLASSES];
	u32 nr_vcpus;
	u32 nr_cr3s;
	unsigned long *vcpus;
	u64 *cr3s;
};

/* For vCPUs outside of the session's set: everything is filtered out. */
extern struct vmitap_cfg vmitap_cfg_nothing;

/* While capture is off: nothing is captured, and nothing counted as filtered. */
extern struct vmitap_cfg vmitap_cfg_off;

struct vmitap_cfg *vmitap_cfg_create(const struct vmitap_config *user);
void vmitap_cfg_set_filter(struct vmitap_cfg *cfg, struct bpf_prog *prog);
struct vmitap_cfg *vmitap_cfg_clone(const struct vmitap_cfg *old,
				    struct bpf_prog *prog);
void vmitap_cfg_free(struct vmitap_cfg *cfg);
bool vmitap_cfg_has_cr3(const struct vmitap_cfg *cfg, u64 cr3);
bool vmitap_cfg_reads_memory(const struct vmitap_cfg *cfg);
bool vmitap_cfg_has_vcpu(const struct vmitap_cfg *cfg, u32 vcpu_id);

/* What is @chosen by the configuration, or else by us. */
static inline u32 vmitap_watermark(u32 chosen, u32 ring_bytes)
{
	return chosen ?: ring_bytes / 4;
}

#endif /* VMITAP_CONFIG_H */
