// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_image.c - a guest that is a memory image and a text file of registers
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest_image.h"

#define IMAGE_MAX_REGIONS	32
#define IMAGE_MAX_VCPUS		4096

struct image_region {
	struct guest_region region;
	uint64_t offset;
};

struct guest_image {
	const uint8_t *memory;
	size_t bytes;
	struct image_region regions[IMAGE_MAX_REGIONS];
	unsigned int nr_regions;
	struct guest_regs *vcpus;
	unsigned int nr_vcpus;
};

/* Where a message goes. */
struct report {
	const char *path;
	char *error;
	size_t size;
};

__attribute__((format(printf, 3, 4)))
static int report(const struct report *to, int err, const char *fmt, ...)
{
	va_list args;
	int len;

	len = snprintf(to->error, to->size, "%s: ", to->path);
	if (len < 0 || (size_t)len >= to->size)
		return err;
	va_start(args, fmt);
	vsnprintf(to->error + len, to->size - len, fmt, args);
	va_end(args);
	return err;
}

static const void *image_map(void *arg, uint64_t gpa, size_t len)
{
	const struct guest_image *image = arg;
	const struct image_region *at;
	unsigned int i;

	for (i = 0; i < image->nr_regions; i++) {
		at = &image->regions[i];
		if (gpa >= at->region.gpa && len <= at->region.bytes &&
		    gpa - at->region.gpa <= at->region.bytes - len)
			return image->memory + at->offset +
			       (gpa - at->region.gpa);
	}
	return NULL;
}

/* Only for what image_map() has not: it may cross from a region to the next. */
static int image_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	const void *from;
	uint8_t *to = buf;
	size_t part;

	while (len) {
		part = 4096 - gpa % 4096;
		if (part > len)
			part = len;
		from = image_map(arg, gpa, part);
		if (!from)
			return -EFAULT;
		memcpy(to, from, part);
		to += part;
		gpa += part;
		len -= part;
	}
	return 0;
}

static int image_nr_vcpus(void *arg)
{
	const struct guest_image *image = arg;

	return image->nr_vcpus;
}

static int image_regs(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	const struct guest_image *image = arg;

	if (vcpu >= image->nr_vcpus)
		return -ENOENT;
	*regs = image->vcpus[vcpu];
	return 0;
}

static int image_regions(void *arg, struct guest_region *list, unsigned int max)
{
	const struct guest_image *image = arg;
	unsigned int i;

	for (i = 0; i < image->nr_regions && i < max; i++)
		list[i] = image->regions[i].region;
	return image->nr_regions;
}

static const struct guest_ops image_ops = {
	.read = image_read,
	.map = image_map,
	.nr_vcpus = image_nr_vcpus,
	.regs = image_regs,
	.regions = image_regions,
};

#define REG(name) { #name, offsetof(struct guest_regs, name) }

static const struct {
	const char *name;
	size_t offset;
} registers[] = {
	REG(cr0), REG(cr3), REG(cr4), REG(efer), REG(lstar), REG(cstar),
	REG(sysenter_eip), REG(idtr_base),
	REG(gdtr_base), REG(tr_base), REG(fs_base), REG(gs_base),
	REG(kernel_gs_base), REG(rip), REG(rsp), REG(rflags),
};

static int set_register(struct guest_image *image, const char *name,
			uint64_t val)
{
	struct guest_regs *regs;
	unsigned int i;

	if (!image->nr_vcpus)
		return -EINVAL;
	regs = &image->vcpus[image->nr_vcpus - 1];
	if (!strcmp(name, "cpl")) {
		regs->cpl = val;
		return 0;
	}
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		if (strcmp(name, registers[i].name))
			continue;
		memcpy((char *)regs + registers[i].offset, &val, sizeof(val));
		return 0;
	}
	return -EINVAL;
}

static int add_vcpu(struct guest_image *image, uint64_t number)
{
	struct guest_regs *vcpus;

	if (number != image->nr_vcpus || number >= IMAGE_MAX_VCPUS)
		return -EINVAL;
	vcpus = realloc(image->vcpus, (number + 1) * sizeof(*vcpus));
	if (!vcpus)
		return -ENOMEM;
	memset(&vcpus[number], 0, sizeof(*vcpus));
	image->vcpus = vcpus;
	image->nr_vcpus++;
	return 0;
}

