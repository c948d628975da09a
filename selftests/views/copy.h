/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * copy.h - a guest that is a copy of an image, to be written to
 */
#ifndef VIEWS_COPY_H
#define VIEWS_COPY_H

#include "guest.h"

#define COPY_MAX_VCPUS	4

/**
 * struct copy - the copy, and registers
 * @memory: guest-physical memory from 0
 * @bytes: size
 * @nr_vcpus: vCPUs
 * @regs: of them
 * @reads_left: after so many reads, put @val back to @at; 0 for never
 */
struct copy {
	uint8_t *memory;
	size_t bytes;
	int nr_vcpus;
	struct guest_regs regs[COPY_MAX_VCPUS];
	unsigned int reads_left;
	uint64_t val;
	uint64_t *at;
};

extern struct copy copy;

/* It, as a guest whose every read is seen: there is no map. */
extern const struct guest copy_guest;

/* Copy what selftests/views_image.sh made; exits the test if that does not work. */
void copy_open(const char *dir);

/* Undo all that was written to the memory. */
void copy_renew(void);

#endif /* VIEWS_COPY_H */
