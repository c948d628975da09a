/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter_map.h - what --filter-map says, MAP[KEY]=VALUE
 */
#ifndef VMITAP_CLI_FILTER_MAP_H
#define VMITAP_CLI_FILTER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct filter_map - the shape of a map
 * @type: enum bpf_map_type
 * @key_size: bytes
 * @value_size: bytes
 */
struct filter_map {
	unsigned int type;
	size_t key_size;
	size_t value_size;
};

/**
 * struct filter_entry - an entry of a map
 * @key: as many bytes of it as the map's keys have
 * @value: room for a value of the map; free() it
 */
struct filter_entry {
	uint64_t key;
	uint64_t *value;
};

/* Copy MAP out of @arg.  Return: whether @arg looks as it should. */
bool filter_map_name(const char *arg, char *name, size_t size);

/*
 * Parse an @arg that looks as it should; @tsc_khz stands for the word "tsc".
 * Return: EXIT_OK, EXIT_USAGE or EXIT_OTHER, reported; @entry->value is NULL then.
 */
int filter_map_parse(const char *arg, const struct filter_map *map,
		     uint32_t tsc_khz, struct filter_entry *entry);

#endif /* VMITAP_CLI_FILTER_MAP_H */
