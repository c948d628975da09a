// SPDX-License-Identifier: GPL-2.0-only
/*
 * recording_test.c - writing and reading recordings: whole, damaged, disk full
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "../../userspace/cli/cli.h"
#include "../../userspace/cli/recorder.h"
#include "../../userspace/cli/recording.h"
#include "capture.h"

#define EXIT_BYTES	sizeof(struct vmitap_exit)

static char path[] = "/tmp/recording_test.XXXXXX";
static unsigned int seen;
static uint64_t last_tsc;

static int count(void *arg, const struct vmitap_record *record)
{
	(void)arg;
	seen++;
	last_tsc = record->tsc;
	return EXIT_OK;
}

/* Write @nr exits.  Return: as recorder_close(), or what failed before. */
static int write_exits(unsigned int nr)
{
	struct recording_head head = { .tsc_khz = 1000, .name = "vm" };
	const uint64_t lost[VMITAP_NR_LOST] = { 3 };
	struct vmitap_exit exit = {
		.record.type = VMITAP_RECORD_EXIT,
		.record.size = sizeof(exit),
	};
	struct recorder recorder;
	unsigned int i;
	int code;

	code = recorder_open(&recorder, path, &head);
	for (i = 1; i <= nr && !code; i++) {
		exit.record.tsc = i;
		/* The first failure is reported when it is closed. */
		if (recorder_add(&recorder, &exit.record))
			break;
	}
	i = recorder_close(&recorder, lost);
	return code ? code : (int)i;
}

static int read_all(struct recording *recording)
{
	int code = recording_open(recording, path);

	seen = 0;
	if (code)
		return code;
	code = recording_read(recording, count, NULL);
	recording_close(recording);
	return code;
}

static void put_bytes(off_t at, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, bytes, size, at) != (ssize_t)size)
		abort();
	close(fd);
}

FIXTURE(file)
{
	struct recording recording;
};

FIXTURE_SETUP(file)
{
	int fd = mkstemp(path);

	ASSERT_GE(fd, 0);
	close(fd);
	(void)self;
}

FIXTURE_TEARDOWN(file)
{
	(void)self;
	unlink(path);
}

TEST_F(file, whole)
{
	ASSERT_EQ(EXIT_OK, write_exits(10000));
	EXPECT_EQ(EXIT_OK, read_all(&self->recording));
	EXPECT_EQ(10000, seen);
	EXPECT_EQ(10000, last_tsc);
	EXPECT_TRUE(self->recording.ended);
	EXPECT_EQ(3, self->recording.lost[VMITAP_LOST_FULL]);
	EXPECT_STREQ("vm", self->recording.name);
}

/* What was lost before is known even if the recorder is killed. */
TEST_F(file, losses_so_far)
{
	struct recording_head head = { .tsc_khz = 1000, .name = "vm" };
	struct vmitap_lost_record lost = {
		.record.type = VMITAP_RECORD_LOST,
		.record.size = sizeof(lost),
		.count = 7,
		.reason[VMITAP_LOST_FULL] = 7,
	};
	struct recorder recorder;

	ASSERT_EQ(EXIT_OK, recorder_open(&recorder, path, &head));
	ASSERT_EQ(EXIT_OK, recorder_add(&recorder, &lost.record));
	ASSERT_EQ(EXIT_OK, recorder_flush(&recorder));
	ASSERT_EQ(EXIT_OK, recorder_add(&recorder, &lost.record));
	ASSERT_EQ(EXIT_OK, recorder_flush(&recorder));
	EXPECT_EQ(EXIT_OK, read_all(&self->recording));
	EXPECT_TRUE(self->recording.ended);
	EXPECT_EQ(14, self->recording.lost[VMITAP_LOST_FULL]);
	close(recorder.fd);
	free(recorder.buf);
}

TEST_F(file, no_events)
{
	ASSERT_EQ(EXIT_OK, write_exits(0));
	EXPECT_EQ(EXIT_OK, read_all(&self->recording));
	EXPECT_EQ(0, seen);
}

