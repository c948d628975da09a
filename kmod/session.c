// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - attach, configure, detach; follow the VM's life
 */
#include <linux/eventfd.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "backend.h"
#include "compat/compat.h"
#include "config.h"
#include "filter.h"
#include "hook.h"
#include "ring.h"
#include "session.h"
#include "tap.h"

static void session_irq_work(struct irq_work *work)
{
	struct vmitap_session *session =
		container_of(work, struct vmitap_session, work);
	unsigned long flags;

	wake_up_all(&session->wq);
	spin_lock_irqsave(&session->evt_lock, flags);
	if (session->evt)
		vmitap_compat_eventfd_signal(session->evt);
	spin_unlock_irqrestore(&session->evt_lock, flags);
}

/**
 * vmitap_session_create() - session of a file just opened
 *
 * Return: the session, not attached, or NULL without memory.
 */
struct vmitap_session *vmitap_session_create(void)
{
	struct vmitap_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return NULL;
	INIT_LIST_HEAD(&session->node);
	xa_init(&session->rings);
	init_waitqueue_head(&session->wq);
	spin_lock_init(&session->evt_lock);
	init_irq_work(&session->work, session_irq_work);
	session->opener = get_pid(task_tgid(current));
	return session;
}

/*
 * Wake readers now.  @armed is cleared by whoever wakes, so that a reader is
 * woken once however many events follow.
 */
void vmitap_session_wake(struct vmitap_session *session, struct vmitap_ring *ring)
{
	if (!atomic_xchg(&session->armed, 0) && !READ_ONCE(session->evt))
		return;
	ring->prod->wakeups++;
	irq_work_queue(&session->work);
}

static bool session_is_lossless(const struct vmitap_session *session)
{
	return session->cfg->flags & VMITAP_CFG_LOSSLESS;
}

/* What the hooks should see for a ring, given the session's state. */
static void session_publish_cfg(struct vmitap_session *session,
				struct vmitap_ring *ring)
{
	struct vmitap_cfg *cfg = &vmitap_cfg_off;

	if (session->enabled)
		cfg = vmitap_cfg_has_vcpu(session->cfg, ring->vcpu_id) ?
			session->cfg : &vmitap_cfg_nothing;
	rcu_assign_pointer(ring->cfg, cfg);
	vmitap_ring_look_again(ring);
}

/* What the taps remember of the previous exit may be of long ago. */
static void session_forget_exits(struct vmitap_session *session)
{
	struct vmitap_tap *tap;

	list_for_each_entry(tap, &session->vm->taps, vm_node)
		WRITE_ONCE(tap->exit_tsc, 0);
}

/* On return no hook uses the previous state any more. */
static void session_publish(struct vmitap_session *session)
{
	struct vmitap_ring *ring;
	unsigned long i;

	xa_for_each(&session->rings, i, ring)
		session_publish_cfg(session, ring);
	if (session->cfg->prog)
		session_forget_exits(session);
	synchronize_rcu();
	/* A hook that was at it set a limit by the previous state. */
	xa_for_each(&session->rings, i, ring)
		vmitap_ring_look_again(ring);
}

static int session_add_ring(struct vmitap_session *session,
			    struct vmitap_tap *tap, bool created)
{
	struct vmitap_ring *ring;
	int ret;

	ring = vmitap_ring_create(session, session->nr_rings, tap->vcpu->vcpu_id,
				  session->ring_bytes, vmitap_backend->vendor);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ret = xa_err(xa_store(&session->rings, ring->index, ring,
			      GFP_KERNEL_ACCOUNT));
	if (ret) {
		vmitap_ring_put(ring);
		return ret;
	}
	if (created && session->enabled &&
	    session->cfg->classes & VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU))
		vmitap_ring_mark(ring, VMITAP_RECORD_VCPU_CREATED);
	session_publish_cfg(session, ring);
	WRITE_ONCE(session->nr_rings, session->nr_rings + 1);
	vmitap_tap_link(tap, ring);
	return 0;
}

static struct vmitap_tap *session_find_or_create_tap(struct vmitap_vm *vm,
						     struct kvm_vcpu *vcpu)
{
	return vmitap_tap_find(vcpu) ?: vmitap_tap_create(vm, vcpu);
}

static int session_check_vcpu(struct kvm_vcpu *vcpu)
{
	const char *mismatch;

	if (vcpu->arch.guest_state_protected) {
		pr_info("the state of vCPU %d is protected by hardware\n",
			vcpu->vcpu_id);
		return -EOPNOTSUPP;
	}
	mismatch = vmitap_backend->check_vcpu(vcpu);
	if (!mismatch)
		return 0;
	pr_err("vCPU %d: %s: this KVM is not laid out as expected\n",
	       vcpu->vcpu_id, mismatch);
	return -EOPNOTSUPP;
}

