/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - from an exit to the rings; included by each backend
 *
 * A template: the backend defines, before it includes this file,
 *
 *	struct capture_exit	what identifies an exit, at least the members
 *				class_id, reason, cpl, cr3
 *	capture_fill()		write the fixed part of a record
 *	capture_fill_fields()	write the selected sections behind it
 *	capture_fill_inject()	write an INJECT record
 *
 * so that the path of an exit has no indirect call.  Everything here runs with
 * interrupts off: no allocation, no sleep, no contended lock, no message.
 */
#ifndef VMITAP_CAPTURE_H
#define VMITAP_CAPTURE_H

#include "config.h"
#include "filter.h"
#include "ring.h"
#include "tap.h"

static noinline void capture_lost(struct vmitap_ring *ring, u32 class_id, u64 tsc)
{
	vmitap_ring_lose(ring, class_id, tsc, VMITAP_LOST_FULL);
}

/*
 * A full ring and a filter: whether the event would have been recorded decides
 * whether it is lost.  Slow, and there is nothing else to do.
 */
static noinline void capture_lost_unless_filtered(struct vmitap_tap *tap,
						  struct vmitap_ring *ring,
						  struct vmitap_cfg *cfg,
						  const struct capture_exit *exit)
{
	struct vmitap_exit rec;

	capture_fill(exit, &rec);
	rec.record.type = VMITAP_RECORD_EXIT;
	rec.record.size = sizeof(rec);
	rec.record.vcpu = ring->vcpu_id;
	rec.record.seq = ring->seq;
	rec.record.fields = 0;
	if (vmitap_filter_run(cfg->prog, &rec, tap->exit_tsc, tap->prev))
		capture_lost(ring, exit->class_id, exit->tsc);
	else
		ring->prod->filtered[VMITAP_FILTERED_BPF]++;
}

/* Does the event pass the configured CPL and CR3 filters? */
static __always_inline bool capture_wanted(struct vmitap_ring *ring,
					   const struct vmitap_cfg *cfg,
					   const struct capture_exit *exit)
{
	if (cfg->flags & VMITAP_CFG_CPL && !(cfg->cpl_mask & BIT(exit->cpl))) {
		ring->prod->filtered[VMITAP_FILTERED_CPL]++;
		return false;
	}
	if (cfg->flags & VMITAP_CFG_CR3 && !vmitap_cfg_has_cr3(cfg, exit->cr3)) {
		ring->prod->filtered[VMITAP_FILTERED_CR3]++;
		return false;
	}
	return true;
}

static __always_inline void capture_exit_to(struct vmitap_tap *tap,
					    struct vmitap_ring *ring,
					    const struct capture_exit *exit)
{
	struct vmitap_cfg *cfg = rcu_dereference_raw(ring->cfg);
	u32 class_id = exit->class_id;
	struct vmitap_exit *rec;
	u32 fields, size;

	if (unlikely(!cfg))
		return;
	if (!(cfg->classes & BIT_ULL(class_id))) {
		ring->prod->filtered[VMITAP_FILTERED_MASK]++;
		return;
	}
	if (unlikely(cfg->flags & (VMITAP_CFG_CPL | VMITAP_CFG_CR3)) &&
	    !capture_wanted(ring, cfg, exit))
		return;

	size = cfg->size[class_id];
	rec = vmitap_ring_reserve(ring, size);
	if (unlikely(!rec)) {
		if (cfg->prog)
			capture_lost_unless_filtered(tap, ring, cfg, exit);
		else
			capture_lost(ring, class_id, exit->tsc);
		return;
	}
	fields = cfg->fields[class_id];
	rec->record.type = VMITAP_RECORD_EXIT;
	rec->record.size = size;
	rec->record.vcpu = ring->vcpu_id;
	rec->record.seq = ring->seq;
	rec->record.fields = fields;
	capture_fill(exit, rec);
	if (fields)
		capture_fill_fields(exit, fields, rec + 1);
	if (cfg->prog &&
	    !vmitap_filter_run(cfg->prog, rec, tap->exit_tsc, tap->prev)) {
		ring->prod->filtered[VMITAP_FILTERED_BPF]++;
		return;
	}
	vmitap_ring_commit(ring, size);
}

/**
 * capture_exit() - give an exit to every session of the vCPU
 * @tap: the vCPU
 * @exit: the exit
 *
 * Return: true if the vCPU has to come by the handle_exit hook to wait for room.
 */
static __always_inline bool capture_exit(struct vmitap_tap *tap,
					 const struct capture_exit *exit)
{
	struct vmitap_ring *ring;
	bool low = false;

	for (ring = rcu_dereference_raw(tap->rings); ring;
	     ring = rcu_dereference_raw(ring->next)) {
		capture_exit_to(tap, ring, exit);
		low |= ring->low;
	}
	tap->exit_tsc = exit->tsc;
	tap->prev = exit->reason | (u64)exit->class_id << 32;
	return low;
}

/* Give the event that is about to be injected to every session of the vCPU. */
static noinline void capture_inject(struct vmitap_tap *tap,
				    const struct capture_exit *entry)
{
	const u32 size = sizeof(struct vmitap_inject);
	struct vmitap_ring *ring;

	for (ring = rcu_dereference_raw(tap->rings); ring;
	     ring = rcu_dereference_raw(ring->next)) {
		const struct vmitap_cfg *cfg = rcu_dereference_raw(ring->cfg);
		struct vmitap_inject *rec;

		if (!cfg)
			continue;
		if (!(cfg->classes & BIT_ULL(VMITAP_CLASS_INJECT))) {
			ring->prod->filtered[VMITAP_FILTERED_MASK]++;
			continue;
		}
		if (!capture_wanted(ring, cfg, entry))
			continue;
		rec = vmitap_ring_reserve(ring, size);
		if (!rec) {
			capture_lost(ring, VMITAP_CLASS_INJECT, entry->tsc);
			continue;
		}
		memset(rec, 0, size);
		rec->record.type = VMITAP_RECORD_INJECT;
		rec->record.size = size;
		rec->record.vcpu = ring->vcpu_id;
		rec->record.seq = ring->seq;
		rec->record.tsc = entry->tsc;
		capture_fill_inject(entry, rec);
		vmitap_ring_commit(ring, size);
	}
}

/* The vCPU's state is hidden by hardware since it was tapped: count, no more. */
static noinline void capture_protected(struct vmitap_tap *tap, u64 tsc)
{
	struct vmitap_ring *ring;

	for (ring = rcu_dereference_raw(tap->rings); ring;
	     ring = rcu_dereference_raw(ring->next))
		if (rcu_access_pointer(ring->cfg))
			vmitap_ring_lose(ring, VMITAP_CLASS_OTHER, tsc,
					 VMITAP_LOST_PROTECTED);
}

#endif /* VMITAP_CAPTURE_H */
