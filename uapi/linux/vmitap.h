/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * vmitap.h - interface between the vmitap module and user space
 */
#ifndef _UAPI_LINUX_VMITAP_H
#define _UAPI_LINUX_VMITAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Overview
 *
 * One open file of /dev/vmitap is one session, and a session taps at most one
 * VM:
 *
 *   open -> ATTACH (capture is off) -> CONFIG, FILTER -> RING, mmap -> ENABLE
 *
 * Everything except ATTACH may be repeated while the VM runs.  Closing the
 * file, however the process dies, removes every hook and frees every ring; the
 * guest does not notice.
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
 *   EBUSY       the session is attached already, a vCPU is being created, or a
 *               vCPU whose registers are asked for does not come to rest
 *   EUSERS      VMITAP_MAX_SESSIONS sessions tap the VM
 *   EBADF       a file descriptor is not open
 *   ENOMEM      no memory
 *   EINTR       the caller is being killed
 *   ENOTCONN    the session is not attached, or its VM is not there yet
 *   EPIPE       the VM is gone
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

/**
 * enum vmitap_class - vendor-neutral event classes
 *
 * The first 48 numbers are classes of hardware exits; the rest are events that
 * are no exits.  From 50 on they are traps: while a session that captures selects
 * one, hardware is made to exit where it would not by itself.  The guest does not
 * notice but by time.  Other sessions see such exits too, marked with
 * VMITAP_RECORD_TRAP.  Numbers are ABI and are never reused.
 */
enum vmitap_class {
	VMITAP_CLASS_OTHER = 0,		/* an exit reason with no class */
	VMITAP_CLASS_EXCEPTION,		/* exception raised in the guest */
	VMITAP_CLASS_INTERRUPT,		/* host interrupt, INIT, SIPI */
	VMITAP_CLASS_NMI,
	VMITAP_CLASS_SMI,		/* SMI, RSM */
	VMITAP_CLASS_WINDOW,		/* interrupt or NMI window, IRET */
	VMITAP_CLASS_TASK_SWITCH,
	VMITAP_CLASS_CPUID,
	VMITAP_CLASS_HLT,
	VMITAP_CLASS_PAUSE,
	VMITAP_CLASS_MWAIT,		/* MONITOR, MWAIT */
	VMITAP_CLASS_PIO,
	VMITAP_CLASS_MMIO,		/* nested fault known to be MMIO */
	VMITAP_CLASS_NPF,		/* nested page fault, EPT violation */
	VMITAP_CLASS_CR,		/* control register read or write */
	VMITAP_CLASS_DR,		/* debug register read or write */
	VMITAP_CLASS_MSR_READ,
	VMITAP_CLASS_MSR_WRITE,
	VMITAP_CLASS_XCR,		/* XSETBV, XSAVES, XRSTORS */
	VMITAP_CLASS_DTABLE,		/* GDTR, IDTR, LDTR, TR access */
	VMITAP_CLASS_TSC,		/* RDTSC, RDTSCP */
	VMITAP_CLASS_PMC,		/* RDPMC */
	VMITAP_CLASS_TLB,		/* INVLPG, INVPCID, INVLPGA */
	VMITAP_CLASS_CACHE,		/* INVD, WBINVD */
	VMITAP_CLASS_RANDOM,		/* RDRAND, RDSEED */
	VMITAP_CLASS_INSN,		/* PUSHF, POPF, INTn, ICEBP, other */
	VMITAP_CLASS_HYPERCALL,		/* VMCALL, VMMCALL */
	VMITAP_CLASS_NESTED,		/* the guest is itself a hypervisor */
	VMITAP_CLASS_APIC,		/* APIC access, TPR, EOI, AVIC */
	VMITAP_CLASS_STEP,		/* monitor trap flag */
	VMITAP_CLASS_TIMER,		/* VMX preemption timer */
	VMITAP_CLASS_SHUTDOWN,		/* triple fault */
	VMITAP_CLASS_FAIL,		/* entry refused by hardware */
	VMITAP_CLASS_ENCLAVE,		/* SGX, SEV, TDX specific */
	VMITAP_NR_EXIT_CLASSES,

