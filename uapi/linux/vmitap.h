/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * vmitap.h - interface between the vmitap module and user space: ioctls and rings
 */
#ifndef _UAPI_LINUX_VMITAP_H
#define _UAPI_LINUX_VMITAP_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vmitap_record.h>

/**
 * DOC: Overview
 *
 * One open file of /dev/vmitap is one session, and a session taps at most one
 * VM:
 *
 *   open -> ATTACH (capture is off) -> CONFIG, FILTER -> RING, mmap -> ENABLE
 *
 * Everything except ATTACH may be repeated while the VM runs.  Closing the
 * file, however the process dies, frees every ring; the hooks go with the last
 * session, at once unless an exit is yet to be finished.  The guest can notice
 * by nothing but time.
 */

/**
 * DOC: General ioctl format
 *
 * Every ioctl takes a pointer to a struct whose first member is @size, set to
 * sizeof(struct ...) by user space, and whose second member is @flags, which
 * must be zero unless the struct documents flags.  The ioctl number does not
 * encode the size: a struct that grows keeps its number.  The part of a larger
 * struct that this kernel does not know must be zero.  Members named out_* are
 * written by the kernel; their value on input is ignored.
 *
 *   ENOTTY      the ioctl number is not known
 *   EINVAL      @size is too small, or a value is wrong
 *   E2BIG       the part of the struct not known to the kernel is not zero
 *   EOPNOTSUPP  a known member has a value that is not supported here, or the
 *               host cannot be tapped (the kernel log and QUERY say why)
 *   EFAULT      a pointer is bad
 *   ENODEV      KVM is not loaded
 *   ESRCH       no such process
 *   ENXIO       the process (or fd) has no VM
 *   ENOTUNIQ    the process has several VMs: attach by fd
 *   EPERM       no right over the VMM process (the right ptrace asks for)
 *   EBUSY       the session is attached already; or, for now, a vCPU is being
 *               created, KVM is busy with the VM, KVM was loaded just now, or a vCPU
 *               whose registers are asked for does not come to rest
 *   EUSERS      VMITAP_MAX_SESSIONS sessions tap the VM
 *   EBADF       a file descriptor is not open
 *   ENOMEM      no memory
 *   EINTR       the caller is being killed
 *   ENOTCONN    the session is not attached, or its VM is not there yet
 *   EPIPE       the VM is gone, or cannot come any more
 *   ENOENT      no ring with that index, no vCPU with that id
 */

#define VMITAP_IOC_TYPE		0xB6

enum {
	VMITAP_CMD_QUERY = 0,
	VMITAP_CMD_LIST_VMS,
	VMITAP_CMD_LIST_SLOTS,
	VMITAP_CMD_ATTACH,
	VMITAP_CMD_CONFIG,
	VMITAP_CMD_FILTER,
	VMITAP_CMD_ENABLE,
	VMITAP_CMD_RING,
	VMITAP_CMD_STATS,
	VMITAP_CMD_WAKE,
	VMITAP_CMD_EVENTFD,
	VMITAP_CMD_REGS,
	VMITAP_CMD_PAUSE,
};

/* Hardware virtualization extension, also the key to read exit reasons with. */
enum vmitap_vendor {
	VMITAP_VENDOR_NONE = 0,
	VMITAP_VENDOR_SVM,
	VMITAP_VENDOR_VMX,
};

enum vmitap_delivery {
	/* The vCPU never waits; what does not fit is counted. */
	VMITAP_DELIVERY_RECORD = 0,
	/* The vCPU waits for room, at most the session's timeout. */
	VMITAP_DELIVERY_LOSSLESS,
	VMITAP_NR_DELIVERY,
};

