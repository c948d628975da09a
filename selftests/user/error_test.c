// SPDX-License-Identifier: GPL-2.0-only
/*
 * error_test.c - what libvmitap says when something fails
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "../../userspace/lib/error.h"
#include "../../userspace/lib/session.h"

static struct vmitap_session session = { .fd = -1 };

static bool says(const char *text)
{
	return strstr(vmitap_session_error(&session), text);
}

TEST(nothing_failed)
{
	EXPECT_STREQ("", vmitap_session_error(&session));
	EXPECT_EQ(0, vmitap_error_open(&session, 0));
	EXPECT_EQ(0, vmitap_error_query(&session, 0));
	EXPECT_EQ(0, vmitap_error_attach(&session, 0, "process 1", 0, ""));
	EXPECT_EQ(0, vmitap_error_filter(&session, 0));
	EXPECT_EQ(0, vmitap_error_other(&session, 0, "do it"));
	EXPECT_STREQ("", vmitap_session_error(&session));
}

TEST(no_session)
{
	EXPECT_STREQ("out of memory", vmitap_session_error(NULL));
	vmitap_session_close(NULL);
}

TEST(open_without_module)
{
	struct vmitap_session *opened;
	int err;

	if (!access("/dev/vmitap", F_OK))
		SKIP(return, "the module is loaded");
	err = vmitap_session_open(&opened);
	EXPECT_EQ(-ENOENT, err);
	ASSERT_NE(NULL, opened);
	EXPECT_NE(NULL, strstr(vmitap_session_error(opened), "modprobe vmitap"));
	EXPECT_EQ(-1, vmitap_session_fd(opened));
	/* What is done with it all the same fails, and does nothing else. */
	EXPECT_EQ(-EBADF, vmitap_session_attach_pid(opened, 1, 4096));
	EXPECT_EQ(-EBADF, vmitap_session_enable(opened));
	vmitap_session_close(opened);
}

TEST(open_texts)
{
	EXPECT_EQ(-EACCES, vmitap_error_open(&session, -EACCES));
	EXPECT_TRUE(says("udev rule"));
	vmitap_error_open(&session, -ENXIO);
	EXPECT_TRUE(says("insmod vmitap.ko"));
	vmitap_error_open(&session, -EMFILE);
	EXPECT_TRUE(says("Too many open files"));
}

TEST(attach_texts)
{
	static const struct {
		int err;
		const char *text;
	} cases[] = {
		{ -EPERM, "right to trace that process" },
		{ -EACCES, "right to trace that process" },
		{ -ESRCH, "process 42 ended" },
		{ -EPIPE, "process 42 ended" },
		{ -ENXIO, "process 42 has no VM" },
		{ -ENOTUNIQ, "several VMs" },
		{ -ENODEV, "modprobe kvm_amd or kvm_intel" },
		{ -EOPNOTSUPP, "the VM of process 42 cannot be tapped: hardware hides" },
		{ -EBUSY, "try again" },
		{ -EUSERS, "too many sessions" },
		{ -ENOMEM, "rings of 4096 bytes" },
		{ -EINVAL, "power of two" },
		{ -EIO, "Input/output error" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(cases[i].err,
			  vmitap_error_attach(&session, cases[i].err, "process 42",
					      4096, ""));
		EXPECT_TRUE(says(cases[i].text))
			TH_LOG("\"%s\" in \"%s\"", cases[i].text, session.error);
	}
}

TEST(refusals)
{
	static const int errs[] = { -ENODEV, -EOPNOTSUPP };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(errs[i], vmitap_error_attach(&session, errs[i], "process 42",
						       4096, "no luck"));
		EXPECT_STREQ("this host cannot be tapped: no luck", session.error);
		EXPECT_EQ(errs[i], vmitap_error_list(&session, errs[i], "no chance"));
		EXPECT_STREQ("this host cannot be tapped: no chance", session.error);
	}
	EXPECT_EQ(0, vmitap_error_list(&session, 0, ""));
	EXPECT_EQ(-ENOMEM, vmitap_error_list(&session, -ENOMEM, ""));
	EXPECT_TRUE(says("list the VMs"));
}

TEST(other_texts)
{
	EXPECT_EQ(-ENOTCONN, vmitap_error_other(&session, -ENOTCONN, "do it"));
	EXPECT_STREQ("cannot do it: no VM is attached yet", session.error);
	vmitap_error_other(&session, -EPIPE, "do it");
	EXPECT_TRUE(says("the VM is gone"));
	session.awaits = 42;
	vmitap_error_other(&session, -EPIPE, "do it");
	EXPECT_STREQ("cannot do it: process 42 ended, or executed another program,"
		     " before it had a VM", session.error);
	session.awaits = 0;
	vmitap_error_other(&session, -ENOTTY, "do it");
	EXPECT_TRUE(says("older than this program"));
	EXPECT_EQ(-EOPNOTSUPP, vmitap_error_pause(&session, -EOPNOTSUPP, "pause"));
	EXPECT_TRUE(says("could not be tapped"));
	vmitap_error_pause(&session, -EPIPE, "pause");
	EXPECT_TRUE(says("the VM is gone"));
	vmitap_error_filter(&session, -EINVAL);
	EXPECT_TRUE(says("raw_tracepoint"));
	vmitap_error_filter(&session, -EPIPE);
	EXPECT_TRUE(says("the VM is gone"));
	EXPECT_EQ(-EPROTO, vmitap_error_ring(&session, 3));
	EXPECT_TRUE(says("ring 3"));
}