	VMITAP_CLASS_INJECT = 48,	/* event injected at entry */
	VMITAP_CLASS_VCPU = 49,		/* vCPU created or destroyed */
	VMITAP_CLASS_CR3 = 50,		/* CR3 written */
	VMITAP_CLASS_SYSCALL = 51,	/* SYSCALL or SYSRET executed */
	VMITAP_CLASS_MESSAGE = 52,	/* hypercall VMITAP_HYPERCALL */
};

#define VMITAP_MAX_EXIT_CLASSES	48
#define VMITAP_CLASS_MASK(c)	(1ULL << (c))
#define VMITAP_CLASSES_EXIT	((1ULL << VMITAP_NR_EXIT_CLASSES) - 1)
#define VMITAP_CLASSES_TRAP	(VMITAP_CLASS_MASK(VMITAP_CLASS_CR3) |	\
				 VMITAP_CLASS_MASK(VMITAP_CLASS_SYSCALL) | \
				 VMITAP_CLASS_MASK(VMITAP_CLASS_MESSAGE))
/* What can be captured without making the guest exit more often. */
#define VMITAP_CLASSES_PASSIVE	(VMITAP_CLASSES_EXIT |			\
				 VMITAP_CLASS_MASK(VMITAP_CLASS_INJECT) | \
				 VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU))
#define VMITAP_CLASSES_ALL	(VMITAP_CLASSES_PASSIVE | VMITAP_CLASSES_TRAP)

/* Optional sections of an EXIT record, in the order in which they follow it. */
#define VMITAP_FIELD_CTRL	(1U << 0)	/* struct vmitap_ctrl */
#define VMITAP_FIELD_GPRS	(1U << 1)	/* struct vmitap_gprs */
#define VMITAP_FIELD_SEGS	(1U << 2)	/* struct vmitap_segs */
#define VMITAP_FIELD_INSN	(1U << 3)	/* struct vmitap_insn */
#define VMITAP_FIELDS_ALL	((1U << 4) - 1)

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
 * @out_classes: bit n set: events of enum vmitap_class n can occur
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
 * @tapper_pids: processes that opened those sessions, unused entries 0
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
 * vmitap_attach.flags: the VM is the next one that @pid creates.  The session may be
 * configured and enabled at once; then nothing of the VM is missed.  With @pid 0 it is
 * the next one that any process creates, which takes CAP_SYS_PTRACE.  Of several such
 * sessions that one process opened, each gets a VM of its own.
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
 * @watermark: bytes unread in one ring that wake a reader; 1 to half a ring, or
 *	0 for a quarter of a ring
 * @cpl_mask: bit n set: keep exits at CPL n; 0 keeps all
 * @nr_vcpu_words: 64-bit words in @vcpus; 0 keeps all vCPUs
 * @vcpus: user pointer to a bit map of vCPU ids
 * @cr3s: user pointer to page-table roots, __u64 each; only exits under one of
 *	them are kept.  Bits 0-11 and 63 do not take part in the comparison.
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

/* Why an event is missing: index into lost counters. */
enum vmitap_lost {
	VMITAP_LOST_FULL = 0,		/* no room, record mode */
	VMITAP_LOST_TIMEOUT,		/* no room, lossless wait expired */
	VMITAP_LOST_CONSUMER,		/* the consumer's position is nonsense */
	VMITAP_LOST_PROTECTED,		/* state hidden by hardware */
	VMITAP_NR_LOST,
};

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
 * @out_vm_gone: 1 once the VM does not exist any more
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

/* Record types. */
enum vmitap_record_type {
	VMITAP_RECORD_EXIT = 1,
	VMITAP_RECORD_INJECT,
	VMITAP_RECORD_LOST,
	VMITAP_RECORD_VCPU_CREATED,
	VMITAP_RECORD_VCPU_DESTROYED,
	VMITAP_RECORD_VM_GONE,
	VMITAP_RECORD_CR3,
	VMITAP_RECORD_SYSCALL,
	VMITAP_RECORD_SYSRET,
	VMITAP_RECORD_MESSAGE,
};

