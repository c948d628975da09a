// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_processes.c - out-of-band: processes of a Linux guest, by two lists
 *
 * Who controls the guest's kernel may take a process out of either and have it run
 * on.  Neither binds; that they agree is what an attacker has to arrange.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux_tasks.h"
#include "view.h"

struct listed {
	const struct view_env *env;
	struct linux_tasks tasks;
	uint64_t begin;
	uint64_t end;
	uint64_t rounds;
	bool asked;
};

static int listed_start(void *state, const struct view_env *env)
{
	struct listed *listed = state;

	listed->env = env;
	return 0;
}

static int sample(struct listed *listed, uint64_t now,
		  int (*list)(struct linux_guest *lg, unsigned int flags,
			      struct linux_tasks *tasks))
{
	const struct view_env *env = listed->env;
	int err;

	linux_tasks_free(&listed->tasks);
	listed->asked = false;
	if (!env->lg)
		return 0;
	listed->begin = env->clock && !env->paused ? env->clock() : now;
	/* A process whose first thread has ended goes on in the others. */
	err = list(env->lg, LINUX_TASKS_THREADS, &listed->tasks);
	if (err)
		return err;
	listed->end = env->clock && !env->paused ? env->clock() : now;
	listed->asked = true;
	listed->rounds++;
	return 0;
}

static int task_list_sample(void *state, uint64_t now)
{
	return sample(state, now, linux_tasks_list);
}

static int pid_tree_sample(void *state, uint64_t now)
{
	return sample(state, now, linux_pids_list);
}

struct fact *linux_fact(struct facts *facts, const struct linux_task *task)
{
	struct fact *fact = facts_add(facts, FACT_PROCESS);
	struct fact_process *process;

	if (!fact)
		return NULL;
	process = &fact->process;
	process->known = FACT_PID | FACT_START | FACT_COMM | FACT_KTHREAD;
	if (!task->partial)
		process->known |= FACT_PPID | FACT_UID;
	process->pid = task->pid;
	process->tgid = task->tgid;
	process->ppid = task->ppid;
	process->uid = task->uid;
	process->start_ns = task->start_ns;
	process->kthread = task->kthread;
	memcpy(process->comm, task->comm, sizeof(process->comm));
	if (task->pgd) {
		process->known |= FACT_ROOT;
		process->root = task->pgd;
	}
	return fact;
}

static int add_process(struct listed *listed, struct facts *facts,
		       const struct linux_task *task)
{
	struct fact *fact = linux_fact(facts, task);

	if (!fact)
		return -ENOMEM;
	fact->tsc = listed->end;
	fact->first_tsc = listed->begin;
	fact->last_tsc = listed->end;
	return 0;
}

static int by_process(const void *a, const void *b)
{
	const struct linux_task *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	/* The first thread before the others. */
	if ((x->pid == x->tgid) != (y->pid == y->tgid))
		return x->pid == x->tgid ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* One fact for each process, with the page tables that any of its threads has. */
static int add_processes(struct listed *listed, struct facts *facts)
{
	struct linux_tasks *tasks = &listed->tasks;
	size_t i = 0, next;

	qsort(tasks->list, tasks->nr, sizeof(*tasks->list), by_process);
	for (; i < tasks->nr; i = next) {
		for (next = i + 1; next < tasks->nr &&
		     tasks->list[next].tgid == tasks->list[i].tgid; next++)
			if (!tasks->list[i].pgd)
				tasks->list[i].pgd = tasks->list[next].pgd;
		if (tasks->list[i].pid == tasks->list[i].tgid &&
		    add_process(listed, facts, &tasks->list[i]))
			return -ENOMEM;
	}
	return 0;
}

static int listed_facts(void *state, struct facts *facts,
			struct view_report *report)
{
	struct listed *listed = state;

	report->asked = listed->asked;
	report->rounds = listed->rounds;
	report->begin = listed->begin;
	report->end = listed->end;
	if (!listed->asked) {
		strcpy(report->why, listed->env->lg ? "not sampled yet" :
		       "the guest is not understood as Linux");
		return 0;
	}
	report->whole = listed->tasks.walk == LINUX_WALK_WHOLE;
	if (!report->whole)
		strcpy(report->why, linux_walk_text(listed->tasks.walk));
	return listed->tasks.nr ? add_processes(listed, facts) : 0;
}

static int add_kernel_root(struct listed *listed, struct facts *facts,
			   const char *name, uint64_t root)
{
	struct fact *fact = facts_add(facts, FACT_PROCESS);

	if (!fact)
		return -ENOMEM;
	fact->last_tsc = listed->end;
	fact->process.known = FACT_ROOT | FACT_KTHREAD | FACT_COMM;
	fact->process.kthread = true;
	fact->process.root = root;
	memcpy(fact->process.comm, name, strlen(name));
	return 0;
}

/* Page tables that the kernel loads and no process has. */
static int add_kernel_roots(struct listed *listed, struct facts *facts)
{
	static const struct {
		const char *symbol;
		const char *name;
		bool pointer;
	} mms[] = {
		{ "poking_mm", "[poking_mm]", true },
		{ "text_poke_mm", "[text_poke_mm]", true },
		{ "efi_mm", "[efi_mm]", false },
	};
	struct linux_guest *lg = listed->env->lg;
	struct paging *paging = &lg->kernel.paging;
	struct paging_page page;
	unsigned int i;
	uint64_t mm, pgd;
	int err;

	err = add_kernel_root(listed, facts, "[init_mm]", paging->root);
	for (i = 0; i < sizeof(mms) / sizeof(mms[0]) && !err; i++) {
		if (symbols_address(&lg->symbols, mms[i].symbol, &mm) ||
		    (mms[i].pointer && paging_read_u64(paging, mm, &mm)) ||
		    paging_read_u64(paging, mm + lg->layout.mm_pgd.offset,
				    &pgd) ||
		    paging_translate(paging, pgd, &page))
			continue;
		err = add_kernel_root(listed, facts, mms[i].name, page.gpa);
	}
	return err;
}

static int task_list_facts(void *state, struct facts *facts,
			   struct view_report *report)
{
	struct listed *listed = state;

	if (listed->asked && listed->env->lg &&
	    add_kernel_roots(listed, facts))
		return -ENOMEM;
	return listed_facts(state, facts, report);
}

static void listed_stop(void *state)
{
	struct listed *listed = state;

	linux_tasks_free(&listed->tasks);
}

const struct view view_task_list = {
	.name = "task-list",
	.title = "TASKS",
	.pattern = VIEW_OUT_OF_BAND,
	.lists = true,
	.knowledge = "Linux: list of tasks from init_task; layouts and symbols"
		     " from the guest's memory",
	.sample_ms = 200,
	.state_bytes = sizeof(struct listed),
	.start = listed_start,
	.sample = task_list_sample,
	.facts = task_list_facts,
	.stop = listed_stop,
};

const struct view view_pid_tree = {
	.name = "pid-tree",
	.title = "PIDS",
	.pattern = VIEW_OUT_OF_BAND,
	.lists = true,
	.knowledge = "Linux: tree of the first PID namespace; layouts and"
		     " symbols from the guest's memory",
	.sample_ms = 200,
	.state_bytes = sizeof(struct listed),
	.start = listed_start,
	.sample = pid_tree_sample,
	.facts = listed_facts,
	.stop = listed_stop,
};
