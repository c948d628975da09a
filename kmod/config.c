// SPDX-License-Identifier: GPL-2.0-only
/*
 * config.c - check a configuration from user space and bring it into the form
 * that the hooks use
 */
#include <linux/bpf.h>
#include <linux/bsearch.h>
#include <linux/kvm_host.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "config.h"
#include "filter.h"

#define ALL_CLASSES	0 ... VMITAP_NR_EXIT_CLASSES - 1

struct vmitap_cfg vmitap_cfg_nothing = {
	.action = { [ALL_CLASSES] = VMITAP_ACTION_DROP },
};

struct vmitap_cfg vmitap_cfg_off = {
	.action = { [ALL_CLASSES] = VMITAP_ACTION_OTHER },
};

static u16 cfg_record_size(u32 fields)
{
	u16 size = sizeof(struct vmitap_exit);

	if (fields & VMITAP_FIELD_CTRL)
		size += sizeof(struct vmitap_ctrl);
	if (fields & VMITAP_FIELD_GPRS)
		size += sizeof(struct vmitap_gprs);
	if (fields & VMITAP_FIELD_SEGS)
		size += sizeof(struct vmitap_segs);
	if (fields & VMITAP_FIELD_INSN)
		size += sizeof(struct vmitap_insn);
	return size;
}

static enum vmitap_action cfg_action(const struct vmitap_cfg *cfg, int class_id)
{
	/* The next exit's filter is told about this one, also if it is masked out. */
	if (cfg->prog)
		return VMITAP_ACTION_OTHER;
	if (!(cfg->classes & BIT_ULL(class_id)))
		return VMITAP_ACTION_DROP;
	if (cfg->flags & (VMITAP_CFG_CPL | VMITAP_CFG_CR3))
		return VMITAP_ACTION_OTHER;
	if (!cfg->fields[class_id])
		return VMITAP_ACTION_PLAIN;
	if (cfg->fields[class_id] == VMITAP_FIELD_GPRS)
		return VMITAP_ACTION_GPRS;
	return VMITAP_ACTION_OTHER;
}

static void cfg_set_actions(struct vmitap_cfg *cfg)
{
	int i;

	for (i = 0; i < VMITAP_NR_EXIT_CLASSES; i++)
		cfg->action[i] = cfg_action(cfg, i);
}

static int cfg_check(const struct vmitap_config *user)
{
	bool lossless = user->delivery == VMITAP_DELIVERY_LOSSLESS;

	if (user->flags)
		return -EOPNOTSUPP;
	if (user->classes & ~VMITAP_CLASSES_ALL ||
	    user->fields & ~VMITAP_FIELDS_ALL ||
	    user->delivery >= VMITAP_NR_DELIVERY)
		return -EOPNOTSUPP;
	if (lossless ? !user->timeout_us || user->timeout_us > 10 * USEC_PER_SEC :
		       user->timeout_us)
		return -EINVAL;
	if (user->cpl_mask & ~0xfu)
		return -EINVAL;
	if (user->nr_vcpu_words > BITS_TO_U64(KVM_MAX_VCPU_IDS) ||
	    user->nr_cr3s > VMITAP_MAX_CR3S ||
	    user->nr_class_fields > VMITAP_NR_EXIT_CLASSES)
		return -EINVAL;
	return 0;
}

/* Words of 64 bits, which whoever asks for them pays for.  Return: them or ERR_PTR(). */
static void *cfg_copy_words(u64 from, u32 nr)
{
	void *words = kmalloc_array(nr, sizeof(u64), GFP_KERNEL_ACCOUNT);

	if (!words)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(words, u64_to_user_ptr(from), nr * sizeof(u64))) {
		kfree(words);
		return ERR_PTR(-EFAULT);
	}
	return words;
}

