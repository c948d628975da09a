/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vmitap.h - libvmitap: tap a virtual machine and read its events
 */
#ifndef VMITAP_VMITAP_H
#define VMITAP_VMITAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vmitap.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * DOC: libvmitap
 *
 * A session taps one VM:
 *
 *   open -> attach (capture is off) -> configure, set_filter -> enable
 *	  -> next, wait, next, wait, ... -> close
 *
 * A function that returns int returns 0 (or what it documents) on success and a
 * negative errno on failure; vmitap_session_error() then says in words what is
 * wrong and what to do.  The errno values are those that <linux/vmitap.h> lists;
 * a function names only those that mean something of its own.
 *
 * A session must not be used by two threads at once.  Different sessions are
 * independent.  A child made by fork() must not use its parent's sessions.
 *
 * The structs of <linux/vmitap.h> grow.  Where a function takes one, the caller
 * sets its @size to the sizeof() that he was compiled with, and the flags and
 * reserved members to 0:
 *
 *   struct vmitap_stats stats = { .size = sizeof(stats) };
 *
 * so that the program goes on working with a newer library and module.
 */

/* A session; opaque. */
struct vmitap_session;

/**
 * vmitap_session_open() - open a session
 * @session: set to the session
 *
 * The session is there after a failure too, for vmitap_session_error(); it is
 * NULL only with -ENOMEM.  The caller closes it in every case.
 *
 * Return: 0; -ENOENT, -ENODEV or -ENXIO if the module is not loaded, -EACCES or
 * -EPERM if the caller may not open the device, or another negative errno.
 */
int vmitap_session_open(struct vmitap_session **session);

/**
 * vmitap_session_close() - end a session
 * @session: session, or NULL
 *
 * Capture ends, the VM runs on.  All records got from the session, and the text
 * of vmitap_session_error(), are gone.
 */
void vmitap_session_close(struct vmitap_session *session);

/**
 * vmitap_session_error() - why the last function failed, in words
 * @session: session, or NULL for one that there was no memory for
 *
 * Return: one line without newline, "" if nothing failed yet.  It belongs to the
 * session and stays until the next failure.
 */
const char *vmitap_session_error(const struct vmitap_session *session);

/**
 * vmitap_session_fd() - descriptor to wait on
 * @session: session that is attached
 *
 * For a poll() or epoll loop of the caller: POLLIN says that a ring holds as much
 * as the watermark of the configuration, or that a vCPU waits for room; POLLPRI
 * that there is a new vCPU, which vmitap_session_wait() with a timeout of 0 takes
 * in; POLLHUP that the VM is gone.  Wait only after vmitap_session_next()
 * returned 0, when the module knows what was read.  Nobody is woken when a process ends
 * before it has the VM that vmitap_session_attach_next() waits for: vmitap_session_wait()
 * finds out, and so does poll() at the end of its timeout, but not epoll_wait().
 *
 * Return: the descriptor, -1 if it could not be opened.  The session owns it.
 */
int vmitap_session_fd(const struct vmitap_session *session);

/**
 * vmitap_session_query() - what this host and the module can do
 * @session: session
 * @query: filled in; the caller sets @query->size
 *
 * Return: 0 or a negative errno.
 */
int vmitap_session_query(struct vmitap_session *session,
			 struct vmitap_query *query);

/**
 * vmitap_session_list_vms() - list the VMs of this host
 * @session: session, attached or not
 * @vms: array to fill in
 * @entry_bytes: sizeof(@vms[0])
 * @room: entries in @vms
 * @nr: set to the VMs that there are; only the first @room of them are in @vms
 *
 * Return: 0; -ENODEV if KVM is not loaded; or another negative errno.
 */
int vmitap_session_list_vms(struct vmitap_session *session,
			    struct vmitap_vm_info *vms, size_t entry_bytes,
			    uint32_t room, uint32_t *nr);

/**
 * vmitap_session_list_slots() - list the memory slots of the session's VM
 * @session: session that is attached
 * @slots: array to fill in
 * @entry_bytes: sizeof(@slots[0])
 * @room: entries in @slots
 * @nr: set to the slots in use; only the first @room of them are in @slots
 *
 * Return: 0; -ENOTCONN if not attached; -EPIPE if the VM is gone; or another
 * negative errno.
 */
int vmitap_session_list_slots(struct vmitap_session *session,
			      struct vmitap_slot *slots, size_t entry_bytes,
			      uint32_t room, uint32_t *nr);

