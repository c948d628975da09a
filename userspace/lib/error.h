/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.h - failures in words
 *
 * Each function sets the text of vmitap_session_error() for a negative errno and
 * returns that errno, or 0 at once if there is none.
 */
#ifndef VMITAP_LIB_ERROR_H
#define VMITAP_LIB_ERROR_H

#include <stdint.h>

struct vmitap_session;

int vmitap_error_open(struct vmitap_session *session, int err);
int vmitap_error_query(struct vmitap_session *session, int err);

/* @who: "process 42"; @refusal: what the query says, "" if nothing. */
int vmitap_error_attach(struct vmitap_session *session, int err,
			const char *who, uint32_t ring_bytes,
			const char *refusal);

/* Listing the VMs, likewise. */
int vmitap_error_list(struct vmitap_session *session, int err,
		      const char *refusal);

int vmitap_error_config(struct vmitap_session *session, int err);

int vmitap_error_regs(struct vmitap_session *session, int err,
		      uint32_t vcpu_id);

/* Reading memory. */
int vmitap_error_memory(struct vmitap_session *session, int err);

int vmitap_error_pause(struct vmitap_session *session, int err, const char *what);
int vmitap_error_filter(struct vmitap_session *session, int err);

/* A ring that makes no sense. */
int vmitap_error_ring(struct vmitap_session *session, unsigned int index);

/* @what: what was to be done, as in "cannot " @what. */
int vmitap_error_other(struct vmitap_session *session, int err,
		       const char *what);

#endif /* VMITAP_LIB_ERROR_H */
