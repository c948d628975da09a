/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest.h - the state of a virtual machine as seen from outside
 *
 * What the views read is here: guest-physical memory and the registers of the
 * vCPUs.  Nothing above this file knows whether the guest runs, is paused, or is
 * an image in a file.
 */
#ifndef VMITAP_VIEWS_GUEST_H
#define VMITAP_VIEWS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct guest_regs - registers of a vCPU
 * @cpl: current privilege level
 * @nested: the vCPU runs a guest of this guest: all that is here may be of that one,
 *	and says nothing of the guest itself
 *
 * Zero is a register that the backend does not know.
 */
struct guest_regs {
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t lstar;
	uint64_t cstar;
	uint64_t sysenter_eip;
	uint64_t idtr_base;
	uint64_t gdtr_base;
	uint64_t tr_base;
	uint64_t fs_base;
	uint64_t gs_base;
	uint64_t kernel_gs_base;
	uint64_t rip;
	uint64_t rsp;
	uint64_t rflags;
	uint32_t cpl;
	bool nested;
};

/* Guest-physical memory that the guest may use. */
struct guest_region {
	uint64_t gpa;
	uint64_t bytes;
};

/**
 * struct guest_ops - how a backend reads a guest
 * @read: read guest-physical memory, all of it or fail with -EFAULT
 * @map: pointer to @len bytes of guest-physical memory that stays valid as long
 *	as the guest is open, or NULL; may be NULL itself.  The memory may change
 *	at any time.
 * @nr_vcpus: number of vCPUs, or negative errno.  vCPUs may come and go: it is asked
 *	anew for each round of them, and their numbers hold until then
 * @vcpu_id: what records and people call the vCPU of that number; NULL if that is its
 *	number
 * @regs: registers of a vCPU
 * @regions: fill @list with up to @max regions in the order of addresses
 *
 * Negative errno on failure.  @regions returns how many there are, which may be
 * more than @max.
 */
struct guest_ops {
	int (*read)(void *arg, uint64_t gpa, void *buf, size_t len);
	const void *(*map)(void *arg, uint64_t gpa, size_t len);
	int (*nr_vcpus)(void *arg);
	uint32_t (*vcpu_id)(void *arg, unsigned int vcpu);
	int (*regs)(void *arg, unsigned int vcpu, struct guest_regs *regs);
	int (*regions)(void *arg, struct guest_region *list, unsigned int max);
};

struct guest {
	const struct guest_ops *ops;
	void *arg;
};

/* Read guest-physical memory.  Return: 0, or -EFAULT with @buf undefined. */
int guest_read(const struct guest *guest, uint64_t gpa, void *buf, size_t len);

int guest_nr_vcpus(const struct guest *guest);
uint32_t guest_vcpu_id(const struct guest *guest, unsigned int vcpu);
int guest_regs(const struct guest *guest, unsigned int vcpu,
	       struct guest_regs *regs);

/**
 * guest_outer_regs() - registers of the guest itself
 * @guest: guest
 * @vcpu: the first vCPU that runs no nested guest
 * @regs: its registers
 *
 * Return: 0; -EAGAIN if all of them run one just now; -ENOENT if there is no vCPU; or what
 * guest_regs() says.
 */
int guest_outer_regs(const struct guest *guest, unsigned int *vcpu,
		     struct guest_regs *regs);

int guest_regions(const struct guest *guest, struct guest_region *list,
		  unsigned int max);

#endif /* VMITAP_VIEWS_GUEST_H */
