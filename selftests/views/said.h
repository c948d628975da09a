/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * said.h - what a guest said of itself before its memory was taken
 *
 * selftests/guest/processes.c writes it.
 */
#ifndef VIEWS_SAID_H
#define VIEWS_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where processes of the guest have these in their memory. */
#define SAID_MARK_ADDRESS	0x70000000
#define SAID_MARK		0x7669746170ULL

struct said_task {
	uint32_t pid;
	uint32_t tgid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t euid;
	uint64_t start_ticks;
	bool kthread;
	char comm[64];
};

struct said_symbol {
	uint64_t address;
	char type;
	char *name;
};

/**
 * struct said - all of it
 * @processes: the first thread of each process
 * @threads: all threads
 * @symbols: those of the kernel itself, without its modules
 */
struct said {
	struct said_task *processes;
	size_t nr_processes;
	struct said_task *threads;
	size_t nr_threads;
	struct said_symbol *symbols;
	size_t nr_symbols;
	uint64_t lstar;
	char version[512];
	char release[65];
};

/* Read it from what views_image.sh made; exits the test if that does not work. */
void said_read(struct said *said, const char *dir);

const struct said_task *said_find(const struct said_task *tasks, size_t nr,
				  uint32_t pid);

/*
 * Whether a task may come and go while nothing runs in the guest: a worker of the
 * kernel's.
 */
bool said_is_worker(const char *comm);

#endif /* VIEWS_SAID_H */
