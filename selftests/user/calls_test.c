// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls_test.c - system calls: joining of beginnings and returns, what is printed
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include <linux_roots.h>

#include "../../userspace/cli/call_print.h"
#include "../../userspace/cli/call_summary.h"
#include "../../userspace/cli/calls.h"
#include "../../userspace/cli/cli.h"
#include "capture.h"

#define ROOT_A	0x1000000ull
#define ROOT_B	0x2000000ull
#define TEXT_64	0x400000ull
#define VDSO_32	0xf7fc0560ull

enum {
	NR_READ = 0, NR_OPENAT = 257, NR_MMAP = 9, NR_VFORK = 58,
	NR_EXECVE = 59, NR_EXIT_GROUP = 231, NR_GETPID = 39,
	NR_GETPID_32 = 20, NR_MMAP2_32 = 192,
};

/* What ops.done() was told, in words. */
static char seen[4096];
static size_t nr_seen;

/* Strings that begin_call() adds, in the order of arguments. */
static const char *strings[CALL_STRINGS];

static void begin_call(void *arg, struct call *call)
{
	unsigned int i, have = 0;

	(void)arg;
	if (LINUX_ROOT(call->enter.cr3) == ROOT_A) {
		call->pid = 12;
		strcpy(call->comm, "proc-a");
	}
	for (i = 0; call->signature[i] && have < CALL_STRINGS; i++) {
		if (call->signature[i] != LINUX_ARG_STRING || !strings[have])
			continue;
		snprintf(call->strings[have], CALL_STRING, "%s", strings[have]);
		call->string_arg[have++] = i;
	}
}

static void print_to(char *buf, size_t size, const struct call *call,
		     enum call_outcome outcome, bool json)
{
	FILE *out = fmemopen(buf, size, "w");

	if (json)
		call_print_json(out, call, outcome, 1000000);
	else
		call_print_text(out, call, outcome);
	fclose(out);
}

static int done_call(void *arg, const struct call *call,
		     enum call_outcome outcome)
{
	size_t used = strlen(seen);

	print_to(seen + used, sizeof(seen) - used, call, outcome, arg);
	nr_seen++;
	return EXIT_OK;
}

static struct calls calls;

static void setup(void)
{
	const struct calls_ops ops = { .begin = begin_call, .done = done_call };

	calls_init(&calls, &ops);
	calls.is_linux = true;
	seen[0] = '\0';
	nr_seen = 0;
}

static struct vmitap_syscall make_enter(uint64_t tsc, uint64_t cr3,
					uint64_t rsp, uint64_t nr)
{
	return (struct vmitap_syscall){
		.record.type = VMITAP_RECORD_SYSCALL,
		.record.size = sizeof(struct vmitap_syscall),
		.record.tsc = tsc, .cr3 = cr3, .rsp = rsp, .rip = TEXT_64,
		.nr = nr, .mode = VMITAP_MODE_LONG64,
	};
}

static void enter(uint64_t tsc, uint64_t cr3, uint64_t rsp, uint64_t nr)
{
	struct vmitap_syscall record = make_enter(tsc, cr3, rsp, nr);

	calls_enter(&calls, &record);
}

static struct vmitap_sysret make_return(uint64_t tsc, uint64_t cr3,
					uint64_t rsp, uint64_t result)
{
	return (struct vmitap_sysret){
		.record.type = VMITAP_RECORD_SYSRET,
		.record.size = sizeof(struct vmitap_sysret),
		.record.tsc = tsc, .cr3 = cr3, .rsp = rsp, .rip = TEXT_64 + 2,
		.result = result, .mode = VMITAP_MODE_LONG64,
	};
}

static void leave(uint64_t tsc, uint64_t cr3, uint64_t rsp, uint64_t result)
{
	struct vmitap_sysret record = make_return(tsc, cr3, rsp, result);

	calls_return(&calls, &record);
}

