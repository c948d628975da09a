// SPDX-License-Identifier: GPL-2.0-only
/*
 * image.c - the memory images of guests that tests run on
 */
#include <stdio.h>

#include <kselftest.h>

#include "image.h"

void image_open(const char *dir, struct guest_image **image, struct guest *guest)
{
	char memory[500], regs[500], error[256];

	snprintf(memory, sizeof(memory), "%s/ram", dir);
	snprintf(regs, sizeof(regs), "%s/regs", dir);
	if (guest_image_open(image, guest, memory, regs, error, sizeof(error)))
		ksft_exit_fail_msg("%s\n", error);
}
