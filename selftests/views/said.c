// SPDX-License-Identifier: GPL-2.0-only
/*
 * said.c - what a guest said of itself before its memory was taken
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "said.h"

/* Make room for one more; the result is that one, zero. */
static void *grow(void *list, size_t *nr, size_t size)
{
	char **at = list;

	/* Doubled at every power of two. */
	if (!(*nr & (*nr - 1))) {
		*at = realloc(*at, (*nr ? *nr * 2 : 1) * size);
		if (!*at)
			ksft_exit_fail_msg("out of memory\n");
	}
	memset(*at + *nr * size, 0, size);
	return *at + (*nr)++ * size;
}

static void read_task(struct said_task *task, const char *line)
{
	int kthread, at = 0;

	if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32
		   " %" SCNu32 " %" SCNu64 " %d %n", &task->pid, &task->tgid,
		   &task->ppid, &task->uid, &task->euid, &task->start_ticks,
		   &kthread, &at) != 7 || !at)
		ksft_exit_fail_msg("no task: %s\n", line);
	task->kthread = kthread;
	snprintf(task->comm, sizeof(task->comm), "%s", line + at);
}

static void read_symbol(struct said *said, const char *line)
{
	struct said_symbol *symbol;
	char name[1024], module[100];
	uint64_t address;
	char type;
	int nr;

	nr = sscanf(line, "%" SCNx64 " %c %1023s %99s", &address, &type, name,
		    module);
	if (nr < 3)
		ksft_exit_fail_msg("no symbol: %s\n", line);
	/* Modules, and what was generated: [msr], [bpf]. */
	if (nr == 4)
		return;
	symbol = grow(&said->symbols, &said->nr_symbols, sizeof(*symbol));
	symbol->address = address;
	symbol->type = type;
	symbol->name = strdup(name);
}

static void read_line(struct said *said, char *line)
{
	char *value = strchr(line, ' ');

	if (!value)
		return;
	*value++ = '\0';
	if (!strcmp(line, "process"))
		read_task(grow(&said->processes, &said->nr_processes,
			       sizeof(struct said_task)), value);
	else if (!strcmp(line, "thread"))
		read_task(grow(&said->threads, &said->nr_threads,
			       sizeof(struct said_task)), value);
	else if (!strcmp(line, "symbol"))
		read_symbol(said, value);
	else if (!strcmp(line, "version"))
		snprintf(said->version, sizeof(said->version), "%s", value);
	else if (!strcmp(line, "release"))
		snprintf(said->release, sizeof(said->release), "%.64s", value);
	else if (!strcmp(line, "lstar"))
		said->lstar = strtoull(strchr(value, ' ') + 1, NULL, 0);
}

void said_read(struct said *said, const char *dir)
{
	char line[2048], path[500];
	FILE *file;

	memset(said, 0, sizeof(*said));
	snprintf(path, sizeof(path), "%s/said", dir);
	file = fopen(path, "re");
	if (!file)
		ksft_exit_fail_msg("%s: cannot be opened\n", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		read_line(said, line);
	}
	fclose(file);
	if (!said->nr_processes || !said->nr_symbols)
		ksft_exit_fail_msg("%s: incomplete\n", path);
}

const struct said_task *said_find(const struct said_task *tasks, size_t nr,
				  uint32_t pid)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (tasks[i].pid == pid)
			return &tasks[i];
	return NULL;
}

bool said_is_worker(const char *comm)
{
	/* Those with R are there to stay. */
	return !strncmp(comm, "kworker/", 8) && comm[8] != 'R';
}
