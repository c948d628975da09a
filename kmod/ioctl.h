/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctl.h - the ioctls of /dev/vmitap
 */
#ifndef VMITAP_IOCTL_H
#define VMITAP_IOCTL_H

struct file;

long vmitap_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* VMITAP_IOCTL_H */
