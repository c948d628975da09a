/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - system calls, joined of their beginning and their return
 *
 * A thread that made a call makes no other before it returns, and its address space
 * and stack pointer tell it from all other threads meanwhile: a return belongs to
 * the call with its CR3 and RSP, and in 64-bit code with the RIP before its own.
 */
#ifndef VMITAP_CLI_CALLS_H
#define VMITAP_CLI_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vmitap.h>

#include <linux_syscalls.h>

/* Calls that wait for their return; the oldest is given up for one more. */
#define CALLS_MAX	16384

/* Returns that wait for their call, see calls_return(). */
#define CALLS_EARLY	64

/* Longest string of an argument that is shown, with its NUL. */
#define CALL_STRING	128
#define CALL_STRINGS	3

enum call_outcome {
	CALL_RETURNED,		/* @result is what it returned */
	CALL_ENDS,		/* of a kind that does not return */
	CALL_PENDING,		/* has not returned yet; comes once more */
	CALL_UNSEEN,		/* its thread went on, or is gone: no return was seen */
	CALL_UNFINISHED,	/* capture ended before it returned */
};

/**
 * struct call - a system call
 * @enter: the record of its beginning
 * @abi: which table @enter.nr is of
 * @name: NULL if the number has none
 * @signature: see linux_syscall_signature()
 * @pid: process, 0 if not known
 * @comm: name of the process, "" if not known
 * @string_arg: for each of @strings the number of the argument, -1 for none
 * @strings: what string arguments pointed to
 * @sixth_known: @enter.args[5] is the sixth argument
 * @returned_at: TSC of the return
 * @result: RAX then
 * @shown_pending: CALL_PENDING was given
 */
struct call {
	struct vmitap_syscall enter;
	enum linux_abi abi;
	const char *name;
	const char *signature;
	uint32_t pid;
	char comm[17];
	int string_arg[CALL_STRINGS];
	char strings[CALL_STRINGS][CALL_STRING];
	bool sixth_known;
	uint64_t returned_at;
	uint64_t result;
	bool shown_pending;
	struct call *next_hash;
	struct call *older, *newer;
};

/**
 * struct calls_ops - what is done with calls; nonzero ends, as in session_sink
 * @begin: a call began: add what is known of it beyond its record
 * @done: what became of it
 */
struct calls_ops {
	void (*begin)(void *arg, struct call *call);
	int (*done)(void *arg, const struct call *call,
		    enum call_outcome outcome);
	void *arg;
};

#define CALLS_BUCKETS	4096

/**
 * struct calls - calls that have not returned
 * @ops: for whom
 * @is_linux: the guest is Linux, so numbers have names; set after calls_init()
 * @nr: how many
 * @orphans: returns that no call was seen for
 * @buckets: by CR3 and RSP
 * @oldest: first of all by time; @newest the last
 * @early: returns that came before their call
 * @next_early: where the next one goes
 */
struct calls {
	struct calls_ops ops;
	bool is_linux;
	size_t nr;
	uint64_t orphans;
	struct call *buckets[CALLS_BUCKETS];
	struct call *oldest, *newest;
	struct vmitap_sysret early[CALLS_EARLY];
	unsigned int next_early;
};

void calls_init(struct calls *calls, const struct calls_ops *ops);
void calls_free(struct calls *calls);

/* Take a beginning.  Return: what ops.done() returned, or EXIT_OTHER, reported. */
int calls_enter(struct calls *calls, const struct vmitap_syscall *enter);

/*
 * Take a return.  A thread may go to another vCPU within its call, and the records
 * of two vCPUs may come in the wrong order by some microseconds; a return with no
 * call is therefore kept for a while.
 *
 * Return: what ops.done() returned.
 */
int calls_return(struct calls *calls, const struct vmitap_sysret *ret);

/* Give calls that began before @tsc to ops.done() as pending, each one once. */
int calls_show_pending(struct calls *calls, uint64_t tsc);

/* Give all calls that are left to ops.done() as unfinished. */
int calls_end(struct calls *calls);

/* Nanoseconds that a call took that returned. */
double call_ns(const struct call *call, uint32_t tsc_khz);

#endif /* VMITAP_CLI_CALLS_H */
