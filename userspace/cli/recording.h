/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recording.h - files that "record" writes
 */
#ifndef VMITAP_CLI_RECORDING_H
#define VMITAP_CLI_RECORDING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/vmitap.h>

/**
 * struct recording - a recording being read
 * @file: read from, which need not be able to seek
 * @at: bytes of it that were read
 * @path: of the file
 * @name: of the VM
 * @pid: of the VMM
 * @vendor: enum vmitap_vendor
 * @tsc_khz: of the records
 * @every_exit: nothing selected among the exits
 * @ended: the end was read, @lost is complete
 * @lost: events lost, by enum vmitap_lost
 */
struct recording {
	FILE *file;
	uint64_t at;
	const char *path;
	char name[64];
	uint32_t pid;
	uint32_t vendor;
	uint32_t tsc_khz;
	bool every_exit;
	bool ended;
	uint64_t lost[VMITAP_NR_LOST];
};

/* Open a recording.  Return: EXIT_OK or EXIT_BAD_FILE, reported. */
int recording_open(struct recording *rec, const char *path);

/*
 * Call @event for every record in the order of time.  Return: EXIT_OK;
 * EXIT_BAD_FILE, reported, after the last record of a damaged file; or what
 * @event returned if it was not EXIT_OK.
 */
int recording_read(struct recording *rec,
		   int (*event)(void *arg, const struct vmitap_record *rec),
		   void *arg);

void recording_close(struct recording *rec);

#endif /* VMITAP_CLI_RECORDING_H */
