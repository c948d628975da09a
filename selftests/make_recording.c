// SPDX-License-Identifier: GPL-2.0-only
/*
 * make_recording.c - a recording whose every event is known
 *
 * The TSC runs at 1 GHz, so ticks are nanoseconds.  vCPU 0 makes 100 CPUID exits,
 * each handled in 1000 ns but the last in 5000, then a HLT; then 12 events are
 * lost; vCPU 1 makes 3 HLT exits and sleeps 1 ms in each.  The first exit has
 * registers and instruction bytes.  At the end vCPU 0 writes CR3, makes a system call
 * that returns, and sends a message of 80 bytes.
 *
 * usage: make_recording FILE [killed]
 * With "killed" the recorder does not get to close the recording.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../userspace/cli/cli.h"
#include "../userspace/cli/recorder.h"

#define SVM_EXIT_CPUID	0x72
#define SVM_EXIT_HLT	0x78

static struct recorder recorder;
static __u64 now = 1000000;
static __u32 seqs[2];

int fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
	return code;
}

static void add(struct vmitap_record *rec)
{
	if (recorder_add(&recorder, rec))
		exit(fail(EXIT_FAILURE, "writing the recording failed"));
}

/* The guest runs 200 ns, exits, and is entered @handling ns later. */
static void add_exit(unsigned int vcpu, __u32 reason, __u8 class_id,
		     __u64 handling)
{
	struct {
		struct vmitap_exit exit;
		struct vmitap_gprs gprs;
		struct vmitap_insn insn;
	} event = {
		.exit = {
			.record.type = VMITAP_RECORD_EXIT,
			.record.size = sizeof(event.exit),
			.record.vcpu = vcpu,
			.record.seq = seqs[vcpu]++,
			.record.tsc = now + 200,
			.entry_tsc = now,
			.reason = reason,
			.class_id = class_id,
			.mode = VMITAP_MODE_LONG64,
			.rip = 0xffffffff81000000ULL,
			.cr3 = 0x1000,
		},
		.gprs.reg[VMITAP_RAX] = 0x40000000,
		.insn = { .len = 2, .bytes = { 0x0f, 0xa2 } },
	};

	if (!vcpu && !event.exit.record.seq) {
		event.exit.record.size = sizeof(event);
		event.exit.record.fields = VMITAP_FIELD_GPRS |
					   VMITAP_FIELD_INSN;
	}
	add(&event.exit.record);
	now += 200 + handling;
}

static void add_lost(unsigned int vcpu, __u32 count)
{
	struct vmitap_lost_record lost = {
		.record.type = VMITAP_RECORD_LOST,
		.record.size = sizeof(lost),
		.record.vcpu = vcpu,
		.record.seq = seqs[vcpu],
		.record.tsc = now + 50,
		.first_tsc = now,
		.count = count,
		.reason[VMITAP_LOST_FULL] = count,
		.by_class[VMITAP_CLASS_PIO] = count,
	};

	seqs[vcpu] += count;
	add(&lost.record);
	now += 100;
}

static void add_inject(unsigned int vcpu)
{
	struct vmitap_inject inject = {
		.record.type = VMITAP_RECORD_INJECT,
		.record.size = sizeof(inject),
		.record.vcpu = vcpu,
		.record.seq = seqs[vcpu]++,
		.record.tsc = now,
		.kind = VMITAP_INJECT_INTERRUPT,
		.vector = 0xec,
	};

	add(&inject.record);
}

/* The members of a head that all traps have. */
#define TRAP_HEAD(trap, record_type)					\
	.record.type = (record_type), .record.size = sizeof(trap),	\
	.record.seq = seqs[0]++, .record.tsc = now += 100

static void add_syscall(void)
{
	struct vmitap_cr3_write write = {
		TRAP_HEAD(write, VMITAP_RECORD_CR3),
		.old_cr3 = 0x1000, .new_cr3 = 0x8000000000002005ULL,
		.rip = 0xffffffff81000010ULL, .mode = VMITAP_MODE_LONG64,
	};
	struct vmitap_syscall call = {
		TRAP_HEAD(call, VMITAP_RECORD_SYSCALL),
		.cr3 = 0x2005, .rip = 0x401000, .rsp = 0x7fff1000, .nr = 257,
		.args = { 0xffffff9c, 0x402000, 2, 3, 4, 5 },
		.mode = VMITAP_MODE_LONG64,
	};
	struct vmitap_sysret ret = {
		TRAP_HEAD(ret, VMITAP_RECORD_SYSRET),
		.cr3 = 0x2005, .rip = 0x401002, .rsp = 0x7fff1000, .result = -2,
		.mode = VMITAP_MODE_LONG64,
	};

	add(&write.record);
	add(&call.record);
	add(&ret.record);
}

/* The first byte would start an escape sequence on a terminal. */
static void add_message(void)
{
	struct {
		struct vmitap_message message;
		char data[80];
	} part = {
		.message = {
			TRAP_HEAD(part, VMITAP_RECORD_MESSAGE),
			.cr3 = 0x2005, .rip = 0x401010, .tag = 0x77,
			.total = sizeof(part.data), .bytes = sizeof(part.data),
			.cpl = 3, .mode = VMITAP_MODE_LONG64,
		},
		.data = "\033]0;\"title\"",
	};

	add(&part.message.record);
}

int main(int argc, char **argv)
{
	struct recording_head head = {
		.flags = RECORDING_EVERY_EXIT,
		.vendor = VMITAP_VENDOR_SVM,
		.tsc_khz = 1000000,
		.pid = 4711,
		.classes = VMITAP_CLASSES_PASSIVE,
		.name = "made",
	};
	uint64_t lost[VMITAP_NR_LOST] = { 12 };
	int i;

	if (argc != 2 && !(argc == 3 && !strcmp(argv[2], "killed")))
		return fail(EXIT_FAILURE, "usage: make_recording FILE [killed]");
	if (recorder_open(&recorder, argv[1], &head))
		return EXIT_FAILURE;
	for (i = 0; i < 100; i++)
		add_exit(0, SVM_EXIT_CPUID, VMITAP_CLASS_CPUID,
			 i < 99 ? 1000 : 5000);
	add_exit(0, SVM_EXIT_HLT, VMITAP_CLASS_HLT, 1000);
	add_lost(0, 12);
	for (i = 0; i < 3; i++) {
		add_inject(1);
		add_exit(1, SVM_EXIT_HLT, VMITAP_CLASS_HLT, 1000000);
	}
	add_syscall();
	add_message();
	if (argc == 3)
		return recorder_flush(&recorder);
	return recorder_close(&recorder, lost) ? EXIT_FAILURE : EXIT_SUCCESS;
}
