// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_map.c - what --filter-map says, MAP[KEY]=VALUE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cli.h"
#include "events.h"
#include "filter_map.h"

static bool parse_word(const char *text, size_t len, uint32_t tsc_khz,
		       uint64_t *val)
{
	char word[32], *end;

	if (!len || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (!strcmp(word, "tsc")) {
		*val = tsc_khz;
		return true;
	}
	errno = 0;
	*val = strtoull(word, &end, 0);
	return !*end && !errno;
}

/* A key is a number or the name of an event class. */
static bool parse_key(const char *text, size_t len, uint64_t *key)
{
	char word[32];
	int class_id;

	if (parse_word(text, len, 0, key))
		return true;
	snprintf(word, sizeof(word), "%.*s", (int)len, text);
	class_id = events_find(word);
	*key = class_id;
	return class_id >= 0;
}

/* Fill @value, whose words the kernel reads in host order, from a list. */
static bool parse_value(const char *text, uint32_t tsc_khz, uint64_t *value,
			size_t words)
{
	size_t len, i;

	for (i = 0; *text; i++) {
		len = strcspn(text, ",");
		if (i == words || !parse_word(text, len, tsc_khz, &value[i]))
			return false;
		text += len + (text[len] == ',');
	}
	return true;
}

/* Whether @val is the same in @bytes bytes. */
static bool fits(uint64_t val, size_t bytes)
{
	return bytes >= sizeof(val) || !(val >> bytes * 8);
}

/* The kernel would take a value for each possible CPU, one behind the other. */
static bool is_percpu(unsigned int type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

bool filter_map_name(const char *arg, char *name, size_t size)
{
	const char *open = strchr(arg, '['), *close = strchr(arg, ']');

	if (!open || !close || close < open || open - arg >= (long)size ||
	    (close[1] && close[1] != '='))
		return false;
	snprintf(name, size, "%.*s", (int)(open - arg), arg);
	return true;
}

static int take_key(const char *arg, const struct filter_map *map, uint64_t *key)
{
	const char *text = strchr(arg, '[') + 1;

	if (is_percpu(map->type))
		return fail(EXIT_USAGE, "--filter-map: %s: each CPU has a value of its"
			    " own in this map; only other maps can be set", arg);
	if (!map->key_size || map->key_size > sizeof(*key))
		return fail(EXIT_USAGE, "--filter-map: %s: the keys of this map have %zu"
			    " bytes; only maps with keys of 1 to %zu can be set", arg,
			    map->key_size, sizeof(*key));
	if (!parse_key(text, strcspn(text, "]"), key))
		return fail(EXIT_USAGE, "--filter-map: the key of \"%s\" is"
			    " neither a number nor an event class", arg);
	if (!fits(*key, map->key_size))
		return fail(EXIT_USAGE, "--filter-map: the key of \"%s\" does not fit"
			    " the %zu bytes of this map's keys", arg, map->key_size);
	return EXIT_OK;
}

static int take_value(const char *arg, const struct filter_map *map,
		      uint32_t tsc_khz, uint64_t *value)
{
	size_t words = (map->value_size + 7) / 8;
	const char *text = strchr(arg, ']') + 1;

	if (!parse_value(*text ? text + 1 : "", tsc_khz, value, words))
		return fail(EXIT_USAGE, "--filter-map: the value of \"%s\" is"
			    " no list of at most %zu numbers", arg, words);
	if (words && !fits(value[words - 1], map->value_size - (words - 1) * 8))
		return fail(EXIT_USAGE, "--filter-map: the value of \"%s\" does not fit"
			    " the %zu bytes of this map's values", arg,
			    map->value_size);
	return EXIT_OK;
}

int filter_map_parse(const char *arg, const struct filter_map *map,
		     uint32_t tsc_khz, struct filter_entry *entry)
{
	int code;

	entry->value = NULL;
	code = take_key(arg, map, &entry->key);
	if (code)
		return code;
	entry->value = calloc(map->value_size / 8 + 1, sizeof(*entry->value));
	if (!entry->value)
		return fail(EXIT_OTHER, "out of memory");
	code = take_value(arg, map, tsc_khz, entry->value);
	if (code) {
		free(entry->value);
		entry->value = NULL;
	}
	return code;
}
