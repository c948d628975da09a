// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - attach, configure, detach; follow the VM's life
 */
#include <linux/eventfd.h>
#include <linux/memcontrol.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "await.h"
#include "backend.h"
#include "compat/compat.h"
#include "config.h"
#include "filter.h"
#include "hook.h"
#include "linger.h"
#include "pause.h"
#include "regs.h"
#include "ring.h"
#include "session.h"
#include "tap.h"
#include "trap.h"
#include "vms.h"

/* So many rings of vCPUs that never were does a session keep. */
#define MAX_FAILED	64

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
	INIT_LIST_HEAD(&session->await_node);
	xa_init(&session->rings);
	init_waitqueue_head(&session->wq);
	spin_lock_init(&session->evt_lock);
	init_irq_work(&session->work, vmitap_session_irq_work);
	session->opener = get_pid(task_tgid(current));
	return session;
}

static bool session_needs_wait(const struct vmitap_session *session)
{
	return session->paused || session->cfg->flags & VMITAP_CFG_LOSSLESS ||
	       session->cfg->classes & VMITAP_CLASSES_TRAP;
}

/* Before something is published that needs the hook. */
static void session_get_wait(struct vmitap_session *session)
{
	if (session->holds_wait || !session_needs_wait(session))
		return;
	vmitap_hooks_get_wait();
	session->holds_wait = true;
}

/* After what needed the hook has been taken back. */
static void session_put_wait(struct vmitap_session *session)
{
	if (!session->holds_wait || session_needs_wait(session))
		return;
	/* Else when it is closed, or configured again. */
	if (!vmitap_trap_drain(session->vm))
		return;
	vmitap_hooks_put_wait();
	session->holds_wait = false;
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
	/* What was told once was not told this configuration. */
	WRITE_ONCE(ring->told_blind, false);
	vmitap_ring_look_again(ring);
}

/* What the taps remember may be of long ago, or is to be found out and told anew. */
static void session_forget(struct vmitap_session *session)
{
	struct vmitap_tap *tap;

	list_for_each_entry(tap, &session->vm->taps, vm_node) {
		if (session->cfg->prog)
			WRITE_ONCE(tap->exit_tsc, 0);
		WRITE_ONCE(tap->blind, VMITAP_BLIND_UNKNOWN);
	}
}