/**
 * vmitap_session_attach_pid() - tap the VM of a process
 * @session: session that is not attached
 * @pid: VMM process
 * @ring_bytes: data size of each vCPU's ring, a power of two from out_ring_min to
 *	out_ring_max of vmitap_session_query()
 *
 * Capture is off until vmitap_session_enable().
 *
 * Return: 0; -ESRCH no such process; -ENXIO it has no VM; -ENOTUNIQ it has
 * several VMs; -EPERM or -EACCES no right to trace the process; -EBUSY a vCPU is
 * being created, KVM is at work on the VM, or KVM was loaded just now (try again in a
 * moment), or the session is attached; -EUSERS too many sessions tap the VM;
 * -EOPNOTSUPP this host cannot be tapped; -ENOMEM no memory for the rings; -EPROTO a
 * ring makes no sense; or another negative errno.
 */
int vmitap_session_attach_pid(struct vmitap_session *session, pid_t pid,
			      uint32_t ring_bytes);

/**
 * vmitap_session_attach_fd() - tap a VM by its KVM descriptor
 * @session: session that is not attached
 * @vm_fd: descriptor that KVM_CREATE_VM gave the caller, which keeps it
 * @ring_bytes: as for vmitap_session_attach_pid()
 *
 * Return: as vmitap_session_attach_pid().
 */
int vmitap_session_attach_fd(struct vmitap_session *session, int vm_fd,
			     uint32_t ring_bytes);

/**
 * vmitap_session_attach_next() - tap the next VM that gets its first vCPU
 * @session: session that is not attached
 * @pid: VMM process, which may have VMs already; 0 for any process, which takes
 *	CAP_SYS_PTRACE and the right to trace the initial process
 * @ring_bytes: as for vmitap_session_attach_pid()
 *
 * Returns at once.  The session may be configured and enabled before there is a VM;
 * then its first vCPU is captured from its first instruction on.  What asks something
 * of the VM returns -ENOTCONN until it is there.  Of several such sessions that one
 * process opened, each gets a VM of its own.  If the process ends before it has a VM, or
 * executes another program, the session is like one whose VM is gone.
 *
 * Return: as vmitap_session_attach_pid(), but for -ENXIO and -ENOTUNIQ.
 */
int vmitap_session_attach_next(struct vmitap_session *session, pid_t pid,
			       uint32_t ring_bytes);

/**
 * vmitap_session_configure() - choose what is captured and how
 * @session: session that is attached
 * @config: the whole configuration; the caller sets @config->size
 *
 * May be called while events are captured.  Nothing in @config is needed after
 * the call.
 *
 * Return: 0; -EOPNOTSUPP something that this module has not; -EINVAL a wrong
 * value; -ENOTCONN not attached; -EPIPE the VM is gone; or another negative errno.
 */
int vmitap_session_configure(struct vmitap_session *session,
			     const struct vmitap_config *config);

/**
 * vmitap_session_set_filter() - set or remove the BPF program that sees every exit
 * @session: session that is attached
 * @prog_fd: a loaded program of type raw_tracepoint, which the caller may close
 *	afterwards, or -1 for none
 *
 * Return: 0; -EINVAL or -EBADF it is no such program; -ENOTCONN not attached;
 * -EPIPE the VM is gone; or another negative errno.
 */
int vmitap_session_set_filter(struct vmitap_session *session, int prog_fd);

/**
 * vmitap_session_enable() - switch capture on
 * @session: session that is attached
 *
 * Return: 0; -ENOTCONN not attached; -EPIPE the VM is gone; or another negative
 * errno.
 */
int vmitap_session_enable(struct vmitap_session *session);

/**
 * vmitap_session_disable() - switch capture off
 * @session: session that is attached
 *
 * What the rings hold can still be read.
 *
 * Return: as vmitap_session_enable().
 */
int vmitap_session_disable(struct vmitap_session *session);

/**
 * vmitap_session_stats() - counters of the session
 * @session: session that is attached
 * @stats: filled in; the caller sets @stats->size
 *
 * Return: 0; -ENOTCONN not attached; or another negative errno.
 */
int vmitap_session_stats(struct vmitap_session *session,
			 struct vmitap_stats *stats);

/**
 * vmitap_session_vcpus() - list the vCPUs of the session's VM
 * @session: session that is attached
 * @vcpus: array of vCPU ids to fill in
 * @room: entries in @vcpus
 * @nr: set to the vCPUs that there are; only the first @room of them are in @vcpus
 *
 * They are those that were there when the VM was attached, or that
 * vmitap_session_wait(), vmitap_session_next() or vmitap_session_read() took in, and
 * that were not destroyed since.
 *
 * Return: 0; -ENOTCONN if not attached.
 */
