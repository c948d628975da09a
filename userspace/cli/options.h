/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - the options that commands share
 */
#ifndef VMITAP_CLI_OPTIONS_H
#define VMITAP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/vmitap.h>

struct command;

/* Which options a command takes. */
#define OPTIONS_JSON	 (1U << 0)
#define OPTIONS_VM	 (1U << 1)	/* --vm */
#define OPTIONS_SELECT	 (1U << 2)	/* --events --vcpu --cpl --cr3 */
#define OPTIONS_CAPTURE	 (1U << 3)	/* --next --filter --lossless --ring */
#define OPTIONS_FIELDS	 (1U << 4)	/* --fields */
#define OPTIONS_LIMIT	 (1U << 5)	/* --for --count */
#define OPTIONS_OUTPUT	 (1U << 6)	/* -o */
#define OPTIONS_FORMAT	 (1U << 7)	/* --format */
#define OPTIONS_SORT	 (1U << 8)	/* --sort */
#define OPTIONS_INTERVAL (1U << 9)	/* --interval */
#define OPTIONS_VCPU	 (1U << 10)	/* --vcpu */
#define OPTIONS_SPACE	 (1U << 11)	/* --vcpu --cr3 */
#define OPTIONS_READ	 (1U << 12)	/* --phys --hex */
#define OPTIONS_LINUX	 (1U << 13)	/* --btf --system-map */
#define OPTIONS_FOR	 (1U << 14)	/* --for */
#define OPTIONS_RING	 (1U << 15)	/* --lossless --ring, without --filter */
#define OPTIONS_CALLS	 (1U << 16)	/* -c --pid --comm */
#define OPTIONS_VIEWS	 (1U << 17)	/* --views */

#define OPTIONS_MAX_CR3S	256
#define OPTIONS_VCPU_WORDS	(16384 / 64)
#define OPTIONS_MAX_MAPS	64

/**
 * struct options - options as parsed, defaults filled in
 * @json: print JSON
 * @vm: PID or name of the VM, NULL for the only one
 * @next: --next
 * @classes: mask of enum vmitap_class; all but traps unless --events was given
 * @classes_given: --events was given
 * @nr_vcpu_words: words of @vcpus in use, 0 for all vCPUs
 * @vcpus: bit map of vCPU ids
 * @cpl_mask: bit n set: keep CPL n; 0 keeps all
 * @nr_cr3s: entries of @cr3s, 0 for all
 * @cr3s: page-table roots
 * @fields: VMITAP_FIELD_*
 * @lossless_us: longest wait of a vCPU, 0 unless --lossless was given
 * @filter: pinned program or object file, NULL for none
 * @nr_filter_maps: entries of @filter_maps
 * @filter_maps: MAP[KEY]=VALUE as given
 * @ring_bytes: data size of each ring
 * @watermark: bytes in a ring that wake the command, 0 for a quarter of the ring
 * @seconds: --for, 0 for no limit
 * @count: --count, 0 for no limit
 * @output: -o, NULL if not given
 * @format: --format, NULL if not given
 * @sort: --sort, NULL if not given
 * @interval: --interval, seconds
 * @phys: --phys
 * @hex: --hex
 * @btf: --btf, NULL if not given
 * @views: --views, NULL if not given
 * @system_map: --system-map, NULL if not given
 * @summary: -c
 * @guest_pid: --pid, 0 if not given
 * @guest_comm: --comm, NULL if not given
 */
struct options {
	bool json;
	const char *vm;
	bool next;
	uint64_t classes;
	bool classes_given;
	uint32_t nr_vcpu_words;
	uint64_t vcpus[OPTIONS_VCPU_WORDS];
	uint32_t cpl_mask;
	uint32_t nr_cr3s;
	uint64_t cr3s[OPTIONS_MAX_CR3S];
	uint32_t fields;
	uint32_t lossless_us;
	const char *filter;
	unsigned int nr_filter_maps;
	const char *filter_maps[OPTIONS_MAX_MAPS];
	uint32_t ring_bytes;
	uint32_t watermark;
	double seconds;
	uint64_t count;
	const char *output;
	const char *format;
	const char *sort;
	double interval;
	const char *views;
	bool phys;
	bool hex;
	const char *btf;
	const char *system_map;
	bool summary;
	uint32_t guest_pid;
	const char *guest_comm;
};

/*
 * Parse the options of @cmd.  Return: EXIT_OK with the arguments that are left
 * in *@argc, *@argv; -1 if --help was asked for; else EXIT_USAGE, reported.
 */
int options_parse(const struct command *cmd, struct options *opts, int *argc,
		  char ***argv);

/* Print the options that a command with @groups takes. */
void options_help(FILE *out, unsigned int groups);

#endif /* VMITAP_CLI_OPTIONS_H */
