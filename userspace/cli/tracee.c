// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracee.c - what is known of the guest whose system calls are traced
 */
#include <string.h>

#include "cli.h"
#include "tracee.h"

void tracee_open(struct tracee *tracee, const struct guest *guest,
		 const struct linux_options *options)
{
	int err;

	memset(tracee, 0, sizeof(*tracee));
	linux_roots_init(&tracee->roots, NULL);
	err = linux_open(&tracee->lg, guest, options);
	/* Linux has a banner even where type information is missing. */
	tracee->is_linux = !err || tracee->lg.banner[0];
	tracee->named = !err;
	if (err) {
		note("%s", tracee->lg.error);
		note("processes are shown by their CR3%s", tracee->is_linux ?
		     "" : ", and calls by their numbers");
		return;
	}
	linux_roots_init(&tracee->roots, &tracee->lg);
	tracee->user = tracee->lg.kernel.paging;
}

void tracee_close(struct tracee *tracee)
{
	linux_roots_free(&tracee->roots);
	linux_close(&tracee->lg);
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
