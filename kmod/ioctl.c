// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl.c - one table for all ioctls, one place that copies their structs
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <asm/tsc.h>

#include "backend.h"
#include "compat/compat.h"
#include "config.h"
#include "hook.h"
#include "ioctl.h"
#include "ring.h"
#include "session.h"
#include "symbols.h"
#include "tap.h"
#include "vms.h"

/* Most entries that a list ioctl fills at once: KVM has fewer slots. */
#define LIST_MAX	32768u

union ioctl_arg {
	struct vmitap_query query;
	struct vmitap_list_vms list_vms;
	struct vmitap_list_slots list_slots;
	struct vmitap_attach attach;
	struct vmitap_config config;
	struct vmitap_filter filter;
	struct vmitap_enable enable;
	struct vmitap_ring_info ring;
	struct vmitap_stats stats;
	struct vmitap_wake wake;
	struct vmitap_eventfd eventfd;
	struct vmitap_regs regs;
	struct vmitap_pause pause;
};

static int ioctl_query(struct vmitap_session *session, union ioctl_arg *arg)
{
	struct vmitap_query *query = &arg->query;

	if (query->flags)
		return -EOPNOTSUPP;
	memset_startat(query, 0, out_vendor);

	mutex_lock(&vmitap_lock);
	/* Looking is not enough: the hooks check more than the symbols do. */
	if (!vmitap_hooks_probe(query->out_refusal, sizeof(query->out_refusal)))
		query->out_vendor = vmitap_backend->vendor;
	mutex_unlock(&vmitap_lock);

	query->out_tsc_khz = tsc_khz;
	query->out_classes = VMITAP_CLASSES_ALL;
	query->out_fields = VMITAP_FIELDS_ALL;
	query->out_deliveries = BIT(VMITAP_NR_DELIVERY) - 1;
	query->out_ring_min = VMITAP_RING_MIN;
	query->out_ring_max = VMITAP_RING_MAX;
	query->out_max_cr3s = VMITAP_MAX_CR3S;
	query->out_max_sessions = VMITAP_MAX_SESSIONS;
	strscpy(query->out_version, VMITAP_VERSION, sizeof(query->out_version));

	local_irq_disable();
	query->out_tsc = rdtsc_ordered();
	query->out_mono_ns = ktime_get_ns();
	query->out_real_ns = ktime_get_real_ns();
	local_irq_enable();
	return 0;
}

static int ioctl_list_vms(struct vmitap_session *session, union ioctl_arg *arg)
{
	char refusal[sizeof_field(struct vmitap_query, out_refusal)];
	struct vmitap_list_vms *list = &arg->list_vms;
	struct vmitap_vm_info *vms;
	u32 room = min(list->nr, LIST_MAX);
	int ret;

	if (list->flags)
		return -EOPNOTSUPP;
	if (list->entry_size != sizeof(*vms) || list->__reserved)
		return -EINVAL;
	vms = kvcalloc(room + 1, sizeof(*vms), GFP_KERNEL_ACCOUNT);
	if (!vms)
		return -ENOMEM;

	mutex_lock(&vmitap_lock);
	ret = vmitap_kvm_get(refusal, sizeof(refusal));
	if (!ret) {
		ret = vmitap_vms_list(vms, room, &list->out_nr);
		vmitap_kvm_put();
	}
	mutex_unlock(&vmitap_lock);

	if (!ret && copy_to_user(u64_to_user_ptr(list->vms), vms,
				 min(room, list->out_nr) * sizeof(*vms)))
		ret = -EFAULT;
	kvfree(vms);
	return ret;
}

static int ioctl_list_slots(struct vmitap_session *session, union ioctl_arg *arg)
{
	struct vmitap_list_slots *list = &arg->list_slots;
	u32 room = min(list->nr, LIST_MAX);
	struct vmitap_slot *slots;
	int ret;

	if (list->flags)
		return -EOPNOTSUPP;
	if (list->entry_size != sizeof(*slots) || list->__reserved)
		return -EINVAL;
	slots = kvcalloc(room + 1, sizeof(*slots), GFP_KERNEL_ACCOUNT);
	if (!slots)
		return -ENOMEM;

	/* The lock keeps the VM from being destroyed meanwhile. */
	mutex_lock(&vmitap_lock);
	ret = vmitap_session_check_vm(session);
	if (!ret)
		ret = vmitap_vms_slots(session->vm->kvm, slots, room, &list->out_nr);
	mutex_unlock(&vmitap_lock);

	if (!ret && copy_to_user(u64_to_user_ptr(list->slots), slots,
				 min(room, list->out_nr) * sizeof(*slots)))
		ret = -EFAULT;
	kvfree(slots);
	return ret;
}

