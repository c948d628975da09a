// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats_test.c - exits counted by reason, and the table of them
 */
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "../../userspace/cli/histogram.h"
#include "../../userspace/cli/json.h"
#include "../../userspace/cli/options.h"
#include "../../userspace/cli/stats.h"
#include "../../userspace/cli/stats_print.h"

static const struct options all = { .classes = ~0ull };
static struct stats stats;

static int add_exit(uint32_t reason, uint8_t class_id)
{
	struct vmitap_exit exit = {
		.record.type = VMITAP_RECORD_EXIT, .record.size = sizeof(exit),
		.reason = reason, .class_id = class_id,
	};

	return stats_add(&stats, &exit.record, &all);
}

/* Whether the table, or the same in JSON, has @text. */
static bool printed(const char *text, bool as_json)
{
	struct stats_view view = { .seconds = 1 };
	struct json json = { 0 };
	char *buf = NULL;
	size_t size;
	bool found;

	json.out = open_memstream(&buf, &size);
	if (as_json)
		stats_print_json(&json, &stats, 1);
	else
		stats_print_table(json.out, &stats, &view);
	fclose(json.out);
	found = strstr(buf, text);
	free(buf);
	return found;
}

/* A recording may have a new reason in each record: memory is for the true ones. */
TEST(too_many_reasons)
{
	unsigned int i;

	stats_init(&stats, VMITAP_VENDOR_SVM, 1000000, false);
	for (i = 0; i < STATS_MAX_ROWS; i++)
		ASSERT_EQ(0, add_exit(0x10000 + i, VMITAP_CLASS_OTHER));
	EXPECT_FALSE(printed("others ", false));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, add_exit(0x20000 + i, i & 7));
	EXPECT_EQ(STATS_MAX_ROWS + 1, stats.nr_rows);
	EXPECT_EQ(STATS_MAX_ROWS + 1000, stats.exits);
	/* Those that have a row keep it, wherever it is; reason 0 has none. */
	stats_sort(&stats, STATS_BY_COUNT);
	EXPECT_TRUE(stats.rows[0]->others);
	ASSERT_EQ(0, add_exit(0x10000, VMITAP_CLASS_OTHER));
	ASSERT_EQ(0, add_exit(0, VMITAP_CLASS_OTHER));
	EXPECT_EQ(1001, stats.rows[0]->count);
	EXPECT_TRUE(printed("others             other           1,001", false));
	EXPECT_TRUE(printed("{\"name\":\"others\",\"reason\":null,"
			    "\"class\":\"other\",\"count\":1001,", true));
	stats_free(&stats);
}

/* A week of exits of one kind has more than 32 bits. */
TEST(many_times)
{
	static struct histogram times;

	histogram_add(&times, 7);
	histogram_add(&times, 9);
	times.bucket[7] += 1ull << 33;
	times.count += 1ull << 33;
	EXPECT_EQ(7, histogram_quantile(&times, 0.5));
	EXPECT_EQ(9, histogram_quantile(&times, 1));
}

TEST_HARNESS_MAIN
