/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - from an exit to the rings; included by each backend
 *
 * A template, so that the path of an exit has no indirect call.  The backend
 * defines, before it includes this file,
 *
 *	struct capture_exit	what identifies an exit, at least the members
 *				tsc, reason, class_id, flags
 *	capture_cpl(), capture_cr3()
 *	capture_fill()		write the backend's part of the fixed part
 *	capture_fill_gprs()	write the general registers
 *	capture_fill_fields()	write the selected sections, whichever
 *	capture_fill_inject()	write an INJECT record
 *
 * Everything here runs with interrupts off: no allocation, no sleep, no
 * contended lock, no message.
 *
 * The fast path is inline, for one session, the fixed part or that and the general
 * registers, and nothing to look at but the class mask.  It is passed a struct
 * capture_exit by value, which keeps it in registers.  All else is
 * capture_exit_slow().
 */
#ifndef VMITAP_CAPTURE_H
#define VMITAP_CAPTURE_H

#include "config.h"
#include "filter.h"
#include "ring.h"
#include "tap.h"

static __always_inline void capture_write(const struct vmitap_tap *tap,
					  const struct vmitap_ring *ring,
					  const struct capture_exit exit,
					  u32 size, u32 fields,
					  struct vmitap_exit *rec)
{
	/* Type, size, vCPU and flags in one go. */
	*(u64 *)&rec->record = ring->record_head + (u64)exit.flags * BIT_ULL(48) +
			       ((u64)(size - sizeof(*rec)) << 16);
	/* The sequence number and the fields behind it likewise. */
	*(u64 *)&rec->record.seq = (u32)ring->seq | (u64)fields << 32;
	rec->record.tsc = exit.tsc;
	rec->entry_tsc = tap->entry_tsc;
	rec->reason = exit.reason;
	/* One by one: merging them in a register costs more than it saves. */
	WRITE_ONCE(rec->class_id, exit.class_id);
	WRITE_ONCE(rec->cpl, capture_cpl(exit));
	rec->cr3 = capture_cr3(exit);
	capture_fill(exit, rec);
}

/* Publish the record unless the filter says no. */
static bool capture_passes(const struct vmitap_tap *tap, struct vmitap_ring *ring,
			   const struct vmitap_cfg *cfg, struct vmitap_exit *rec)
{
	u64 prev = tap->exit_reason | (u64)tap->exit_class << 32;

	if (!cfg->prog || vmitap_filter_run(cfg->prog, rec, tap->exit_tsc, prev))
		return true;
	ring->prod->filtered[VMITAP_FILTERED_BPF]++;
	return false;
}

/*
 * The ring is full.  Whether the event would have been recorded decides whether
 * it is lost, so the filter is asked all the same.
 */
static noinline void capture_no_room(const struct vmitap_tap *tap,
				     struct vmitap_ring *ring,
				     const struct vmitap_cfg *cfg,
				     const struct capture_exit *exit)
{
	struct vmitap_exit rec;

	capture_write(tap, ring, *exit, sizeof(rec), 0, &rec);
	if (capture_passes(tap, ring, cfg, &rec))
		vmitap_ring_lose(ring, exit->class_id, exit->tsc, VMITAP_LOST_FULL);
}

/* One session: filters, sections, a full ring, a reader to wake: everything. */
static void capture_exit_to(const struct vmitap_tap *tap, struct vmitap_ring *ring,
			    const struct capture_exit exit)
{
	const struct vmitap_cfg *cfg = rcu_dereference_raw(ring->cfg);
	u32 fields = cfg->fields[exit.class_id];
	u32 size = cfg->size[exit.class_id];
	struct vmitap_exit *rec;

	if (!(cfg->classes >> exit.class_id & 1)) {
		if (cfg != &vmitap_cfg_off)
			ring->prod->filtered[VMITAP_FILTERED_MASK]++;
		return;
	}
	if (!vmitap_ring_wants(ring, cfg, capture_cpl(exit), capture_cr3(exit),
			       capture_cr3(exit)))
		return;
	rec = vmitap_ring_reserve(ring, size);
	if (!rec) {
		capture_no_room(tap, ring, cfg, &exit);
		return;
	}
	capture_write(tap, ring, exit, size, fields, rec);
	if (fields)
		capture_fill_fields(exit, fields, rec + 1);
	if (capture_passes(tap, ring, cfg, rec))
		vmitap_ring_commit(ring, size);
}

/* Every session, whatever it wants. */
static void capture_exit_slow(struct vmitap_tap *tap, const struct capture_exit exit)
{
	struct vmitap_ring *ring;

	vmitap_for_each_ring(ring, tap)
		capture_exit_to(tap, ring, exit);
}

/* The fixed part, and the general registers if @gprs; @rec, ring->head, has room. */
static __always_inline void capture_write_fast(const struct vmitap_tap *tap,
					       struct vmitap_ring *ring,
					       const struct capture_exit exit,
					       struct vmitap_exit *rec, bool gprs)
{
	const u32 size = sizeof(struct vmitap_exit) +
			 (gprs ? sizeof(struct vmitap_gprs) : 0);