static int attach_next(struct vmitap_session *session, const struct vmitap_attach *attach)
{
	struct mm_struct *mm = NULL;
	int ret;

	if (attach->pid) {
		mm = vmitap_vms_get_mm(attach->pid);
		if (IS_ERR(mm))
			return PTR_ERR(mm);
	} else {
		ret = vmitap_vms_check_any();
		if (ret)
			return ret;
	}
	ret = vmitap_session_attach_next(session, mm, attach->ring_bytes);
	if (mm)
		mmdrop(mm);
	return ret;
}

static int attach_now(struct vmitap_session *session, struct vmitap_attach *attach)
{
	struct kvm *kvm;
	int ret;

	if (attach->flags & VMITAP_ATTACH_BY_FD)
		kvm = vmitap_vms_get_by_fd(attach->vm_fd);
	else
		kvm = vmitap_vms_get_by_pid(attach->pid);
	if (IS_ERR(kvm))
		return PTR_ERR(kvm);
	ret = vmitap_session_attach(session, kvm, attach->ring_bytes,
				    &attach->out_nr_rings);
	vmitap_vms_put(kvm);
	return ret;
}

static int check_attach(const struct vmitap_attach *attach)
{
	if (attach->flags & ~(VMITAP_ATTACH_BY_FD | VMITAP_ATTACH_NEXT))
		return -EOPNOTSUPP;
	if (attach->flags == (VMITAP_ATTACH_BY_FD | VMITAP_ATTACH_NEXT))
		return -EINVAL;
	if (attach->flags & VMITAP_ATTACH_BY_FD ? attach->pid : attach->vm_fd)
		return -EINVAL;
	if (!is_power_of_2(attach->ring_bytes) ||
	    attach->ring_bytes < VMITAP_RING_MIN ||
	    attach->ring_bytes > VMITAP_RING_MAX)
		return -EINVAL;
	return 0;
}

static int ioctl_attach(struct vmitap_session *session, union ioctl_arg *arg)
{
	char refusal[sizeof_field(struct vmitap_query, out_refusal)];
	struct vmitap_attach *attach = &arg->attach;
	int ret = check_attach(attach);

	if (ret)
		return ret;
	attach->out_nr_rings = 0;
	mutex_lock(&vmitap_lock);
	ret = vmitap_kvm_get(refusal, sizeof(refusal));
	mutex_unlock(&vmitap_lock);
	if (ret) {
		pr_err_ratelimited("%s\n", refusal);
		return ret;
	}
	if (attach->flags & VMITAP_ATTACH_NEXT)
		ret = attach_next(session, attach);
	else
		ret = attach_now(session, attach);
	mutex_lock(&vmitap_lock);
	vmitap_kvm_put();
	mutex_unlock(&vmitap_lock);
	return ret;
}

static int ioctl_config(struct vmitap_session *session, union ioctl_arg *arg)
{
	struct vmitap_cfg *cfg = vmitap_cfg_create(&arg->config);

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	return vmitap_session_config(session, cfg);
}

static int ioctl_filter(struct vmitap_session *session, union ioctl_arg *arg)
{
	const struct vmitap_filter *filter = &arg->filter;

	if (filter->flags)
		return -EOPNOTSUPP;
	if (filter->__reserved || filter->prog_fd < -1)
		return -EINVAL;
	return vmitap_session_filter(session, filter->prog_fd);
}

static int ioctl_enable(struct vmitap_session *session, union ioctl_arg *arg)
{
	const struct vmitap_enable *enable = &arg->enable;

	if (enable->flags)
		return -EOPNOTSUPP;
	if (enable->enable > 1 || enable->__reserved)
		return -EINVAL;
	return vmitap_session_enable(session, enable->enable);
}

static int ioctl_ring(struct vmitap_session *session, union ioctl_arg *arg)
{
	if (arg->ring.flags)
		return -EOPNOTSUPP;
	return vmitap_session_ring(session, &arg->ring);
}

static int ioctl_stats(struct vmitap_session *session, union ioctl_arg *arg)
{
	struct vmitap_stats *stats = &arg->stats;

	if (stats->flags)
		return -EOPNOTSUPP;
	if (stats->__reserved)
		return -EINVAL;
	memset_startat(stats, 0, out_nr_rings);
	return vmitap_session_stats(session, stats);
}

static int ioctl_wake(struct vmitap_session *session, union ioctl_arg *arg)
{
	if (arg->wake.flags)
		return -EOPNOTSUPP;
	return vmitap_session_release_vcpus(session);
}

