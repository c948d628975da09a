// SPDX-License-Identifier: GPL-2.0-only
/*
 * await.c - sessions that are attached to a VM before it is made
 *
 * Such a session has a VM of its own meanwhile, a struct vmitap_vm with no KVM's VM
 * behind it, so that it can be configured as any other.  It is filled in when the VM
 * gets its first vCPU: KVM may fail to make a VM until late, which its VMM then tries
 * again, and VMMs make VMs just to see what KVM can do.
 */
#include <linux/sched/mm.h>

#include "await.h"
#include "session.h"
#include "tap.h"

static LIST_HEAD(awaiting);

/**
 * vmitap_await_begin() - attach a session to the next VM that is made
 * @session: session, not attached; the hooks are in
 * @mm: memory of the process that will make it, or NULL for any process
 *
 * Return: 0 or -ENOMEM.
 */
int vmitap_await_begin(struct vmitap_session *session, struct mm_struct *mm)
{
	lockdep_assert_held(&vmitap_lock);

	session->vm = vmitap_vm_create(NULL);
	if (!session->vm)
		return -ENOMEM;
	list_add_tail(&session->node, &session->vm->sessions);
	if (mm)
		mmgrab(mm);
	session->awaited_mm = mm;
	list_add_tail(&session->await_node, &awaiting);
	return 0;
}

/**
 * vmitap_await_end() - the session does not wait for a VM, or not any more
 * @session: session
 */
void vmitap_await_end(struct vmitap_session *session)
{
	struct mm_struct *mm = session->awaited_mm;

	lockdep_assert_held(&vmitap_lock);

	list_del_init(&session->await_node);
	/* Nobody looks at it any more when the reference goes. */
	xa_lock(&session->rings);
	session->awaited_mm = NULL;
	xa_unlock(&session->rings);
	if (mm)
		mmdrop(mm);
}

/**
 * vmitap_await_is_in_vain() - can the VM not come any more?
 * @session: session that may wait for its VM; the caller holds vmitap_lock or the lock of
 *	its rings
 *
 * Nobody is woken when it gets so.  It stays so: memory that nobody uses is used by nobody
 * ever again, and KVM does nothing for a VM of other memory than the caller's.
 *
 * Return: true if the process that was to make it ended, or executed another program.
 */
bool vmitap_await_is_in_vain(const struct vmitap_session *session)
{
	return session->awaited_mm && !atomic_read(&session->awaited_mm->mm_users);
}

/* Whoever awaits several VMs gets one session attached to each. */
static bool has_session_of(const struct vmitap_vm *vm, const struct pid *opener)
{
	struct vmitap_session *session;

	list_for_each_entry(session, &vm->sessions, node)
		if (session->opener == opener)
			return true;
	return false;
}

static unsigned int count_sessions(const struct vmitap_vm *vm)
{
	struct list_head *pos;
	unsigned int nr = 0;

	list_for_each(pos, &vm->sessions)
		nr++;
	return nr;
}

/* Bring the session, and what it holds of its VM, to another. */
static void join(struct vmitap_session *session, struct vmitap_vm *vm)
{
	struct vmitap_vm *own = session->vm;

	list_move_tail(&session->node, &vm->sessions);
	session->vm = vm;
	vmitap_vm_free(own);
}

/**
 * vmitap_await_first_vcpu() - a VM gets its first vCPU
 * @kvm: the VM
 * @vm: the same if somebody attached to it already, or NULL
 *
 * Return: the VM if it was awaited, tapped from now on; else @vm.
 */
struct vmitap_vm *vmitap_await_first_vcpu(struct kvm *kvm, struct vmitap_vm *vm)
{
	struct vmitap_session *session, *next;

	lockdep_assert_held(&vmitap_lock);

	list_for_each_entry_safe(session, next, &awaiting, await_node) {
		if (session->awaited_mm && session->awaited_mm != kvm->mm)
			continue;
		if (!vm) {
			vm = session->vm;
			vm->kvm = kvm;
		} else if (has_session_of(vm, session->opener) ||
			   count_sessions(vm) >= VMITAP_MAX_SESSIONS) {
			continue;
		} else {
			join(session, vm);
		}
		vmitap_await_end(session);
		irq_work_queue(&session->work);
	}
	return vm;
}
