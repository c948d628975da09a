// SPDX-License-Identifier: GPL-2.0-only
/*
 * vms_test.c - which VM --vm means
 *
 * The linker has the tool call the function below instead of the library's.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include <vmitap.h>

#include "../../userspace/cli/cli.h"
#include "../../userspace/cli/vms.h"
#include "capture.h"

#define TENS(x)		x x x x x x x x x x
#define LONG_NAME	TENS("web server") "abc"

/* The first is of a process of another PID namespace, for which it has no number. */
static struct vmitap_vm_info vms[] = {
	{ .pid = 0, .comm = "hidden" },
	{ .comm = "sleep" },
	{ .pid = 1, .comm = "init" },
};

int __wrap_vmitap_session_list_vms(struct vmitap_session *session,
				   struct vmitap_vm_info *list, size_t size,
				   uint32_t room, uint32_t *found);

int __wrap_vmitap_session_list_vms(struct vmitap_session *session,
				   struct vmitap_vm_info *list, size_t size,
				   uint32_t room, uint32_t *found)
{
	(void)session;
	(void)size;
	(void)room;
	memcpy(list, vms, sizeof(vms));
	*found = sizeof(vms) / sizeof(vms[0]);
	return 0;
}

FIXTURE(vmm)
{
	pid_t pid;
	char name[64];
};

/* A process whose command line names a VM. */
FIXTURE_SETUP(vmm)
{
	int started[2], input[2];
	char none;

	ASSERT_EQ(0, pipe2(started, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(input, O_CLOEXEC));
	self->pid = fork();
	ASSERT_GE(self->pid, 0);
	if (!self->pid) {
		/* A line to read never comes. */
		dup2(input[0], 0);
		execlp("sh", "sh", "-c", "read line; :", "-name",
		       LONG_NAME ",debug=on", "end", NULL);
		_exit(1);
	}
	/* Exec closes the other end. */
	close(started[1]);
	ASSERT_EQ(0, read(started[0], &none, 1));
	vms[1].pid = self->pid;
	self->name[0] = '\0';
}

FIXTURE_TEARDOWN(vmm)
{
	kill(self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
}

/* Return: the PID of the VM that was found, or minus the exit code. */
static int find(const char *wanted, char *name)
{
	pid_t pid = -1;
	int code;

	captured[0] = '\0';
	code = vms_find(NULL, wanted, &pid, name, 64);
	return code ? -code : pid;
}

TEST_F(vmm, by_pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", self->pid);
	EXPECT_EQ(self->pid, find(text, self->name));
	EXPECT_EQ(0, strncmp(self->name, LONG_NAME, 63));
	EXPECT_EQ(1, find("1", self->name));
	/* The same in the lower 32 bits, or with something around it. */
	EXPECT_EQ(-EXIT_NO_VM, find("4294967297", self->name));
	EXPECT_EQ(-EXIT_NO_VM, find("18446744073709551617", self->name));
	EXPECT_NE(NULL, strstr(captured, "no process 18446744073709551617"));
	EXPECT_EQ(-EXIT_NO_VM, find(" 1", self->name));
	EXPECT_EQ(-EXIT_NO_VM, find("+1", self->name));
	EXPECT_EQ(-EXIT_NO_VM, find("-18446744073709551615", self->name));
}

/* No VM is of process 0, nor is one without a name meant. */
TEST_F(vmm, by_nothing)
{
	EXPECT_EQ(-EXIT_NO_VM, find("", self->name));
	EXPECT_NE(NULL, strstr(captured, "no VM \"\""));
	EXPECT_EQ(-EXIT_NO_VM, find("0", self->name));
	EXPECT_EQ(0, find("hidden", self->name));
}

TEST_F(vmm, by_a_long_name)
{
	char cut[64];

	EXPECT_EQ(self->pid, find(LONG_NAME, self->name));
	snprintf(cut, sizeof(cut), "%.63s", LONG_NAME);
	EXPECT_EQ(self->pid, find(cut, self->name));
	cut[62] = '\0';
	EXPECT_EQ(-EXIT_NO_VM, find(cut, self->name));
	EXPECT_EQ(-EXIT_NO_VM, find(LONG_NAME "d", self->name));
}

TEST(pids)
{
	pid_t pid = 7;

	EXPECT_FALSE(vms_parse_pid("", &pid));
	EXPECT_FALSE(vms_parse_pid("0", &pid));
	EXPECT_FALSE(vms_parse_pid("12x", &pid));
	EXPECT_FALSE(vms_parse_pid("2147483648", &pid));
	EXPECT_EQ(7, pid);
	EXPECT_TRUE(vms_parse_pid("2147483647", &pid));
	EXPECT_EQ(2147483647, pid);
}

TEST_HARNESS_MAIN