/* On return no hook uses the previous state any more. */
static void session_publish(struct vmitap_session *session)
{
	struct vmitap_ring *ring;
	unsigned long i;

	xa_for_each(&session->rings, i, ring)
		session_publish_cfg(session, ring);
	vmitap_trap_update(session->vm);
	session_forget(session);
	/* A hook comes to a session, and to its configuration, by a ring only. */
	if (xa_empty(&session->rings))
		return;
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

	if (session->nr_failed >= MAX_FAILED)
		return -ENOSPC;
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

	if (vmitap_compat_state_hidden(vcpu)) {
		pr_err_ratelimited("hardware hides the state of vCPU %d (SEV-ES, SEV-SNP, TDX): only VMs that are not protected can be tapped\n",
				   vcpu->vcpu_id);
		return -EOPNOTSUPP;
	}
	mismatch = vmitap_backend->check_vcpu(vcpu);
	if (!mismatch)
		return 0;
	pr_err_ratelimited("vCPU %d: %s: this KVM is not laid out as expected: get a vmitap that knows this kernel\n",
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
 * session.  On return nothing of the session is in use by any vCPU, but rings that one has a
 * reference to.
 *
 * Return: true if its use of the hooks has to outlast it, and does.
 */
static bool session_untap(struct vmitap_session *session)
{
	struct vmitap_vm *vm = session->vm;
	struct vmitap_ring *ring;
	struct vmitap_tap *tap;
	LIST_HEAD(removed);
	unsigned long i;
	bool lingers;

	list_del_init(&session->node);
	vmitap_await_end(session);
	if (session->paused) {
		session->paused = false;
		vmitap_pause_end(vm);
	}
	xa_for_each(&session->rings, i, ring) {
		list_for_each_entry(tap, &vm->taps, vm_node)
			if (vmitap_tap_unlink(tap, ring))
				break;
		WRITE_ONCE(ring->stopped, true);
		wake_up_all(&ring->space_wq);
	}
	vmitap_trap_update(vm);
	lingers = session->holds_wait && !vmitap_trap_drain(vm);
	if (lingers)
		vmitap_linger_begin(vm);
	if (list_empty(&vm->sessions) && !vm->lingering)
		vmitap_vm_remove_taps(vm, &removed);
	vmitap_hook_barrier();
	synchronize_rcu();
	vmitap_taps_free(&removed);
	if (list_empty(&vm->sessions) && !vm->lingering)
		vmitap_vm_free(vm);
	session->vm = NULL;
	return lingers;
}

static void session_free_rings(struct vmitap_session *session)
{
	struct vmitap_ring *ring;
	unsigned long i;

	xa_for_each(&session->rings, i, ring) {
		/* Out of reach for mmap() before it may be freed. */
		xa_erase(&session->rings, i);
		vmitap_ring_put(ring);
	}
	xa_destroy(&session->rings);
	WRITE_ONCE(session->nr_rings, 0);
}

/**
 * vmitap_session_destroy() - the file was closed
 * @session: session; freed
 */
void vmitap_session_destroy(struct vmitap_session *session)
{
	mutex_lock(&vmitap_lock);
	if (session->vm && !session_untap(session)) {
		if (session->holds_wait)
			vmitap_hooks_put_wait();
		vmitap_hooks_put();
	}
	mutex_unlock(&vmitap_lock);

	vmitap_linger_calls();
	/* A vCPU may keep a ring for as long as its VMM likes, but nothing else of the session. */
	session_free_rings(session);
	irq_work_sync(&session->work);
	if (session->evt)
		eventfd_ctx_put(session->evt);
	vmitap_cfg_free(session->cfg);
	put_pid(session->opener);
	mem_cgroup_put(session->memcg);
	kfree(session);
}

/*
 * KVM holds this lock while it touches memory of the VMM, and waits for vCPUs that may be
 * paused.  Nobody else's VMs are to wait for that.
 */
static bool session_lock_kvm(struct kvm *kvm)
{
	unsigned long end = jiffies + HZ / 4;

	while (!mutex_trylock(&kvm->lock)) {
		if (time_after(jiffies, end) || fatal_signal_pending(current))
			return false;
		schedule_timeout_killable(1);
	}
	return true;
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
	ret = -EBUSY;
	if (session_lock_kvm(kvm)) {
		if (kvm->created_vcpus == atomic_read(&kvm->online_vcpus))
			ret = session_tap_vcpus(session, kvm);
		mutex_unlock(&kvm->lock);
	}
	/* A vCPU that had no tap until now may be one of a VM that is paused. */
	vmitap_trap_update(vm);
	if (ret) {
		session_untap(session);
		session_free_rings(session);
	}
	return ret;
}

/* The VM is @kvm, or if that is NULL the next one of @mm or any. */
static int session_attach(struct vmitap_session *session, struct kvm *kvm,
			  struct mm_struct *mm, u32 ring_bytes, u32 *nr_rings)
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
		pr_err_ratelimited("%s\n", refusal);
		goto err_unlock;
	}
	session->cfg = cfg;
	session->ring_bytes = ring_bytes;
	mem_cgroup_put(session->memcg);
	session->memcg = get_mem_cgroup_from_mm(current->mm);
	ret = kvm ? session_enter_vm(session, kvm) : vmitap_await_begin(session, mm);
	if (ret) {
		session->cfg = NULL;
		vmitap_hooks_put();
		goto err_unlock;
	}
	*nr_rings = session->nr_rings;
	/* Pairs with smp_load_acquire() in reader.c, which then looks at what is above. */
	smp_store_release(&session->attached, true);
	mutex_unlock(&vmitap_lock);
	return 0;

err_unlock:
	mutex_unlock(&vmitap_lock);
	vmitap_cfg_free(cfg);
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
	return session_attach(session, kvm, NULL, ring_bytes, nr_rings);
}

/**
 * vmitap_session_attach_next() - tap the next VM that is made, with capture off
 * @session: session, not attached
 * @mm: memory of the process that will make it, or NULL for any
 * @ring_bytes: data size of each ring, checked by the caller
 *
 * Return: 0 or -errno as in the uapi header.
 */
