/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check.h - conditions without which a test cannot go on, outside of its body
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

/**
 * check_failed() - say what is wrong and abort the test
 * @file: source file
 * @line: line in @file
 * @expr: condition that does not hold
 * @fmt: what was found, as for printf()
 *
 * Does not return; the harness reports the test as failed.
 */
__attribute__((noreturn, format(printf, 4, 5)))
void check_failed(const char *file, int line, const char *expr,
		  const char *fmt, ...);

/* Abort the test with a message unless @expr holds. */
#define CHECK(expr, ...)						\
	do {								\
		if (!(expr))						\
			check_failed(__FILE__, __LINE__, #expr,		\
				     __VA_ARGS__);			\
	} while (0)

#endif /* CHECK_H */
