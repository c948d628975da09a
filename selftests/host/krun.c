// SPDX-License-Identifier: GPL-2.0-only
/*
 * krun.c - run a Linux guest under libkrun, for start-vmm.sh
 *
 * usage: krun NAME CPUS MIB KERNEL INITRD APPEND CONSOLE IN OUT
 *
 * KERNEL is an ELF image.  CONSOLE gets what the guest writes to its first serial
 * port; IN and OUT are what it reads from the second, and what it writes there.  It
 * has no second if they are empty.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libkrun's, of which there is no header where it comes from. */
#define KRUN_KERNEL_FORMAT_ELF	1
int32_t krun_create_ctx(void);
int32_t krun_set_vm_config(uint32_t ctx, uint8_t cpus, uint32_t mib);
int32_t krun_set_kernel(uint32_t ctx, const char *kernel, uint32_t format,
			const char *initrd, const char *append);
int32_t krun_disable_implicit_console(uint32_t ctx);
int32_t krun_disable_implicit_vsock(uint32_t ctx);
int32_t krun_add_serial_console_default(uint32_t ctx, int in, int out);
int32_t krun_start_enter(uint32_t ctx);

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* libkrun says what went wrong by a negative errno. */
static void must(int32_t ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
}

static void add_serial(uint32_t ctx, const char *in, const char *out)
{
	/* A FIFO's other end may come and go: one that is held open does not end. */
	must(krun_add_serial_console_default(ctx, open_or_die(in, O_RDWR),
					     open_or_die(out, O_RDWR | O_CREAT)),
	     "serial port");
}

int main(int argc, char **argv)
{
	int32_t ctx;

	if (argc != 10)
		errx(2, "usage: krun NAME CPUS MIB KERNEL INITRD APPEND CONSOLE IN OUT");

	/* It names the process after it. */
	if (setenv("HOSTNAME", argv[1], 1))
		err(1, "HOSTNAME");
	ctx = krun_create_ctx();
	must(ctx, "context");
	must(krun_set_vm_config(ctx, atoi(argv[2]), atoi(argv[3])), "CPUs and memory");
	must(krun_set_kernel(ctx, argv[4], KRUN_KERNEL_FORMAT_ELF, argv[5], argv[6]), "kernel");
	must(krun_disable_implicit_console(ctx), "console");
	must(krun_disable_implicit_vsock(ctx), "vsock");
	add_serial(ctx, "/dev/null", argv[7]);
	if (*argv[8])
		add_serial(ctx, argv[8], argv[9]);
	/* Ends with the guest, if it starts it. */
	must(krun_start_enter(ctx), "guest");
	return 0;
}
