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
#include "filter.h"
#include "filter_map.h"
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

/* Return: EXIT_OK, EXIT_USAGE or EXIT_OTHER, reported. */
static int set_map(struct filter *filter, const char *arg, uint32_t tsc_khz)
{
	struct filter_map shape;
	struct filter_entry entry;
	char name[BPF_OBJ_NAME_LEN];
	struct bpf_map *map;
	int code;

	if (!filter_map_name(arg, name, sizeof(name)))
		return fail(EXIT_USAGE, "--filter-map: \"%s\" is not"
			    " MAP[KEY]=VALUE", arg);
	map = bpf_object__find_map_by_name(filter->obj, name);
	if (!map)
		return fail(EXIT_USAGE, "--filter-map: the object has no map"
			    " \"%s\"", name);
	shape = (struct filter_map){
		.type = bpf_map__type(map), .key_size = bpf_map__key_size(map),
		.value_size = bpf_map__value_size(map),
	};
	code = filter_map_parse(arg, &shape, tsc_khz, &entry);
	if (!code && bpf_map_update_elem(bpf_map__fd(map), &entry.key,
					 entry.value, BPF_ANY))
		code = fail(EXIT_USAGE, "--filter-map: %s: %s", arg,
			    errno == E2BIG ? "no such entry" : strerror(errno));
	free(entry.value);
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