TEST(state_texts)
{
	EXPECT_EQ(0, vmitap_error_regs(&session, 0, 0));
	EXPECT_EQ(0, vmitap_error_memory(&session, 0));
	EXPECT_EQ(-ENOENT, vmitap_error_regs(&session, -ENOENT, 7));
	EXPECT_STREQ("there is no vCPU 7", session.error);
	vmitap_error_regs(&session, -EOPNOTSUPP, 7);
	EXPECT_TRUE(says("protected"));
	vmitap_error_regs(&session, -ENOTTY, 7);
	EXPECT_TRUE(says("older than this program"));
	EXPECT_EQ(-EFAULT, vmitap_error_memory(&session, -EFAULT));
	EXPECT_TRUE(says("no memory there"));
	EXPECT_EQ(-EOPNOTSUPP, vmitap_error_memory(&session, -EOPNOTSUPP));
	EXPECT_TRUE(says("hides the guest's memory"));
	vmitap_error_memory(&session, -EPERM);
	EXPECT_TRUE(says("right to trace"));
	vmitap_error_memory(&session, -ENOTUNIQ);
	EXPECT_TRUE(says("attach by PID"));
	vmitap_error_memory(&session, -EPIPE);
	EXPECT_TRUE(says("the VM is gone"));
}

TEST(config_texts)
{
	EXPECT_EQ(0, vmitap_error_config(&session, 0));
	EXPECT_EQ(-EOPNOTSUPP, vmitap_error_config(&session, -EOPNOTSUPP));
	EXPECT_TRUE(says("hides the guest's memory"));
	vmitap_error_config(&session, -ENOTCONN);
	EXPECT_STREQ("cannot configure the capture: no VM is attached yet", session.error);
}

static char vmm_memory[64] = "of the VMM";
static struct vmitap_slot slots[] = {
	{ .gpa = 0, .bytes = 32 },
	{ .gpa = 32, .bytes = 32, .flags = VMITAP_SLOT_HIDDEN },
};

/* A process is its own VMM, and its slots were listed just now. */
static int read_own(uint64_t gpa, void *buf, size_t bytes)
{
	struct vmitap_span span = { .gpa = gpa, .buf = buf, .bytes = bytes };
	struct timespec now;
	int err, tries = 100;

	slots[0].hva = (uintptr_t)vmm_memory;
	slots[1].hva = (uintptr_t)vmm_memory + 32;
	session.memory = (struct vmitap_memory) {
		.pid = getpid(), .pidfd = -1, .slots = slots, .nr = 2, .room = 2,
	};
	/* Unless that was longer ago than slots are believed. */
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		session.memory.listed_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
		err = vmitap_session_read_memory(&session, &span, 1);
	} while (err == -EBADF && --tries);
	close(session.memory.pidfd);
	return err;
}

TEST(hidden_memory_is_not_read)
{
	char buf[8];

	EXPECT_EQ(0, read_own(0, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, vmm_memory, sizeof(buf)));
	EXPECT_EQ(-EOPNOTSUPP, read_own(32, buf, sizeof(buf)));
	EXPECT_TRUE(says("hides the guest's memory"));
	/* In part. */
	EXPECT_EQ(-EOPNOTSUPP, read_own(28, buf, sizeof(buf)));
}

TEST(long_texts_are_cut)
{
	char refusal[1000];

	memset(refusal, 'x', sizeof(refusal) - 1);
	refusal[sizeof(refusal) - 1] = '\0';
	vmitap_error_attach(&session, -EOPNOTSUPP, "process 42", 4096, refusal);
	EXPECT_EQ(sizeof(session.error) - 1, strlen(session.error));
}

TEST(names)
{
	unsigned int i;

	EXPECT_STREQ("cpuid", vmitap_class_name(VMITAP_CLASS_CPUID));
	EXPECT_STREQ("vcpu", vmitap_class_name(VMITAP_CLASS_VCPU));
	EXPECT_STREQ("cr3", vmitap_class_name(VMITAP_CLASS_CR3));
	EXPECT_STREQ("message", vmitap_class_name(VMITAP_CLASS_MESSAGE));
	EXPECT_STREQ("unknown", vmitap_class_name(VMITAP_NR_EXIT_CLASSES));
	EXPECT_STREQ("unknown", vmitap_class_name(VMITAP_CLASS_MESSAGE + 1));
	EXPECT_STREQ("unknown", vmitap_class_name(~0u));
	for (i = 0; i < VMITAP_NR_EXIT_CLASSES; i++)
		EXPECT_STRNE("unknown", vmitap_class_name(i));
	for (i = 0; i < VMITAP_NR_LOST; i++)
		EXPECT_STRNE("unknown", vmitap_lost_text(i));
	EXPECT_STREQ("unknown", vmitap_lost_text(VMITAP_NR_LOST));
	EXPECT_STREQ("vmx", vmitap_vendor_name(VMITAP_VENDOR_VMX));
	EXPECT_STREQ("unknown", vmitap_vendor_name(77));
}

TEST_HARNESS_MAIN