int vmitap_session_attach_next(struct vmitap_session *session, struct mm_struct *mm,
			       u32 ring_bytes)
{
	u32 nr_rings;

	return session_attach(session, NULL, mm, ring_bytes, &nr_rings);
}

/**
 * vmitap_session_vm_gone() - is the VM gone?
 * @session: session that is attached
 *
 * Return: true if it was there, or cannot come any more.
 */
bool vmitap_session_vm_gone(const struct vmitap_session *session)
{
	lockdep_assert_held(&vmitap_lock);

	return session->vm_gone || vmitap_await_is_in_vain(session);
}

/**
 * vmitap_session_check_vm() - is there a VM to ask something of?
 * @session: session
 *
 * Return: 0, -ENOTCONN if not attached, or to a VM that is not there yet, -EPIPE if
 * it is gone or cannot come any more.
 */
int vmitap_session_check_vm(const struct vmitap_session *session)
{
	lockdep_assert_held(&vmitap_lock);

	if (!session->vm)
		return -ENOTCONN;
	if (vmitap_session_vm_gone(session))
		return -EPIPE;
	return list_empty(&session->await_node) ? 0 : -ENOTCONN;
}

/* Can the session be configured?  One that waits for its VM can. */
static int session_check_attached(const struct vmitap_session *session)
{
	lockdep_assert_held(&vmitap_lock);

	if (!session->vm)
		return -ENOTCONN;
	return vmitap_session_vm_gone(session) ? -EPIPE : 0;
}

/* Publish @cfg, which the session owns from now on, and free the old one. */
static void session_replace_cfg(struct vmitap_session *session, struct vmitap_cfg *cfg)
{
	struct vmitap_cfg *old = session->cfg;

	session->cfg = cfg;
	/* Before a vCPU goes by it, as poll() must not go by the old one after that. */
	WRITE_ONCE(session->watermark, cfg->watermark);
	session_get_wait(session);
	session_publish(session);
	session_put_wait(session);
	vmitap_cfg_free(old);
}

/* Does hardware hide memory of the VM that this configuration is about? */
static bool session_hides(const struct vmitap_session *session, const struct vmitap_cfg *cfg)
{
	struct vmitap_tap *tap;

	if (!vmitap_cfg_reads_memory(cfg))
		return false;
	list_for_each_entry(tap, &session->vm->taps, vm_node)
		if (vmitap_backend->hides_memory(tap->vcpu))
			return true;
	return false;
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
	if (!ret && session_hides(session, cfg))
		ret = -EOPNOTSUPP;
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

static struct vmitap_tap *session_find_tap(struct vmitap_session *session, u32 vcpu_id)
{
	struct vmitap_tap *tap;

	list_for_each_entry(tap, &session->vm->taps, vm_node)
		if (tap->vcpu->vcpu_id == vcpu_id)
			return tap;
	return NULL;
}

/**
 * vmitap_session_regs() - read the registers of a vCPU
 * @session: session
 * @regs: vcpu_id on input, out_* members on output
 *
 * Return: 0 or -errno as in the uapi header.
 */
int vmitap_session_regs(struct vmitap_session *session, struct vmitap_regs *regs)
{
	struct kvm *kvm = NULL;
	struct vmitap_tap *tap;
	int ret;

	mutex_lock(&vmitap_lock);
	ret = vmitap_session_check_vm(session);
	if (ret)
		goto out;
	tap = session_find_tap(session, regs->vcpu_id);
	if (!tap) {
		ret = -ENOENT;
		goto out;
	}
	/* While KVM destroys a VM it loads the vCPUs without their mutexes. */
	kvm = vmitap_vms_get(session->vm->kvm);
	if (!kvm) {
		ret = -EPIPE;
		goto out;
	}
	vmitap_hooks_get_wait();
	ret = vmitap_regs_read(session->vm, tap, regs);
	vmitap_hooks_put_wait();
out:
	mutex_unlock(&vmitap_lock);
	if (kvm)
		vmitap_vms_put(kvm);
	return ret;
}

/* Does a vCPU that can run have no tap, for want of memory or as it was refused? */
static bool session_misses_vcpu(const struct vmitap_session *session)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, session->vm->kvm)
		if (!vmitap_tap_find(vcpu))
			return true;
	return false;
}