/* vmitap_record.flags */
#define VMITAP_RECORD_NESTED	(1U << 0)	/* state is a nested guest's */
#define VMITAP_RECORD_FASTPATH	(1U << 1)	/* KVM's fast path finished it */
#define VMITAP_RECORD_TRAP	(1U << 2)	/* exit that only a trap caused */

/**
 * struct vmitap_record - head of every record
 * @type: enum vmitap_record_type
 * @size: bytes, this head included, a multiple of 8
 * @vcpu: vCPU id
 * @flags: VMITAP_RECORD_*
 * @seq: number of the event in this ring.  Events that are lost use up numbers,
 *	events filtered out do not.  LOST records carry the number of the first
 *	event missing.
 * @fields: VMITAP_FIELD_* of the sections that follow
 * @tsc: host TSC at the event
 */
struct vmitap_record {
	__u16 type;
	__u16 size;
	__u16 vcpu;
	__u16 flags;
	__u32 seq;
	__u32 fields;
	__aligned_u64 tsc;
};

/* How the guest's processor ran. */
enum vmitap_mode {
	VMITAP_MODE_REAL = 0,
	VMITAP_MODE_VM86,
	VMITAP_MODE_PROT16,
	VMITAP_MODE_PROT32,
	VMITAP_MODE_COMPAT16,
	VMITAP_MODE_COMPAT32,
	VMITAP_MODE_LONG64,
};

/**
 * struct vmitap_exit - a hardware exit
 * @record: head, type VMITAP_RECORD_EXIT
 * @entry_tsc: host TSC right before the guest was entered
 * @reason: exit reason in the vendor's code (SVM EXITCODE, VMX basic reason
 *	with the entry-failure bit)
 * @class_id: enum vmitap_class
 * @cpl: privilege level
 * @mode: enum vmitap_mode
 * @__pad: 0
 * @qual1: SVM EXITINFO1, VMX exit qualification
 * @qual2: SVM EXITINFO2; VMX guest-physical address for EPT exits, interruption
 *	information and its error code (upper half) for exceptions and interrupts
 * @intr_info: SVM EXITINTINFO, VMX IDT-vectoring information: the event that
 *	was being delivered when the exit happened
 * @intr_error: error code that belongs to it
 * @rip: guest RIP
 * @cr3: guest CR3
 */
struct vmitap_exit {
	struct vmitap_record record;
	__aligned_u64 entry_tsc;
	__u32 reason;
	__u8 class_id;
	__u8 cpl;
	__u8 mode;
	__u8 __pad;
	__aligned_u64 qual1;
	__aligned_u64 qual2;
	__u32 intr_info;
	__u32 intr_error;
	__aligned_u64 rip;
	__aligned_u64 cr3;
};

/* VMITAP_FIELD_CTRL: as the guest would read them. */
struct vmitap_ctrl {
	__aligned_u64 rflags;
	__aligned_u64 cr0;
	__aligned_u64 cr2;
	__aligned_u64 cr4;
	__aligned_u64 efer;
};

/* Index into vmitap_gprs.reg: the order of the instruction encoding. */
enum vmitap_gpr {
	VMITAP_RAX = 0, VMITAP_RCX, VMITAP_RDX, VMITAP_RBX,
	VMITAP_RSP, VMITAP_RBP, VMITAP_RSI, VMITAP_RDI,
	VMITAP_R8, VMITAP_R9, VMITAP_R10, VMITAP_R11,
	VMITAP_R12, VMITAP_R13, VMITAP_R14, VMITAP_R15,
	VMITAP_NR_GPRS,
};

/* VMITAP_FIELD_GPRS */
struct vmitap_gprs {
	__aligned_u64 reg[VMITAP_NR_GPRS];
};

/**
 * struct vmitap_seg - a segment register
 * @base: base address
 * @limit: limit in bytes
 * @selector: visible part
 * @attrib: bits 0-7 the descriptor's access byte (type, S, DPL, P), bits 8-11
 *	AVL, L, D/B, G, bit 12 unusable
 */
struct vmitap_seg {
	__aligned_u64 base;
	__u32 limit;
	__u16 selector;
	__u16 attrib;
};

