// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_btf.c - find and use type information in anything (libFuzzer)
 *
 * Input: the image.
 */
#include <stdlib.h>
#include <string.h>

#include "linux_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
	"task_struct.tasks.next", "task_struct.pid_links", "task_struct.se.load",
	"task_struct.thread.tls_array", "task_struct.rcu", "list_head.next",
	"thread_info.flags", "task_struct.deep", "task_struct.bit",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_image image = { .base = 0xffffffff81000000ULL };
	struct linux_layout layout;
	struct btf_field field;
	struct kernel_btf btf;
	const char *missing;
	unsigned int i;

	/* A copy has its end where a read behind it is seen. */
	image.bytes = size;
	image.data = malloc(size);
	memcpy(image.data, data, size);
	if (!kernel_btf_find(&btf, &image)) {
		if (!kernel_image_has(&image, btf.gva, 24))
			abort();
		for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
			kernel_btf_field(&btf, paths[i], &field);
		linux_layout_init(&layout, &btf, &missing);
		kernel_btf_free(&btf);
	} else if (btf.btf) {
		abort();
	}
	kernel_image_free(&image);
	return 0;
}
