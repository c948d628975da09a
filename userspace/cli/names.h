/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * names.h - what things are called in the tool's output
 */
#ifndef VMITAP_CLI_NAMES_H
#define VMITAP_CLI_NAMES_H

#include <stdint.h>

/* Each returns a constant string, "unknown" for numbers it does not know. */
const char *name_lost_key(unsigned int lost);	/* one word, for JSON */
const char *name_inject(unsigned int kind);
const char *name_mode(unsigned int mode);
const char *name_mechanism(unsigned int mechanism);
const char *name_record(unsigned int type);	/* one word, for JSON */
const char *name_gpr(unsigned int gpr);
const char *name_segreg(unsigned int segreg);

/* Name of an exit reason in @buf, its number in hexadecimal if it has none. */
#define NAME_MAX_REASON 40
const char *name_reason(char buf[NAME_MAX_REASON], uint32_t vendor,
			uint32_t reason);

#endif /* VMITAP_CLI_NAMES_H */
