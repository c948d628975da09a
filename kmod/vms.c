// SPDX-License-Identifier: GPL-2.0-only
/*
 * vms.c - list and find the VMs of this host
 *
 * The caller keeps KVM pinned with vmitap_kvm_get().
 */
#include <linux/file.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "backend.h"
#include "compat/compat.h"
#include "session.h"
#include "symbols.h"
#include "tap.h"
#include "vms.h"

/* A thread that has the VM's memory, or NULL; under RCU, which keeps it. */
static struct task_struct *vm_find_thread(struct kvm *kvm)
{
	struct task_struct *process, *thread;

	/* Mostly it is the one that made it: on a big host all of them take long. */
	thread = pid_task(find_pid_ns(kvm->userspace_pid, &init_pid_ns), PIDTYPE_PID);
	if (thread && READ_ONCE(thread->mm) == kvm->mm)
		return thread;
	for_each_process(process) {
		if (process->flags & PF_KTHREAD)
			continue;
		/* The main thread may have ended before the others. */
		for_each_thread(process, thread)
			if (READ_ONCE(thread->mm) == kvm->mm)
				return thread;
	}
	return NULL;
}

/* Does not sleep.  @more: PTRACE_MODE_NOAUDIT or 0. */
static int check_right(struct task_struct *thread, unsigned int more)
{
	return static_call(vmitap_ptrace_may_access)(thread,
			PTRACE_MODE_ATTACH_FSCREDS | more) ? 0 : -EPERM;
}

/* The right over a VM.  Over a thread that lost its memory meanwhile it takes less. */
static int vm_check_right(struct kvm *kvm)
{
	struct task_struct *thread;
	int ret = -ESRCH;

	rcu_read_lock();
	thread = vm_find_thread(kvm);
	if (thread)
		ret = check_right(thread, 0);
	if (!ret && READ_ONCE(thread->mm) != kvm->mm)
		ret = -ESRCH;
	rcu_read_unlock();
	return ret;
}

/*
 * The memory of any thread, as the main thread may have ended before the others.  The
 * right over that thread comes first: once it lost its memory it takes less.
 */
static struct mm_struct *process_get_mm(struct task_struct *process)
{
	struct task_struct *thread;
	struct mm_struct *mm = NULL;
	int ret = 0;

	rcu_read_lock();
	for_each_thread(process, thread) {
		if (!READ_ONCE(thread->mm))
			continue;
		ret = check_right(thread, 0);
		if (!ret)
			mm = get_task_mm(thread);
		if (ret || mm)
			break;
	}
	if (!ret && !mm)
		ret = check_right(process, 0) ?: -ENXIO;
	rcu_read_unlock();
	return ret ? ERR_PTR(ret) : mm;
}

/**
 * vmitap_vms_check_any() - may the VMs of any process be tapped?
 *
 * There is no process to ask about yet, so it is init that security modules are asked
 * about, which is nobody's to trace where they keep processes apart.
 *
 * Return: 0 or -EPERM.
 */
int vmitap_vms_check_any(void)
{
	struct task_struct *init;
	int ret = -EPERM;

	if (!capable(CAP_SYS_PTRACE))
		return ret;
	rcu_read_lock();
	init = pid_task(find_pid_ns(1, &init_pid_ns), PIDTYPE_TGID);
	if (init)
		ret = check_right(init, 0);
	rcu_read_unlock();
	return ret;
}

/**
 * vmitap_vms_get_mm() - the memory of a process that may be tapped
 * @pid: in the caller's PID namespace
 *
 * Return: the memory, to be given back by mmdrop(), or ERR_PTR: -ESRCH, -EPERM, -EINTR,
 * -ENXIO if it has none.
 */
struct mm_struct *vmitap_vms_get_mm(u32 pid)
{
	struct task_struct *process;
	struct mm_struct *mm;
	struct pid *ref;
	int ret;

	ref = find_get_pid(pid);
	process = get_pid_task(ref, PIDTYPE_TGID);
	put_pid(ref);
	if (!process)
		return ERR_PTR(-ESRCH);
	/* An exec() must not come between the right over the one and the other. */
	ret = down_read_killable(&process->signal->exec_update_lock);
	if (ret) {
		put_task_struct(process);
		return ERR_PTR(ret);
	}
	mm = process_get_mm(process);
	up_read(&process->signal->exec_update_lock);
	put_task_struct(process);
	if (IS_ERR(mm))
		return mm;
	mmgrab(mm);
	mmput(mm);
	return mm;
}