/**
 * struct vmitap_query - what this host and this module can do
 * @size: sizeof(struct vmitap_query)
 * @flags: must be 0
 * @out_vendor: enum vmitap_vendor, VMITAP_VENDOR_NONE if the host is unfit
 * @out_tsc_khz: frequency of the TSC that stamps records
 * @out_classes: bit n set: CONFIG takes enum vmitap_class n; on this host it may
 *	never occur
 * @out_fields: VMITAP_FIELD_* that can be selected
 * @out_deliveries: bit n set: enum vmitap_delivery n is supported
 * @out_ring_min: smallest ring, bytes
 * @out_ring_max: largest ring, bytes
 * @out_max_cr3s: longest CR3 list of CONFIG
 * @out_max_sessions: most sessions on one VM
 * @out_tsc: TSC, read together with the two clocks below
 * @out_mono_ns: CLOCK_MONOTONIC at @out_tsc
 * @out_real_ns: CLOCK_REALTIME at @out_tsc
 * @out_version: module version, for people; decide by the masks above
 * @out_refusal: empty if VMs can be tapped, else what did not match
 */
struct vmitap_query {
	__u32 size;
	__u32 flags;
	__u32 out_vendor;
	__u32 out_tsc_khz;
	__aligned_u64 out_classes;
	__u32 out_fields;
	__u32 out_deliveries;
	__u32 out_ring_min;
	__u32 out_ring_max;
	__u32 out_max_cr3s;
	__u32 out_max_sessions;
	__aligned_u64 out_tsc;
	__aligned_u64 out_mono_ns;
	__aligned_u64 out_real_ns;
	char out_version[24];
	char out_refusal[128];
};
#define VMITAP_IOC_QUERY	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_QUERY)

/* vmitap_vm_info.state */
#define VMITAP_VM_NESTED	(1U << 0)	/* a vCPU runs a nested guest */
#define VMITAP_VM_PROTECTED	(1U << 1)	/* registers hidden by hardware */
#define VMITAP_VM_NO_RIGHT	(1U << 2)	/* caller may not attach */

/* Most tappers that struct vmitap_vm_info names. */
#define VMITAP_MAX_SESSIONS	8

/**
 * struct vmitap_vm_info - one VM
 * @pid: VMM process, in the caller's PID namespace; 0 if not visible there
 * @nr_vcpus: vCPUs online
 * @nr_slots: memory slots in use
 * @vendor: enum vmitap_vendor
 * @state: VMITAP_VM_*
 * @nr_sessions: sessions attached
 * @mem_bytes: guest memory, bytes
 * @comm: name of the VMM process, NUL-terminated
 * @tapper_pids: processes that opened those sessions, likewise, and 0 if they have ended;
 *	unused entries 0
 */
struct vmitap_vm_info {
	__u32 pid;
	__u32 nr_vcpus;
	__u32 nr_slots;
	__u32 vendor;
	__u32 state;
	__u32 nr_sessions;
	__aligned_u64 mem_bytes;
	char comm[16];
	__u32 tapper_pids[VMITAP_MAX_SESSIONS];
};

/**
 * struct vmitap_list_vms - list the VMs of this host
 * @size: sizeof(struct vmitap_list_vms)
 * @flags: must be 0
 * @vms: user pointer to an array of struct vmitap_vm_info
 * @entry_size: sizeof(struct vmitap_vm_info)
 * @nr: room in @vms, entries
 * @out_nr: VMs on this host; only the first @nr of them are in @vms
 * @__reserved: must be 0
 */
struct vmitap_list_vms {
	__u32 size;
	__u32 flags;
	__aligned_u64 vms;
	__u32 entry_size;
	__u32 nr;
	__u32 out_nr;
	__u32 __reserved;
};
#define VMITAP_IOC_LIST_VMS	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_LIST_VMS)

#define VMITAP_SLOT_READONLY	(1U << 0)
#define VMITAP_SLOT_LOG_DIRTY	(1U << 1)
/* What the VMM has there is not, or not all of it, what the guest sees. */
#define VMITAP_SLOT_HIDDEN	(1U << 2)

