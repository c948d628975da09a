/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.h - guest memory that is made up as it is read, by words of 8 bytes
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Read @len bytes at @gpa; @word says what is at an address that is a multiple of 8. */
static inline void read_words(uint64_t (*word)(uint64_t gpa), uint64_t gpa, void *buf,
			      size_t len)
{
	uint8_t *to = buf;

	for (; len; len--, gpa++)
		*to++ = word(gpa & ~7ULL) >> gpa % 8 * 8;
}

#endif /* WORDS_H */
