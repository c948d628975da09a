// SPDX-License-Identifier: GPL-2.0-only
/*
 * command_test.c - commands of the tool, with a session that is made here
 *
 * The linker has the commands call the functions below instead of the tool's own.
 */
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "../../userspace/cli/cli.h"
#include "../../userspace/cli/options.h"
#include "../../userspace/cli/session.h"
#include "../../userspace/cli/tracee.h"

/* The record that a session gives, how often at most, and what it loses. */
static struct vmitap_record *given;
static unsigned int nr_given;
static uint64_t lost;

/* How many the command has taken. */
static unsigned int taken;

/* What the command printed. */
static char *printed[2];

int __wrap_session_open(struct session *session, const struct options *opts,
			bool everything);
int __wrap_session_run(struct session *session, const struct options *opts,
		       const struct session_sink *sink);
void __wrap_session_close(struct session *session);
void __wrap_tracee_open(struct tracee *tracee, struct vmitap_session *tap,
			const struct linux_options *options, double now);
void __wrap_tracee_close(struct tracee *tracee);

int __wrap_session_open(struct session *session, const struct options *opts,
			bool everything)
{
	(void)opts;
	(void)everything;
	memset(session, 0, sizeof(*session));
	session->filter.fd = -1;
	session->pid = 4711;
	session->query.out_tsc_khz = 1000000;
	strcpy(session->name, "made");
	return EXIT_OK;
}

int __wrap_session_run(struct session *session, const struct options *opts,
		       const struct session_sink *sink)
{
	int code = EXIT_OK;

	(void)opts;
	for (taken = 0; taken < nr_given && !code; taken++)
		code = sink->event(sink->arg, given);
	session->stats.out_lost[VMITAP_LOST_FULL] = lost;
	return code == SESSION_STOP ? EXIT_OK : code;
}

void __wrap_session_close(struct session *session)
{
	(void)session;
}

void __wrap_tracee_open(struct tracee *tracee, struct vmitap_session *tap,
			const struct linux_options *options, double now)
{
	(void)tap;
	(void)options;
	(void)now;
	memset(tracee, 0, sizeof(*tracee));
	tracee->next_try = 1e300;
}

void __wrap_tracee_close(struct tracee *tracee)
{
	(void)tracee;
}

/* Run a command with these options; what it prints goes to printed[]. */
#define RUN(cmd, ...) run(cmd, (char *[]){ "cmd", __VA_ARGS__, NULL })

static int run(const struct command *cmd, char **argv)
{
	FILE *out = stdout, *err = stderr;
	static struct options opts;
	size_t size[2];
	int code, argc = 0;

	while (argv[argc])
		argc++;
	code = options_parse(cmd, &opts, &argc, &argv);
	if (code)
		return code;
	free(printed[0]);
	free(printed[1]);
	stdout = open_memstream(&printed[0], &size[0]);
	stderr = open_memstream(&printed[1], &size[1]);
	code = cmd->run(&opts, argc, argv);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	return code;
}

TEST(strace_says_what_was_lost)
{
	ASSERT_EQ(EXIT_OK, RUN(&cmd_strace, "-c", "--json"));
	EXPECT_NE(NULL, strstr(printed[0], "\"lost\":{\"full\":0,"));
	ASSERT_EQ(EXIT_OK, RUN(&cmd_strace, "--json"));
	EXPECT_STREQ("", printed[1]);
	lost = 1234;
	ASSERT_EQ(EXIT_OK, RUN(&cmd_strace, "-c", "--json"));
	EXPECT_NE(NULL, strstr(printed[0], "\"lost\":{\"full\":1234,"))
		TH_LOG("%s", printed[0]);
	ASSERT_EQ(EXIT_OK, RUN(&cmd_strace, "--json"));
	EXPECT_NE(NULL, strstr(printed[1], ", 1,234 events lost\n"));
	lost = 0;
}

/* Events of any kind count, not only exits. */
TEST(count_of_events)
{
	struct vmitap_cr3_write write = {
		.record.type = VMITAP_RECORD_CR3, .record.size = sizeof(write),
	};
	struct vmitap_inject inject = {
		.record.type = VMITAP_RECORD_INJECT, .record.size = sizeof(inject),
	};
	struct vmitap_record vcpu = {
		.type = VMITAP_RECORD_VCPU_CREATED, .size = sizeof(vcpu),
	};
	struct vmitap_record *const records[] = {
		&write.record, &inject.record, &vcpu,
	};
	static char *const names[] = { "cr3", "inject", "vcpu" };
	unsigned int i;

	nr_given = 20;
	for (i = 0; i < 3; i++) {
		given = records[i];
		ASSERT_EQ(EXIT_OK, RUN(&cmd_stat, "--events", names[i], "--count", "5"));
		EXPECT_EQ(5, taken);
		ASSERT_EQ(EXIT_OK, RUN(&cmd_top, "--events", names[i], "--count", "5"));
		EXPECT_EQ(5, taken);
		/* What is not selected does not count. */
		ASSERT_EQ(EXIT_OK, RUN(&cmd_stat, "--events", "hlt", "--count", "5"));
		EXPECT_EQ(20, taken);
	}
	nr_given = 0;
}

TEST_HARNESS_MAIN
