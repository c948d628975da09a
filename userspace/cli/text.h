/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h - numbers, times and colours as people read them
 */
#ifndef VMITAP_CLI_TEXT_H
#define VMITAP_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum text_style {
	TEXT_PLAIN,
	TEXT_BOLD,
	TEXT_DIM,
	TEXT_RED,
	TEXT_GREEN,
	TEXT_YELLOW,
	TEXT_CYAN,
	TEXT_REVERSE,
};

/*
 * Escape sequence that starts a style on @out, "" if @out is no terminal or
 * NO_COLOR is set; TEXT_PLAIN ends every style.  Leaves errno as it is.
 */
const char *text_style(FILE *out, enum text_style style);

/* Whether @out takes escape sequences that move the cursor; leaves errno as it is. */
bool text_is_terminal(FILE *out);

/*
 * Each writes into @buf and returns it.  text_time() takes nanoseconds and
 * gives at most 7 columns with a unit, text_bytes() likewise at most 8,
 * text_count() groups digits by thousands.
 */
#define TEXT_MAX 32
const char *text_time(char buf[TEXT_MAX], double ns);
const char *text_bytes(char buf[TEXT_MAX], uint64_t bytes);
const char *text_count(char buf[TEXT_MAX], uint64_t count);

/* Make what a guest says fit for a terminal: nothing but printable ASCII. */
void text_make_plain(char *text);

/*
 * The entry of @words nearest to @word, or NULL if none is near.  @words ends
 * with NULL.
 */
const char *text_nearest(const char *word, const char *const *words);

#endif /* VMITAP_CLI_TEXT_H */
