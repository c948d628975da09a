/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one open file: who listens to which VM, and how
 */
#ifndef VMITAP_SESSION_H
#define VMITAP_SESSION_H

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/vmitap.h>

struct eventfd_ctx;
struct kvm;
struct kvm_vcpu;
struct mem_cgroup;
struct pid;
struct vmitap_cfg;
struct vmitap_ring;
struct vmitap_vm;

/**
 * struct vmitap_session - one open file
 * @vm: tapped VM, NULL if not attached; under vmitap_lock like those before @rings
 * @node: in vmitap_vm.sessions
 * @await_node: not empty while the session is attached to a VM to come
 * @awaited_mm: memory of the process that will make it, NULL for any; taken back under the
 *	lock of @rings as well, so poll() may look at it
 * @cfg: configuration, with the filter
 * @enabled: capture is on
 * @ring_bytes: data size of each ring
 * @paused: the session pauses the VM
 * @holds_wait: the session needs the handle_exit hook
 * @nr_untapped: vCPUs created later for which there was no memory
 * @nr_failed: rings of vCPUs that KVM could not make after all
 * @opener: process that opened the file
 * @memcg: cgroup that pays for rings: that of who attached
 * @rings: by index; changed under vmitap_lock and its own lock, so the latter is enough to
 *	find a ring and to use it, for who must not wait for the former
 * @nr_rings: entries in @rings; this and the next four are written under vmitap_lock and
 *	read without it by poll()
 * @rings_seen: rings that user space asked about
 * @watermark: of @cfg
 * @attached: @vm is there to stay
 * @vm_gone: the VM is gone, and the last records are written
 * @wq: where readers sleep
 * @armed: a reader may be asleep
 * @evt_lock: protects @evt
 * @evt: eventfd or NULL
 * @work: wakes the readers, queued by hooks
 */
struct vmitap_session {
	struct vmitap_vm *vm;
	struct list_head node;
	struct list_head await_node;
	struct mm_struct *awaited_mm;
	struct vmitap_cfg *cfg;
	bool enabled;
	bool paused;
	bool holds_wait;
	u32 ring_bytes;
	u32 nr_untapped;
	u32 nr_failed;
	struct pid *opener;
	struct mem_cgroup *memcg;
	struct xarray rings;
	u32 nr_rings;
	u32 rings_seen;
	u32 watermark;
	bool attached;
	bool vm_gone;
	wait_queue_head_t wq;
	atomic_t armed;
	spinlock_t evt_lock;
	struct eventfd_ctx *evt;
	struct irq_work work;
};

struct vmitap_session *vmitap_session_create(void);
void vmitap_session_destroy(struct vmitap_session *session);
int vmitap_session_attach(struct vmitap_session *session, struct kvm *kvm,
			  u32 ring_bytes, u32 *nr_rings);
int vmitap_session_attach_next(struct vmitap_session *session, struct mm_struct *mm,
			       u32 ring_bytes);
int vmitap_session_config(struct vmitap_session *session, struct vmitap_cfg *cfg);
int vmitap_session_filter(struct vmitap_session *session, int prog_fd);
int vmitap_session_enable(struct vmitap_session *session, bool enable);
int vmitap_session_stats(struct vmitap_session *session, struct vmitap_stats *stats);
int vmitap_session_ring(struct vmitap_session *session, struct vmitap_ring_info *info);
int vmitap_session_eventfd(struct vmitap_session *session, int fd);
int vmitap_session_regs(struct vmitap_session *session, struct vmitap_regs *regs);
int vmitap_session_pause(struct vmitap_session *session, bool pause);
bool vmitap_session_vm_gone(const struct vmitap_session *session);
int vmitap_session_check_vm(const struct vmitap_session *session);
int vmitap_session_release_vcpus(struct vmitap_session *session);
struct vmitap_ring *vmitap_session_get_ring(struct vmitap_session *session, u32 index);
__poll_t vmitap_session_poll(struct vmitap_session *session, struct file *file,
			     poll_table *wait);
void vmitap_session_wake(struct vmitap_session *session, struct vmitap_ring *ring);
void vmitap_session_irq_work(struct irq_work *work);

void vmitap_session_vcpu_created(struct kvm_vcpu *vcpu);
void vmitap_session_vcpu_freed(struct kvm_vcpu *vcpu);
void vmitap_session_vm_destroyed(struct kvm *kvm);

#endif /* VMITAP_SESSION_H */
