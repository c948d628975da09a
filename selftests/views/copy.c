// SPDX-License-Identifier: GPL-2.0-only
/*
 * copy.c - a guest that is a copy of an image, to be written to
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kselftest.h>

#include "copy.h"
#include "image.h"

struct copy copy;

static char image_path[500];

static int copy_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	(void)arg;
	if (gpa > copy.bytes || len > copy.bytes - gpa)
		return -EFAULT;
	memcpy(buf, copy.memory + gpa, len);
	if (copy.reads_left && !--copy.reads_left)
		*copy.at = copy.val;
	return 0;
}

static int copy_nr_vcpus(void *arg)
{
	(void)arg;
	return copy.nr_vcpus;
}

static int copy_regs(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	(void)arg;
	if (vcpu >= (unsigned int)copy.nr_vcpus)
		return -ENOENT;
	*regs = copy.regs[vcpu];
	return 0;
}

static int copy_regions(void *arg, struct guest_region *list, unsigned int max)
{
	(void)arg;
	if (max) {
		list->gpa = 0;
		list->bytes = copy.bytes;
	}
	return 1;
}

static const struct guest_ops copy_ops = {
	.read = copy_read,
	.nr_vcpus = copy_nr_vcpus,
	.regs = copy_regs,
	.regions = copy_regions,
};
const struct guest copy_guest = { .ops = &copy_ops };

static void read_registers(const char *dir)
{
	struct guest_image *image;
	struct guest original;
	int i;

	image_open(dir, &image, &original);
	copy.nr_vcpus = guest_nr_vcpus(&original);
	if (copy.nr_vcpus > COPY_MAX_VCPUS)
		copy.nr_vcpus = COPY_MAX_VCPUS;
	for (i = 0; i < copy.nr_vcpus; i++)
		if (guest_regs(&original, i, &copy.regs[i]))
			ksft_exit_fail_msg("%s: no registers\n", dir);
	guest_image_close(image);
}

void copy_renew(void)
{
	struct stat st;
	int fd;

	if (copy.memory)
		munmap(copy.memory, copy.bytes);
	fd = open(image_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		ksft_exit_fail_msg("%s\n", image_path);
	copy.bytes = st.st_size;
	copy.memory = mmap(NULL, copy.bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE, fd, 0);
	if (copy.memory == MAP_FAILED)
		ksft_exit_fail_msg("mmap\n");
	close(fd);
}

void copy_open(const char *dir)
{
	snprintf(image_path, sizeof(image_path), "%s/ram", dir);
	read_registers(dir);
	copy_renew();
}
