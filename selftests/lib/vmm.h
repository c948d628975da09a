/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmm.h - a VM in a process of its own, which can be killed
 */
#ifndef VMM_H
#define VMM_H

struct testvm;

/**
 * vmm_spawn() - start a process that runs a VM until it is killed
 * @make: makes the VM and starts it, in that process
 *
 * Return: the process; each vCPU was done with a round.
 */
int vmm_spawn(struct testvm *(*make)(void));

/**
 * vmm_end_main_thread() - have a VMM go on with its other threads only
 * @pid: from vmm_spawn()
 */
void vmm_end_main_thread(int pid);

/**
 * vmm_kill() - kill it, and wait until it is gone
 * @pid: the process
 *
 * Fails the test if that takes longer than limit.h has for it.
 */
void vmm_kill(int pid);

#endif /* VMM_H */
