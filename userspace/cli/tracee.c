// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracee.c - what is known of the guest whose system calls are traced
 */
#include <string.h>

#include <vmitap.h>

#include "cli.h"
#include "tracee.h"

/* A look at a guest takes a second or less; one that never is Linux costs little. */
#define PATIENCE_MIN_S	1
#define PATIENCE_MAX_S	60

static void close_guest(struct tracee *tracee)
{
	linux_roots_free(&tracee->roots);
	linux_close(&tracee->lg);
	guest_live_close(tracee->live);
	tracee->live = NULL;
}

/* Return: 0 if processes can be told. */
static int open_guest(struct tracee *tracee)
{
	int err;

	memset(&tracee->lg, 0, sizeof(tracee->lg));
	linux_roots_init(&tracee->roots, NULL);
	err = guest_live_open(&tracee->live, &tracee->guest, tracee->tap);
	if (err)
		return err;
	err = linux_open(&tracee->lg, &tracee->guest, &tracee->options);
	/* Linux has a banner even where type information is missing. */
	tracee->is_linux = !err || tracee->lg.banner[0];
	tracee->named = !err;
	if (err)
		return err;
	linux_roots_init(&tracee->roots, &tracee->lg);
	tracee->user = tracee->lg.kernel.paging;
	return 0;
}

void tracee_open(struct tracee *tracee, struct vmitap_session *tap,
		 const struct linux_options *options, double now)
{
	memset(tracee, 0, sizeof(*tracee));
	tracee->tap = tap;
	tracee->options = *options;
	tracee->patience = PATIENCE_MIN_S;
	tracee->next_try = now + tracee->patience;
	if (!open_guest(tracee))
		return;
	note("%s", tracee->lg.error[0] ? tracee->lg.error :
	     vmitap_session_error(tap));
	note("until that changes, processes are shown by their CR3%s",
	     tracee->is_linux ? "" : ", calls by their numbers");
}

void tracee_look_again(struct tracee *tracee, double now)
{
	if (tracee->named || now < tracee->next_try)
		return;
	tracee->patience *= 2;
	if (tracee->patience > PATIENCE_MAX_S)
		tracee->patience = PATIENCE_MAX_S;
	close_guest(tracee);
	if (!open_guest(tracee))
		note("%s: processes have names now", tracee->lg.release);
	tracee->next_try = now + tracee->patience;
}

void tracee_close(struct tracee *tracee)
{
	close_guest(tracee);
}

void tracee_name(struct tracee *tracee, struct call *call, double now)
{
	const struct linux_process *process;

	if (!tracee->named)
		return;
	process = linux_roots_find(&tracee->roots, call->enter.cr3, now);
	if (!process)
		return;
	call->pid = process->pid;
	memcpy(call->comm, process->comm, sizeof(call->comm));
}

static void use_memory_of(struct tracee *tracee, const struct call *call)
{
	paging_set_root(&tracee->user, LINUX_ROOT(call->enter.cr3));
	paging_flush(&tracee->user);
}

/* Where 32-bit code of Linux has the sixth argument: where its RSP points to. */
static void read_sixth(struct tracee *tracee, struct call *call)
{
	uint32_t val;

	if (paging_read_u32(&tracee->user, (uint32_t)call->enter.rsp, &val))
		return;
	call->enter.args[5] = val;
	call->sixth_known = true;
}

void tracee_read_args(struct tracee *tracee, struct call *call)
{
	unsigned int i, nr = linux_signature_args(call->signature), have = 0;
	uint64_t gva;

	if (!tracee->named)
		return;
	use_memory_of(tracee, call);
	if (nr == LINUX_SYSCALL_ARGS && !call->sixth_known)
		read_sixth(tracee, call);
	for (i = 0; i < nr && have < CALL_STRINGS; i++) {
		if (call->signature[i] != LINUX_ARG_STRING)
			continue;
		gva = call->enter.args[i];
		if (call->abi == LINUX_ABI_I386)
			gva = (uint32_t)gva;
		if (!gva || paging_read_string(&tracee->user, gva,
					       call->strings[have],
					       CALL_STRING) < 0)
			continue;
		call->string_arg[have++] = i;
	}
}