static int cfg_copy_vcpus(struct vmitap_cfg *cfg, const struct vmitap_config *user)
{
	void *words;

	if (!user->nr_vcpu_words)
		return 0;
	words = cfg_copy_words(user->vcpus, user->nr_vcpu_words);
	if (IS_ERR(words))
		return PTR_ERR(words);
	cfg->vcpus = words;
	cfg->nr_vcpus = user->nr_vcpu_words * 64;
	return 0;
}

static int cfg_cmp_cr3(const void *a, const void *b)
{
	const u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static int cfg_copy_cr3s(struct vmitap_cfg *cfg, const struct vmitap_config *user)
{
	void *cr3s;
	u32 i;

	if (!user->nr_cr3s)
		return 0;
	cr3s = cfg_copy_words(user->cr3s, user->nr_cr3s);
	if (IS_ERR(cr3s))
		return PTR_ERR(cr3s);
	cfg->cr3s = cr3s;
	cfg->nr_cr3s = user->nr_cr3s;
	for (i = 0; i < cfg->nr_cr3s; i++)
		cfg->cr3s[i] &= VMITAP_CR3_MASK;
	sort(cfg->cr3s, cfg->nr_cr3s, sizeof(u64), cfg_cmp_cr3, NULL);
	cfg->flags |= VMITAP_CFG_CR3;
	return 0;
}

static int cfg_copy_fields(struct vmitap_cfg *cfg, const struct vmitap_config *user)
{
	struct vmitap_class_fields one[VMITAP_NR_EXIT_CLASSES];
	u64 seen = 0;
	u32 i;

	if (copy_from_user(one, u64_to_user_ptr(user->class_fields),
			   user->nr_class_fields * sizeof(one[0])))
		return -EFAULT;
	for (i = 0; i < VMITAP_NR_EXIT_CLASSES; i++)
		cfg->fields[i] = user->fields;
	for (i = 0; i < user->nr_class_fields; i++) {
		if (one[i].class_id >= VMITAP_NR_EXIT_CLASSES ||
		    seen & BIT_ULL(one[i].class_id))
			return -EINVAL;
		if (one[i].fields & ~VMITAP_FIELDS_ALL)
			return -EOPNOTSUPP;
		seen |= BIT_ULL(one[i].class_id);
		cfg->fields[one[i].class_id] = one[i].fields;
	}
	for (i = 0; i < VMITAP_NR_EXIT_CLASSES; i++)
		cfg->size[i] = cfg_record_size(cfg->fields[i]);
	return 0;
}

/**
 * vmitap_cfg_create() - configuration from user space
 * @user: kernel copy of the ioctl's argument; what it points to is copied here
 *
 * Return: the configuration, without a filter, or ERR_PTR(-errno).
 */
struct vmitap_cfg *vmitap_cfg_create(const struct vmitap_config *user)
{
	struct vmitap_cfg *cfg;
	int ret;

	ret = cfg_check(user);
	if (ret)
		return ERR_PTR(ret);
	cfg = kzalloc(sizeof(*cfg), GFP_KERNEL_ACCOUNT);
	if (!cfg)
		return ERR_PTR(-ENOMEM);

	cfg->classes = user->classes;
	cfg->timeout_us = user->timeout_us;
	cfg->watermark = user->watermark;
	cfg->cpl_mask = user->cpl_mask;
	if (user->cpl_mask)
		cfg->flags |= VMITAP_CFG_CPL;
	if (user->delivery == VMITAP_DELIVERY_LOSSLESS)
		cfg->flags |= VMITAP_CFG_LOSSLESS;

	ret = cfg_copy_fields(cfg, user);
	if (!ret)
		ret = cfg_copy_vcpus(cfg, user);
	if (!ret)
		ret = cfg_copy_cr3s(cfg, user);
	if (ret) {
		vmitap_cfg_free(cfg);
		return ERR_PTR(ret);
	}
	cfg_set_actions(cfg);
	return cfg;
}

/**
 * vmitap_cfg_set_filter() - set the filter of a configuration not published yet
 * @cfg: configuration without a filter
 * @prog: filter or NULL; the reference moves to @cfg
 */
void vmitap_cfg_set_filter(struct vmitap_cfg *cfg, struct bpf_prog *prog)
{
	cfg->prog = prog;
	cfg_set_actions(cfg);
}

/**
 * vmitap_cfg_clone() - the same configuration with another filter
 * @old: configuration; not changed
 * @prog: filter or NULL; on success the reference moves to the clone
 *
 * Return: the clone or ERR_PTR(-ENOMEM).
 */
struct vmitap_cfg *vmitap_cfg_clone(const struct vmitap_cfg *old,
				    struct bpf_prog *prog)
{
	struct vmitap_cfg *cfg;

	cfg = kmemdup(old, sizeof(*old), GFP_KERNEL_ACCOUNT);
	if (!cfg)
		return ERR_PTR(-ENOMEM);
	cfg->prog = NULL;
	cfg->vcpus = NULL;
	cfg->cr3s = NULL;
	if (old->vcpus) {
		cfg->vcpus = kmemdup(old->vcpus, old->nr_vcpus / 8,
				     GFP_KERNEL_ACCOUNT);
		if (!cfg->vcpus)
			goto err_free_cfg;
	}
	if (old->cr3s) {
		cfg->cr3s = kmemdup(old->cr3s, old->nr_cr3s * sizeof(u64),
				    GFP_KERNEL_ACCOUNT);
		if (!cfg->cr3s)
			goto err_free_cfg;
	}
	vmitap_cfg_set_filter(cfg, prog);
	return cfg;

err_free_cfg:
	vmitap_cfg_free(cfg);
	return ERR_PTR(-ENOMEM);
}

/**
 * vmitap_cfg_free() - free a configuration that no hook can see any more
 * @cfg: configuration or NULL; its filter is released
 */
void vmitap_cfg_free(struct vmitap_cfg *cfg)
{
	if (!cfg)
		return;
	vmitap_filter_put(cfg->prog);
	kfree(cfg->vcpus);
	kfree(cfg->cr3s);
	kfree(cfg);
}

/**
 * vmitap_cfg_has_cr3() - is the page-table root in the session's list?
 * @cfg: configuration with VMITAP_CFG_CR3
 * @cr3: guest CR3
 *
 * Return: true if it is.
 */
bool vmitap_cfg_has_cr3(const struct vmitap_cfg *cfg, u64 cr3)
{
	cr3 &= VMITAP_CR3_MASK;
	return bsearch(&cr3, cfg->cr3s, cfg->nr_cr3s, sizeof(u64), cfg_cmp_cr3);
}

/**
 * vmitap_cfg_has_vcpu() - is the vCPU in the session's set?
 * @cfg: configuration
 * @vcpu_id: the vCPU
 *
 * Return: true if it is.
 */
bool vmitap_cfg_has_vcpu(const struct vmitap_cfg *cfg, u32 vcpu_id)
{
	return !cfg->nr_vcpus ||
	       (vcpu_id < cfg->nr_vcpus && test_bit(vcpu_id, cfg->vcpus));
}

/**
 * vmitap_cfg_reads_memory() - does what is captured take a look at guest memory?
 * @cfg: configuration
 *
 * Return: true if it does.
 */
bool vmitap_cfg_reads_memory(const struct vmitap_cfg *cfg)
{
	int i;

	if (cfg->classes & (VMITAP_CLASS_MASK(VMITAP_CLASS_SYSCALL) |
			    VMITAP_CLASS_MASK(VMITAP_CLASS_MESSAGE)))
		return true;
	for (i = 0; i < VMITAP_NR_EXIT_CLASSES; i++)
		if (cfg->classes & BIT_ULL(i) && cfg->fields[i] & VMITAP_FIELD_INSN)
			return true;
	return false;
}
