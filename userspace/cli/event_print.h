/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event_print.h - one record as a line of text or of JSON
 */
#ifndef VMITAP_CLI_EVENT_PRINT_H
#define VMITAP_CLI_EVENT_PRINT_H

#include <stdint.h>
#include <stdio.h>

#include <linux/vmitap.h>

/**
 * struct event_printer - where and how records are printed
 * @out: written to
 * @vendor: enum vmitap_vendor, for names
 * @tsc_khz: of the records
 * @first_tsc: TSC that is time 0; 0 until the first record
 */
struct event_printer {
	FILE *out;
	uint32_t vendor;
	uint32_t tsc_khz;
	uint64_t first_tsc;
};

void event_print_head(struct event_printer *printer);
void event_print_text(struct event_printer *printer,
		      const struct vmitap_record *rec);
void event_print_json(struct event_printer *printer,
		      const struct vmitap_record *rec);

/* Seconds since the first record. */
double event_time(struct event_printer *printer,
		  const struct vmitap_record *rec);

#endif /* VMITAP_CLI_EVENT_PRINT_H */
