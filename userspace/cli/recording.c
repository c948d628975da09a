// SPDX-License-Identifier: GPL-2.0-only
/*
 * recording.c - read a recording, which may be damaged or hostile
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <vmitap.h>

#include "cli.h"
#include "recording.h"
#include "recording_format.h"
#include "text.h"

static int read_head(struct recording *rec, struct recording_head *head)
{
	size_t got = fread(head, 1, sizeof(*head), rec->file);

	if (ferror(rec->file))
		return fail(EXIT_BAD_FILE, "%s: %s", rec->path,
			    strerror(errno));
	if (!got)
		return fail(EXIT_BAD_FILE, "%s: the file is empty", rec->path);
	if (got < sizeof(head->magic) ||
	    memcmp(head->magic, RECORDING_MAGIC, sizeof(head->magic)))
		return fail(EXIT_BAD_FILE, "%s: foreign file, not one that"
			    " vmitap record wrote", rec->path);
	if (got < sizeof(*head))
		return fail(EXIT_BAD_FILE, "%s: truncated in its head",
			    rec->path);
	if (head->version != RECORDING_VERSION)
		return fail(EXIT_BAD_FILE, "%s: version %u; this vmitap reads"
			    " version %u", rec->path, head->version,
			    RECORDING_VERSION);
	if (head->head_bytes < sizeof(*head) || head->head_bytes % 8 ||
	    fseek(rec->file, head->head_bytes, SEEK_SET))
		return fail(EXIT_BAD_FILE, "%s: damaged head", rec->path);
	return EXIT_OK;
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

static int damaged(const struct recording *rec, const char *how, long at)
{
	return fail(EXIT_BAD_FILE, "%s: %s at byte %ld; what comes before is"
		    " shown", rec->path, how, at);
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
	size_t got;
	int code;
	long at;

	for (;;) {
		at = ftell(rec->file);
		got = fread(record, 1, sizeof(*record), rec->file);
		if (got < sizeof(*record))
			return damaged(rec, "truncated", at);
		if (record->size % 8 || record->size < needed_size(record))
			return damaged(rec, "damaged", at);
		got = fread(record + 1, 1, record->size - sizeof(*record),
			    rec->file);
		if (got < record->size - sizeof(*record))
			return damaged(rec, "truncated", at);
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