/**
 * struct vmitap_slot - one memory slot
 * @gpa: guest-physical address
 * @bytes: length
 * @hva: address in the VMM process
 * @id: slot number
 * @flags: VMITAP_SLOT_*
 */
struct vmitap_slot {
	__aligned_u64 gpa;
	__aligned_u64 bytes;
	__aligned_u64 hva;
	__u32 id;
	__u32 flags;
};

/**
 * struct vmitap_list_slots - list the memory slots of the session's VM
 * @size: sizeof(struct vmitap_list_slots)
 * @flags: must be 0
 * @slots: user pointer to an array of struct vmitap_slot
 * @entry_size: sizeof(struct vmitap_slot)
 * @nr: room in @slots, entries
 * @out_nr: slots in use; only the first @nr of them are in @slots
 * @__reserved: must be 0
 */
struct vmitap_list_slots {
	__u32 size;
	__u32 flags;
	__aligned_u64 slots;
	__u32 entry_size;
	__u32 nr;
	__u32 out_nr;
	__u32 __reserved;
};
#define VMITAP_IOC_LIST_SLOTS	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_LIST_SLOTS)

/* vmitap_attach.flags: the VM is named by @vm_fd instead of @pid. */
#define VMITAP_ATTACH_BY_FD	(1U << 0)
/*
 * vmitap_attach.flags: the VM is the next one of @pid that gets its first vCPU.  The
 * session may be configured and enabled at once; then nothing of the VM is missed.  With
 * @pid 0 it is the next one of any process, which takes CAP_SYS_PTRACE and the right over
 * the initial process.  Of several such sessions that one process opened, each gets a VM
 * of its own.  One that never gets a vCPU, as VMMs make to see what KVM can do, is none.
 *
 * @pid stands for the program that it executes now.  If the process ends, or executes
 * another program, before it has a VM, then the session is like one whose VM is gone:
 * EPIPE, @out_vm_gone of STATS, EPOLLHUP.  Nobody is woken by that: poll() tells at the end
 * of its timeout, and epoll does not.
 */
#define VMITAP_ATTACH_NEXT	(1U << 1)

/**
 * struct vmitap_attach - tap a VM
 * @size: sizeof(struct vmitap_attach)
 * @flags: VMITAP_ATTACH_*
 * @pid: VMM process; must be 0 with VMITAP_ATTACH_BY_FD
 * @vm_fd: KVM VM file descriptor of the caller; must be 0 without the flag
 * @ring_bytes: data size of each vCPU's ring, a power of two
 * @out_nr_rings: rings (that is, vCPUs) right now
 *
 * Capture stays off until ENABLE.
 */
struct vmitap_attach {
	__u32 size;
	__u32 flags;
	__u32 pid;
	__s32 vm_fd;
	__u32 ring_bytes;
	__u32 out_nr_rings;
};
#define VMITAP_IOC_ATTACH	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_ATTACH)

/**
 * struct vmitap_class_fields - sections for one class of exits
 * @class_id: enum vmitap_class, an exit class
 * @fields: VMITAP_FIELD_*
 */
struct vmitap_class_fields {
	__u32 class_id;
	__u32 fields;
};

/**
 * struct vmitap_config - what a session captures and how
 * @size: sizeof(struct vmitap_config)
 * @flags: must be 0
 * @classes: mask of enum vmitap_class to capture
 * @fields: VMITAP_FIELD_* of every exit class that @class_fields does not name
 * @delivery: enum vmitap_delivery
 * @timeout_us: longest wait of a vCPU for room; 1 to 10000000 with
 *	VMITAP_DELIVERY_LOSSLESS, else must be 0
 * @watermark: bytes unread in one ring that wake a reader, as does the loss of an event;
 *	1 to half a ring, or 0 for a quarter of a ring
 * @cpl_mask: bit n set: keep exits, injected events, traps and messages at CPL n;
 *	0 keeps all
 * @nr_vcpu_words: 64-bit words in @vcpus; 0 keeps all vCPUs
 * @vcpus: user pointer to a bit map of vCPU ids
 * @cr3s: user pointer to page-table roots, __u64 each; only exits, injected events,
 *	traps and messages under one of them are kept.  Bits 0-11 and 63 do not take
 *	part in the comparison.
 * @nr_cr3s: entries in @cr3s; 0 keeps all
 * @nr_class_fields: entries in @class_fields
 * @class_fields: user pointer to struct vmitap_class_fields
 *
 * The whole configuration is replaced, atomically for each vCPU.
 */
