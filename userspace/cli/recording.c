// SPDX-License-Identifier: GPL-2.0-only
/*
 * recording.c - read a recording, which may be damaged or hostile
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <vmitap.h>

#include "cli.h"
#include "recording.h"
#include "recording_format.h"
#include "text.h"

/* Return: bytes read; fewer than @size at the end of the file, and if that failed. */
static size_t read_bytes(struct recording *rec, void *buf, size_t size)
{
	size_t got = fread(buf, 1, size, rec->file);

	rec->at += got;
	return got;
}

static int read_failed(const struct recording *rec)
{
	return fail(EXIT_BAD_FILE, "%s: %s", rec->path, strerror(errno));
}

static int truncated_head(const struct recording *rec)
{
	return fail(EXIT_BAD_FILE, "%s: truncated in its head", rec->path);
}

/* What a newer head has more.  Reading it does for pipes, too. */
static int skip_head(struct recording *rec, uint64_t head_bytes)
{
	char buf[4096];
	size_t want;

	while (rec->at < head_bytes) {
		want = head_bytes - rec->at;
		if (want > sizeof(buf))
			want = sizeof(buf);
		if (read_bytes(rec, buf, want) == want)
			continue;
		return ferror(rec->file) ? read_failed(rec) : truncated_head(rec);
	}
	return EXIT_OK;
}

static int read_head(struct recording *rec, struct recording_head *head)
{
	size_t got = read_bytes(rec, head, sizeof(*head));

	if (ferror(rec->file))
		return read_failed(rec);
	if (!got)
		return fail(EXIT_BAD_FILE, "%s: the file is empty", rec->path);
	if (got < sizeof(head->magic) ||
	    memcmp(head->magic, RECORDING_MAGIC, sizeof(head->magic)))
		return fail(EXIT_BAD_FILE, "%s: foreign file, not one that"
			    " vmitap record wrote", rec->path);
	if (got < sizeof(*head))
		return truncated_head(rec);
	if (head->version != RECORDING_VERSION)
		return fail(EXIT_BAD_FILE, "%s: version %u; this vmitap reads"
			    " version %u", rec->path, head->version,
			    RECORDING_VERSION);
	if (head->head_bytes < sizeof(*head) || head->head_bytes % 8)
		return fail(EXIT_BAD_FILE, "%s: damaged head", rec->path);
	return skip_head(rec, head->head_bytes);
}

int recording_open(struct recording *rec, const char *path)
{
	struct recording_head head;
	struct stat st;
	int code;

	memset(rec, 0, sizeof(*rec));
	rec->path = path;
	rec->file = fopen(path, "re");
	if (!rec->file)
		return fail(EXIT_BAD_FILE, "%s: %s", path, strerror(errno));
	if (!fstat(fileno(rec->file), &st) && S_ISDIR(st.st_mode))
		code = fail(EXIT_BAD_FILE, "%s: a directory", path);
	else
		code = read_head(rec, &head);
	if (code) {
		recording_close(rec);
		return code;
	}
	rec->vendor = head.vendor;
	rec->tsc_khz = head.tsc_khz;
	rec->pid = head.pid;
	rec->every_exit = head.flags & RECORDING_EVERY_EXIT;
	snprintf(rec->name, sizeof(rec->name), "%.63s", head.name);
	text_make_plain(rec->name);
	return EXIT_OK;
}

/* Bytes that a reader of this record will look at. */
static size_t needed_size(const struct vmitap_record *rec)
{
	if (rec->type == RECORDING_END)
		return sizeof(struct recording_end);
	return vmitap_record_needs(rec);
}

static int damaged(const struct recording *rec, const char *how, uint64_t at)
{
	return fail(EXIT_BAD_FILE, "%s: %s at byte %" PRIu64 "; what comes before is"
		    " shown", rec->path, how, at);
}

/* The record at @at is not all there. */
static int cut_short(const struct recording *rec, uint64_t at)
{
	return damaged(rec, ferror(rec->file) ? strerror(errno) : "truncated", at);
}

int recording_read(struct recording *rec,
		   int (*event)(void *arg, const struct vmitap_record *rec),
		   void *arg)
{
	/* Aligned as the records' 64-bit members are. */
	static union {
		struct vmitap_record record;
		__u64 words[65536 / 8];
	} buf;
	struct vmitap_record *record = &buf.record;
	size_t rest;
	uint64_t at;
	int code;

	for (;;) {
		at = rec->at;
		if (read_bytes(rec, record, sizeof(*record)) < sizeof(*record))
			return cut_short(rec, at);
		if (record->size % 8 || record->size < needed_size(record))
			return damaged(rec, "damaged", at);
		rest = record->size - sizeof(*record);
		if (read_bytes(rec, record + 1, rest) < rest)
			return cut_short(rec, at);
		if (record->type == RECORDING_END) {
			rec->ended = true;
			memcpy(rec->lost,
			       ((struct recording_end *)record)->lost,
			       sizeof(rec->lost));
			return EXIT_OK;
		}
		if (record->vcpu >= RECORDING_MAX_VCPUS)
			return damaged(rec, "damaged", at);
		code = event(arg, record);
		if (code)
			return code;
	}
}

void recording_close(struct recording *rec)
{
	if (rec->file)
		fclose(rec->file);
	rec->file = NULL;
}