TEST(a_call_and_its_return)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_GETPID);
	EXPECT_STREQ("", seen);
	leave(2, ROOT_A, 0x7000, 12);
	EXPECT_STREQ("[12 proc-a] getpid() = 12\n", seen);
	EXPECT_EQ(0, calls.nr);
}

TEST(unknown_process_is_a_root)
{
	setup();
	enter(1, ROOT_B, 0x7000, NR_GETPID);
	leave(2, ROOT_B, 0x7000, 13);
	EXPECT_STREQ("[cr3 0x2000000] getpid() = 13\n", seen);
}

/* The process-context identifier changes, the thread does not. */
TEST(pcid_does_not_count)
{
	setup();
	enter(1, ROOT_A | 5, 0x7000, NR_GETPID);
	leave(2, ROOT_A | 1ull << 63 | 6, 0x7000, 12);
	EXPECT_STREQ("[12 proc-a] getpid() = 12\n", seen);
}

TEST(threads_are_told_by_their_stacks)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_GETPID);
	enter(2, ROOT_A, 0x8000, NR_GETPID);
	enter(3, ROOT_B, 0x7000, NR_GETPID);
	leave(4, ROOT_B, 0x7000, 3);
	leave(5, ROOT_A, 0x8000, 2);
	leave(6, ROOT_A, 0x7000, 1);
	EXPECT_STREQ("[cr3 0x2000000] getpid() = 3\n"
		     "[12 proc-a] getpid() = 2\n"
		     "[12 proc-a] getpid() = 1\n", seen);
}

TEST(arguments_by_kind)
{
	struct vmitap_syscall record = make_enter(1, ROOT_A, 0x7000, NR_OPENAT);

	setup();
	strings[0] = "/etc/\"pass\nwd\x01";
	record.args[0] = (uint32_t)-100;
	record.args[1] = 0x400800;
	record.args[2] = 0x80000;
	record.args[3] = 0644;
	calls_enter(&calls, &record);
	leave(2, ROOT_A, 0x7000, -ENOENT);
	EXPECT_STREQ("[12 proc-a] openat(AT_FDCWD, \"/etc/\\\"pass\\nwd\\001\","
		     " 0x80000, 0644) = -1 ENOENT\n", seen);
	strings[0] = NULL;

	setup();
	calls_enter(&calls, &record);
	leave(2, ROOT_A, 0x7000, 3);
	EXPECT_STREQ("[12 proc-a] openat(AT_FDCWD, 0x400800, 0x80000, 0644)"
		     " = 3\n", seen);
}

TEST(long_strings_are_cut)
{
	char text[200];

	setup();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	strings[0] = text;
	enter(1, ROOT_A, 0x7000, NR_EXECVE);
	leave(2, ROOT_A, 0x7000, -ENOENT);
	strings[0] = NULL;
	EXPECT_NE(NULL, strstr(seen, "xxx\"..., NULL, NULL) = -1 ENOENT"));
	EXPECT_EQ(CALL_STRING - 1, strspn(strstr(seen, "\"x") + 1, "x"));
}

TEST(addresses_and_odd_results)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_MMAP);
	leave(2, ROOT_A, 0x7000, 0x7f0000001000);
	EXPECT_STREQ("[12 proc-a] mmap(NULL, 0, 0, 0, 0, 0) = 0x7f0000001000\n",
		     seen);
	setup();
	enter(1, ROOT_A, 0x7000, NR_READ);
	leave(2, ROOT_A, 0x7000, -4095);
	EXPECT_NE(NULL, strstr(seen, "= -1 errno 4095"));
	setup();
	enter(1, ROOT_A, 0x7000, NR_READ);
	leave(2, ROOT_A, 0x7000, -4096);
	EXPECT_NE(NULL, strstr(seen, "= -4096\n"));
}

