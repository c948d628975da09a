// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmitap_planted.c - mistakes, each of which a kernel with checkers has to tell
 *
 * bug=KIND	see bugs[]
 *
 * Loading makes the mistake.  checkers_test.sh sees that a virtual host in which that
 * happened ends with a complaint; one that does not has told nothing about vmitap
 * either.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define OBJECT_BYTES	64

static char *bug = "";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "mistake to make");

/* What the compiler cannot know. */
static unsigned int sixty_four = OBJECT_BYTES;
module_param(sixty_four, uint, 0444);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static int __rcu *pointer;
static int result;

static int use_after_free(void)
{
	char *object = kmalloc(OBJECT_BYTES, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	kfree(object);
	result = READ_ONCE(object[8]);
	return 0;
}

static int out_of_bounds(void)
{
	char *object = kmalloc(OBJECT_BYTES, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	result = READ_ONCE(object[READ_ONCE(sixty_four)]);
	kfree(object);
	return 0;
}

/* Some of them: a stale copy of one pointer may be lying about. */
static int leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		if (!kmalloc(OBJECT_BYTES, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static int bad_shift(void)
{
	result = 1 << READ_ONCE(sixty_four);
	return 0;
}

static int lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int sleep_in_atomic(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
	return 0;
}

static int rcu_unprotected(void)
{
	result = !!rcu_dereference(pointer);
	return 0;
}

static int count_plainly(void *data)
{
	while (!kthread_should_stop()) {
		result++;
		barrier();
		cond_resched();
	}
	return 0;
}

static int race(void)
{
	struct task_struct *threads[2];
	int i, nr;

	for (nr = 0; nr < 2; nr++) {
		threads[nr] = kthread_run(count_plainly, NULL, "planted/%d", nr);
		if (IS_ERR(threads[nr]))
			break;
	}
	if (nr == 2)
		msleep(3000);
	for (i = 0; i < nr; i++)
		kthread_stop(threads[i]);
	return nr == 2 ? 0 : -ENOMEM;
}

static const struct {
	const char *name;
	int (*make)(void);
} bugs[] = {
	{ "use-after-free", use_after_free },
	{ "out-of-bounds", out_of_bounds },
	{ "leak", leak },
	{ "bad-shift", bad_shift },
	{ "lock-order", lock_order },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "rcu-unprotected", rcu_unprotected },
	{ "data-race", race },
};

static int __init planted_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++)
		if (!strcmp(bug, bugs[i].name))
			return bugs[i].make();
	pr_err("there is no bug '%s'\n", bug);
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Makes a mistake, for tests of what is to find it");
MODULE_LICENSE("GPL");
