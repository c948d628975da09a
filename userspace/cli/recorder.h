/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recorder.h - write a recording
 */
#ifndef VMITAP_CLI_RECORDER_H
#define VMITAP_CLI_RECORDER_H

#include <stddef.h>
#include <stdint.h>

#include "recording_format.h"

/**
 * struct recorder - a recording being written
 * @path: of the file
 * @fd: of the file
 * @buf: records not yet in the file; starts with a whole record
 * @used: bytes of @buf in use
 * @file_bytes: bytes in the file
 * @records: records in the file and in @buf
 * @dropped: events cut off after a failure
 * @lost: events lost, of which records tell, by enum vmitap_lost
 * @err: errno of the first failure; nothing is written after it
 */
struct recorder {
	const char *path;
	int fd;
	unsigned char *buf;
	size_t used;
	uint64_t file_bytes;
	uint64_t records;
	uint64_t dropped;
	uint64_t lost[VMITAP_NR_LOST];
	int err;
};

/*
 * Create the file.  @head's magic, version and head_bytes are filled in.
 * Return: EXIT_OK or EXIT_OUTPUT, reported; recorder_close() in both cases.
 */
int recorder_open(struct recorder *rec, const char *path,
		  struct recording_head *head);

/* Append a record.  Return: EXIT_OK or EXIT_OUTPUT, not reported. */
int recorder_add(struct recorder *rec, const struct vmitap_record *record);

/* Write out what is buffered.  Return: as recorder_add(). */
int recorder_flush(struct recorder *rec);

/*
 * Write the end record; after a failure, cut the file behind the last whole
 * record first.  Return: EXIT_OK or EXIT_OUTPUT, reported.
 */
int recorder_close(struct recorder *rec, const uint64_t *lost);

#endif /* VMITAP_CLI_RECORDER_H */
