/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest_live.h - a guest that runs, or is paused, under a session of libvmitap
 */
#ifndef VMITAP_VIEWS_GUEST_LIVE_H
#define VMITAP_VIEWS_GUEST_LIVE_H

#include "guest.h"

struct guest_live;
struct vmitap_session;

/**
 * guest_live_open() - look at a guest through a session
 * @live: the guest; guest_live_close() it
 * @guest: state to read, valid until then
 * @session: session that is attached, and stays so until then
 *
 * vCPUs are numbered through in the order of their ids, anew at each guest_nr_vcpus();
 * guest_live_vcpu_id() says which is which.  The session must not be used by another
 * thread meanwhile.
 *
 * Return: 0, -ENOMEM, or what the session says.
 */
int guest_live_open(struct guest_live **live, struct guest *guest,
		    struct vmitap_session *session);
void guest_live_close(struct guest_live *live);

/* The id of the vCPU that guest_regs() knows by a number. */
uint32_t guest_live_vcpu_id(const struct guest_live *live, unsigned int vcpu);

/*
 * The vCPU of this id comes before the others from the next guest_nr_vcpus() on;
 * UINT32_MAX for none.
 */
void guest_live_first(struct guest_live *live, uint32_t id);

/**
 * guest_live_cache() - keep pages that were read, or forget and keep none
 * @live: guest
 * @on: keep pages of which a few bytes were read
 *
 * Tables are read an entry at a time, and each read is a system call.  What is kept
 * is as it was when it was read: for a guest that is paused, or for what does not
 * change while the guest runs, such as the tables that map its kernel.  To switch it
 * on again forgets what was kept.  It is off at first.
 *
 * Return: 0 or -ENOMEM, when nothing is kept.
 */
int guest_live_cache(struct guest_live *live, bool on);

#endif /* VMITAP_VIEWS_GUEST_LIVE_H */
