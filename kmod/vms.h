/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vms.h - the VMs of this host
 */
#ifndef VMITAP_VMS_H
#define VMITAP_VMS_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

int vmitap_vms_check_any(void);
struct mm_struct *vmitap_vms_get_mm(u32 pid);
struct kvm *vmitap_vms_get_by_pid(u32 pid);
struct kvm *vmitap_vms_get_by_fd(int fd);
struct kvm *vmitap_vms_get(struct kvm *kvm);
void vmitap_vms_put(struct kvm *kvm);
int vmitap_vms_list(struct vmitap_vm_info *vms, u32 room, u32 *nr);
int vmitap_vms_slots(struct kvm *kvm, struct vmitap_slot *slots, u32 room, u32 *nr);

#endif /* VMITAP_VMS_H */
