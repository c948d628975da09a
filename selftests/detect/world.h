/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * world.h - a guest made up: its processes, what its lists say, what its vCPUs run
 *
 * Page tables, registers and records are seen by the real view of address spaces; the
 * lists are views made up, that have what the world says they have.
 */
#ifndef DETECT_WORLD_H
#define DETECT_WORLD_H

#include "detect.h"

#define WORLD_VCPUS	2
#define WORLD_PROCESSES	512
#define WORLD_KHZ	1000000u

/* world_process.hidden: views that do not get to see it. */
#define HIDE_LIST	(1u << 0)
#define HIDE_TREE	(1u << 1)
#define HIDE_AGENT	(1u << 2)
#define HIDE_OWNER	(1u << 3)

/**
 * struct world_process - a process
 * @pid: 0 if there is none
 * @start: in units of FACT_START_UNIT
 * @root: page tables
 * @listed: it is in the lists; not so while it is made, or taken apart
 * @mapped: it has user memory
 * @kthread: page tables of the kernel's own
 * @hidden: HIDE_*
 * @comm: name
 */
struct world_process {
	uint32_t pid;
	uint64_t start;
	uint64_t root;
	bool listed;
	bool mapped;
	bool kthread;
	uint32_t hidden;
	char comm[16];
};

/**
 * struct world - all of it
 * @now: TSC
 * @process: the processes
 * @root: that each vCPU has
 * @user: it is at CPL 3
 * @halves: page-table isolation
 * @broken: the list of tasks is never whole
 * @torn: nor is it while the guest runs
 * @torn_tree: nor is the tree
 * @agent: there is one
 * @agent_late: looks from when it reads what there is to when that has come
 * @invented: processes that it says there are, besides
 * @invented_pid: the first of them
 * @between: called between the samples of two lists, unless the VM is paused
 * @pauses: how often the VM was paused
 */
struct world {
	uint64_t now;
	struct world_process process[WORLD_PROCESSES];
	uint64_t root[WORLD_VCPUS];
	bool user[WORLD_VCPUS];
	bool halves;
	bool broken;
	bool torn;
	bool torn_tree;
	bool agent;
	unsigned int agent_late;
	unsigned int invented;
	uint32_t invented_pid;
	void (*between)(void);
	unsigned int pauses;
	struct view_env env;
	struct view_runner runner;
	struct aggregate agg;
	struct verdicts verdicts;
	void *state;
};

extern struct world world;

/* Begin anew, with processes of PIDs 1 to @nr. */
void world_init(unsigned int nr);
void world_free(void);

/* A process is born, or dies; page tables are those of the lowest free page. */
struct world_process *world_fork(uint32_t pid);
void world_exit(struct world_process *process);
struct world_process *world_find(uint32_t pid);

/* A vCPU runs a process for @ns, at CPL 3 with @user and an exit at its end. */
void world_run(unsigned int vcpu, const struct world_process *process,
	       uint64_t ns, bool user);

/* All that are there run a little. */
void world_run_all(void);

/*
 * Time for the views to look, and for the detector, as vmitap watch does it.
 * Return: verdicts so far.
 */
size_t world_look(void);

/* The same for some time, with all running in between. */
size_t world_looks(unsigned int nr);

#endif /* DETECT_WORLD_H */