static int session_tap_vcpus(struct vmitap_session *session, struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	int ret;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		struct vmitap_tap *tap;

		ret = session_check_vcpu(vcpu);
		if (ret)
			return ret;
		tap = session_find_or_create_tap(session->vm, vcpu);
		if (!tap)
			return -ENOMEM;
		ret = session_add_ring(session, tap, false);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Take the session's rings from the hooks, and the VM's taps if it was the last
 * session.  On return nothing of the session is in use by any vCPU.
 */
static void session_untap(struct vmitap_session *session)
{
	struct vmitap_vm *vm = session->vm;
	struct vmitap_tap *tap, *next;
	struct vmitap_ring *ring;
	LIST_HEAD(removed);
	unsigned long i;

	list_del_init(&session->node);
	xa_for_each(&session->rings, i, ring) {
		list_for_each_entry(tap, &vm->taps, vm_node)
			if (vmitap_tap_unlink(tap, ring))
				break;
		WRITE_ONCE(ring->stopped, true);
		wake_up_all(&ring->space_wq);
	}
	if (list_empty(&vm->sessions)) {
		list_for_each_entry_safe(tap, next, &vm->taps, vm_node) {
			vmitap_tap_remove(tap);
			list_add(&tap->vm_node, &removed);
		}
	}
	vmitap_hook_barrier();
	synchronize_rcu();
	list_for_each_entry_safe(tap, next, &removed, vm_node)
		kfree(tap);
	if (list_empty(&vm->sessions))
		vmitap_vm_free(vm);
	session->vm = NULL;
}

static void session_free_rings(struct vmitap_session *session)
{
	struct vmitap_ring *ring;
	unsigned long i;

	xa_for_each(&session->rings, i, ring) {
		/* A vCPU that waited sees @stopped within a millisecond. */
		while (refcount_read(&ring->ref) > 1)
			schedule_timeout_uninterruptible(1);
		vmitap_ring_put(ring);
	}
	xa_destroy(&session->rings);
	session->nr_rings = 0;
}

/**
 * vmitap_session_destroy() - the file was closed
 * @session: session; freed
 */
void vmitap_session_destroy(struct vmitap_session *session)
{
	mutex_lock(&vmitap_lock);
	if (session->vm) {
		if (session_is_lossless(session))
			vmitap_hooks_put_handle_exit();
		session_untap(session);
		vmitap_hooks_put();
	}
	session_free_rings(session);
	mutex_unlock(&vmitap_lock);

	irq_work_sync(&session->work);
	if (session->evt)
		eventfd_ctx_put(session->evt);
	vmitap_cfg_free(session->cfg);
	put_pid(session->opener);
	kfree(session);
}

static int session_enter_vm(struct vmitap_session *session, struct kvm *kvm)
{
	struct vmitap_vm *vm = vmitap_vm_find(kvm);
	struct list_head *pos;
	unsigned int nr = 0;
	int ret;

	if (!vm)
		vm = vmitap_vm_create(kvm);
	if (!vm)
		return -ENOMEM;
	list_for_each(pos, &vm->sessions)
		nr++;
	if (nr >= VMITAP_MAX_SESSIONS)
		return -EUSERS;
	session->vm = vm;
	list_add_tail(&session->node, &vm->sessions);

	/*
	 * Every vCPU is found either here or by the vcpu_create hook: one that
	 * is being created is counted already but not online yet, and a later
	 * one cannot be counted before kvm->lock is released.
	 */
	mutex_lock(&kvm->lock);
	if (kvm->created_vcpus != atomic_read(&kvm->online_vcpus))
		ret = -EBUSY;
	else
		ret = session_tap_vcpus(session, kvm);
	mutex_unlock(&kvm->lock);
	if (ret) {
		session_untap(session);
		session_free_rings(session);
	}
	return ret;
}

/**
 * vmitap_session_attach() - tap a VM, with capture off
 * @session: session, not attached
 * @kvm: KVM's VM; the caller holds a reference
 * @ring_bytes: data size of each ring, checked by the caller
 * @nr_rings: rings made
 *
 * Return: 0 or -errno as in the uapi header.
 */
int vmitap_session_attach(struct vmitap_session *session, struct kvm *kvm,
			  u32 ring_bytes, u32 *nr_rings)
{
	char refusal[sizeof_field(struct vmitap_query, out_refusal)];
	static const struct vmitap_config none = {};
	struct vmitap_cfg *cfg;
	int ret;

	cfg = vmitap_cfg_create(&none);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);

	mutex_lock(&vmitap_lock);
	if (session->vm) {
		ret = -EBUSY;
		goto err_unlock;
	}
	ret = vmitap_hooks_get(refusal, sizeof(refusal));
	if (ret) {
		pr_err("%s\n", refusal);
		goto err_unlock;
	}
	session->cfg = cfg;
	session->ring_bytes = ring_bytes;
	ret = session_enter_vm(session, kvm);
	if (ret) {
		session->cfg = NULL;
		vmitap_hooks_put();
		goto err_unlock;
	}
	*nr_rings = session->nr_rings;
	mutex_unlock(&vmitap_lock);
	return 0;

err_unlock:
	mutex_unlock(&vmitap_lock);
	vmitap_cfg_free(cfg);
	return ret;
}

