// SPDX-License-Identifier: GPL-2.0-only
/*
 * hooks_gone_test.c - with nobody attached, KVM's text is byte for byte its own
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fixture.h"

#define RING_BYTES	0x4000

GUEST_CODE(one_cpuid, 64,
	   "cpuid\n"
	   "out %al, $0xf4\n");

/**
 * struct text - a module's text
 * @start: address
 * @bytes: length
 */
struct text {
	unsigned long start;
	size_t bytes;
};

static unsigned long read_hex(const char *path)
{
	unsigned long value = 0;
	FILE *file = fopen(path, "r");

	CHECK(file, "%s", path);
	CHECK(fscanf(file, "%lx", &value) == 1 && value, "%s", path);
	fclose(file);
	return value;
}

/* The end of the text: the next symbol section that is not text. */
static struct text find_text(const char *module)
{
	char path[128], line[256], name[64];
	unsigned long symbol, last = 0;
	struct text text = {};
	FILE *file;
	char type;

	snprintf(path, sizeof(path), "/sys/module/%s/sections/.text", module);
	text.start = read_hex(path);
	file = fopen("/proc/kallsyms", "r");
	CHECK(file, "/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		char owner[64] = "";

		if (sscanf(line, "%lx %c %63s [%63[^]]]", &symbol, &type, name,
			   owner) != 4 || strcmp(owner, module))
			continue;
		if ((type == 't' || type == 'T') && symbol > last &&
		    symbol >= text.start && symbol < text.start + (16ul << 20))
			last = symbol;
	}
	fclose(file);
	CHECK(last > text.start, "text of %s", module);
	text.bytes = last - text.start;
	return text;
}

/* Kernel memory through /proc/kcore, an ELF core file. */
static char *read_kernel(struct text text)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	char *bytes = malloc(text.bytes);
	Elf64_Phdr phdr;
	Elf64_Ehdr ehdr;
	int i;

	CHECK(fd >= 0 && bytes, "/proc/kcore");
	CHECK(pread(fd, &ehdr, sizeof(ehdr), 0) == sizeof(ehdr), "ELF header");
	for (i = 0; i < ehdr.e_phnum; i++) {
		CHECK(pread(fd, &phdr, sizeof(phdr), ehdr.e_phoff + i * sizeof(phdr)) ==
		      sizeof(phdr), "program header %d", i);
		if (phdr.p_type == PT_LOAD && text.start >= phdr.p_vaddr &&
		    text.start + text.bytes <= phdr.p_vaddr + phdr.p_memsz)
			break;
	}
	CHECK(i < ehdr.e_phnum, "0x%lx is not in /proc/kcore", text.start);
	CHECK(pread(fd, bytes, text.bytes, phdr.p_offset + text.start - phdr.p_vaddr) ==
	      (ssize_t)text.bytes, "kernel text");
	close(fd);
	return bytes;
}

static size_t count_differences(const char *a, const char *b, size_t bytes)
{
	size_t i, nr = 0;

	for (i = 0; i < bytes; i++)
		nr += a[i] != b[i];
	return nr;
}

static void expect_text(struct __test_metadata *_metadata, const char *module,
			bool lossless)
{
	struct vmitap_config config = {
		.size = sizeof(config),
		.delivery = lossless ? VMITAP_DELIVERY_LOSSLESS : 0,
		.timeout_us = lossless,
	};
	struct text text = find_text(module);
	char *before, *with, *after;
	struct tapped t;
	size_t changed;

	tapped_create(&t, false);
	TESTVM_LOAD(t.vm, one_cpuid);
	testvm_reset(t.vcpu, TESTVM_LONG64);
	testvm_run(t.vcpu);
	before = read_kernel(text);

	tapped_attach(&t, RING_BYTES, VMITAP_CLASSES_PASSIVE, 0);
	vmitap_ioctl(t.fd, VMITAP_IOC_CONFIG, &config);
	testvm_reset(t.vcpu, TESTVM_LONG64);
	testvm_run(t.vcpu);
	with = read_kernel(text);
	changed = count_differences(before, with, text.bytes);
	printf("# %s: %zu bytes of text, %zu differ while attached\n", module,
	       text.bytes, changed);
	if (!strcmp(module, "kvm")) {
		EXPECT_LT(0, changed);
		/* Static calls, not a rewrite. */
		EXPECT_GT(200, changed);
	} else {
		EXPECT_EQ(0, changed);
	}

	ring_unmap(&t.ring);
	close(t.fd);
	t.fd = -1;
	after = read_kernel(text);
	EXPECT_EQ(0, count_differences(before, after, text.bytes));
	free(before);
	free(with);
	free(after);
	tapped_end(&t);
}

TEST(kvm)
{
	REQUIRE_TAP(return);
	expect_text(_metadata, "kvm", false);
}

TEST(kvm_lossless)
{
	REQUIRE_TAP(return);
	expect_text(_metadata, "kvm", true);
}

/* The vendor module is not touched at all. */
TEST(vendor_module)
{
	bool amd = !access("/sys/module/kvm_amd", F_OK);

	REQUIRE_TAP(return);
	expect_text(_metadata, amd ? "kvm_amd" : "kvm_intel", true);
}

TEST_HARNESS_MAIN
