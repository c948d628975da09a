// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - lifetime of a session's BPF program
 *
 * The program is loaded, verified and pinned by stock tools.  A session holds a
 * reference to it, so unpinning it or closing its fd changes nothing; its maps
 * live as long as it does.
 */
#include "compat/compat.h"
#include "filter.h"

/**
 * vmitap_filter_get() - take a reference to a loaded program
 * @fd: of the program, in the caller's table
 *
 * Return: the program, ERR_PTR(-EBADF) if @fd is not open, ERR_PTR(-EINVAL) if it
 * is no BPF program, one of another type than raw_tracepoint, or one that may sleep.
 */
struct bpf_prog *vmitap_filter_get(int fd)
{
	struct bpf_prog *prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_RAW_TRACEPOINT, false);

	/* Newer kernels have such for tracepoints that may sleep; a filter may not. */
	if (!IS_ERR(prog) && vmitap_compat_sleeps(prog)) {
		bpf_prog_put(prog);
		return ERR_PTR(-EINVAL);
	}
	return prog;
}

/**
 * vmitap_filter_put() - drop the reference
 * @prog: program that no hook can see any more, or NULL
 */
void vmitap_filter_put(struct bpf_prog *prog)
{
	if (prog)
		bpf_prog_put(prog);
}