struct vmitap_config {
	__u32 size;
	__u32 flags;
	__aligned_u64 classes;
	__u32 fields;
	__u32 delivery;
	__u32 timeout_us;
	__u32 watermark;
	__u32 cpl_mask;
	__u32 nr_vcpu_words;
	__aligned_u64 vcpus;
	__aligned_u64 cr3s;
	__u32 nr_cr3s;
	__u32 nr_class_fields;
	__aligned_u64 class_fields;
};
#define VMITAP_IOC_CONFIG	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_CONFIG)

/**
 * struct vmitap_filter - set or remove the session's BPF program
 * @size: sizeof(struct vmitap_filter)
 * @flags: must be 0
 * @prog_fd: a loaded program of type raw_tracepoint, or -1 for none
 * @__reserved: must be 0
 *
 * The program sees the context that bpf/vmitap_filter.h describes and returns
 * VMITAP_FILTER_DROP or VMITAP_FILTER_RECORD (anything but 0 records).
 */
struct vmitap_filter {
	__u32 size;
	__u32 flags;
	__s32 prog_fd;
	__u32 __reserved;
};
#define VMITAP_IOC_FILTER	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_FILTER)

#define VMITAP_FILTER_DROP	0
#define VMITAP_FILTER_RECORD	1

/**
 * struct vmitap_enable - switch capture on or off
 * @size: sizeof(struct vmitap_enable)
 * @flags: must be 0
 * @enable: 0 or 1
 * @__reserved: must be 0
 */
struct vmitap_enable {
	__u32 size;
	__u32 flags;
	__u32 enable;
	__u32 __reserved;
};
#define VMITAP_IOC_ENABLE	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_ENABLE)

/**
 * struct vmitap_ring_info - where the ring of a vCPU is
 * @size: sizeof(struct vmitap_ring_info)
 * @flags: must be 0
 * @index: number of the ring, from 0; a vCPU created later gets the next one
 * @out_vcpu_id: the vCPU
 * @out_mmap_offset: offset for mmap() of this session's file
 * @out_mmap_bytes: length for mmap(): two pages and twice the data
 *
 * ENOENT: no such ring (yet).  poll() reports EPOLLPRI while there is a ring
 * that this ioctl was never called for.
 */
struct vmitap_ring_info {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 out_vcpu_id;
	__aligned_u64 out_mmap_offset;
	__aligned_u64 out_mmap_bytes;
};
#define VMITAP_IOC_RING		_IO(VMITAP_IOC_TYPE, VMITAP_CMD_RING)

/* What removed an event on purpose: index into filtered counters. */
enum vmitap_filtered {
	VMITAP_FILTERED_MASK = 0,	/* event class or vCPU set */
	VMITAP_FILTERED_CPL,
	VMITAP_FILTERED_CR3,
	VMITAP_FILTERED_BPF,
	VMITAP_NR_FILTERED,
};