TEST(numbers_without_a_name)
{
	setup();
	enter(1, ROOT_A, 0x7000, 0x12345);
	leave(2, ROOT_A, 0x7000, -ENOSYS);
	EXPECT_STREQ("[12 proc-a] syscall_0x12345(0, 0, 0, 0, 0, 0)"
		     " = -1 ENOSYS\n", seen);
}

/* What numbers mean is not known of a guest that is not Linux. */
TEST(guests_that_are_not_linux)
{
	setup();
	calls.is_linux = false;
	enter(1, ROOT_B, 0x7000, NR_EXIT_GROUP);
	EXPECT_EQ(1, calls.nr);
	leave(2, ROOT_B, 0x7000, 7);
	EXPECT_STREQ("[cr3 0x2000000] syscall_0xe7(0, 0, 0, 0, 0, 0) = 7\n",
		     seen);
}

TEST(calls_that_end)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_EXIT_GROUP);
	EXPECT_STREQ("[12 proc-a] exit_group(0) = ?\n", seen);
	EXPECT_EQ(0, calls.nr);
}

/* By IRET: the thread's next call says that it went on. */
TEST(return_unseen)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_READ);
	enter(2, ROOT_A, 0x7000, NR_GETPID);
	EXPECT_STREQ("[12 proc-a] read(0, NULL, 0) = ? <no return seen>\n", seen);
	leave(3, ROOT_A, 0x7000, 12);
	EXPECT_EQ(2, nr_seen);
	EXPECT_EQ(0, calls.orphans);
}

TEST(pending_then_resumed)
{
	setup();
	enter(100, ROOT_A, 0x7000, NR_READ);
	calls_show_pending(&calls, 100);
	EXPECT_EQ(0, nr_seen);
	calls_show_pending(&calls, 101);
	calls_show_pending(&calls, 102);
	EXPECT_STREQ("[12 proc-a] read(0, NULL, 0) <unfinished ...>\n", seen);
	seen[0] = '\0';
	leave(103, ROOT_A, 0x7000, 5);
	EXPECT_STREQ("[12 proc-a] <... read resumed> = 5\n", seen);
}

TEST(left_at_the_end)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_READ);
	enter(2, ROOT_A, 0x8000, NR_GETPID);
	calls_end(&calls);
	EXPECT_STREQ("[12 proc-a] read(0, NULL, 0) = ? <capture ended>\n"
		     "[12 proc-a] getpid() = ? <capture ended>\n", seen);
	EXPECT_EQ(0, calls.nr);
}

TEST(return_with_no_call)
{
	setup();
	leave(5, ROOT_A, 0x7000, 1);
	EXPECT_EQ(1, calls.orphans);
	/* A call after it is another one. */
	enter(6, ROOT_A, 0x7000, NR_GETPID);
	EXPECT_EQ(0, nr_seen);
	EXPECT_EQ(1, calls.nr);
	calls_free(&calls);
}

/* It went to another vCPU and called again, and that came before the return. */
TEST(return_of_the_call_before)
{
	setup();
	enter(1, ROOT_A, 0x7000, NR_GETPID);
	enter(5, ROOT_A, 0x7000, NR_READ);
	leave(4, ROOT_A, 0x7000, 12);
	EXPECT_EQ(1, calls.nr);
	EXPECT_EQ(1, calls.orphans);
	leave(9, ROOT_A, 0x7000, 3);
	EXPECT_STREQ("[12 proc-a] getpid() = ? <no return seen>\n"
		     "[12 proc-a] read(0, NULL, 0) = 3\n", seen);
	calls_free(&calls);
}

/* The thread went to another vCPU, whose records came first. */
TEST(return_before_its_call)
{
	setup();
	leave(7, ROOT_A, 0x7000, 12);
	enter(6, ROOT_A, 0x7000, NR_GETPID);
	EXPECT_STREQ("[12 proc-a] getpid() = 12\n", seen);
	EXPECT_EQ(0, calls.orphans);
	EXPECT_EQ(0, calls.nr);
	/* It is used up. */
	enter(6, ROOT_A, 0x7000, NR_GETPID);
	EXPECT_EQ(1, nr_seen);
	calls_free(&calls);
}

