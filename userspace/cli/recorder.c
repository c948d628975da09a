// SPDX-License-Identifier: GPL-2.0-only
/*
 * recorder.c - write a recording
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "recorder.h"

#define BUF_BYTES (1 << 18)

/* Write it all.  Return: bytes written; rec->err is set if they are fewer. */
static size_t write_all(struct recorder *rec, const void *data, size_t size)
{
	const char *at = data;
	size_t done = 0;
	ssize_t ret;

	while (done < size) {
		ret = write(rec->fd, at + done, size - done);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0) {
			rec->err = ret ? errno : ENOSPC;
			break;
		}
		done += ret;
	}
	rec->file_bytes += done;
	return done;
}

/*
 * Write an end record, to be written over by what comes next: until then, the
 * recording is whole, and so it is if the process is killed.  What was lost after the
 * last record is not known yet.  Return: bytes written; rec->err is set if they are
 * fewer than there should be.
 */
static size_t write_end_for_now(struct recorder *rec)
{
	struct recording_end end = {
		.record.type = RECORDING_END, .record.size = sizeof(end),
		.records = rec->records,
	};
	size_t written;

	memcpy(end.lost, rec->lost, sizeof(end.lost));
	written = write_all(rec, &end, sizeof(end));
	if (rec->err)
		return written;
	if (lseek(rec->fd, -(off_t)sizeof(end), SEEK_CUR) < 0)
		rec->err = errno;
	rec->file_bytes -= sizeof(end);
	return written;
}

int recorder_open(struct recorder *rec, const char *path,
		  struct recording_head *head)
{
	memset(rec, 0, sizeof(*rec));
	rec->path = path;
	memcpy(head->magic, RECORDING_MAGIC, sizeof(head->magic));
	head->version = RECORDING_VERSION;
	head->head_bytes = sizeof(*head);
	rec->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (rec->fd < 0)
		return fail(EXIT_OUTPUT, "%s: %s", path, strerror(errno));
	rec->buf = malloc(BUF_BYTES);
	if (!rec->buf)
		return fail(EXIT_OTHER, "out of memory");
	write_all(rec, head, sizeof(*head));
	if (!rec->err)
		write_end_for_now(rec);
	if (rec->err)
		return fail(EXIT_OUTPUT, "%s: %s", path, strerror(rec->err));
	return EXIT_OK;
}

/*
 * Cut the file so that an end record fits behind a whole record.  The blocks are
 * there already, if need be those of the last end record, so the end can be written
 * even if the disk is full.
 */
static void cut(struct recorder *rec, size_t written)
{
	uint64_t base = rec->file_bytes - written, keep = 0;
	const struct vmitap_record *record;
	size_t at = 0;

	while (at < rec->used) {
		record = (const void *)(rec->buf + at);
		at += record->size;
		if (at + sizeof(struct recording_end) <= written) {
			keep = at;
			continue;
		}
		rec->records--;
		if (record->type != VMITAP_RECORD_LOST)
			rec->dropped++;
	}
	/* Shorter than that, and the end might lose a block that it needs. */
	if (!ftruncate(rec->fd, base + keep + sizeof(struct recording_end)) &&
	    lseek(rec->fd, base + keep, SEEK_SET) >= 0)
		rec->file_bytes = base + keep;
}

int recorder_flush(struct recorder *rec)
{
	size_t written;

	if (rec->err)
		return EXIT_OUTPUT;
	written = write_all(rec, rec->buf, rec->used);
	if (!rec->err)
		written += write_end_for_now(rec);
	if (rec->err)
		cut(rec, written);
	rec->used = 0;
	return rec->err ? EXIT_OUTPUT : EXIT_OK;
}

static void sum_lost(struct recorder *rec, const struct vmitap_lost_record *lost)
{
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		rec->lost[i] += lost->reason[i];
}

int recorder_add(struct recorder *rec, const struct vmitap_record *record)
{
	if (rec->used + record->size > BUF_BYTES && recorder_flush(rec))
		return EXIT_OUTPUT;
	if (rec->err)
		return EXIT_OUTPUT;
	memcpy(rec->buf + rec->used, record, record->size);
	rec->used += record->size;
	rec->records++;
	if (record->type == VMITAP_RECORD_LOST)
		sum_lost(rec, (const struct vmitap_lost_record *)record);
	return EXIT_OK;
}

int recorder_close(struct recorder *rec, const uint64_t *lost)
{
	struct recording_end end = {
		.record.type = RECORDING_END, .record.size = sizeof(end),
	};
	int err;

	if (rec->fd < 0)
		return EXIT_OK;
	if (rec->buf) {
		recorder_flush(rec);
		err = rec->err;
		end.records = rec->records;
		memcpy(end.lost, lost, sizeof(end.lost));
		write_all(rec, &end, sizeof(end));
		if (err)
			rec->err = err;
	}
	if (close(rec->fd) && !rec->err)
		rec->err = errno;
	rec->fd = -1;
	free(rec->buf);
	rec->buf = NULL;
	if (rec->err)
		return fail(EXIT_OUTPUT, "%s: %s; the recording is valid up to"
			    " that point", rec->path, strerror(rec->err));
	return EXIT_OK;
}
