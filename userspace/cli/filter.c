// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - the BPF program that --filter names
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli.h"
#include "events.h"
#include "filter.h"
#include "options.h"

#define BPF_FS_SUPER_MAGIC 0xcafe4a11

/* The end of what libbpf said, the verifier's verdict included. */
static char libbpf_said[4096];

static int remember(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	size_t len = strlen(libbpf_said), keep = sizeof(libbpf_said) / 2;

	if (level != LIBBPF_WARN)
		return 0;
	if (len > keep) {
		memmove(libbpf_said, libbpf_said + len - keep, keep + 1);
		len = keep;
	}
	vsnprintf(libbpf_said + len, sizeof(libbpf_said) - len, fmt, ap);
	return 0;
}

static int refuse_type(const char *path, unsigned int type)
{
	const char *name = libbpf_bpf_prog_type_str(type);

	return fail(EXIT_FILTER, "filter %s: program of type %s; a filter is of"
		    " type raw_tracepoint (SEC(\"raw_tp\"))", path,
		    name ? name : "unknown");
}

/* Maps and links are pinned in the same way. */
static bool is_program(int fd)
{
	char path[40], link[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return false;
	return strstr(link, "bpf-prog") != NULL;
}

static int open_pinned(struct filter *filter, const char *path)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	filter->fd = bpf_obj_get(path);
	if (filter->fd < 0)
		return fail(EXIT_FILTER, "filter %s: cannot get the pinned"
			    " program: %s", path, strerror(errno));
	if (!is_program(filter->fd))
		return fail(EXIT_FILTER, "filter %s: pinned, but no program",
			    path);
	if (bpf_obj_get_info_by_fd(filter->fd, &info, &len))
		return fail(EXIT_FILTER, "filter %s: %s", path,
			    strerror(errno));
	if (info.type != BPF_PROG_TYPE_RAW_TRACEPOINT)
		return refuse_type(path, info.type);
	return EXIT_OK;
}

static int open_object(struct filter *filter, const char *path)
{
	struct bpf_program *prog;
	char why[128];

	libbpf_said[0] = '\0';
	filter->obj = bpf_object__open_file(path, NULL);
	if (!filter->obj) {
		libbpf_strerror(errno, why, sizeof(why));
		return fail(EXIT_FILTER, "filter %s: neither a pinned program"
			    " nor a BPF object file: %s", path, why);
	}
	prog = bpf_object__next_program(filter->obj, NULL);
	if (!prog)
		return fail(EXIT_FILTER, "filter %s: no program in it", path);
	if (bpf_program__type(prog) != BPF_PROG_TYPE_RAW_TRACEPOINT)
		return refuse_type(path, bpf_program__type(prog));
	if (bpf_object__next_program(filter->obj, prog))
		return fail(EXIT_FILTER, "filter %s: several programs in it;"
			    " load it with bpftool and give the one to use"
			    " by its pin", path);
	if (bpf_object__load(filter->obj)) {
		int err = errno;

		fputs(libbpf_said, stderr);
		return fail(EXIT_FILTER, "filter %s: the kernel refused it: %s"
			    " (see above)", path, strerror(err));
	}
	filter->fd = bpf_program__fd(prog);
	return EXIT_OK;
}

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

static int set_map(struct filter *filter, const char *arg, uint32_t tsc_khz)
{
	const char *open = strchr(arg, '['), *close = strchr(arg, ']');
	char name[BPF_OBJ_NAME_LEN];
	struct bpf_map *map;
	uint64_t key, *value;
	size_t size, words;
	int code = EXIT_OK;

	if (!open || !close || close < open ||
	    open - arg >= (int)sizeof(name) || (close[1] && close[1] != '='))
		return fail(EXIT_USAGE, "--filter-map: \"%s\" is not"
			    " MAP[KEY]=VALUE", arg);
	snprintf(name, sizeof(name), "%.*s", (int)(open - arg), arg);
	map = bpf_object__find_map_by_name(filter->obj, name);
	if (!map)
		return fail(EXIT_USAGE, "--filter-map: the object has no map"
			    " \"%s\"", name);
	if (!parse_key(open + 1, close - open - 1, &key))
		return fail(EXIT_USAGE, "--filter-map: the key of \"%s\" is"
			    " neither a number nor an event class", arg);

	size = bpf_map__value_size(map);
	words = (size + 7) / 8;
	value = calloc(words, sizeof(*value));
	if (!value)
		return fail(EXIT_OTHER, "out of memory");
	if (!parse_value(close[1] ? close + 2 : "", tsc_khz, value, words))
		code = fail(EXIT_USAGE, "--filter-map: the value of \"%s\" is"
			    " no list of at most %zu numbers", arg, words);
	else if (bpf_map__key_size(map) > sizeof(key) ||
		 bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY))
		code = fail(EXIT_USAGE, "--filter-map: %s: %s", arg,
			    errno == E2BIG ? "no such entry" : strerror(errno));
	free(value);
	return code;
}

int filter_open(struct filter *filter, const struct options *opts,
		uint32_t tsc_khz)
{
	const char *path = opts->filter;
	struct statfs fs;
	unsigned int i;
	int code;

	filter->fd = -1;
	filter->obj = NULL;
	if (!path)
		return EXIT_OK;
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(remember);
	if (statfs(path, &fs))
		return fail(EXIT_FILTER, "filter %s: %s", path, strerror(errno));
	if ((unsigned int)fs.f_type == BPF_FS_SUPER_MAGIC) {
		if (opts->nr_filter_maps)
			return fail(EXIT_USAGE, "--filter-map needs an object"
				    " file; set maps of pinned programs with"
				    " bpftool map update");
		code = open_pinned(filter, path);
	} else {
		code = open_object(filter, path);
	}
	for (i = 0; !code && i < opts->nr_filter_maps; i++)
		code = set_map(filter, opts->filter_maps[i], tsc_khz);
	return code;
}

void filter_close(struct filter *filter)
{
	if (filter->obj)
		bpf_object__close(filter->obj);
	else if (filter->fd >= 0)
		close(filter->fd);
	filter->fd = -1;
	filter->obj = NULL;
}