/**
 * vmitap_vms_get_by_pid() - the VM of a process
 * @pid: in the caller's PID namespace
 *
 * Return: KVM's VM with a reference, or ERR_PTR: -ESRCH, -ENXIO if the process
 * has no VM, -ENOTUNIQ if it has several, -EPERM, -EINTR.
 */
struct kvm *vmitap_vms_get_by_pid(u32 pid)
{
	struct mm_struct *mm = vmitap_vms_get_mm(pid);
	struct kvm *kvm, *found = NULL;
	int nr = 0;

	if (IS_ERR(mm))
		return ERR_CAST(mm);

	mutex_lock(vmitap_kvm.lock);
	list_for_each_entry(kvm, vmitap_kvm.vms, vm_list) {
		if (kvm->mm != mm)
			continue;
		if (!nr++)
			found = kvm;
	}
	/* One on its way out is no VM any more. */
	if (nr == 1 && !static_call(vmitap_kvm_get_kvm_safe)(found))
		nr = 0;
	mutex_unlock(vmitap_kvm.lock);
	mmdrop(mm);
	if (!nr)
		return ERR_PTR(-ENXIO);
	return nr == 1 ? found : ERR_PTR(-ENOTUNIQ);
}

/**
 * vmitap_vms_get_by_fd() - the VM of a file descriptor
 * @fd: of the caller
 *
 * Return: KVM's VM with a reference, or ERR_PTR: -EBADF, -ENXIO if it is no VM,
 * -ESRCH if no process has its memory any more, -EPERM.
 */
struct kvm *vmitap_vms_get_by_fd(int fd)
{
	struct file *file = fget(fd);
	struct kvm *kvm;
	int ret;

	if (!file)
		return ERR_PTR(-EBADF);
	if (!static_call(vmitap_file_is_kvm)(file)) {
		fput(file);
		return ERR_PTR(-ENXIO);
	}
	kvm = file->private_data;
	if (!static_call(vmitap_kvm_get_kvm_safe)(kvm))
		kvm = NULL;
	fput(file);
	if (!kvm)
		return ERR_PTR(-ENXIO);

	ret = vm_check_right(kvm);
	if (ret) {
		vmitap_vms_put(kvm);
		return ERR_PTR(ret);
	}
	return kvm;
}

/**
 * vmitap_vms_get() - keep a VM from being destroyed
 * @kvm: the VM; the caller knows that its memory is there yet
 *
 * Return: @kvm with a reference, or NULL if it is being destroyed.
 */
struct kvm *vmitap_vms_get(struct kvm *kvm)
{
	return static_call(vmitap_kvm_get_kvm_safe)(kvm) ? kvm : NULL;
}

/**
 * vmitap_vms_put() - drop the reference to a VM
 * @kvm: the VM; may be destroyed here, so vmitap_lock must not be held
 */
void vmitap_vms_put(struct kvm *kvm)
{
	lockdep_assert_not_held(&vmitap_lock);

	static_call(vmitap_kvm_put_kvm)(kvm);
}

/* Of a process that is gone the number is anybody's. */
static u32 opener_nr(struct pid *opener)
{
	bool alive;

	rcu_read_lock();
	alive = pid_task(opener, PIDTYPE_TGID);
	rcu_read_unlock();
	return alive ? pid_vnr(opener) : 0;
}

static void vm_fill_tappers(struct kvm *kvm, struct vmitap_vm_info *info)
{
	struct vmitap_vm *vm = vmitap_vm_find(kvm);
	struct vmitap_session *session;

	if (!vm)
		return;
	list_for_each_entry(session, &vm->sessions, node) {
		if (info->nr_sessions < VMITAP_MAX_SESSIONS)
			info->tapper_pids[info->nr_sessions] = opener_nr(session->opener);
		info->nr_sessions++;
	}
}

