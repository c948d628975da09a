/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * message.h - buffers that guest code sends by hypercall
 */
#ifndef VMITAP_MESSAGE_H
#define VMITAP_MESSAGE_H

#include <linux/kvm_host.h>

struct vmitap_pending;

bool vmitap_message_take(struct kvm_vcpu *vcpu, const struct vmitap_pending *pending,
			 int *ret);

#endif /* VMITAP_MESSAGE_H */
