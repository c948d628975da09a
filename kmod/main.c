// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - load, unload, /dev/vmitap
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "compat/compat.h"
#include "hook.h"
#include "ioctl.h"
#include "linger.h"
#include "ring.h"
#include "session.h"
#include "symbols.h"

static bool allow_untested;
module_param(allow_untested, bool, 0444);
MODULE_PARM_DESC(allow_untested,
		 "load on a kernel newer than the newest tested one (default: no)");

static int vmitap_open(struct inode *inode, struct file *file)
{
	struct vmitap_session *session = vmitap_session_create();

	if (!session)
		return -ENOMEM;
	file->private_data = session;
	return nonseekable_open(inode, file);
}

static int vmitap_release(struct inode *inode, struct file *file)
{
	vmitap_session_destroy(file->private_data);
	return 0;
}

static int vmitap_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long pages_per_ring = 1UL << (32 - PAGE_SHIFT);
	struct vmitap_ring *ring;
	int ret;

	ring = vmitap_session_get_ring(file->private_data,
				       vma->vm_pgoff / pages_per_ring);
	if (!ring)
		return -EINVAL;
	ret = vmitap_ring_mmap(ring, vma, vma->vm_pgoff % pages_per_ring);
	vmitap_ring_put(ring);
	return ret;
}

static __poll_t vmitap_poll(struct file *file, poll_table *wait)
{
	return vmitap_session_poll(file->private_data, file, wait);
}

static const struct file_operations vmitap_fops = {
	.owner = THIS_MODULE,
	.open = vmitap_open,
	.release = vmitap_release,
	.unlocked_ioctl = vmitap_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vmitap_mmap,
	.poll = vmitap_poll,
};

static struct miscdevice vmitap_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmitap",
	.mode = 0600,
	.fops = &vmitap_fops,
};

static int __init vmitap_init(void)
{
	int ret;

	if (!vmitap_compat_kernel_tested() && !allow_untested) {
		pr_err("not tested on kernels newer than %s: %s\n", VMITAP_NEWEST_TESTED,
		       VMITAP_UNTESTED_ADVICE);
		return -EOPNOTSUPP;
	}
	vmitap_hooks_init();
	ret = vmitap_symbols_init();
	if (ret)
		return ret;
	ret = misc_register(&vmitap_device);
	if (ret)
		vmitap_symbols_exit();
	else
		pr_info("version " VMITAP_VERSION "\n");
	return ret;
}

static void __exit vmitap_exit(void)
{
	misc_deregister(&vmitap_device);
	vmitap_linger_exit();
	vmitap_hooks_drain();
	vmitap_symbols_exit();
	pr_info("unloaded\n");
}

module_init(vmitap_init);
module_exit(vmitap_exit);

MODULE_DESCRIPTION("Virtual machine introspection on unpatched KVM");
MODULE_VERSION(VMITAP_VERSION);
MODULE_LICENSE("GPL");