/**
 * struct vmitap_stats - counters of a session, summed over its rings
 * @size: sizeof(struct vmitap_stats)
 * @flags: must be 0
 * @out_nr_rings: rings
 * @out_vm_gone: 1 once the VM does not exist any more, or cannot come any more
 * @out_events: records written that carry an event
 * @out_bytes: bytes written, LOST records included
 * @out_lost: by enum vmitap_lost
 * @out_filtered: by enum vmitap_filtered
 * @out_waits: times a vCPU waited for room
 * @out_wait_ns: time spent so
 * @out_wakeups: times a reader was woken
 * @out_untapped_vcpus: vCPUs created later for which no ring could be made
 * @__reserved: must be 0
 */
struct vmitap_stats {
	__u32 size;
	__u32 flags;
	__u32 out_nr_rings;
	__u32 out_vm_gone;
	__aligned_u64 out_events;
	__aligned_u64 out_bytes;
	__aligned_u64 out_lost[VMITAP_NR_LOST];
	__aligned_u64 out_filtered[VMITAP_NR_FILTERED];
	__aligned_u64 out_waits;
	__aligned_u64 out_wait_ns;
	__aligned_u64 out_wakeups;
	__u32 out_untapped_vcpus;
	__u32 __reserved;
};
#define VMITAP_IOC_STATS	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_STATS)

/**
 * struct vmitap_wake - tell vCPUs that wait for room to look again
 * @size: sizeof(struct vmitap_wake)
 * @flags: must be 0
 *
 * Needed only while a ring says VMITAP_RING_WAITING, and only for speed: a
 * waiting vCPU also looks by itself every millisecond.
 */
struct vmitap_wake {
	__u32 size;
	__u32 flags;
};
#define VMITAP_IOC_WAKE		_IO(VMITAP_IOC_TYPE, VMITAP_CMD_WAKE)

/**
 * struct vmitap_eventfd - signal an eventfd whenever poll() would wake
 * @size: sizeof(struct vmitap_eventfd)
 * @flags: must be 0
 * @fd: eventfd, or -1 for none
 * @__reserved: must be 0
 */
struct vmitap_eventfd {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};
#define VMITAP_IOC_EVENTFD	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_EVENTFD)

/**
 * DOC: Ring
 *
 * Mapping of one ring, page by page:
 *
 *   consumer page   read-write  struct vmitap_ring_consumer
 *   producer page   read-only   struct vmitap_ring_producer
 *   data            read-only   data_bytes
 *   data again      read-only   the same pages, so that no record wraps
 *
 * The consumer page must be mapped by itself to be writable; a mapping of the
 * whole ring must be read-only.  Positions count bytes since the start and
 * never wrap; a record is at data + (pos & (data_bytes - 1)).
 *
 * Reader:  load-acquire @producer_pos; read records from its own position up to
 * there; store-release @consumer_pos.  A record's size is a multiple of 8; a
 * type that the reader does not know is skipped by size.
 */
#define VMITAP_RING_MAGIC	0x70617456u	/* "Vtap" */

/* vmitap_ring_producer.state */
#define VMITAP_RING_DEAD	(1U << 0)	/* nothing will be added */
#define VMITAP_RING_WAITING	(1U << 1)	/* the vCPU waits for room */

/**
 * struct vmitap_ring_consumer - the page that user space writes
 * @consumer_pos: position up to which records have been read
 */
struct vmitap_ring_consumer {
	__aligned_u64 consumer_pos;
};

/**
 * struct vmitap_ring_producer - the page that the kernel writes
 * @magic: VMITAP_RING_MAGIC
 * @header_bytes: sizeof(struct vmitap_ring_producer) in this kernel
 * @vcpu_id: the vCPU
 * @data_bytes: size of the data, a power of two
 * @data_offset: of the data, from the start of the mapping
 * @vendor: enum vmitap_vendor, for vmitap_exit.reason
 * @state: VMITAP_RING_*
 * @nr_lost: entries of @lost
 * @nr_filtered: entries of @filtered
 * @__pad: 0
 * @producer_pos: position up to which records are complete
 * @__reserved: 0
 * @lost: events lost, by enum vmitap_lost
 * @filtered: events filtered out, by enum vmitap_filtered
 * @waits: times the vCPU waited for room
 * @wait_ns: time spent so
 * @wakeups: times the reader was woken
 */