/* rt_sigreturn goes back to where another call was interrupted. */
TEST(return_to_elsewhere)
{
	struct vmitap_sysret ret = make_return(3, ROOT_A, 0x7000, 1);

	setup();
	enter(1, ROOT_A, 0x7000, NR_READ);
	ret.rip = TEXT_64 + 0x1000;
	calls_return(&calls, &ret);
	EXPECT_EQ(0, nr_seen);
	leave(4, ROOT_A, 0x7000, -EINTR);
	EXPECT_NE(NULL, strstr(seen, "= -1 EINTR"));
}

/* The child runs on its parent's stack, in its memory, while that waits. */
TEST(vfork_waits_below_its_child)
{
	struct vmitap_syscall child = make_enter(2, ROOT_A, 0x7000, NR_EXECVE);

	setup();
	enter(1, ROOT_A, 0x7000, NR_VFORK);
	child.rip = TEXT_64 + 0x100;
	calls_enter(&calls, &child);
	EXPECT_EQ(0, nr_seen);
	leave(3, ROOT_A, 0x7000, 99);
	EXPECT_STREQ("[12 proc-a] vfork() = 99\n", seen);
	calls_free(&calls);
}

TEST(calls_of_32_bits)
{
	struct vmitap_syscall record =
		make_enter(1, ROOT_A, 0xff000000, NR_MMAP2_32 | 1ull << 40);
	struct vmitap_sysret ret = make_return(2, ROOT_A, 0xff000000,
					       0xfffffff2);

	setup();
	record.mode = ret.mode = VMITAP_MODE_COMPAT32;
	record.args[0] = 0xdead00001000;
	record.args[4] = 0xffffffff;
	record.args[5] = 77;
	ret.rip = VDSO_32;
	calls_enter(&calls, &record);
	calls_return(&calls, &ret);
	EXPECT_STREQ("[12 proc-a] i386:mmap2(0x1000, 0, 0, 0, -1, ?)"
		     " = -1 EFAULT\n", seen);
}

TEST(a_flood_gives_up_the_oldest)
{
	uint64_t i;

	setup();
	for (i = 0; i < CALLS_MAX + 3; i++)
		enter(i + 1, ROOT_B, i * 16, NR_READ);
	EXPECT_EQ(3, nr_seen);
	EXPECT_EQ(CALLS_MAX, calls.nr);
	calls_free(&calls);
}

TEST(as_json)
{
	const struct calls_ops ops = {
		.begin = begin_call, .done = done_call, .arg = &calls,
	};
	struct vmitap_syscall record = make_enter(10, ROOT_A, 0x7000, NR_OPENAT);

	setup();
	calls.ops = ops;
	strings[0] = "/x";
	calls_enter(&calls, &record);
	leave(1010, ROOT_A, 0x7000, -ENOENT);
	strings[0] = NULL;
	EXPECT_NE(NULL, strstr(seen, "\"name\":\"openat\",\"pid\":12,"
			       "\"comm\":\"proc-a\",\"args\":[\"0x0\",\"0x0\","
			       "\"0x0\",\"0x0\"],\"strings\":[null,\"/x\",null,"
			       "null],\"outcome\":\"returned\",\"result\":"
			       "\"0xfffffffffffffffe\",\"errno\":\"ENOENT\","
			       "\"ns\":1000,"))
		TH_LOG("%s", seen);
}

static struct call_summary summary;

static int sum_call(void *arg, const struct call *call,
		    enum call_outcome outcome)
{
	(void)arg;
	return call_summary_add(&summary, call, outcome, 1000000);
}

