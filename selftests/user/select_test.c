// SPDX-License-Identifier: GPL-2.0-only
/*
 * select_test.c - options of the tool, and the events that they select
 */
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include <kselftest_harness.h>

#include "../../userspace/cli/cli.h"
#include "../../userspace/cli/events.h"
#include "../../userspace/cli/filter_map.h"
#include "../../userspace/cli/options.h"
#include "../../userspace/cli/select.h"
#include "capture.h"

#define CPUID	VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID)
#define HLT	VMITAP_CLASS_MASK(VMITAP_CLASS_HLT)

static struct options opts;

/* Room for a record of each type. */
union any {
	struct vmitap_record record;
	struct vmitap_inject inject;
	struct vmitap_cr3_write cr3;
	struct vmitap_syscall syscall;
	struct vmitap_sysret sysret;
	struct vmitap_message message;
};

/* Parse options as for a command that takes all of them. */
#define PARSE(...) parse((char *[]){ "cmd", __VA_ARGS__, NULL })

static int parse(char **argv)
{
	static const struct command cmd = { .name = "cmd", .groups = ~0u };
	int argc = 0;

	captured[0] = '\0';
	while (argv[argc])
		argc++;
	return options_parse(&cmd, &opts, &argc, &argv);
}

TEST(defaults)
{
	ASSERT_EQ(EXIT_OK, PARSE("file"));
	EXPECT_EQ(VMITAP_CLASSES_PASSIVE, opts.classes);
	EXPECT_EQ(1 << 20, opts.ring_bytes);
	EXPECT_EQ(0, opts.cpl_mask);
	EXPECT_EQ(0, opts.nr_vcpu_words);
	EXPECT_EQ(0, opts.nr_cr3s);
	EXPECT_FALSE(select_among_exits(&opts));
}

TEST(events)
{
	uint64_t classes;

	EXPECT_EQ(EXIT_OK, events_parse("cpuid", &classes));
	EXPECT_EQ(CPUID, classes);
	EXPECT_EQ(EXIT_OK, events_parse("cpuid,hlt", &classes));
	EXPECT_EQ(CPUID | HLT, classes);
	EXPECT_EQ(EXIT_OK, events_parse("all,-hlt", &classes));
	EXPECT_EQ(VMITAP_CLASSES_PASSIVE & ~HLT, classes);
	/* Traps are for those who ask for them. */
	EXPECT_EQ(EXIT_OK, events_parse("all", &classes));
	EXPECT_EQ(0, classes & VMITAP_CLASSES_TRAP);
	EXPECT_EQ(EXIT_OK, events_parse("-hlt", &classes));
	EXPECT_EQ(0, classes & VMITAP_CLASSES_TRAP);
	EXPECT_EQ(EXIT_OK, events_parse("cr3,syscall,message", &classes));
	EXPECT_EQ(VMITAP_CLASSES_TRAP, classes);
	EXPECT_EQ(EXIT_USAGE, events_parse("cpuid,-cpuid", &classes));
	EXPECT_EQ(EXIT_USAGE, events_parse("", &classes));
	EXPECT_EQ(EXIT_USAGE, events_parse(",", &classes));
	EXPECT_EQ(EXIT_USAGE, events_parse("-", &classes));
	EXPECT_EQ(EXIT_USAGE, events_parse("unknown", &classes));
	EXPECT_EQ(EXIT_USAGE, events_parse("cpui", &classes));
	EXPECT_NE(NULL, strstr(captured, "is it \"cpuid\""));
}

TEST(fields)
{
	uint32_t fields;

	EXPECT_EQ(EXIT_OK, fields_parse("gprs,insn", &fields));
	EXPECT_EQ(VMITAP_FIELD_GPRS | VMITAP_FIELD_INSN, fields);
	EXPECT_EQ(EXIT_OK, fields_parse("all", &fields));
	EXPECT_EQ(VMITAP_FIELDS_ALL, fields);
	EXPECT_EQ(EXIT_OK, fields_parse("none", &fields));
	EXPECT_EQ(0, fields);
	EXPECT_EQ(EXIT_USAGE, fields_parse("xmm", &fields));
}