static int add_region(struct guest_image *image, uint64_t gpa, uint64_t bytes,
		      uint64_t offset)
{
	struct image_region *at = &image->regions[image->nr_regions];

	if (image->nr_regions == IMAGE_MAX_REGIONS || !bytes ||
	    gpa + bytes < gpa || offset > image->bytes ||
	    bytes > image->bytes - offset)
		return -EINVAL;
	if (image->nr_regions &&
	    gpa < at[-1].region.gpa + at[-1].region.bytes)
		return -EINVAL;
	at->region.gpa = gpa;
	at->region.bytes = bytes;
	at->offset = offset;
	image->nr_regions++;
	return 0;
}

/* Split a line into a name and numbers.  Return: how many words, or -EINVAL. */
static int split_line(char *line, const char **name, uint64_t val[3])
{
	char *word, *end, *state;
	int nr = 0;

	*name = "";
	for (word = strtok_r(line, " \t\n", &state); word;
	     word = strtok_r(NULL, " \t\n", &state), nr++) {
		if (!nr) {
			*name = word;
			if (word[0] == '#')
				return 0;
			continue;
		}
		if (nr > 3)
			return -EINVAL;
		val[nr - 1] = strtoull(word, &end, 0);
		if (*end)
			return -EINVAL;
	}
	return nr;
}

/* One line; @number is that of the line. */
static int parse_line(struct guest_image *image, char *line,
		      unsigned int number)
{
	uint64_t val[3];
	const char *name;
	int nr;

	nr = split_line(line, &name, val);
	if (number == 1)
		return nr == 2 && !strcmp(name, "vmitap-image") && val[0] == 1 ?
		       0 : -EINVAL;
	if (nr <= 0)
		return nr;
	if (!strcmp(name, "region"))
		return nr == 4 ? add_region(image, val[0], val[1], val[2]) :
				 -EINVAL;
	if (nr != 2)
		return -EINVAL;
	if (!strcmp(name, "vcpu"))
		return add_vcpu(image, val[0]);
	return set_register(image, name, val[0]);
}

static int parse_regs(struct guest_image *image, const struct report *to)
{
	unsigned int number = 0;
	char line[256];
	FILE *file;
	int err = 0;

	file = fopen(to->path, "re");
	if (!file)
		return report(to, -errno, "%s", strerror(errno));
	while (!err && fgets(line, sizeof(line), file))
		err = parse_line(image, line, ++number);
	fclose(file);
	if (err == -EINVAL && number <= 1)
		return report(to, err, "no register file: its first line is not"
			      " \"vmitap-image 1\"");
	if (err)
		return report(to, err, "line %u: %s", number,
			      err == -EINVAL ? "not understood, out of order or"
			      " outside the image" : strerror(-err));
	if (!image->nr_vcpus)
		return report(to, -EINVAL, "no vCPU in it");
	if (!image->nr_regions)
		return add_region(image, 0, image->bytes, 0);
	return 0;
}

static int map_memory(struct guest_image *image, const struct report *to)
{
	struct stat st;
	void *memory;
	int fd;

	fd = open(to->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return report(to, -errno, "%s", strerror(errno));
	if (fstat(fd, &st) || st.st_size <= 0) {
		close(fd);
		return report(to, -EINVAL, "empty, or not a file");
	}
	/* Shared: a VMM that runs on this file is seen to write. */
	memory = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return report(to, -errno, "%s", strerror(errno));
	image->memory = memory;
	image->bytes = st.st_size;
	return 0;
}

int guest_image_open(struct guest_image **out, struct guest *guest,
		     const char *memory, const char *regs, char *error,
		     size_t size)
{
	struct report of_memory = { memory, error, size };
	struct report of_regs = { regs, error, size };
	struct guest_image *image;
	int err;

	image = calloc(1, sizeof(*image));
	if (!image)
		return report(&of_memory, -ENOMEM, "out of memory");
	err = map_memory(image, &of_memory);
	if (!err)
		err = parse_regs(image, &of_regs);
	if (err) {
		guest_image_close(image);
		return err;
	}
	guest->ops = &image_ops;
	guest->arg = image;
	*out = image;
	return 0;
}

void guest_image_close(struct guest_image *image)
{
	if (!image)
		return;
	if (image->memory)
		munmap((void *)image->memory, image->bytes);
	free(image->vcpus);
	free(image);
}