int vmitap_session_vcpus(struct vmitap_session *session, uint32_t *vcpus,
			 uint32_t room, uint32_t *nr);

/**
 * vmitap_session_regs() - registers of a vCPU, all of one moment
 * @session: session that is attached
 * @vcpu_id: the vCPU
 * @regs: filled in; the caller sets @regs->size
 *
 * Return: 0; -ENOENT no such vCPU; -EOPNOTSUPP hardware hides them; -EBUSY the vCPU's
 * thread stays in KVM for about a second or longer; -EINTR the caller is being killed;
 * -ENOTTY the module is too old; -ENOTCONN not attached; -EPIPE the VM is gone; or
 * another negative errno.
 */
int vmitap_session_regs(struct vmitap_session *session, uint32_t vcpu_id,
			struct vmitap_regs *regs);

/**
 * vmitap_session_pause() - keep all vCPUs from running guest code
 * @session: session that is attached
 *
 * When it returns, no guest instruction is executed any more, until
 * vmitap_session_resume() or vmitap_session_close() and as long as any other
 * session that pauses the VM.  To pause twice is to pause once.  What the VMM does
 * itself, such as device emulation in its other threads, goes on.
 *
 * Return: 0; -ENOTTY the module is too old; -ENOTCONN not attached; -EPIPE the VM
 * is gone; -EOPNOTSUPP it has a vCPU that could not be tapped; or another negative
 * errno.
 */
int vmitap_session_pause(struct vmitap_session *session);

/**
 * vmitap_session_resume() - let the vCPUs run, unless another session pauses them
 * @session: session that is attached
 *
 * Return: as vmitap_session_pause().
 */
int vmitap_session_resume(struct vmitap_session *session);

/**
 * struct vmitap_span - guest-physical memory to read
 * @gpa: guest-physical address
 * @buf: where to
 * @bytes: how many
 */
struct vmitap_span {
	uint64_t gpa;
	void *buf;
	size_t bytes;
};

/**
 * vmitap_session_read_memory() - read guest-physical memory
 * @session: session that is attached
 * @spans: what to read, each of any length
 * @nr: entries of @spans
 *
 * Reads the memory of the VMM process: the vCPUs are not stopped, and what they
 * write meanwhile may be read in part.  The memory slots are listed again when they
 * do not fit any more, or are known for longer than 100 ms.
 *
 * Return: 0 with all of it read, else what the buffers have is not defined: -EFAULT
 * there is no memory in the guest; -EOPNOTSUPP hardware hides it; -EPERM or -EACCES no right to trace the VMM any
 * more; -ENOTUNIQ the VM was attached by descriptor, and this process taps VMs of
 * several processes, so that it is not known whose it is; -ENOTCONN not attached;
 * -EPIPE the VM or the VMM is gone; or another negative errno.
 */
int vmitap_session_read_memory(struct vmitap_session *session,
			       const struct vmitap_span *spans, size_t nr);

/**
 * vmitap_session_set_eventfd() - have an eventfd signalled
 * @session: session that is attached
 * @fd: eventfd, signalled whenever poll() on vmitap_session_fd() would wake; the
 *	caller may close it afterwards; or -1 for none
 *
 * Return: 0; -EINVAL or -EBADF it is no eventfd; or another negative errno.
 */
int vmitap_session_set_eventfd(struct vmitap_session *session, int fd);

/**
 * vmitap_session_next() - get the next record of all vCPUs, in the order of time
 * @session: session that is attached
 * @record: set to the record, which lies in the ring itself: read-only, valid
 *	until the next call with this session of this function,
 *	vmitap_session_read(), vmitap_session_wait() or vmitap_session_close()
 *
 * The records of one vCPU always come in their order.  Between vCPUs, the library
 * looks at what each ring has published and hands out all of that in the order of
 * the TSC before it looks again.  A record can therefore come after one with a
 * higher TSC only if it was published after that look although its event was
 * earlier: by no more than the time from an exit to its record (microseconds, or
 * as long as the vCPU's thread is kept from running on the host in between) and
 * the time that the look took.  Whoever needs a total order sorts over a window of
 * that length.
 *
 * Every record handed out is at least as long as its type and @fields call for.
 * Records of a type that this library does not know are left out.
 *
 * Records are taken from the rings up to 256 at a time of each vCPU, and their room
 * is given back together; up to 8 with VMITAP_DELIVERY_LOSSLESS, and each by itself
 * while a vCPU waits for room.  All of it is given back before this function
 * returns 0.
 *
 * It also takes in vCPUs that are new.
 *
 * Return: 1 with a record; 0 if there is none right now; -EPROTO if what a ring
 * holds makes no sense, after which only closing the session helps; or another negative
 * errno if a vCPU cannot be taken in, such as -ENOMEM.
 */