TEST(vcpus)
{
	ASSERT_EQ(EXIT_OK, PARSE("--vcpu", "0,2-3,64"));
	EXPECT_EQ(2, opts.nr_vcpu_words);
	EXPECT_EQ(0xd, opts.vcpus[0]);
	EXPECT_EQ(1, opts.vcpus[1]);
	EXPECT_EQ(EXIT_OK, PARSE("--vcpu", "0-16383"));
	EXPECT_EQ(OPTIONS_VCPU_WORDS, opts.nr_vcpu_words);
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "16384"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "0-16384"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "3-1"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "1-"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "-1"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "18446744073709551616"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--vcpu", "1111111111111111111111111111111-2"));
}

TEST(cr3s)
{
	char list[300 * 2 + 1];
	int i;

	ASSERT_EQ(EXIT_OK, PARSE("--cr3", "0x1000,2000,ffffffffffffffff"));
	EXPECT_EQ(3, opts.nr_cr3s);
	EXPECT_EQ(0x2000, opts.cr3s[1]);
	EXPECT_EQ(EXIT_USAGE, PARSE("--cr3", "10000000000000000"));
	for (i = 0; i < 300; i++)
		memcpy(list + 2 * i, "1,", 2);
	list[2 * OPTIONS_MAX_CR3S] = '\0';
	EXPECT_EQ(EXIT_OK, PARSE("--cr3", list));
	EXPECT_EQ(OPTIONS_MAX_CR3S, opts.nr_cr3s);
	list[2 * OPTIONS_MAX_CR3S] = '1';
	list[600] = '\0';
	EXPECT_EQ(EXIT_USAGE, PARSE("--cr3", list));
}

