// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - system calls, joined of their beginning and their return
 */
#include <stdlib.h>
#include <string.h>

#include <linux_roots.h>

#include "calls.h"
#include "cli.h"

/* The longest instruction. */
#define INSN_MAX	15

void calls_init(struct calls *calls, const struct calls_ops *ops)
{
	memset(calls, 0, sizeof(*calls));
	calls->ops = *ops;
}

static unsigned int bucket(uint64_t cr3, uint64_t rsp)
{
	uint64_t key = (LINUX_ROOT(cr3) >> 12) * 0x9e3779b97f4a7c15ULL;

	key = (key ^ rsp >> 3) * 0x9e3779b97f4a7c15ULL;
	return key >> 32 & (CALLS_BUCKETS - 1);
}

static bool same_thread(const struct vmitap_syscall *enter, uint64_t cr3,
			uint64_t rsp)
{
	return LINUX_ROOT(enter->cr3) == LINUX_ROOT(cr3) && enter->rsp == rsp;
}

/* 32-bit calls of Linux return to a place of its vDSO. */
static bool belongs(const struct vmitap_syscall *enter,
		    const struct vmitap_sysret *ret)
{
	/* Records of two vCPUs need not come in order: it may be of the call before. */
	if (!same_thread(enter, ret->cr3, ret->rsp) ||
	    ret->record.tsc <= enter->record.tsc)
		return false;
	if (enter->mode != VMITAP_MODE_LONG64)
		return ret->mode == enter->mode;
	return ret->rip > enter->rip && ret->rip - enter->rip <= INSN_MAX;
}

static void link_call(struct calls *calls, struct call *call)
{
	struct call **head =
		&calls->buckets[bucket(call->enter.cr3, call->enter.rsp)];

	call->next_hash = *head;
	*head = call;
	call->older = calls->newest;
	if (calls->newest)
		calls->newest->newer = call;
	else
		calls->oldest = call;
	calls->newest = call;
	calls->nr++;
}

static void unlink_call(struct calls *calls, struct call *call)
{
	struct call **at =
		&calls->buckets[bucket(call->enter.cr3, call->enter.rsp)];

	while (*at != call)
		at = &(*at)->next_hash;
	*at = call->next_hash;
	if (call->older)
		call->older->newer = call->newer;
	else
		calls->oldest = call->newer;
	if (call->newer)
		call->newer->older = call->older;
	else
		calls->newest = call->older;
	calls->nr--;
}

/* A call is over. */
static int finish(struct calls *calls, struct call *call,
		  enum call_outcome outcome)
{
	int code;

	unlink_call(calls, call);
	code = calls->ops.done(calls->ops.arg, call, outcome);
	free(call);
	return code;
}

static int finish_with(struct calls *calls, struct call *call,
		       const struct vmitap_sysret *ret)
{
	call->returned_at = ret->record.tsc;
	call->result = ret->result;
	return finish(calls, call, CALL_RETURNED);
}

/* The child of vfork() uses its parent's memory and stack while that waits. */
static bool lends_stack(const struct call *call)
{
	return call->name && !strcmp(call->name, "vfork");
}

/* A thread that calls again is done with its last call, however it returned. */
static int give_up_last(struct calls *calls, const struct vmitap_syscall *enter)
{
	struct call *call, *next;
	int code = EXIT_OK;

	call = calls->buckets[bucket(enter->cr3, enter->rsp)];
	for (; call && !code; call = next) {
		next = call->next_hash;
		if (same_thread(&call->enter, enter->cr3, enter->rsp) &&
		    !lends_stack(call))
			code = finish(calls, call, CALL_UNSEEN);
	}
	if (!code && calls->nr >= CALLS_MAX)
		code = finish(calls, calls->oldest, CALL_UNSEEN);
	return code;
}

static struct vmitap_sysret *find_early(struct calls *calls,
					const struct vmitap_syscall *enter)
{
	struct vmitap_sysret *ret;

	for (ret = calls->early; ret < calls->early + CALLS_EARLY; ret++) {
		if (belongs(enter, ret))
			return ret;
	}
	return NULL;
}

static void describe(const struct calls *calls, struct call *call,
		     const struct vmitap_syscall *enter)
{
	call->enter = *enter;
	call->abi = enter->mode == VMITAP_MODE_LONG64 ? LINUX_ABI_X86_64 :
							LINUX_ABI_I386;
	if (calls->is_linux)
		call->name = linux_syscall_name(call->abi, enter->nr);
	call->signature = linux_syscall_signature(call->abi,
						  call->name ? call->name : "");
	memset(call->string_arg, -1, sizeof(call->string_arg));
	/* On i386 it is in memory: R9 is no register of 32-bit code. */
	call->sixth_known = call->abi == LINUX_ABI_X86_64;
}

int calls_enter(struct calls *calls, const struct vmitap_syscall *enter)
{
	struct vmitap_sysret *early, ret;
	struct call *call;
	int code;

	code = give_up_last(calls, enter);
	if (code)
		return code;
	call = calloc(1, sizeof(*call));
	if (!call)
		return fail(EXIT_OTHER, "out of memory");
	describe(calls, call, enter);
	calls->ops.begin(calls->ops.arg, call);
	link_call(calls, call);
	if (call->name && linux_syscall_ends(call->name))
		return finish(calls, call, CALL_ENDS);
	early = find_early(calls, enter);
	if (!early)
		return EXIT_OK;
	ret = *early;
	memset(early, 0, sizeof(*early));
	calls->orphans--;
	return finish_with(calls, call, &ret);
}

int calls_return(struct calls *calls, const struct vmitap_sysret *ret)
{
	struct call *call = calls->buckets[bucket(ret->cr3, ret->rsp)];

	for (; call; call = call->next_hash) {
		if (belongs(&call->enter, ret))
			return finish_with(calls, call, ret);
	}
	calls->orphans++;
	calls->early[calls->next_early++ % CALLS_EARLY] = *ret;
	return EXIT_OK;
}

int calls_show_pending(struct calls *calls, uint64_t tsc)
{
	struct call *call = calls->oldest;
	int code = EXIT_OK;

	for (; call && call->enter.record.tsc < tsc && !code;
	     call = call->newer) {
		if (call->shown_pending)
			continue;
		code = calls->ops.done(calls->ops.arg, call, CALL_PENDING);
		call->shown_pending = true;
	}
	return code;
}

int calls_end(struct calls *calls)
{
	int code = EXIT_OK;

	while (calls->oldest && !code)
		code = finish(calls, calls->oldest, CALL_UNFINISHED);
	return code;
}

void calls_free(struct calls *calls)
{
	struct call *call = calls->oldest, *newer;

	for (; call; call = newer) {
		newer = call->newer;
		free(call);
	}
	memset(calls, 0, sizeof(*calls));
}

double call_ns(const struct call *call, uint32_t tsc_khz)
{
	double ticks = (double)call->returned_at - call->enter.record.tsc;

	return tsc_khz ? ticks * 1e6 / tsc_khz : 0;
}