TEST(summed_up)
{
	const struct calls_ops ops = { .begin = begin_call, .done = sum_call };
	char table[2000] = "";
	FILE *out;

	setup();
	calls.ops = ops;
	enter(1000, ROOT_A, 0x7000, NR_READ);
	leave(2000, ROOT_A, 0x7000, 1);
	enter(3000, ROOT_A, 0x7000, NR_READ);
	leave(5000, ROOT_A, 0x7000, -EINTR);
	enter(5000, ROOT_A, 0x7000, NR_GETPID);
	leave(6000, ROOT_A, 0x7000, 12);
	enter(7000, ROOT_A, 0x7000, NR_EXIT_GROUP);
	call_summary_sort(&summary);
	ASSERT_EQ(3, summary.nr);
	EXPECT_STREQ("read", summary.rows[0].name);
	EXPECT_EQ(2, summary.rows[0].calls);
	EXPECT_EQ(1, summary.rows[0].errors);
	EXPECT_EQ(3000, summary.rows[0].ns);
	EXPECT_STREQ("getpid", summary.rows[1].name);
	EXPECT_EQ(0, summary.rows[2].returned);
	out = fmemopen(table, sizeof(table), "w");
	call_summary_print(out, &summary);
	fclose(out);
	EXPECT_NE(NULL, strstr(table, " 75.00     0.000003   1.50 us"
			       "           2         1 read\n"))
		TH_LOG("%s", table);
	call_summary_free(&summary);
}

TEST(names_and_signatures)
{
	unsigned int nr, abi;
	const char *name;

	for (abi = LINUX_ABI_X86_64; abi <= LINUX_ABI_I386; abi++) {
		for (nr = 0; nr < 500; nr++) {
			name = linux_syscall_name(abi, nr);
			if (name)
				EXPECT_GE(6, linux_signature_args(
					linux_syscall_signature(abi, name)));
		}
	}
	EXPECT_STREQ("openat", linux_syscall_name(LINUX_ABI_X86_64, 257));
	EXPECT_STREQ("getpid", linux_syscall_name(LINUX_ABI_I386, 20));
	EXPECT_EQ(NULL, linux_syscall_name(LINUX_ABI_X86_64, 1ull << 32));
	/* Both ends of the table, which is searched by halves. */
	EXPECT_STREQ("fuupi", linux_syscall_signature(LINUX_ABI_I386, "_llseek"));
	EXPECT_STREQ("fpi", linux_syscall_signature(LINUX_ABI_I386, "writev"));
	EXPECT_STREQ("fpuuu", linux_syscall_signature(LINUX_ABI_I386, "pread64"));
}

TEST(roots)
{
	const struct linux_task tasks[] = {
		{ .tgid = 7, .pgd = 0x5000, .comm = "seven" },
		{ .tgid = 9, .pgd = 0x2000, .comm = "shares" },
		{ .tgid = 3, .pgd = 0x2000, .comm = "three" },
		{ .tgid = 2, .pgd = 0, .comm = "kthreadd" },
	};
	const struct linux_process *process;
	struct linux_roots found;

	linux_roots_init(&found, NULL);
	EXPECT_EQ(NULL, linux_roots_find(&found, 0x2000, 0));
	ASSERT_EQ(0, linux_roots_set(&found, tasks, 4));
	process = linux_roots_find(&found, 0x2000 | 1ull << 63 | 0x123, 0);
	ASSERT_NE(NULL, process);
	EXPECT_STREQ("three", process->comm);
	/* 0x5000 is odd: there is no isolation, and 0x3000 is nobody's. */
	EXPECT_EQ(NULL, linux_roots_find(&found, 0x3000, 0));
	EXPECT_EQ(NULL, linux_roots_find(&found, 0, 0));
	linux_roots_forget(&found, 0x5000);
	EXPECT_EQ(NULL, linux_roots_find(&found, 0x5000, 0));
	ASSERT_EQ(0, linux_roots_set(&found, tasks + 1, 3));
	process = linux_roots_find(&found, 0x3000, 0);
	ASSERT_NE(NULL, process);
	EXPECT_EQ(3, process->pid);
	linux_roots_free(&found);
}

TEST_HARNESS_MAIN
