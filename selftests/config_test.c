// SPDX-License-Identifier: GPL-2.0-only
/*
 * config_test.c - CONFIG: values that it takes and values that it refuses, one in each call
 */
#include <stdlib.h>

#include "lib/fixture.h"

#define RING_BYTES	0x4000

ATTACHED_FIXTURE(config, RING_BYTES)

#define CONFIG_IS(ret, ...)						\
	do {								\
		struct vmitap_config config = {				\
			.size = sizeof(config), __VA_ARGS__		\
		};							\
									\
		EXPECT_EQ(ret, __vmitap_ioctl(self->fd, VMITAP_IOC_CONFIG, \
					      &config))			\
			TH_LOG("%s", #__VA_ARGS__);			\
	} while (0)

TEST_F(config, values)
{
	CONFIG_IS(0, .classes = VMITAP_CLASSES_PASSIVE);
	CONFIG_IS(-EOPNOTSUPP, .classes = 1ull << VMITAP_NR_EXIT_CLASSES);
	CONFIG_IS(-EOPNOTSUPP, .classes = 1ull << 63);
	CONFIG_IS(0, .fields = VMITAP_FIELDS_ALL);
	CONFIG_IS(-EOPNOTSUPP, .fields = VMITAP_FIELDS_ALL + 1);
	CONFIG_IS(-EOPNOTSUPP, .delivery = VMITAP_NR_DELIVERY);
	CONFIG_IS(0, .cpl_mask = 0xf);
	CONFIG_IS(-EINVAL, .cpl_mask = 0x10);
	CONFIG_IS(0, .watermark = RING_BYTES / 2);
	CONFIG_IS(-EINVAL, .watermark = RING_BYTES / 2 + 1);
	CONFIG_IS(-EINVAL, .watermark = ~0u);
}

TEST_F(config, timeout)
{
	CONFIG_IS(-EINVAL, .timeout_us = 1);
	CONFIG_IS(-EINVAL, .delivery = VMITAP_DELIVERY_LOSSLESS);
	CONFIG_IS(0, .delivery = VMITAP_DELIVERY_LOSSLESS, .timeout_us = 1);
	CONFIG_IS(0, .delivery = VMITAP_DELIVERY_LOSSLESS, .timeout_us = 10000000);
	CONFIG_IS(-EINVAL, .delivery = VMITAP_DELIVERY_LOSSLESS, .timeout_us = 10000001);
	CONFIG_IS(0, .delivery = VMITAP_DELIVERY_RECORD);
}

TEST_F(config, vcpus)
{
	__u64 words[64] = { 1 };

	CONFIG_IS(0, .nr_vcpu_words = 1, .vcpus = (unsigned long)words);
	CONFIG_IS(0, .nr_vcpu_words = 64, .vcpus = (unsigned long)words);
	CONFIG_IS(-EINVAL, .nr_vcpu_words = ~0u, .vcpus = (unsigned long)words);
	CONFIG_IS(-EINVAL, .nr_vcpu_words = 1u << 16, .vcpus = (unsigned long)words);
	CONFIG_IS(-EFAULT, .nr_vcpu_words = 1);
	CONFIG_IS(-EFAULT, .nr_vcpu_words = 1, .vcpus = 1ull << 63);
}

TEST_F(config, cr3s)
{
	struct vmitap_query query = { .size = sizeof(query) };
	__u64 *cr3s;

	ASSERT_EQ(0, __vmitap_ioctl(self->fd, VMITAP_IOC_QUERY, &query));
	cr3s = calloc(query.out_max_cr3s, sizeof(*cr3s));
	CONFIG_IS(0, .nr_cr3s = 1, .cr3s = (unsigned long)cr3s);
	CONFIG_IS(0, .nr_cr3s = query.out_max_cr3s, .cr3s = (unsigned long)cr3s);
	CONFIG_IS(-EINVAL, .nr_cr3s = query.out_max_cr3s + 1, .cr3s = (unsigned long)cr3s);
	CONFIG_IS(-EINVAL, .nr_cr3s = ~0u, .cr3s = (unsigned long)cr3s);
	CONFIG_IS(-EFAULT, .nr_cr3s = 1);
	free(cr3s);
}

#define CLASS_FIELDS_IS(ret, nr, ...)					\
	do {								\
		struct vmitap_class_fields list[] = { __VA_ARGS__ };	\
									\
		CONFIG_IS(ret, .nr_class_fields = nr,			\
			  .class_fields = (unsigned long)list);		\
	} while (0)

TEST_F(config, class_fields)
{
	CLASS_FIELDS_IS(0, 1, { 0, VMITAP_FIELDS_ALL });
	CLASS_FIELDS_IS(0, 2, { 0, 0 }, { VMITAP_NR_EXIT_CLASSES - 1, 1 });
	CLASS_FIELDS_IS(-EINVAL, 2, { 3, 1 }, { 3, 1 });
	CLASS_FIELDS_IS(-EINVAL, 1, { VMITAP_NR_EXIT_CLASSES, 1 });
	CLASS_FIELDS_IS(-EINVAL, 1, { VMITAP_CLASS_INJECT, 1 });
	CLASS_FIELDS_IS(-EINVAL, 1, { ~0u, 1 });
	CLASS_FIELDS_IS(-EOPNOTSUPP, 1, { 0, VMITAP_FIELDS_ALL + 1 });
	CLASS_FIELDS_IS(-EINVAL, VMITAP_NR_EXIT_CLASSES + 1, { 0, 0 });
	CLASS_FIELDS_IS(-EINVAL, ~0u, { 0, 0 });
	CONFIG_IS(-EFAULT, .nr_class_fields = 1);
}

GUEST_CODE(cpuid_once, 64,
	   "cpuid\n"
	   "out %al, $0xf4\n");

/* A configuration that is refused leaves the one before as it was. */
TEST_F(config, refused_changes_nothing)
{
	struct ring ring;

	TESTVM_LOAD(self->vm, cpuid_once);
	testvm_reset(&self->vm->vcpus[0], TESTVM_LONG64);
	session_config(self->fd, VMITAP_CLASS_MASK(VMITAP_CLASS_CPUID), 0);
	CONFIG_IS(-EINVAL, .classes = 0, .cpl_mask = 0x10);
	session_enable(self->fd, true);
	ring_map(&ring, self->fd, 0);
	testvm_run(&self->vm->vcpus[0]);
	EXPECT_EQ(1, ring_drain(&ring));
	ring_unmap(&ring);
}

TEST_HARNESS_MAIN