#define VMITAP_SEG_UNUSABLE	(1U << 12)

enum vmitap_segreg {
	VMITAP_ES = 0, VMITAP_CS, VMITAP_SS, VMITAP_DS, VMITAP_FS, VMITAP_GS,
	VMITAP_LDTR, VMITAP_TR, VMITAP_GDTR, VMITAP_IDTR,
	VMITAP_NR_SEGS,
};

/* VMITAP_FIELD_SEGS: GDTR and IDTR have a base and a limit only. */
struct vmitap_segs {
	struct vmitap_seg seg[VMITAP_NR_SEGS];
};

/**
 * struct vmitap_insn - bytes at the instruction pointer
 * @len: valid bytes; 0 if they could not be read without waiting
 * @bytes: from CS.base + RIP on
 */
struct vmitap_insn {
	__u8 len;
	__u8 bytes[15];
};

/* vmitap_inject.kind, the encoding that both vendors use */
enum vmitap_inject_kind {
	VMITAP_INJECT_INTERRUPT = 0,
	VMITAP_INJECT_NMI = 2,
	VMITAP_INJECT_EXCEPTION = 3,
	VMITAP_INJECT_SOFT_INTERRUPT = 4,
	VMITAP_INJECT_PRIV_SOFT_EXCEPTION = 5,
	VMITAP_INJECT_SOFT_EXCEPTION = 6,
};

/**
 * struct vmitap_inject - an event that KVM injects at entry
 * @record: head, type VMITAP_RECORD_INJECT
 * @kind: enum vmitap_inject_kind
 * @vector: vector
 * @has_error: 1 if @error is pushed
 * @__pad: 0
 * @error: error code
 * @rip: guest RIP before the event
 * @cr3: guest CR3
 */
struct vmitap_inject {
	struct vmitap_record record;
	__u8 kind;
	__u8 vector;
	__u8 has_error;
	__u8 __pad;
	__u32 error;
	__aligned_u64 rip;
	__aligned_u64 cr3;
};

/**
 * struct vmitap_lost_record - events are missing here
 * @record: head, type VMITAP_RECORD_LOST; tsc is that of the last event missing
 * @first_tsc: TSC of the first event missing
 * @count: events missing
 * @reason: of these, by enum vmitap_lost
 * @by_class: of these, by enum vmitap_class; events that are no exits count as
 *	VMITAP_CLASS_OTHER
 */
struct vmitap_lost_record {
	struct vmitap_record record;
	__aligned_u64 first_tsc;
	__aligned_u64 count;
	__u32 reason[VMITAP_NR_LOST];
	__u32 by_class[VMITAP_MAX_EXIT_CLASSES];
};

/**
 * struct vmitap_cr3_write - the guest wrote CR3
 * @record: head, type VMITAP_RECORD_CR3
 * @old_cr3: value before
 * @new_cr3: value after; may be the same
 * @rip: of the instruction
 * @cpl: privilege level, which is 0
 * @mode: enum vmitap_mode
 * @__pad: 0
 */
struct vmitap_cr3_write {
	struct vmitap_record record;
	__aligned_u64 old_cr3;
	__aligned_u64 new_cr3;
	__aligned_u64 rip;
	__u8 cpl;
	__u8 mode;
	__u8 __pad[6];
};

/* vmitap_syscall.mechanism, vmitap_sysret.mechanism */
enum vmitap_syscall_mechanism {
	VMITAP_SYSCALL_SYSCALL = 0,	/* SYSCALL, SYSRET */
};

/**
 * struct vmitap_syscall - a system call begins
 * @record: head, type VMITAP_RECORD_SYSCALL
 * @cr3: guest CR3
 * @rip: of the instruction
 * @rsp: guest RSP; with @cr3 it identifies the thread until the call returns
 * @nr: RAX
 * @args: RDI, RSI, RDX, R10, R8, R9 in 64-bit mode; RBX, RBP, RDX, RSI, RDI, R9
 *	in compatibility mode
 * @mechanism: enum vmitap_syscall_mechanism
 * @mode: enum vmitap_mode of the caller
 * @__pad: 0
 */
