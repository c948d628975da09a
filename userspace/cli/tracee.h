/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracee.h - what is known of the guest whose system calls are traced
 *
 * That a call was made is derived from hardware; everything here is out-of-band: it
 * is read from the guest's memory by knowledge of Linux, after the call began, when
 * the guest may have changed it.
 */
#ifndef VMITAP_CLI_TRACEE_H
#define VMITAP_CLI_TRACEE_H

#include <guest_live.h>
#include <linux_roots.h>

#include "calls.h"

/**
 * struct tracee - a guest
 * @tap: session that is attached to it
 * @options: for linux_open()
 * @live: its state
 * @guest: the same, to be read
 * @lg: its Linux, as far as it is one
 * @roots: its processes by CR3
 * @user: address space of the process that made the call
 * @is_linux: it is Linux
 * @named: its processes can be told
 * @next_try: when to look again whether they can, seconds
 * @patience: time between the last two looks
 */
struct tracee {
	struct vmitap_session *tap;
	struct linux_options options;
	struct guest_live *live;
	struct guest guest;
	struct linux_guest lg;
	struct linux_roots roots;
	struct paging user;
	bool is_linux;
	bool named;
	double next_try;
	double patience;
};

/*
 * Find out what there is to know of the guest that @tap, which outlives @tracee, is
 * attached to; says with note() what cannot be known.
 */
void tracee_open(struct tracee *tracee, struct vmitap_session *tap,
		 const struct linux_options *options, double now);

/*
 * Look again at a guest whose processes could not be told: it may have been too
 * early in its boot.  Does nothing most of the time, so call it often.
 */
void tracee_look_again(struct tracee *tracee, double now);

void tracee_close(struct tracee *tracee);

/* Add to a call that began the process that made it. */
void tracee_name(struct tracee *tracee, struct call *call, double now);

/* Add to a call that began what is in memory of its arguments. */
void tracee_read_args(struct tracee *tracee, struct call *call);

#endif /* VMITAP_CLI_TRACEE_H */
