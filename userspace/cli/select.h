/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * select.h - the selection options applied in user space
 *
 * For recordings, and for commands that must see every exit to time those that
 * are selected.
 */
#ifndef VMITAP_CLI_SELECT_H
#define VMITAP_CLI_SELECT_H

#include <stdbool.h>

#include <linux/vmitap.h>

struct options;

/*
 * Whether --events, --vcpu, --cpl and --cr3 keep the record, as the module would have.
 * LOST and VM_GONE records are always kept; --cpl keeps records that do not say at which
 * level the guest was: system calls and injected events.
 */
bool select_record(const struct options *opts, const struct vmitap_record *rec);

/* Whether the options leave out exits of a vCPU that they keep. */
bool select_among_exits(const struct options *opts);

#endif /* VMITAP_CLI_SELECT_H */