	capture_write(tap, ring, exit, size, gprs ? VMITAP_FIELD_GPRS : 0, rec);
	if (gprs)
		capture_fill_gprs(exit, (struct vmitap_gprs *)(rec + 1));
	vmitap_ring_commit_fast(ring, rec, size);
}

/**
 * capture_exit_fast() - give an exit to the vCPU's session, if that is simple
 * @tap: the vCPU
 * @exit: the exit
 *
 * Does not tell the next exit's filter about this one: with a filter, nothing is
 * simple.
 *
 * Return: true if it is done, false if it is for capture_exit_slow().
 */
static __always_inline bool capture_exit_fast(const struct vmitap_tap *tap,
					      const struct capture_exit exit)
{
	const u32 plain = sizeof(struct vmitap_exit);
	const u32 gprs = plain + sizeof(struct vmitap_gprs);
	struct vmitap_ring *ring = rcu_dereference_raw(tap->rings);
	const struct vmitap_cfg *cfg;
	u8 action;

	if (unlikely(rcu_access_pointer(ring->next) != &vmitap_ring_end))
		return false;
	cfg = rcu_dereference_raw(ring->cfg);
	action = cfg->action[exit.class_id];
	if (likely(action == VMITAP_ACTION_PLAIN)) {
		if (!vmitap_ring_is_fast(ring, plain))
			return false;
		capture_write_fast(tap, ring, exit, ring->head, false);
		return true;
	}
	if (action == VMITAP_ACTION_GPRS && vmitap_ring_is_fast(ring, gprs)) {
		capture_write_fast(tap, ring, exit, ring->head, true);
		return true;
	}
	if (action == VMITAP_ACTION_DROP) {
		ring->prod->filtered[VMITAP_FILTERED_MASK]++;
		return true;
	}
	return false;
}

/* What the next exit's filter is told about this one; see vmitap_tap.exit_tsc. */
static void capture_remember(struct vmitap_tap *tap, const struct capture_exit exit)
{
	tap->exit_tsc = exit.tsc;
	tap->exit_reason = exit.reason;
	tap->exit_class = exit.class_id;
}

/*
 * Does the vCPU have to come by the handle_exit hook to wait for room?  If so the hook is
 * in, and stays until what this exit leaves to it is done.
 */
static bool capture_must_wait(const struct vmitap_tap *tap)
{
	struct vmitap_ring *ring;

	vmitap_for_each_ring(ring, tap)
		if (ring->low && rcu_dereference_raw(ring->cfg)->flags & VMITAP_CFG_LOSSLESS)
			return true;
	return false;
}

static void capture_inject_to(struct vmitap_ring *ring,
			      const struct capture_exit entry)
{
	const struct vmitap_cfg *cfg = rcu_dereference_raw(ring->cfg);
	const u32 size = sizeof(struct vmitap_inject);
	struct vmitap_inject *rec;

	if (!(cfg->classes & BIT_ULL(VMITAP_CLASS_INJECT))) {
		if (cfg != &vmitap_cfg_off)
			ring->prod->filtered[VMITAP_FILTERED_MASK]++;
		return;
	}
	if (!vmitap_ring_wants(ring, cfg, capture_cpl(entry), capture_cr3(entry),
			       capture_cr3(entry)))
		return;
	rec = vmitap_ring_reserve(ring, size);
	if (!rec) {
		vmitap_ring_lose(ring, VMITAP_CLASS_INJECT, entry.tsc, VMITAP_LOST_FULL);
		return;
	}
	memset(rec, 0, size);
	rec->record.type = VMITAP_RECORD_INJECT;
	rec->record.size = size;
	rec->record.vcpu = ring->vcpu_id;
	rec->record.flags = entry.flags;
	rec->record.seq = ring->seq;
	rec->record.tsc = entry.tsc;
	rec->cr3 = capture_cr3(entry);
	capture_fill_inject(entry, rec);
	vmitap_ring_commit(ring, size);
}

/**
 * capture_inject() - give the event about to be injected to every session
 * @tap: the vCPU
 * @entry: the entry
 */
static void capture_inject(struct vmitap_tap *tap, const struct capture_exit entry)
{
	struct vmitap_ring *ring;

	vmitap_for_each_ring(ring, tap)
		capture_inject_to(ring, entry);
}

/* The vCPU's state is hidden by hardware since it was tapped: count, no more. */
static noinline void capture_protected(struct vmitap_tap *tap, u64 tsc)
{
	struct vmitap_ring *ring;

	vmitap_for_each_ring(ring, tap)
		if (rcu_access_pointer(ring->cfg) != &vmitap_cfg_off)
			vmitap_ring_lose(ring, VMITAP_CLASS_OTHER, tsc,
					 VMITAP_LOST_PROTECTED);
}

#endif /* VMITAP_CAPTURE_H */