static int session_check_attached(const struct vmitap_session *session)
{
	lockdep_assert_held(&vmitap_lock);

	if (!session->vm)
		return -ENOTCONN;
	return session->vm->kvm ? 0 : -EPIPE;
}

/* Publish @cfg, which the session owns from now on, and free the old one. */
static void session_replace_cfg(struct vmitap_session *session, struct vmitap_cfg *cfg)
{
	struct vmitap_cfg *old = session->cfg;
	bool was_lossless = session_is_lossless(session);

	session->cfg = cfg;
	if (session_is_lossless(session) && !was_lossless)
		vmitap_hooks_get_handle_exit();
	session_publish(session);
	if (was_lossless && !session_is_lossless(session))
		vmitap_hooks_put_handle_exit();
	vmitap_cfg_free(old);
}

/**
 * vmitap_session_config() - replace what is captured
 * @session: session
 * @cfg: new configuration; consumed, also on error
 *
 * Return: 0 or -errno.
 */
int vmitap_session_config(struct vmitap_session *session, struct vmitap_cfg *cfg)
{
	int ret;

	mutex_lock(&vmitap_lock);
	ret = session_check_attached(session);
	if (!ret && cfg->watermark > session->ring_bytes / 2)
		ret = -EINVAL;
	if (!ret) {
		/* The filter stays. */
		if (session->cfg->prog) {
			bpf_prog_inc(session->cfg->prog);
			vmitap_cfg_set_filter(cfg, session->cfg->prog);
		}
		session_replace_cfg(session, cfg);
		cfg = NULL;
	}
	mutex_unlock(&vmitap_lock);
	vmitap_cfg_free(cfg);
	return ret;
}

/**
 * vmitap_session_filter() - replace or remove the filter
 * @session: session
 * @prog_fd: BPF program, or -1 for none
 *
 * Return: 0 or -errno.
 */
int vmitap_session_filter(struct vmitap_session *session, int prog_fd)
{
	struct bpf_prog *prog = NULL;
	struct vmitap_cfg *cfg;
	int ret;

	if (prog_fd != -1) {
		prog = vmitap_filter_get(prog_fd);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
	}
	mutex_lock(&vmitap_lock);
	ret = session_check_attached(session);
	if (ret)
		goto err_put_prog;
	cfg = vmitap_cfg_clone(session->cfg, prog);
	if (IS_ERR(cfg)) {
		ret = PTR_ERR(cfg);
		goto err_put_prog;
	}
	session_replace_cfg(session, cfg);
	mutex_unlock(&vmitap_lock);
	return 0;

err_put_prog:
	mutex_unlock(&vmitap_lock);
	vmitap_filter_put(prog);
	return ret;
}

/**
 * vmitap_session_enable() - switch capture on or off
 * @session: session
 * @enable: on
 *
 * Off, also when it is off already, lets rings with room tell about loss that
 * their readers have not been told of yet.
 *
 * Return: 0 or -errno.
 */
int vmitap_session_enable(struct vmitap_session *session, bool enable)
{
	struct vmitap_ring *ring;
	unsigned long i;
	int ret;

	mutex_lock(&vmitap_lock);
	ret = session_check_attached(session);
	if (ret)
		goto out;
	session->enabled = enable;
	session_publish(session);
	if (!enable) {
		xa_for_each(&session->rings, i, ring)
			vmitap_ring_flush_lost(ring);
	}
out:
	mutex_unlock(&vmitap_lock);
	return ret;
}

