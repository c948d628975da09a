/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * late.h - guest memory that the VMM does not have until the test gives it
 */
#ifndef LATE_H
#define LATE_H

#include <pthread.h>
#include <stdbool.h>
#include <linux/types.h>

struct testvm;
struct testvm_vcpu;

/* Where it is: behind all other. */
#define LATE		0x400000ul
#define LATE_BYTES	0x200000ul
#define LATE_PAGE	0x1000ul

/**
 * struct late - memory at LATE; whoever touches a page of it waits for the test
 * @mem: where the VMM has it
 * @fd: userfaultfd
 */
struct late {
	char *mem;
	int fd;
};

/**
 * late_add() - add it to a VM
 * @late: filled in
 * @vm: VM
 *
 * Return: false if this kernel has no userfaultfd.
 */
bool late_add(struct late *late, struct testvm *vm);

/**
 * late_give() - a page comes
 * @late: memory
 * @gpa: where in the guest
 * @from: what is in it
 */
void late_give(struct late *late, __u64 gpa, const void *from);

/**
 * late_wanted() - is a page waited for?
 * @late: memory
 * @seconds: how long to look
 *
 * Return: the page that somebody waits for, 0 if nobody does for so long.
 */
__u64 late_wanted(struct late *late, double seconds);

/**
 * late_run() - run a vCPU until it waits
 * @late: memory
 * @vcpu: the vCPU, reset
 * @gpa: page that it will wait for
 * @thread: thread that it is run in, which ends when its guest is done
 */
void late_run(struct late *late, struct testvm_vcpu *vcpu, __u64 gpa, pthread_t *thread);

/**
 * late_end() - undo late_add()
 * @late: memory that nobody waits for
 */
void late_end(struct late *late);

#endif /* LATE_H */
