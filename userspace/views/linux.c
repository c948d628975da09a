// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux.c - a Linux guest, understood with no profile
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "linux.h"

__attribute__((format(printf, 3, 4)))
static int fail(struct linux_guest *lg, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(lg->error, sizeof(lg->error), fmt, args);
	va_end(args);
	return err;
}

static int find_kernel(struct linux_guest *lg)
{
	int err = kernel_find(&lg->kernel, lg->guest);

	if (err == -ENOENT)
		return fail(lg, err, "no kernel found: no vCPU is in 64-bit mode"
			    " with LSTAR or IDT in a Linux kernel; if the guest"
			    " is Linux, try again when it has booted");
	if (err)
		return fail(lg, err, "registers of the guest: %s",
			    strerror(-err));
	return 0;
}

static int open_btf(struct linux_guest *lg, const struct kernel_image *image,
		    const char *path)
{
	int err;

	if (path) {
		err = kernel_btf_load(&lg->btf, path);
		if (err)
			return fail(lg, err, "%s: no BTF in it: %s", path,
				    strerror(-err));
		return 0;
	}
	err = kernel_btf_find(&lg->btf, image);
	if (err)
		return fail(lg, err, "guest kernel has no BTF: give one with"
			    " --btf FILE (its vmlinux with debug information"
			    " after pahole -J)");
	return 0;
}

static int open_symbols(struct linux_guest *lg,
			const struct kernel_image *image, const char *path)
{
	int err;

	if (path) {
		err = symbols_load(&lg->symbols, path, lg->kernel.text);
		if (err)
			return fail(lg, err, "%s: no System.map: %s", path,
				    strerror(-err));
		return 0;
	}
	err = kallsyms_find(&lg->kallsyms, &lg->symbols, image,
			    lg->kernel.syscall_entry);
	if (err)
		return fail(lg, err, "guest kernel has no kallsyms, or of a kind"
			    " not known: give its System.map with --system-map"
			    " FILE");
	return 0;
}

static int find_layout(struct linux_guest *lg)
{
	const char *missing;
	int err;

	err = linux_layout_init(&lg->layout, &lg->btf, &missing);
	if (err)
		return fail(lg, err, "the BTF has no %s as Linux has it: give"
			    " that of the guest's kernel with --btf FILE",
			    missing);
	return 0;
}

static int find_symbol(struct linux_guest *lg, const char *name, uint64_t *gva)
{
	if (symbols_address(&lg->symbols, name, gva))
		return fail(lg, -ENOENT, "the kernel's symbols lack %s: give its"
			    " System.map with --system-map FILE", name);
	return 0;
}

/*
 * Go on with the page tables that the kernel keeps for as long as it runs, and not
 * with those of the process that happened to be there.
 */
static void use_kernel_root(struct linux_guest *lg)
{
	struct paging *paging = &lg->kernel.paging, before = *paging;
	struct paging_page page;
	uint64_t gva;

	if (symbols_address(&lg->symbols, "init_top_pgt", &gva) ||
	    paging_translate(paging, gva, &page))
		return;
	paging_set_root(paging, page.gpa);
	if (paging_translate(paging, lg->kernel.text, &page) ||
	    page.gpa != lg->kernel.phys)
		*paging = before;
}

/* The symbols' banner; the image's first one may be a template of it. */
static void read_banner(struct linux_guest *lg)
{
	char buf[sizeof(lg->banner)];
	uint64_t gva;

	if (symbols_address(&lg->symbols, "linux_banner", &gva) ||
	    paging_read_string(&lg->kernel.paging, gva, buf, sizeof(buf)) <= 0 ||
	    strncmp(buf, "Linux version ", 14))
		return;
	buf[strcspn(buf, "\n")] = '\0';
	strcpy(lg->banner, buf);
}

/* Letters, digits and signs: terminals are shown it, and the guest may say anything. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text <= 0x20 || *text >= 0x7f)
			*text = '?';
	}
}

static void read_release(struct linux_guest *lg)
{
	uint64_t gva;

	if (symbols_address(&lg->symbols, "init_uts_ns", &gva) ||
	    paging_read_string(&lg->kernel.paging,
			       gva + lg->layout.uts_release.offset, lg->release,
			       sizeof(lg->release)) <= 0)
		sscanf(lg->banner, "Linux version %64s", lg->release);
	make_printable(lg->release);
}

/* The first task is known by heart: symbols and layouts must lead to it. */
static int check_init_task(struct linux_guest *lg)
{
	struct paging *paging = &lg->kernel.paging;
	uint32_t pid = UINT32_MAX;
	char comm[16] = "";

	if (paging_read_u32(paging, lg->init_task + lg->layout.task_pid.offset,
			    &pid) ||
	    paging_read_string(paging, lg->init_task +
			       lg->layout.task_comm.offset, comm,
			       sizeof(comm)) <= 0 ||
	    pid || strncmp(comm, "swapper", 7))
		return fail(lg, -EINVAL, "init_task at 0x%" PRIx64 " is not the"
			    " first task: BTF and symbols are not both of this"
			    " kernel", lg->init_task);
	return 0;
}

static int understand_image(struct linux_guest *lg,
			    const struct kernel_image *image,
			    const struct linux_options *options)
{
	int err;

	if (kernel_find_banner(image, lg->banner, sizeof(lg->banner)) < 0)
		return fail(lg, -ENOENT, "the kernel at 0x%" PRIx64 " is not"
			    " Linux: it has no banner", lg->kernel.text);
	err = open_symbols(lg, image, options->system_map);
	if (err)
		return err;
	return open_btf(lg, image, options->btf);
}

int linux_open(struct linux_guest *lg, const struct guest *guest,
	       const struct linux_options *options)
{
	static const struct linux_options none;
	struct kernel_image image;
	int err;

	memset(lg, 0, sizeof(*lg));
	lg->guest = guest;
	err = find_kernel(lg);
	if (err)
		return err;
	err = kernel_copy_image(&lg->kernel, &image);
	if (err)
		return fail(lg, err, "copy of the guest's kernel: %s",
			    strerror(-err));
	err = understand_image(lg, &image, options ? options : &none);
	kernel_image_free(&image);
	if (!err)
		err = find_layout(lg);
	if (!err)
		err = find_symbol(lg, "init_task", &lg->init_task);
	if (!err)
		err = find_symbol(lg, "init_pid_ns", &lg->init_pid_ns);
	if (err)
		return err;
	use_kernel_root(lg);
	err = check_init_task(lg);
	if (err)
		return err;
	read_banner(lg);
	read_release(lg);
	return 0;
}

void linux_close(struct linux_guest *lg)
{
	symbols_free(&lg->symbols);
	kernel_btf_free(&lg->btf);
}