TEST(numbers)
{
	EXPECT_EQ(EXIT_OK, PARSE("--ring", "512K"));
	EXPECT_EQ(512 << 10, opts.ring_bytes);
	EXPECT_EQ(EXIT_OK, PARSE("--ring", "4m"));
	EXPECT_EQ(4 << 20, opts.ring_bytes);
	EXPECT_EQ(EXIT_USAGE, PARSE("--ring", "4MB"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--ring", "3M"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--ring", "8192M"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--ring", "99999999999999999999"));
	EXPECT_EQ(EXIT_OK, PARSE("--for", "0.5s"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--for", "nan"));
	EXPECT_EQ(EXIT_USAGE, PARSE("--for", "-1"));
	EXPECT_EQ(EXIT_OK, PARSE("--lossless"));
	EXPECT_EQ(100000, opts.lossless_us);
	EXPECT_EQ(EXIT_OK, PARSE("--lossless=5"));
	EXPECT_EQ(5, opts.lossless_us);
	EXPECT_EQ(EXIT_USAGE, PARSE("--lossless=0"));
	EXPECT_EQ(EXIT_OK, PARSE("--cpl", "0,3"));
	EXPECT_EQ(9, opts.cpl_mask);
}

/* Filters see exits only, so no other events are captured unless asked for. */
TEST(filters_leave_exits)
{
	ASSERT_EQ(EXIT_OK, PARSE("--filter", "x"));
	EXPECT_EQ(VMITAP_CLASSES_EXIT, opts.classes);
	ASSERT_EQ(EXIT_OK, PARSE("--filter", "x", "--events", "inject"));
	EXPECT_EQ(VMITAP_CLASS_MASK(VMITAP_CLASS_INJECT), opts.classes);
	EXPECT_EQ(EXIT_USAGE, PARSE("--filter-map", "a[0]=1"));
}

static bool selects(unsigned int class_id, unsigned int vcpu, unsigned int cpl,
		    uint64_t cr3)
{
	struct vmitap_exit exit = {
		.record.type = VMITAP_RECORD_EXIT,
		.record.size = sizeof(exit),
		.record.vcpu = vcpu,
		.class_id = class_id,
		.cpl = cpl,
		.cr3 = cr3,
	};

	return select_record(&opts, &exit.record);
}

TEST(selection)
{
	union any rec = { .record = { .type = VMITAP_RECORD_LOST, .vcpu = 9 } };

	ASSERT_EQ(EXIT_OK, PARSE("--events", "cpuid", "--vcpu", "1,65",
				 "--cpl", "3", "--cr3", "5000"));
	EXPECT_TRUE(select_among_exits(&opts));
	EXPECT_TRUE(selects(VMITAP_CLASS_CPUID, 1, 3, 0x5000));
	EXPECT_TRUE(selects(VMITAP_CLASS_CPUID, 65, 3, 0x5000));
	/* PCID and the bit that keeps the TLB are no part of the root. */
	EXPECT_TRUE(selects(VMITAP_CLASS_CPUID, 1, 3, 1ull << 63 | 0x5fff));
	EXPECT_FALSE(selects(VMITAP_CLASS_HLT, 1, 3, 0x5000));
	EXPECT_FALSE(selects(VMITAP_CLASS_CPUID, 0, 3, 0x5000));
	EXPECT_FALSE(selects(VMITAP_CLASS_CPUID, 65535, 3, 0x5000));
	EXPECT_FALSE(selects(VMITAP_CLASS_CPUID, 1, 0, 0x5000));
	EXPECT_FALSE(selects(VMITAP_CLASS_CPUID, 1, 3, 0x6000));
	EXPECT_FALSE(selects(255, 1, 255, 0x5000));
	EXPECT_TRUE(select_record(&opts, &rec.record));
	rec.record.type = VMITAP_RECORD_VM_GONE;
	EXPECT_TRUE(select_record(&opts, &rec.record));
	rec.record.type = VMITAP_RECORD_INJECT;
	rec.record.vcpu = 1;
	EXPECT_FALSE(select_record(&opts, &rec.record));
}

/* What a recording has of traps is shown unless others were named. */
TEST(selection_of_traps)
{
	union any rec = { .record.type = VMITAP_RECORD_SYSRET };

	ASSERT_EQ(EXIT_OK, PARSE("file"));
	EXPECT_TRUE(select_record(&opts, &rec.record));
	ASSERT_EQ(EXIT_OK, PARSE("--events", "syscall"));
	EXPECT_TRUE(select_record(&opts, &rec.record));
	rec.record.type = VMITAP_RECORD_CR3;
	EXPECT_FALSE(select_record(&opts, &rec.record));
	rec.record.type = VMITAP_RECORD_MESSAGE;
	EXPECT_FALSE(select_record(&opts, &rec.record));
	ASSERT_EQ(EXIT_OK, PARSE("--vcpu", "1"));
	EXPECT_FALSE(select_record(&opts, &rec.record));
}

/* The module filters all that has a page-table root, and a level where there is one. */
TEST(selection_by_cpl_and_cr3)
{
	union any rec = {};

	ASSERT_EQ(EXIT_OK, PARSE("--cpl", "3", "--cr3", "5000"));
	rec.inject = (struct vmitap_inject) {
		.record.type = VMITAP_RECORD_INJECT, .cr3 = 0x5001,
	};
	EXPECT_TRUE(select_record(&opts, &rec.record));
	rec.inject.cr3 = 0x6000;
	EXPECT_FALSE(select_record(&opts, &rec.record));
	rec.cr3 = (struct vmitap_cr3_write) {
		.record.type = VMITAP_RECORD_CR3, .cpl = 3, .new_cr3 = 0x5000,
	};
	EXPECT_TRUE(select_record(&opts, &rec.record));
	rec.cr3.cpl = 0;
	EXPECT_FALSE(select_record(&opts, &rec.record));
	rec.syscall = (struct vmitap_syscall) {
		.record.type = VMITAP_RECORD_SYSCALL, .cr3 = 0x5000,
	};
	EXPECT_TRUE(select_record(&opts, &rec.record));
	rec.syscall.cr3 = 0x6000;
	EXPECT_FALSE(select_record(&opts, &rec.record));
	rec.sysret = (struct vmitap_sysret) {
		.record.type = VMITAP_RECORD_SYSRET, .cr3 = 0x6000,
	};
	EXPECT_FALSE(select_record(&opts, &rec.record));
	rec.message = (struct vmitap_message) {
		.record.type = VMITAP_RECORD_MESSAGE, .cr3 = 0x5000, .cpl = 0,
	};
	EXPECT_FALSE(select_record(&opts, &rec.record));
	rec.message.cpl = 3;
	EXPECT_TRUE(select_record(&opts, &rec.record));
}

/* Parse "m[...]..." for a map of that shape. */
static int parse_entry(const char *arg, struct filter_map map,
		       struct filter_entry *entry)
{
	char name[16];

	captured[0] = '\0';
	if (!filter_map_name(arg, name, sizeof(name)) || strcmp(name, "m"))
		return -1;
	return filter_map_parse(arg, &map, 2000000, entry);
}

TEST(filter_map_entries)
{
	const struct filter_map array = { BPF_MAP_TYPE_ARRAY, 4, 24 };
	struct filter_entry entry;

	ASSERT_EQ(EXIT_OK, parse_entry("m[cpuid]=0x10,tsc", array, &entry));
	EXPECT_EQ(VMITAP_CLASS_CPUID, entry.key);
	EXPECT_EQ(0x10, entry.value[0]);
	EXPECT_EQ(2000000, entry.value[1]);
	EXPECT_EQ(0, entry.value[2]);
	free(entry.value);
	ASSERT_EQ(EXIT_OK, parse_entry("m[0xffffffff]", array, &entry));
	EXPECT_EQ(UINT32_MAX, entry.key);
	free(entry.value);
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[0]=1,2,3,4", array, &entry));
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[x]=1", array, &entry));
	EXPECT_EQ(-1, parse_entry("m[0]1", array, &entry));
	EXPECT_EQ(-1, parse_entry("m]0[=1", array, &entry));
	EXPECT_EQ(-1, parse_entry("mmmmmmmmmmmmmmmm[0]=1", array, &entry));
}

/* What is larger than the map takes is refused, not cut. */
TEST(filter_map_sizes)
{
	const struct filter_map small = { BPF_MAP_TYPE_HASH, 2, 4 };
	const struct filter_map odd = { BPF_MAP_TYPE_HASH, 8, 12 };
	struct filter_map wide = { BPF_MAP_TYPE_HASH, 16, 8 };
	struct filter_entry entry;

	ASSERT_EQ(EXIT_OK, parse_entry("m[0xffff]=0xffffffff", small, &entry));
	free(entry.value);
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[0x10000]=1", small, &entry));
	EXPECT_NE(NULL, strstr(captured, "fit the 2 bytes of this map's keys"));
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[1]=0x100000000", small, &entry));
	EXPECT_NE(NULL, strstr(captured, "fit the 4 bytes of this map's values"));
	ASSERT_EQ(EXIT_OK, parse_entry("m[-1]=-1,0xffffffff", odd, &entry));
	free(entry.value);
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[1]=1,0x100000000", odd, &entry));
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[1]=1", wide, &entry));
	EXPECT_NE(NULL, strstr(captured, "have 16 bytes"));
	wide.key_size = 0;
	EXPECT_EQ(EXIT_USAGE, parse_entry("m[1]=1", wide, &entry));
}

/* The kernel would read more than one value from what was parsed. */
TEST(filter_map_of_each_cpu)
{
	static const unsigned int types[] = {
		BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_LRU_PERCPU_HASH,
	};
	struct filter_map map = { .key_size = 4, .value_size = 8 };
	struct filter_entry entry;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		map.type = types[i];
		EXPECT_EQ(EXIT_USAGE, parse_entry("m[0]=1", map, &entry));
		EXPECT_NE(NULL, strstr(captured, "each CPU"));
	}
}

TEST_HARNESS_MAIN
