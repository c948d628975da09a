/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - ioctls of /dev/vmitap, one by one
 *
 * vmitap_ioctl() and what is built on it abort the test on error;
 * __vmitap_ioctl() returns the raw result.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/vmitap.h>

struct testvm;

#define SESSION_DEVICE	"/dev/vmitap"

/**
 * session_available() - is the module loaded, and may we use it?
 *
 * Return: true if /dev/vmitap can be opened.
 */
bool session_available(void);

/**
 * session_open() - open /dev/vmitap
 *
 * Return: the file, to be closed by the caller.
 */
int session_open(void);

/**
 * __vmitap_ioctl() - raw ioctl
 * @fd: session
 * @cmd: VMITAP_IOC_*
 * @arg: its struct
 *
 * Return: 0 or -errno.
 */
int __vmitap_ioctl(int fd, unsigned long cmd, void *arg);

/**
 * vmitap_ioctl() - ioctl that must succeed
 * @fd: session
 * @cmd: VMITAP_IOC_*
 * @arg: its struct
 */
void vmitap_ioctl(int fd, unsigned long cmd, void *arg);

/**
 * __session_attach() - tap a VM of this process
 * @fd: session
 * @vm: the VM
 * @ring_bytes: data size of each ring
 *
 * Return: 0 or -errno.
 */
int __session_attach(int fd, const struct testvm *vm, __u32 ring_bytes);

/**
 * session_attach() - open a session on a VM of this process
 * @vm: the VM
 * @ring_bytes: data size of each ring
 *
 * Return: the session, capture is off.
 */
int session_attach(const struct testvm *vm, __u32 ring_bytes);

/**
 * __session_attach_pid() - tap the VM of a process
 * @fd: session
 * @pid: process
 * @ring_bytes: data size of each ring
 *
 * Return: 0 or -errno.
 */
int __session_attach_pid(int fd, int pid, __u32 ring_bytes);

/**
 * session_config() - choose classes and fields, all else by default
 * @fd: session
 * @classes: mask of enum vmitap_class
 * @fields: VMITAP_FIELD_*
 */
void session_config(int fd, __u64 classes, __u32 fields);

/**
 * session_enable() - capture on or off
 * @fd: session
 * @on: on
 */
void session_enable(int fd, bool on);

/**
 * __session_filter() - set or remove the BPF program
 * @fd: session
 * @prog_fd: program, or -1
 *
 * Return: 0 or -errno.
 */
int __session_filter(int fd, int prog_fd);

/**
 * session_stats() - read the counters
 * @fd: session
 *
 * Return: the counters.
 */
struct vmitap_stats session_stats(int fd);

/**
 * session_tap() - attach, configure and enable
 * @vm: the VM
 * @ring_bytes: data size of each ring
 * @classes: mask of enum vmitap_class
 * @fields: VMITAP_FIELD_*
 *
 * Return: the session.
 */
int session_tap(const struct testvm *vm, __u32 ring_bytes, __u64 classes,
		__u32 fields);

/**
 * session_regs() - registers of a vCPU
 * @fd: session
 * @vcpu_id: the vCPU
 *
 * Return: the registers.
 */
struct vmitap_regs session_regs(int fd, __u32 vcpu_id);

/**
 * session_pause() - keep the VM from running, or let it run
 * @fd: session
 * @on: keep it
 */
void session_pause(int fd, bool on);

/**
 * session_vm() - what the module says of this process's VM
 * @fd: session
 *
 * Return: that; there must be exactly one.
 */
struct vmitap_vm_info session_vm(int fd);

/**
 * session_poll() - what poll() says
 * @fd: session
 * @timeout_ms: longest wait
 *
 * Return: POLL* bits, 0 after the timeout.
 */
int session_poll(int fd, int timeout_ms);

#endif /* SESSION_H */
