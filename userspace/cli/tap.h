/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - a session of /dev/vmitap and the records of all its rings
 *
 * Functions that return int return 0 or a negative errno, as the ioctl of that
 * name in <linux/vmitap.h> documents it.
 */
#ifndef VMITAP_CLI_TAP_H
#define VMITAP_CLI_TAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vmitap.h>

struct tap;

/* Open a session; tap_close() it. */
int tap_open(struct tap **tap);

/* End the session; NULL is fine.  Records got from it are gone. */
void tap_close(struct tap *tap);

int tap_query(struct tap *tap, struct vmitap_query *query);

/* Fill at most @room entries of @vms; *@nr is how many VMs there are. */
int tap_list(struct tap *tap, struct vmitap_vm_info *vms, uint32_t room,
	     uint32_t *nr);
int tap_attach(struct tap *tap, pid_t pid, uint32_t ring_bytes);

/* @config's size is filled in. */
int tap_configure(struct tap *tap, struct vmitap_config *config);
int tap_set_filter(struct tap *tap, int prog_fd);
int tap_enable(struct tap *tap, int on);
int tap_stats(struct tap *tap, struct vmitap_stats *stats);

/*
 * Get the record with the lowest TSC of those in the rings.  Return: 1 with a
 * record that stays until the next call, 0 if there is none, -EPROTO if a ring
 * makes no sense.
 */
int tap_next(struct tap *tap, const struct vmitap_record **rec);

/*
 * Wait for records, at most @ms milliseconds.  Return: 0; -EINTR after a signal;
 * -EPIPE if the VM is gone, when what the rings hold can still be read.
 */
int tap_wait(struct tap *tap, int ms);

/* The sections of an exit, NULL if it has not got them. */
const struct vmitap_ctrl *tap_exit_ctrl(const struct vmitap_exit *exit);
const struct vmitap_gprs *tap_exit_gprs(const struct vmitap_exit *exit);
const struct vmitap_segs *tap_exit_segs(const struct vmitap_exit *exit);
const struct vmitap_insn *tap_exit_insn(const struct vmitap_exit *exit);

#endif /* VMITAP_CLI_TAP_H */