static void stats_add_ring(struct vmitap_stats *stats, struct vmitap_ring *ring)
{
	const struct vmitap_ring_producer *prod = ring->prod;
	u64 events = READ_ONCE(ring->seq);
	int i;

	/* Each event got a number, written or lost. */
	for (i = 0; i < VMITAP_NR_LOST; i++)
		events -= READ_ONCE(prod->lost[i]);
	stats->out_events += events;
	stats->out_bytes += READ_ONCE(prod->producer_pos);
	for (i = 0; i < VMITAP_NR_LOST; i++)
		stats->out_lost[i] += READ_ONCE(prod->lost[i]);
	for (i = 0; i < VMITAP_NR_FILTERED; i++)
		stats->out_filtered[i] += READ_ONCE(prod->filtered[i]);
	stats->out_waits += READ_ONCE(prod->waits);
	stats->out_wait_ns += READ_ONCE(prod->wait_ns);
	stats->out_wakeups += READ_ONCE(prod->wakeups);
}

/**
 * vmitap_session_stats() - sum up the session's counters
 * @session: session
 * @stats: out_* members, zeroed by the caller
 *
 * Return: 0 or -ENOTCONN.
 */
int vmitap_session_stats(struct vmitap_session *session, struct vmitap_stats *stats)
{
	struct vmitap_ring *ring;
	unsigned long i;
	int ret = 0;

	mutex_lock(&vmitap_lock);
	if (!session->vm) {
		ret = -ENOTCONN;
		goto out;
	}
	stats->out_nr_rings = session->nr_rings;
	stats->out_vm_gone = !session->vm->kvm;
	stats->out_untapped_vcpus = session->nr_untapped;
	xa_for_each(&session->rings, i, ring)
		stats_add_ring(stats, ring);
out:
	mutex_unlock(&vmitap_lock);
	return ret;
}

/**
 * vmitap_session_ring() - where a ring is
 * @session: session
 * @info: index on input, out_* members on output
 *
 * Return: 0, -ENOTCONN, -ENOENT if there is no such ring.
 */
int vmitap_session_ring(struct vmitap_session *session, struct vmitap_ring_info *info)
{
	struct vmitap_ring *ring;
	int ret = 0;

	mutex_lock(&vmitap_lock);
	if (!session->vm) {
		ret = -ENOTCONN;
		goto out;
	}
	ring = xa_load(&session->rings, info->index);
	if (!ring) {
		ret = -ENOENT;
		goto out;
	}
	info->out_vcpu_id = ring->vcpu_id;
	info->out_mmap_offset = (u64)ring->index << 32;
	info->out_mmap_bytes = 2 * PAGE_SIZE + 2 * (u64)ring->bytes;
	if (session->rings_seen <= info->index)
		WRITE_ONCE(session->rings_seen, info->index + 1);
out:
	mutex_unlock(&vmitap_lock);
	return ret;
}

/**
 * vmitap_session_eventfd() - set or remove the eventfd
 * @session: session
 * @fd: eventfd, or -1 for none
 *
 * Return: 0, or -EBADF or -EINVAL if @fd is no eventfd.
 */
int vmitap_session_eventfd(struct vmitap_session *session, int fd)
{
	struct eventfd_ctx *evt = NULL;

	if (fd != -1) {
		evt = eventfd_ctx_fdget(fd);
		if (IS_ERR(evt))
			return PTR_ERR(evt);
	}
	spin_lock_irq(&session->evt_lock);
	swap(session->evt, evt);
	spin_unlock_irq(&session->evt_lock);
	if (evt)
		eventfd_ctx_put(evt);
	return 0;
}

/**
 * vmitap_session_release_vcpus() - let waiting vCPUs look for room again
 * @session: session
 *
 * Return: 0 or -ENOTCONN.
 */
int vmitap_session_release_vcpus(struct vmitap_session *session)
{
	struct vmitap_ring *ring;
	unsigned long i;
	int ret = -ENOTCONN;

	mutex_lock(&vmitap_lock);
	if (session->vm) {
		xa_for_each(&session->rings, i, ring)
			wake_up_all(&ring->space_wq);
		ret = 0;
	}
	mutex_unlock(&vmitap_lock);
	return ret;
}

/**
 * vmitap_session_get_ring() - find a ring
 * @session: session, kept open by the caller
 * @index: of the ring
 *
 * Takes no mutex: mmap() comes here with the address space locked, and ioctls
 * touch user memory.
 *
 * Return: the ring with a reference, or NULL.
 */
struct vmitap_ring *vmitap_session_get_ring(struct vmitap_session *session, u32 index)
{
	struct vmitap_ring *ring = xa_load(&session->rings, index);