/* Whole events, of five, in the first @bytes behind the head. */
static unsigned int events_in(size_t bytes)
{
	return bytes < 5 * EXIT_BYTES ? bytes / EXIT_BYTES : 5;
}

/* However it is cut, what is before the cut can be read. */
TEST_F(file, truncated_anywhere)
{
	const long head = sizeof(struct recording_head);
	struct stat st;
	long size;

	ASSERT_EQ(EXIT_OK, write_exits(5));
	ASSERT_EQ(0, stat(path, &st));
	for (size = st.st_size - 1; size >= 0; size--) {
		ASSERT_EQ(0, truncate(path, size));
		ASSERT_EQ(EXIT_BAD_FILE, read_all(&self->recording));
		if (size >= head)
			ASSERT_EQ(events_in(size - head), seen);
		EXPECT_NE('\0', captured[0]);
	}
}

TEST_F(file, foreign)
{
	put_bytes(0, "\177ELF and more that is no recording", 34);
	EXPECT_EQ(EXIT_BAD_FILE, read_all(&self->recording));
	EXPECT_NE(NULL, strstr(captured, "foreign"));
}

TEST_F(file, other_version)
{
	const __u32 version = RECORDING_VERSION + 1;

	ASSERT_EQ(EXIT_OK, write_exits(5));
	put_bytes(offsetof(struct recording_head, version), &version, 4);
	EXPECT_EQ(EXIT_BAD_FILE, read_all(&self->recording));
	EXPECT_NE(NULL, strstr(captured, "version 2"));
}

TEST_F(file, longer_head)
{
	struct recording_head head;
	const __u32 bytes = sizeof(head) + EXIT_BYTES;

	/* The first event is the part of the head that this version ignores. */
	ASSERT_EQ(EXIT_OK, write_exits(5));
	put_bytes(offsetof(struct recording_head, head_bytes), &bytes, 4);
	EXPECT_EQ(EXIT_OK, read_all(&self->recording));
	EXPECT_EQ(4, seen);
}

/* Read the file, which is small enough for that, by a pipe. */
static int read_piped(struct recording *recording)
{
	char buf[4096], piped[32];
	int fd = open(path, O_RDONLY), fds[2], code;
	ssize_t size = read(fd, buf, sizeof(buf));

	if (pipe(fds) || write(fds[1], buf, size) != size)
		abort();
	close(fds[1]);
	close(fd);
	snprintf(piped, sizeof(piped), "/dev/fd/%d", fds[0]);
	seen = 0;
	code = recording_open(recording, piped);
	close(fds[0]);
	if (code)
		return code;
	code = recording_read(recording, count, NULL);
	recording_close(recording);
	return code;
}

TEST_F(file, by_a_pipe)
{
	__u32 bytes = sizeof(struct recording_head) + EXIT_BYTES;

	ASSERT_EQ(EXIT_OK, write_exits(5));
	EXPECT_EQ(EXIT_OK, read_piped(&self->recording));
	EXPECT_EQ(5, seen);
	put_bytes(offsetof(struct recording_head, head_bytes), &bytes, 4);
	EXPECT_EQ(EXIT_OK, read_piped(&self->recording));
	EXPECT_EQ(4, seen);
	bytes = 1 << 20;
	put_bytes(offsetof(struct recording_head, head_bytes), &bytes, 4);
	EXPECT_EQ(EXIT_BAD_FILE, read_piped(&self->recording));
	EXPECT_NE(NULL, strstr(captured, "truncated in its head"));
}

/* One record, then an error. */
static ssize_t read_once(void *cookie, char *buf, size_t size)
{
	struct vmitap_exit exit = {
		.record.type = VMITAP_RECORD_EXIT, .record.size = sizeof(exit),
	};
	bool *done = cookie;

	if (*done || size < sizeof(exit)) {
		errno = EIO;
		return -1;
	}
	*done = true;
	memcpy(buf, &exit, sizeof(exit));
	return sizeof(exit);
}

