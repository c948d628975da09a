/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vendor.h - what an exit of this host's processor looks like
 */
#ifndef VENDOR_H
#define VENDOR_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/vmitap.h>

/* What the tests know of exits; reason and qualification differ. */
enum vendor_exit {
	VENDOR_CPUID,
	VENDOR_HLT,
	VENDOR_IO,
	VENDOR_MSR_READ,
	VENDOR_MSR_WRITE,
	VENDOR_HYPERCALL,
	VENDOR_NPF,
	VENDOR_READ_CR4,
	VENDOR_WRITE_CR0,
	VENDOR_WRITE_CR3,
	VENDOR_WRITE_CR4,
	VENDOR_READ_DR0,
	VENDOR_WRITE_DR0,
	VENDOR_UNDEFINED,	/* #UD */
	VENDOR_PAGE_FAULT,	/* #PF, of shadow page tables */
	VENDOR_WINDOW,		/* interrupts can be injected */
	VENDOR_INVD,
	VENDOR_WBINVD,
	VENDOR_RDPMC,
	VENDOR_XSETBV,
	VENDOR_MONITOR,
	VENDOR_MWAIT,
	VENDOR_OTHER,
};

/**
 * struct vendor_io - an access to a port
 * @port: port
 * @size: bytes
 * @in: the guest reads
 * @string: INS or OUTS
 * @rep: with REP
 */
struct vendor_io {
	unsigned int port;
	unsigned int size;
	bool in;
	bool string;
	bool rep;
};

/**
 * vendor_is_intel() - does this host have VMX?
 *
 * Return: true on VMX, false on SVM.
 */
bool vendor_is_intel(void);

/**
 * vendor_is_qemu() - is this host's processor one that QEMU emulates?
 *
 * Return: true if so, false on hardware and under other emulators.
 */
bool vendor_is_qemu(void);

/**
 * vendor_has_nested_paging() - does KVM use nested page tables?
 *
 * Return: false if it keeps shadow page tables: parameter npt or ept of its module.
 */
bool vendor_has_nested_paging(void);

/**
 * vendor_exit() - what is this exit?
 * @exit: the exit
 *
 * Return: by its reason and qualification, VENDOR_OTHER for all else.
 */
enum vendor_exit vendor_exit(const struct vmitap_exit *exit);

/**
 * vendor_io() - what access to a port was it?
 * @exit: an exit that is VENDOR_IO
 *
 * Return: the access.
 */
struct vendor_io vendor_io(const struct vmitap_exit *exit);

/**
 * vendor_npf_write() - was it a write that faulted?
 * @exit: an exit that is VENDOR_NPF
 *
 * Return: true if it was.
 */
bool vendor_npf_write(const struct vmitap_exit *exit);

/**
 * vendor_fault_address() - where was the fault?
 * @exit: an exit that is VENDOR_PAGE_FAULT
 *
 * Return: the virtual address.
 */
__u64 vendor_fault_address(const struct vmitap_exit *exit);

/**
 * vendor_fix_hypercalls() - replace VMMCALL where it is VMCALL that there is
 * @code: guest code
 * @len: its length
 */
void vendor_fix_hypercalls(char *code, unsigned long len);

#endif /* VENDOR_H */