struct vmitap_syscall {
	struct vmitap_record record;
	__aligned_u64 cr3;
	__aligned_u64 rip;
	__aligned_u64 rsp;
	__aligned_u64 nr;
	__aligned_u64 args[6];
	__u8 mechanism;
	__u8 mode;
	__u8 __pad[6];
};

/**
 * struct vmitap_sysret - a system call returns
 * @record: head, type VMITAP_RECORD_SYSRET
 * @cr3: guest CR3
 * @rip: where to
 * @rsp: guest RSP
 * @result: RAX
 * @mechanism: enum vmitap_syscall_mechanism
 * @mode: enum vmitap_mode that it returns to
 * @__pad: 0
 *
 * A system that also returns by IRET, as Linux does after signals and for new
 * processes, has calls without a return.
 */
struct vmitap_sysret {
	struct vmitap_record record;
	__aligned_u64 cr3;
	__aligned_u64 rip;
	__aligned_u64 rsp;
	__aligned_u64 result;
	__u8 mechanism;
	__u8 mode;
	__u8 __pad[6];
};

/**
 * DOC: Messages
 *
 * Code of any privilege level in the guest gives a buffer to the sessions that
 * capture VMITAP_CLASS_MESSAGE by VMMCALL (AMD) or VMCALL (Intel) with
 *
 *   RAX  VMITAP_HYPERCALL
 *   RBX  a tag of the sender's choice
 *   RCX  address of the buffer, in the sender's address space
 *   RDX  its length, at most VMITAP_MESSAGE_MAX
 *
 * and gets in RAX the number of sessions that have all of it, or a negative errno:
 * -EINVAL if the buffer is too long, -EFAULT if it cannot be read, -ENOSPC if no
 * session had room.  If no session captures messages, or the CPL and CR3 filters of all
 * keep the sender's out, KVM answers as to any hypercall it does not know.
 *
 * A message comes as one or more records of at most VMITAP_MESSAGE_CHUNK bytes
 * of data each, one after the other in the same ring.
 */
#define VMITAP_HYPERCALL	0x54494d56u	/* "VMIT" */
#define VMITAP_MESSAGE_MAX	65536u
#define VMITAP_MESSAGE_CHUNK	2048u

/**
 * struct vmitap_message - part of a message; its data follow
 * @record: head, type VMITAP_RECORD_MESSAGE
 * @cr3: guest CR3 of the sender
 * @rip: of the hypercall
 * @tag: RBX
 * @total: bytes of the whole message
 * @offset: of this part in it
 * @bytes: in this part; the record is padded to a multiple of 8
 * @cpl: privilege level of the sender
 * @mode: enum vmitap_mode of the sender
 * @__pad: 0
 */
struct vmitap_message {
	struct vmitap_record record;
	__aligned_u64 cr3;
	__aligned_u64 rip;
	__aligned_u64 tag;
	__u32 total;
	__u32 offset;
	__u32 bytes;
	__u8 cpl;
	__u8 mode;
	__u8 __pad[2];
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
 * On return of a pause no guest instruction is executed any more.  The VM runs
 * once no session pauses it; closing a session ends its pause.  A VMM that wants
 * its vCPU threads back, by a signal, gets them.  Pausing twice is pausing once.
 */
struct vmitap_pause {
	__u32 size;
	__u32 flags;
	__u32 pause;
	__u32 __reserved;
};
#define VMITAP_IOC_PAUSE	_IO(VMITAP_IOC_TYPE, VMITAP_CMD_PAUSE)

/* The largest record there can be. */
#define VMITAP_RECORD_MAX	(sizeof(struct vmitap_message) + VMITAP_MESSAGE_CHUNK)

/* The largest EXIT record. */
#define VMITAP_EXIT_MAX		(sizeof(struct vmitap_exit) +	\
				 sizeof(struct vmitap_ctrl) +	\
				 sizeof(struct vmitap_gprs) +	\
				 sizeof(struct vmitap_segs) +	\
				 sizeof(struct vmitap_insn))

#endif /* _UAPI_LINUX_VMITAP_H */