/**
 * vmitap_session_pause() - pause the VM, or end the session's pause
 * @session: session
 * @pause: pause
 *
 * Return: 0 or -errno.
 */
int vmitap_session_pause(struct vmitap_session *session, bool pause)
{
	int ret;

	mutex_lock(&vmitap_lock);
	ret = vmitap_session_check_vm(session);
	if (ret || pause == session->paused)
		goto out;
	if (pause && session_misses_vcpu(session)) {
		ret = -EOPNOTSUPP;
		goto out;
	}
	session->paused = pause;
	session_get_wait(session);
	if (pause)
		vmitap_pause_begin(session->vm);
	else
		vmitap_pause_end(session->vm);
	session_put_wait(session);
out:
	mutex_unlock(&vmitap_lock);
	return ret;
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
	if (!atomic_read(&vcpu->kvm->online_vcpus) && (!vm || list_empty(&vm->taps)))
		vm = vmitap_await_first_vcpu(vcpu->kvm, vm);
	if (!vm)
		goto out;
	if (!session_check_vcpu(vcpu))
		tap = vmitap_tap_create(vm, vcpu);
	list_for_each_entry(session, &vm->sessions, node) {
		if (!tap || session_add_ring(session, tap, true))
			session->nr_untapped++;
		irq_work_queue(&session->work);
	}
	vmitap_trap_update(vm);
out:
	mutex_unlock(&vmitap_lock);
}

/*
 * KVM could not make the vCPU after all.  Its VMM can have that as often as it likes, so
 * nothing is to be left of it: but what a reader may have been told of, which has an end.
 *
 * Return: true if the ring is gone.
 */
static bool session_undo_ring(struct vmitap_session *session, struct vmitap_ring *ring)
{
	if (ring->index + 1 != session->nr_rings || ring->index < session->rings_seen) {
		session->nr_failed++;
		return false;
	}
	WRITE_ONCE(session->nr_rings, ring->index);
	/* Out of reach for mmap() before it may be freed. */
	xa_erase(&session->rings, ring->index);
	vmitap_ring_put(ring);
	return true;
}

/* The ring of a vCPU that will never run again. */
static void session_finish_ring(struct vmitap_session *session, struct vmitap_ring *ring,
				bool vm_gone)
{
	bool tell = session->enabled &&
		    session->cfg->classes & VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU);

	vmitap_ring_finish(ring, tell, vm_gone);
	vmitap_session_wake(session, ring);
	irq_work_queue(&session->work);
}

/* A vCPU that will never run again, or never did. */
static void session_end_tap(struct vmitap_tap *tap, bool vm_gone)
{
	struct vmitap_ring *ring, *next;

	vmitap_tap_remove(tap);
	for (ring = rcu_dereference_protected(tap->rings, 1); ring != &vmitap_ring_end;
	     ring = next) {
		next = rcu_dereference_protected(ring->next, 1);
		if (vm_gone || !session_undo_ring(ring->session, ring))
			session_finish_ring(ring->session, ring, vm_gone);
	}
	kfree_rcu(tap, rcu);
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
	list_for_each_entry(session, &vm->sessions, node) {
		/* Pairs with smp_load_acquire() in vmitap_session_poll(). */
		smp_store_release(&session->vm_gone, true);
		irq_work_queue(&session->work);
	}
out:
	mutex_unlock(&vmitap_lock);
}

/**
 * vmitap_session_vcpu_freed() - KVM frees a vCPU
 * @vcpu: the vCPU: its creation failed, or its VM goes
 *
 * From v6.14 on ("KVM: x86: Free vCPUs before freeing VM state"), and in stable kernels,
 * the latter comes before the VM's own end is told.
 */
void vmitap_session_vcpu_freed(struct kvm_vcpu *vcpu)
{
	struct vmitap_tap *tap;

	if (!refcount_read(&vcpu->kvm->users_count)) {
		vmitap_session_vm_destroyed(vcpu->kvm);
		return;
	}
	mutex_lock(&vmitap_lock);
	tap = vmitap_tap_find(vcpu);
	if (tap)
		session_end_tap(tap, false);
	mutex_unlock(&vmitap_lock);
}
