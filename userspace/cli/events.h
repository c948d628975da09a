/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * events.h - lists of event classes and of record fields
 */
#ifndef VMITAP_CLI_EVENTS_H
#define VMITAP_CLI_EVENTS_H

#include <stdint.h>
#include <stdio.h>

/*
 * Parse a list such as "cpuid,pio" or "all,-hlt".  Return: EXIT_OK and the mask
 * of enum vmitap_class, else EXIT_USAGE, reported with the nearest name.
 */
int events_parse(const char *list, uint64_t *classes);

/* The class called @name.  Return: enum vmitap_class, or -1. */
int events_find(const char *name);

/* Parse a list of ctrl, gprs, segs, insn, all, none.  Return: as above. */
int fields_parse(const char *list, uint32_t *fields);

/* Print every class with what it means. */
void events_help(FILE *out);

#endif /* VMITAP_CLI_EVENTS_H */