int vmitap_session_next(struct vmitap_session *session,
			const struct vmitap_record **record);

/**
 * vmitap_session_read() - get several records of all vCPUs, in the order of time
 * @session: session that is attached
 * @records: set to an array of the records, which belongs to the session; it and
 *	the records are valid until what vmitap_session_next() names
 *
 * As calling vmitap_session_next() so many times, but faster.
 *
 * Return: how many there are, at most 256 for each vCPU; 0 if there is none right
 * now; -EPROTO or another negative errno as vmitap_session_next().
 */
int vmitap_session_read(struct vmitap_session *session,
			const struct vmitap_record *const **records);

/**
 * vmitap_session_wait() - wait for records
 * @session: session that is attached
 * @timeout_ms: longest wait, milliseconds; 0 not to wait, -1 for ever
 *
 * Does not wait while there are records that were taken from the rings and not
 * handed out.  Otherwise waits until a ring holds as much as the watermark of the
 * configuration, or a vCPU waits for room.  With a timeout, what is below the
 * watermark can be read when it is over.  Takes in vCPUs that are new.
 *
 * Return: 1 if it was woken, 0 if the time is over; -EINTR after a signal; -EPIPE
 * if the VM is gone, when what the rings hold can still be read; -ENOTCONN not
 * attached; or another negative errno.
 */
int vmitap_session_wait(struct vmitap_session *session, int timeout_ms);

/**
 * vmitap_exit_ctrl() - control registers of an exit
 * @exit: record of type VMITAP_RECORD_EXIT
 *
 * Return: the section within the record, NULL if it was not selected.
 */
const struct vmitap_ctrl *vmitap_exit_ctrl(const struct vmitap_exit *exit);

/**
 * vmitap_exit_gprs() - general-purpose registers of an exit
 * @exit: record of type VMITAP_RECORD_EXIT
 *
 * Return: the section within the record, NULL if it was not selected.
 */
const struct vmitap_gprs *vmitap_exit_gprs(const struct vmitap_exit *exit);

/**
 * vmitap_exit_segs() - segment registers of an exit
 * @exit: record of type VMITAP_RECORD_EXIT
 *
 * Return: the section within the record, NULL if it was not selected.
 */
const struct vmitap_segs *vmitap_exit_segs(const struct vmitap_exit *exit);

/**
 * vmitap_exit_insn() - bytes at the instruction pointer of an exit
 * @exit: record of type VMITAP_RECORD_EXIT
 *
 * Return: the section within the record, NULL if it was not selected.
 */
const struct vmitap_insn *vmitap_exit_insn(const struct vmitap_exit *exit);

/**
 * vmitap_message_data() - data of a part of a message
 * @message: record of type VMITAP_RECORD_MESSAGE
 *
 * Return: @message->bytes bytes within the record, NULL if the record cannot have
 * so many: then it is damaged.
 */
const void *vmitap_message_data(const struct vmitap_message *message);

/**
 * vmitap_record_needs() - bytes that the head of a record calls for
 * @record: head of a record from anywhere, such as a file
 *
 * Return: the least size that a record of that type with those fields can have.
 * A record whose @size is smaller is damaged.  How much data a message has is not
 * in its head; vmitap_message_data() checks that.
 */
size_t vmitap_record_needs(const struct vmitap_record *record);

/**
 * vmitap_class_name() - name of an event class
 * @class_id: enum vmitap_class
 *
 * Return: one word in lower case, "unknown" for a number that is none.
 */
const char *vmitap_class_name(unsigned int class_id);

/**
 * vmitap_lost_text() - why events were lost
 * @lost: enum vmitap_lost
 *
 * Return: a few words, "unknown" for a number that is none.
 */
const char *vmitap_lost_text(unsigned int lost);

/**
 * vmitap_vendor_name() - name of a hardware virtualization extension
 * @vendor: enum vmitap_vendor
 *
 * Return: "svm", "vmx", "none", or "unknown" for a number that is none.
 */
const char *vmitap_vendor_name(unsigned int vendor);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* VMITAP_VMITAP_H */
