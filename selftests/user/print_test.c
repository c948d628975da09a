// SPDX-License-Identifier: GPL-2.0-only
/*
 * print_test.c - events as lines of text and of JSON
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "../../userspace/cli/event_print.h"
#include "../../userspace/cli/text.h"

static char *text;

/* Print a record as a line.  It stays until the next call. */
static const char *print(const void *record,
			 void (*how)(struct event_printer *printer,
				     const struct vmitap_record *rec))
{
	struct event_printer printer = { .tsc_khz = 1000000 };
	size_t size;

	free(text);
	printer.out = open_memstream(&text, &size);
	how(&printer, record);
	fclose(printer.out);
	return text;
}

struct part {
	struct vmitap_message message;
	unsigned char data[256];
};

static struct part make_part(void)
{
	struct part part = {
		.message = {
			.record.type = VMITAP_RECORD_MESSAGE,
			.record.size = sizeof(part),
			.tag = 0xabc, .total = 300, .offset = 44, .bytes = 256,
			.cpl = 3, .mode = VMITAP_MODE_LONG64,
		},
	};
	unsigned int i;

	for (i = 0; i < sizeof(part.data); i++)
		part.data[i] = i;
	return part;
}

/* A guest must not be able to write to the terminal of who watches it. */
TEST(message_has_no_control_characters)
{
	struct part part = make_part();
	const char *line;
	size_t i;

	line = print(&part, event_print_text);
	EXPECT_NE(NULL, strstr(line, "tag=abc bytes=44+256/300 \"\\x00\\x01"));
	EXPECT_NE(NULL, strstr(line, "\\x1b"));
	EXPECT_NE(NULL, strstr(line, "!\\\"#$"));
	EXPECT_NE(NULL, strstr(line, "?\"...\n"));
	for (i = 0; i + 1 < strlen(line); i++)
		EXPECT_TRUE(line[i] >= 0x20 && line[i] < 0x7f);
	line = print(&part, event_print_json);
	EXPECT_NE(NULL, strstr(line, "\"data\":\"000102"));
	EXPECT_NE(NULL, strstr(line, "fdfeff\"}"));
}

TEST(damaged_message)
{
	struct part part = make_part();

	part.message.bytes = 257;
	EXPECT_NE(NULL, strstr(print(&part, event_print_text), " damaged\n"));
	EXPECT_NE(NULL, strstr(print(&part, event_print_json), "\"data\":null"));
}

TEST(traps)
{
	struct vmitap_cr3_write write = {
		.record.type = VMITAP_RECORD_CR3, .record.size = sizeof(write),
		.old_cr3 = 0x1000, .new_cr3 = 0x2000,
	};
	struct vmitap_syscall call = {
		.record.type = VMITAP_RECORD_SYSCALL, .record.size = sizeof(call),
		.nr = 59, .args = { 1, 2, 3, 0xa, 5, 6 },
	};
	struct vmitap_sysret ret = {
		.record.type = VMITAP_RECORD_SYSRET, .record.size = sizeof(ret),
		.result = -14,
	};

	EXPECT_NE(NULL, strstr(print(&write, event_print_text), "2000         old=1000\n"));
	EXPECT_NE(NULL, strstr(print(&call, event_print_text), "nr=59 rsp=0 args=1,2,3,a,5,6\n"));
	EXPECT_NE(NULL, strstr(print(&ret, event_print_text), "result=-14 "));
}

/* That a line is coloured must not hide why it could not be written. */
TEST(styles_leave_errno)
{
	FILE *out = fopen("/dev/null", "w");

	ASSERT_NE(NULL, out);
	unsetenv("NO_COLOR");
	errno = ENOSPC;
	EXPECT_STREQ("", text_style(out, TEXT_RED));
	EXPECT_EQ(ENOSPC, errno);
	fclose(out);
}

TEST_HARNESS_MAIN