/* The disk is broken behind the first record. */
TEST_F(file, read_error)
{
	const cookie_io_functions_t broken = { .read = read_once };
	bool done = false;

	self->recording = (struct recording){
		.path = "broken", .file = fopencookie(&done, "r", broken),
	};
	seen = 0;
	EXPECT_EQ(EXIT_BAD_FILE, recording_read(&self->recording, count, NULL));
	EXPECT_EQ(1, seen);
	EXPECT_NE(NULL, strstr(captured, "broken: Input/output error at byte "));
	recording_close(&self->recording);
}

/* A byte of the head of the third record is wrong: no event after it, no crash. */
TEST_F(file, damaged_records)
{
	const off_t third = sizeof(struct recording_head) + 2 * EXIT_BYTES;
	static const __u16 sizes[] = { 0, 1, 7, 8, 23, 72, 79, 0xffff };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ASSERT_EQ(EXIT_OK, write_exits(5));
		put_bytes(third + offsetof(struct vmitap_record, size), &sizes[i], 2);
		ASSERT_EQ(EXIT_BAD_FILE, read_all(&self->recording));
		ASSERT_EQ(2, seen);
		EXPECT_NE(NULL, strstr(captured, "damaged"));
	}
}

TEST_F(file, sections_that_are_not_there)
{
	const __u32 fields = VMITAP_FIELDS_ALL;

	ASSERT_EQ(EXIT_OK, write_exits(5));
	put_bytes(sizeof(struct recording_head) +
		  offsetof(struct vmitap_record, fields), &fields, 4);
	EXPECT_EQ(EXIT_BAD_FILE, read_all(&self->recording));
	EXPECT_EQ(0, seen);
}

/*
 * The disk is full after @bytes: said so, and what is there is a whole recording or,
 * if not even its end fits, one that is cut.
 */
static void check_full(struct __test_metadata *_metadata,
		       struct recording *recording, rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY }, none = { RLIM_INFINITY,
								 RLIM_INFINITY };
	int code;

	signal(SIGXFSZ, SIG_IGN);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	code = write_exits(20000);
	setrlimit(RLIMIT_FSIZE, &none);
	ASSERT_EQ(EXIT_OUTPUT, code);
	EXPECT_NE(NULL, strstr(captured, "File too large"));
	code = read_all(recording);
	if (bytes < sizeof(struct recording_head) + sizeof(struct recording_end)) {
		EXPECT_EQ(EXIT_BAD_FILE, code);
		return;
	}
	EXPECT_EQ(EXIT_OK, code);
	EXPECT_TRUE(recording->ended);
	EXPECT_EQ(last_tsc, seen);
	EXPECT_LE(seen * EXIT_BYTES, bytes);
}

TEST_F(file, disk_full)
{
	check_full(_metadata, &self->recording, 1 << 20);
	EXPECT_GT(seen, 10000);
}

TEST_F(file, disk_full_at_any_byte_of_an_event)
{
	rlim_t bytes;

	for (bytes = 300000; bytes < 300000 + EXIT_BYTES; bytes++)
		check_full(_metadata, &self->recording, bytes);
}

/* The recorder writes so much at once: around the end of that. */
TEST_F(file, disk_full_between_two_writes)
{
	const rlim_t once = sizeof(struct recording_head) +
			    (1 << 18) / EXIT_BYTES * EXIT_BYTES;
	rlim_t bytes;

	for (bytes = once - 100; bytes < once + 200; bytes += 4)
		check_full(_metadata, &self->recording, bytes);
}

TEST_F(file, disk_full_in_the_head)
{
	check_full(_metadata, &self->recording, 50);
}

TEST(no_such_directory)
{
	struct recording_head head = { .pid = 1 };
	const uint64_t lost[VMITAP_NR_LOST] = { 0 };
	struct recorder recorder;

	EXPECT_EQ(EXIT_OUTPUT, recorder_open(&recorder, "/nonexistent/x", &head));
	EXPECT_NE(NULL, strstr(captured, "No such file"));
	EXPECT_EQ(EXIT_OK, recorder_close(&recorder, lost));
}

TEST_HARNESS_MAIN