struct vmitap_ring_producer {
	__u32 magic;
	__u32 header_bytes;
	__u32 vcpu_id;
	__u32 data_bytes;
	__u32 data_offset;
	__u32 vendor;
	__u32 state;
	__u16 nr_lost;
	__u16 nr_filtered;
	__u8 __pad[32];
	__aligned_u64 producer_pos;
	__aligned_u64 __reserved;
	__aligned_u64 lost[VMITAP_NR_LOST];
	__aligned_u64 filtered[VMITAP_NR_FILTERED];
	__aligned_u64 waits;
	__aligned_u64 wait_ns;
	__aligned_u64 wakeups;
};

/**
 * struct vmitap_regs - registers of a vCPU
 * @size: sizeof(struct vmitap_regs)
 * @flags: must be 0
 * @vcpu_id: the vCPU
 * @out_nested: 1 if the state is that of a nested guest
 * @out_gprs: general registers
 * @out_ctrl: RFLAGS, CR0, CR2, CR4, EFER
 * @out_segs: segment registers and descriptor tables
 * @out_rip: RIP
 * @out_cr3: CR3
 * @out_star: MSR STAR
 * @out_lstar: MSR LSTAR
 * @out_cstar: MSR CSTAR
 * @out_sfmask: MSR SFMASK
 * @out_kernel_gs_base: MSR KERNEL_GS_BASE
 * @out_sysenter_cs: MSR SYSENTER_CS
 * @out_sysenter_esp: MSR SYSENTER_ESP
 * @out_sysenter_eip: MSR SYSENTER_EIP
 * @out_cpl: privilege level
 * @out_mode: enum vmitap_mode
 * @__reserved: must be 0
 *
 * All of one moment between two instructions, as the guest itself would read them.
 *
 * ENOENT: no such vCPU.  EOPNOTSUPP: hardware hides them.
 */
struct vmitap_regs {
	__u32 size;
	__u32 flags;
	__u32 vcpu_id;
	__u32 out_nested;
	struct vmitap_gprs out_gprs;
	struct vmitap_ctrl out_ctrl;
	struct vmitap_segs out_segs;
	__aligned_u64 out_rip;
	__aligned_u64 out_cr3;
	__aligned_u64 out_star;
	__aligned_u64 out_lstar;
	__aligned_u64 out_cstar;
	__aligned_u64 out_sfmask;
	__aligned_u64 out_kernel_gs_base;
	__aligned_u64 out_sysenter_cs;
	__aligned_u64 out_sysenter_esp;
	__aligned_u64 out_sysenter_eip;
	__u8 out_cpl;
	__u8 out_mode;
	__u8 __reserved[6];
};
#define VMITAP_IOC_REGS		_IO(VMITAP_IOC_TYPE, VMITAP_CMD_REGS)

/**
 * struct vmitap_pause - keep all vCPUs from running guest code, or let them run
 * @size: sizeof(struct vmitap_pause)
 * @flags: must be 0
 * @pause: 1 to pause, 0 to let run
 * @__reserved: must be 0
 *
 * On return of a pause no guest instruction is executed any more; a vCPU that was
 * on its way into the guest leaves it before the first, which is an exit like any
 * other.  The VM runs once no session pauses it; closing a session ends its pause.
 * A VMM that wants its vCPU threads back, by a signal, gets them.  Pausing twice is
 * pausing once.  With a vCPU that nobody could tap (see out_untapped_vcpus) there is no
 * pause: EOPNOTSUPP.
 */
struct vmitap_pause {
	__u32 size;
	__u32 flags;
	__u32 pause;
	__u32 __reserved;
};
#define VMITAP_IOC_PAUSE	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_PAUSE)

#endif /* _UAPI_LINUX_VMITAP_H */
