/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fact.h - what a view says of a guest, and how it came to know
 */
#ifndef VMITAP_VIEWS_FACT_H
#define VMITAP_VIEWS_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the meaning of a view comes from. */
enum view_pattern {
	/* Knowledge of the virtual hardware alone. */
	VIEW_DERIVATION,
	/* Knowledge of the guest's software that the monitor has. */
	VIEW_OUT_OF_BAND,
	/* A component in the guest. */
	VIEW_IN_BAND,
	VIEW_NR_PATTERNS,
};

enum fact_type {
	FACT_PROCESS,		/* a process, or an address space */
	FACT_ENTRY_POINTS,	/* where a vCPU enters its kernel */
};

/* fact_process.known: which of its members are. */
#define FACT_PID	(1U << 0)
#define FACT_PPID	(1U << 1)
#define FACT_UID	(1U << 2)
#define FACT_START	(1U << 3)
#define FACT_COMM	(1U << 4)
#define FACT_KTHREAD	(1U << 5)
#define FACT_ROOT	(1U << 6)
#define FACT_ACTIVE	(1U << 7)	/* @user_tsc, @loaded_tsc */
#define FACT_CPU	(1U << 8)	/* @cpu_tsc, @vcpu */
#define FACT_CALLS	(1U << 9)
#define FACT_RUNNING	(1U << 10)	/* @running */
#define FACT_MAPPED	(1U << 11)	/* @mapped */

/* What a clock tick of /proc is in nanoseconds: no view tells start times finer. */
#define FACT_START_UNIT	10000000ULL

/* fact_process.running */
enum fact_running {
	FACT_OFF_CPU,
	FACT_IN_KERNEL,
	FACT_IN_USER,
};

/**
 * struct fact_process - a process
 * @known: FACT_* of the members that mean something
 * @pid: of the thread
 * @tgid: of the process; known with @pid
 * @ppid: process of the parent
 * @uid: real user
 * @vcpu: where it was last seen
 * @calls: system calls seen
 * @start_ns: since the guest booted, whole units of FACT_START_UNIT count
 * @root: guest-physical address of its page tables.  With page-table isolation, of
 *	the kernel's half; @split says that two were folded into one
 * @user_tsc: host TSC when it last ran code at CPL 3; 0 if never
 * @loaded_tsc: host TSC when CR3 was last set to its page tables from others; 0 if
 *	that was not seen.  No kernel goes back to those of a process that has ended
 * @held_from: host TSC from which some vCPU had its page tables loaded at every moment
 * @held_to: up to here, when code ran under them at CPL 3; 0 if that was not seen.  No
 *	kernel gives a page that is loaded to another process
 * @cpu_tsc: time that vCPUs had its page tables loaded and were not halted
 * @running: enum fact_running, at the moment of the fact
 * @kthread: a thread of the kernel, or page tables that are the kernel's own
 * @mapped: the page tables have user memory in them
 * @split: page-table isolation
 * @comm: name, terminated
 */
struct fact_process {
	uint32_t known;
	uint32_t pid;
	uint32_t tgid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t vcpu;
	uint64_t calls;
	uint64_t start_ns;
	uint64_t root;
	uint64_t user_tsc;
	uint64_t loaded_tsc;
	uint64_t held_from;
	uint64_t held_to;
	uint64_t cpu_tsc;
	uint8_t running;
	bool kthread;
	bool mapped;
	bool split;
	char comm[17];
};

/**
 * struct fact_entry_points - where a vCPU enters its kernel
 * @vcpu: the vCPU
 * @lstar: by SYSCALL
 * @cstar: by SYSCALL in compatibility mode
 * @sysenter: by SYSENTER
 * @idtr: base of the interrupt descriptors
 * @changes: times that one of them was found changed
 * @changed_tsc: when last
 */
struct fact_entry_points {
	uint32_t vcpu;
	uint32_t changes;
	uint64_t lstar;
	uint64_t cstar;
	uint64_t sysenter;
	uint64_t idtr;
	uint64_t changed_tsc;
};

/**
 * struct fact - one fact
 * @type: enum fact_type, which of the union
 * @pattern: enum view_pattern
 * @binding: the guest cannot run on while this is false
 * @source: number of the view in its runner
 * @view: name of the view
 * @tsc: host TSC when it was observed
 * @first_tsc: first and
 * @last_tsc: last time that what it is about was seen
 */
struct fact {
	uint8_t type;
	uint8_t pattern;
	bool binding;
	uint8_t source;
	const char *view;
	uint64_t tsc;
	uint64_t first_tsc;
	uint64_t last_tsc;
	union {
		struct fact_process process;
		struct fact_entry_points entry;
	};
};

/**
 * struct facts - list of facts
 * @list: the facts
 * @nr: how many
 * @label: what facts_add() gives a new fact: pattern, binding, source, view, tsc
 */
struct facts {
	struct fact *list;
	size_t nr;
	size_t room;
	struct fact label;
};

/**
 * facts_add() - add a fact, labelled, otherwise zero
 *
 * Return: the fact, valid until the next is added, or NULL without memory.
 */
struct fact *facts_add(struct facts *facts, enum fact_type type);

void facts_free(struct facts *facts);

/* "derivation", "out-of-band", "in-band". */
const char *view_pattern_name(enum view_pattern pattern);

#endif /* VMITAP_VIEWS_FACT_H */
