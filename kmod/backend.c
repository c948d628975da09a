// SPDX-License-Identifier: GPL-2.0-only
/*
 * backend.c - choose the backend of this host
 */
#include <linux/string.h>

#include "backend.h"

static const struct vmitap_backend *const backends[] = {
	&vmitap_svm,
	&vmitap_vmx,
};

const struct vmitap_backend *vmitap_backend;

/**
 * vmitap_backend_select() - choose by KVM's vendor module
 * @module: its name
 * @refusal: on error, what did not match
 * @len: room in @refusal
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int vmitap_backend_select(const char *module, char *refusal, size_t len)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(backends); i++) {
		if (!strcmp(module, backends[i]->module)) {
			vmitap_backend = backends[i];
			if (!backends[i]->probe)
				return 0;
			return backends[i]->probe(refusal, len);
		}
	}
	snprintf(refusal, len,
		 "KVM's vendor module %s is not known: unload it, modprobe kvm_amd or kvm_intel",
		 module);
	return -EOPNOTSUPP;
}