static int ioctl_eventfd(struct vmitap_session *session, union ioctl_arg *arg)
{
	const struct vmitap_eventfd *eventfd = &arg->eventfd;

	if (eventfd->flags)
		return -EOPNOTSUPP;
	if (eventfd->__reserved || eventfd->fd < -1)
		return -EINVAL;
	return vmitap_session_eventfd(session, eventfd->fd);
}

static int ioctl_regs(struct vmitap_session *session, union ioctl_arg *arg)
{
	struct vmitap_regs *regs = &arg->regs;
	u32 size = regs->size, vcpu_id = regs->vcpu_id;

	if (regs->flags)
		return -EOPNOTSUPP;
	if (memchr_inv(regs->__reserved, 0, sizeof(regs->__reserved)))
		return -EINVAL;
	memset(regs, 0, sizeof(*regs));
	regs->size = size;
	regs->vcpu_id = vcpu_id;
	return vmitap_session_regs(session, regs);
}

static int ioctl_pause(struct vmitap_session *session, union ioctl_arg *arg)
{
	const struct vmitap_pause *pause = &arg->pause;

	if (pause->flags)
		return -EOPNOTSUPP;
	if (pause->pause > 1 || pause->__reserved)
		return -EINVAL;
	return vmitap_session_pause(session, pause->pause);
}

/**
 * struct ioctl_op - one ioctl
 * @size: of its struct in this kernel
 * @min_size: of its struct in the first version
 * @handler: works on a kernel copy, which is copied back on success
 */
struct ioctl_op {
	u32 size;
	u32 min_size;
	int (*handler)(struct vmitap_session *session, union ioctl_arg *arg);
};

#define IOCTL_OP(cmd, fn, type, last)					\
	[VMITAP_CMD_##cmd] = {						\
		.size = sizeof(struct type) +				\
			BUILD_BUG_ON_ZERO(_IOC_SIZE(VMITAP_IOC_##cmd)),	\
		.min_size = offsetofend(struct type, last),		\
		.handler = fn,						\
	}

static const struct ioctl_op ioctl_ops[] = {
	IOCTL_OP(QUERY, ioctl_query, vmitap_query, out_refusal),
	IOCTL_OP(LIST_VMS, ioctl_list_vms, vmitap_list_vms, __reserved),
	IOCTL_OP(LIST_SLOTS, ioctl_list_slots, vmitap_list_slots, __reserved),
	IOCTL_OP(ATTACH, ioctl_attach, vmitap_attach, out_nr_rings),
	IOCTL_OP(CONFIG, ioctl_config, vmitap_config, class_fields),
	IOCTL_OP(FILTER, ioctl_filter, vmitap_filter, __reserved),
	IOCTL_OP(ENABLE, ioctl_enable, vmitap_enable, __reserved),
	IOCTL_OP(RING, ioctl_ring, vmitap_ring_info, out_mmap_bytes),
	IOCTL_OP(STATS, ioctl_stats, vmitap_stats, __reserved),
	IOCTL_OP(WAKE, ioctl_wake, vmitap_wake, flags),
	IOCTL_OP(EVENTFD, ioctl_eventfd, vmitap_eventfd, __reserved),
	IOCTL_OP(REGS, ioctl_regs, vmitap_regs, __reserved),
	IOCTL_OP(PAUSE, ioctl_pause, vmitap_pause, __reserved),
};

/**
 * vmitap_ioctl() - file operation
 * @file: open file of /dev/vmitap
 * @cmd: VMITAP_IOC_*
 * @arg: user pointer to the struct
 *
 * Return: 0 or -errno as in the uapi header.
 */
long vmitap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	const struct ioctl_op *op;
	union ioctl_arg buf = {};
	u32 size;
	int ret;

	if (_IOC_TYPE(cmd) != VMITAP_IOC_TYPE || _IOC_SIZE(cmd) ||
	    _IOC_DIR(cmd) != _IOC_NONE || _IOC_NR(cmd) >= ARRAY_SIZE(ioctl_ops))
		return -ENOTTY;
	op = &ioctl_ops[_IOC_NR(cmd)];

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < op->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&buf, op->size, user, size);
	if (ret)
		return ret;
	/* The first word may have changed between the two reads. */
	*(u32 *)&buf = size;

	ret = op->handler(file->private_data, &buf);
	if (ret)
		return ret;
	if (copy_to_user(user, &buf, min(size, op->size)))
		return -EFAULT;
	return 0;
}
