/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.h - what a session consists of
 */
#ifndef VMITAP_LIB_SESSION_H
#define VMITAP_LIB_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include <vmitap.h>

#include "memory.h"
#include "merge.h"

/**
 * struct vmitap_session - a session
 * @fd: of the device, -1 if it could not be opened
 * @awaits: process whose next VM the session is attached to, 0 if it is none
 * @nr_rings: rings mapped
 * @rings: each allocated by itself, so that it stays where it is
 * @merge: reader of them
 * @memory: of the guest
 * @error: text of the last failure
 */
struct vmitap_session {
	int fd;
	pid_t awaits;
	unsigned int nr_rings;
	struct vmitap_ring **rings;
	struct vmitap_merge merge;
	unsigned int nr_batches;
	struct vmitap_memory memory;
	char error[320];
};

/**
 * vmitap_session_awaits() - has the process not had the VM that is waited for?
 * @session: session
 *
 * Return: true if there is such a process, and it has not.
 */
bool vmitap_session_awaits(const struct vmitap_session *session);

#endif /* VMITAP_LIB_SESSION_H */
