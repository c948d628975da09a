/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vms.h - the VMs of this host and which one --vm means
 */
#ifndef VMITAP_CLI_VMS_H
#define VMITAP_CLI_VMS_H

#include <stddef.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/vmitap.h>

struct vmitap_session;

/*
 * List the VMs.  Return: EXIT_OK with an array to free() in *@vms, or an exit
 * code, reported.
 */
int vms_get(struct vmitap_session *tap, struct vmitap_vm_info **vms, size_t *nr);

/*
 * What the VMM calls its VM: the argument of QEMU's -name, --id of Firecracker,
 * else the name of the process.  Return: @buf.
 */
const char *vms_name(const struct vmitap_vm_info *vm, char *buf, size_t size);

/* Parse a PID: nothing but digits.  Return: whether it is one. */
bool vms_parse_pid(const char *text, pid_t *pid);

/*
 * Find the VM that this process taps.  If it is not there any more, *@pid stays as it
 * is.  Return: EXIT_OK or EXIT_OTHER, reported.
 */
int vms_find_own(struct vmitap_session *tap, pid_t *pid, char *name, size_t size);

/*
 * Find the VM that @wanted, a PID or a name, means; NULL means the only one.
 * Return: EXIT_OK, EXIT_NO_VM or EXIT_OTHER, reported.
 */
int vms_find(struct vmitap_session *tap, const char *wanted, pid_t *pid,
	     char *name, size_t size);

#endif /* VMITAP_CLI_VMS_H */
