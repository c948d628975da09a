// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - numbers, times and colours as people read them
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "text.h"

bool text_is_terminal(FILE *out)
{
	const char *term = getenv("TERM");
	int terminal, err = errno;

	/* Styles are put between what is printed and the look at why that failed. */
	terminal = isatty(fileno(out));
	errno = err;
	return terminal && term && strcmp(term, "dumb");
}

const char *text_style(FILE *out, enum text_style style)
{
	static const char *const escapes[] = {
		[TEXT_PLAIN] = "\033[0m", [TEXT_BOLD] = "\033[1m",
		[TEXT_DIM] = "\033[2m", [TEXT_RED] = "\033[31m",
		[TEXT_GREEN] = "\033[32m", [TEXT_YELLOW] = "\033[33m",
		[TEXT_CYAN] = "\033[36m", [TEXT_REVERSE] = "\033[7m",
	};
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || !text_is_terminal(out))
		return "";
	return escapes[style];
}

const char *text_time(char buf[TEXT_MAX], double ns)
{
	static const struct { double ns; const char *unit; } units[] = {
		{ 1, "ns" }, { 1e3, "us" }, { 1e6, "ms" }, { 1e9, "s" },
	};
	unsigned int i = 0;
	double val = ns;

	/* 999.5 would print as 1000. */
	while (i < 3 && val >= 999.5) {
		i++;
		val = ns / units[i].ns;
	}
	if (i == 0 || val >= 99.95)
		snprintf(buf, TEXT_MAX, "%.0f %s", val, units[i].unit);
	else if (val >= 9.995)
		snprintf(buf, TEXT_MAX, "%.1f %s", val, units[i].unit);
	else
		snprintf(buf, TEXT_MAX, "%.2f %s", val, units[i].unit);
	return buf;
}

const char *text_bytes(char buf[TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double val = bytes;
	unsigned int i = 0;

	while (i < 4 && val >= 1023.5) {
		val /= 1024;
		i++;
	}
	if (i == 0 || val >= 99.95 || val == (uint64_t)val)
		snprintf(buf, TEXT_MAX, "%.0f %s", val, units[i]);
	else
		snprintf(buf, TEXT_MAX, "%.1f %s", val, units[i]);
	return buf;
}

const char *text_count(char buf[TEXT_MAX], uint64_t count)
{
	char digits[24];
	size_t len, i, at = 0;

	len = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

void text_make_plain(char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text >= 0x7f)
			*text = '?';
	}
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance of words of at most 31 characters, without case. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], len = strlen(b), i, j, diag, up;

	if (len > 31)
		return len;
	for (j = 0; j <= len; j++)
		row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		diag = row[0];
		row[0] = i;
		for (j = 1; j <= len; j++) {
			up = row[j];
			row[j] = min3(up + 1, row[j - 1] + 1, diag +
				      !!strncasecmp(&a[i - 1], &b[j - 1], 1));
			diag = up;
		}
	}
	return row[len];
}

const char *text_nearest(const char *word, const char *const *words)
{
	size_t best = strlen(word) / 2 + 1, dist;
	const char *near = NULL;

	for (; *words; words++) {
		dist = distance(word, *words);
		if (*word && !strncasecmp(word, *words, strlen(word)))
			dist = 1;
		if (dist <= best && dist < strlen(*words) &&
		    (!near || dist < best)) {
			best = dist;
			near = *words;
		}
	}
	return near;
}
