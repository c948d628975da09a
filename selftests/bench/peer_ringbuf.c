// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer_ringbuf.c - load and attach peer_ringbuf.bpf.o, then sleep
 */
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_program *prog;
	struct bpf_object *obj;

	if (argc != 2)
		errx(2, "usage: peer_ringbuf OBJECT");
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj || bpf_object__load(obj))
		err(1, "%s", argv[1]);
	prog = bpf_object__next_program(obj, NULL);
	if (!bpf_program__attach(prog))
		err(1, "attach");
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