	/* Rings go away only with the file, or with a failed ATTACH. */
	if (ring && !refcount_inc_not_zero(&ring->ref))
		ring = NULL;
	return ring;
}

/**
 * vmitap_session_poll() - is there something to read?
 * @session: session
 * @file: for poll_wait()
 * @wait: for poll_wait()
 *
 * Return: EPOLLIN if a ring holds a watermark's worth or a vCPU waits for room,
 * EPOLLPRI if there is a ring not asked about yet, EPOLLHUP if the VM is gone,
 * EPOLLERR if not attached.
 */
__poll_t vmitap_session_poll(struct vmitap_session *session, struct file *file,
			     poll_table *wait)
{
	struct vmitap_ring *ring;
	__poll_t events = 0;
	unsigned long i;

	poll_wait(file, &session->wq, wait);
	atomic_set(&session->armed, 1);
	/*
	 * Order the wish to be woken against the look at the positions; pairs
	 * with smp_mb() in vmitap_ring_commit_slow().
	 */
	smp_mb();
	mutex_lock(&vmitap_lock);
	if (!session->vm) {
		events = EPOLLERR;
		goto out;
	}
	if (!session->vm->kvm)
		events |= EPOLLHUP;
	if (session->rings_seen < session->nr_rings)
		events |= EPOLLPRI;
	xa_for_each(&session->rings, i, ring) {
		u32 state = READ_ONCE(ring->prod->state);
		u64 enough = state & VMITAP_RING_DEAD ? 1 :
			vmitap_cfg_watermark(session->cfg, ring->bytes);

		if (state & VMITAP_RING_WAITING || vmitap_ring_unread(ring) >= enough)
			events |= EPOLLIN | EPOLLRDNORM;
	}
out:
	mutex_unlock(&vmitap_lock);
	return events;
}

/**
 * vmitap_session_vcpu_created() - KVM created a vCPU
 * @vcpu: the vCPU; nobody can run it yet
 *
 * Without memory, or if the layout does not match, the vCPU runs untapped: KVM
 * must not fail on account of us.
 */
void vmitap_session_vcpu_created(struct kvm_vcpu *vcpu)
{
	struct vmitap_session *session;
	struct vmitap_tap *tap = NULL;
	struct vmitap_vm *vm;

	mutex_lock(&vmitap_lock);
	vm = vmitap_vm_find(vcpu->kvm);
	if (!vm)
		goto out;
	if (!session_check_vcpu(vcpu))
		tap = vmitap_tap_create(vm, vcpu);
	list_for_each_entry(session, &vm->sessions, node) {
		if (!tap || session_add_ring(session, tap, true))
			session->nr_untapped++;
		wake_up_all(&session->wq);
	}
out:
	mutex_unlock(&vmitap_lock);
}

/* The rings of a vCPU that will never run again. */
static void session_end_tap(struct vmitap_tap *tap, bool vm_gone)
{
	struct vmitap_ring *ring;

	vmitap_tap_remove(tap);
	vmitap_for_each_ring(ring, tap) {
		struct vmitap_session *session = ring->session;
		bool tell = session->enabled &&
			session->cfg->classes & VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU);

		vmitap_ring_finish(ring, tell, vm_gone);
		vmitap_session_wake(session, ring);
		wake_up_all(&session->wq);
	}
	kfree_rcu(tap, rcu);
}

/**
 * vmitap_session_vcpu_freed() - KVM frees a vCPU
 * @vcpu: the vCPU; if its VM is still tapped, its creation failed
 */
void vmitap_session_vcpu_freed(struct kvm_vcpu *vcpu)
{
	struct vmitap_tap *tap;

	mutex_lock(&vmitap_lock);
	tap = vmitap_tap_find(vcpu);
	if (tap)
		session_end_tap(tap, false);
	mutex_unlock(&vmitap_lock);
}

/**
 * vmitap_session_vm_destroyed() - KVM destroys a VM
 * @kvm: the VM; none of its vCPUs can run again
 */
void vmitap_session_vm_destroyed(struct kvm *kvm)
{
	struct vmitap_session *session;
	struct vmitap_tap *tap, *next;
	struct vmitap_vm *vm;

	mutex_lock(&vmitap_lock);
	vm = vmitap_vm_find(kvm);
	if (!vm)
		goto out;
	vm->kvm = NULL;
	list_for_each_entry_safe(tap, next, &vm->taps, vm_node)
		session_end_tap(tap, true);
	list_for_each_entry(session, &vm->sessions, node)
		wake_up_all(&session->wq);
out:
	mutex_unlock(&vmitap_lock);
}