static void vm_fill_slots(struct kvm *kvm, struct vmitap_vm_info *info)
{
	struct kvm_memory_slot *slot;
	int idx, bkt;

	idx = srcu_read_lock(&kvm->srcu);
	kvm_for_each_memslot(slot, bkt, kvm_memslots(kvm)) {
		if (slot->id >= KVM_USER_MEM_SLOTS)
			continue;
		info->nr_slots++;
		info->mem_bytes += (u64)slot->npages << PAGE_SHIFT;
	}
	srcu_read_unlock(&kvm->srcu, idx);
}

static void vm_fill_process(struct kvm *kvm, struct vmitap_vm_info *info)
{
	struct task_struct *thread;

	rcu_read_lock();
	thread = vm_find_thread(kvm);
	if (thread) {
		info->pid = task_tgid_nr_ns(thread, task_active_pid_ns(current));
		strscpy(info->comm, thread->group_leader->comm, sizeof(info->comm));
		/* Nobody tried to attach, so nobody need be told. */
		if (check_right(thread, PTRACE_MODE_NOAUDIT))
			info->state |= VMITAP_VM_NO_RIGHT;
	}
	rcu_read_unlock();
}

static void vm_fill(struct kvm *kvm, struct vmitap_vm_info *info)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	memset(info, 0, sizeof(*info));
	info->vendor = vmitap_backend->vendor;
	vm_fill_process(kvm, info);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		info->nr_vcpus++;
		if (vmitap_compat_is_guest_mode(vcpu))
			info->state |= VMITAP_VM_NESTED;
		if (vmitap_compat_state_hidden(vcpu))
			info->state |= VMITAP_VM_PROTECTED;
	}
	vm_fill_slots(kvm, info);
	vm_fill_tappers(kvm, info);
}

/**
 * vmitap_vms_list() - list the VMs
 * @vms: entries to fill
 * @room: in @vms
 * @nr: VMs there are, also if there are more than @room
 *
 * Return: 0.
 */
int vmitap_vms_list(struct vmitap_vm_info *vms, u32 room, u32 *nr)
{
	struct kvm *kvm;

	lockdep_assert_held(&vmitap_lock);

	*nr = 0;
	mutex_lock(vmitap_kvm.lock);
	list_for_each_entry(kvm, vmitap_kvm.vms, vm_list) {
		if (*nr < room)
			vm_fill(kvm, &vms[*nr]);
		(*nr)++;
	}
	mutex_unlock(vmitap_kvm.lock);
	return 0;
}

/* One vCPU tells of all: memory is encrypted for all of them. */
static bool vm_hides_memory(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		return vmitap_compat_state_hidden(vcpu) ||
		       (!vmitap_backend->check_vcpu(vcpu) &&
			vmitap_backend->hides_memory(vcpu));
	return false;
}

static u32 slot_flags(struct kvm *kvm, const struct kvm_memory_slot *slot, bool hidden)
{
	u32 flags = 0;

	if (slot->flags & KVM_MEM_READONLY)
		flags |= VMITAP_SLOT_READONLY;
	if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES)
		flags |= VMITAP_SLOT_LOG_DIRTY;
	if (hidden || vmitap_compat_slot_hidden(kvm, slot))
		flags |= VMITAP_SLOT_HIDDEN;
	return flags;
}

/**
 * vmitap_vms_slots() - list the memory slots of a VM
 * @kvm: the VM
 * @slots: entries to fill
 * @room: in @slots
 * @nr: slots there are, also if there are more than @room
 *
 * Return: 0.
 */
int vmitap_vms_slots(struct kvm *kvm, struct vmitap_slot *slots, u32 room, u32 *nr)
{
	bool hidden = vm_hides_memory(kvm);
	struct kvm_memory_slot *slot;
	int idx, bkt;

	*nr = 0;
	idx = srcu_read_lock(&kvm->srcu);
	kvm_for_each_memslot(slot, bkt, kvm_memslots(kvm)) {
		/* KVM's own are not the VMM's memory. */
		if (slot->id >= KVM_USER_MEM_SLOTS)
			continue;
		if (*nr < room) {
			struct vmitap_slot *to = &slots[*nr];

			to->gpa = slot->base_gfn << PAGE_SHIFT;
			to->bytes = (u64)slot->npages << PAGE_SHIFT;
			to->hva = slot->userspace_addr;
			to->id = slot->id;
			to->flags = slot_flags(kvm, slot, hidden);
		}
		(*nr)++;
	}
	srcu_read_unlock(&kvm->srcu, idx);
	return 0;
}
