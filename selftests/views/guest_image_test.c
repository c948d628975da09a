// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_image_test.c - image files, and text files that are none
 *
 * usage: guest_image_test DIR		a directory for its files
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "guest_image.h"

#define IMAGE_BYTES	0x5000

static char memory[500], regs[500], error[256];

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	if (!file || fwrite(data, 1, len, file) != len || fclose(file))
		ksft_exit_fail_msg("%s: cannot be written\n", path);
}

/* Open the image with this text file. */
static int open_with(struct guest_image **image, struct guest *guest,
		     const char *text)
{
	write_file(regs, text, strlen(text));
	error[0] = '\0';
	return guest_image_open(image, guest, memory, regs, error,
				sizeof(error));
}

static void refused(const char *name, const char *text)
{
	struct guest_image *image;
	struct guest guest;

	ksft_test_result(open_with(&image, &guest, text) == -EINVAL && error[0],
			 "refused: %s\n", name);
}

static bool byte_is(const struct guest *guest, uint64_t gpa, int want)
{
	uint8_t byte;

	return !guest_read(guest, gpa, &byte, 1) && byte == want;
}

static void test_regions(void)
{
	struct guest_region regions[4];
	struct guest_image *image;
	struct guest_regs vcpu;
	struct guest guest;
	uint8_t buf[0x2000];

	if (open_with(&image, &guest, "vmitap-image 1\n"
		      "# below the hole and above it\n\n"
		      "region 0x0 0x2000 0x0\n"
		      "region 0x2000 0x1000 0x4000\n"
		      "region 0x100000000 0x2000 0x2000\n"
		      "vcpu 0\ncr3 0x1000\nvcpu 1\n"
		      "lstar 0xffffffff81000080\ncpl 3\n"))
		ksft_exit_fail_msg("%s\n", error);
	ksft_test_result(byte_is(&guest, 0x1fff, 1) &&
			 byte_is(&guest, 0x100000000, 2) &&
			 byte_is(&guest, 0x100001fff, 3), "regions\n");
	ksft_test_result(guest_read(&guest, 0x3000, buf, 1) == -EFAULT &&
			 guest_read(&guest, 0xffffffff, buf, 2) == -EFAULT &&
			 guest_read(&guest, 0x100001fff, buf, 2) == -EFAULT &&
			 guest_read(&guest, UINT64_MAX, buf, 2) == -EFAULT,
			 "nothing between and behind them\n");
	ksft_test_result(!guest_read(&guest, 0x1000, buf, 0x2000) &&
			 buf[0xfff] == 1 && buf[0x1000] == 4,
			 "read from one to the next\n");
	ksft_test_result(guest_regions(&guest, regions, 4) == 3 &&
			 regions[2].gpa == 0x100000000 &&
			 regions[2].bytes == 0x2000 &&
			 guest_regions(&guest, regions, 1) == 3,
			 "list of regions\n");
	ksft_test_result(guest_nr_vcpus(&guest) == 2 &&
			 !guest_regs(&guest, 0, &vcpu) && vcpu.cr3 == 0x1000 &&
			 !guest_regs(&guest, 1, &vcpu) && vcpu.cpl == 3 &&
			 vcpu.lstar == 0xffffffff81000080 && !vcpu.cr3 &&
			 guest_regs(&guest, 2, &vcpu) == -ENOENT,
			 "registers\n");
	guest_image_close(image);
}

int main(int argc, char **argv)
{
	uint8_t data[IMAGE_BYTES];
	struct guest_image *image;
	struct guest guest;
	int i;

	if (argc != 2)
		ksft_exit_fail_msg("usage: guest_image_test DIR\n");
	snprintf(memory, sizeof(memory), "%s/memory", argv[1]);
	snprintf(regs, sizeof(regs), "%s/registers", argv[1]);
	for (i = 0; i < IMAGE_BYTES; i++)
		data[i] = i / 0x1000;
	write_file(memory, data, sizeof(data));

	ksft_print_header();
	ksft_set_plan(19);
	test_regions();
	ksft_test_result(!open_with(&image, &guest, "vmitap-image 1\nvcpu 0\n") &&
			 byte_is(&guest, 0x4000, 4), "one region by default\n");
	guest_image_close(image);
	refused("empty file", "");
	refused("other file", "hello world\n");
	refused("later version", "vmitap-image 2\nvcpu 0\n");
	refused("no vCPU", "vmitap-image 1\n");
	refused("register of no vCPU", "vmitap-image 1\ncr3 0\nvcpu 0\n");
	refused("unknown register", "vmitap-image 1\nvcpu 0\ncr9 0\n");
	refused("no number", "vmitap-image 1\nvcpu 0\ncr3 0xyz\n");
	refused("vCPUs out of order", "vmitap-image 1\nvcpu 1\n");
	refused("region behind the image",
		"vmitap-image 1\nregion 0 0x2000 0x4000\nvcpu 0\n");
	refused("region that wraps around",
		"vmitap-image 1\nregion 0xfffffffffffff000 0x2000 0\nvcpu 0\n");
	refused("regions that overlap", "vmitap-image 1\nregion 0 0x2000 0\n"
		"region 0x1000 0x2000 0\nvcpu 0\n");
	refused("region without offset",
		"vmitap-image 1\nregion 0 0x2000\nvcpu 0\n");
	ksft_test_result(guest_image_open(&image, &guest, "/nonexistent", regs,
					  error, sizeof(error)) == -ENOENT &&
			 error[0], "no such file\n");
	unlink(memory);
	unlink(regs);
	ksft_finished();
}
