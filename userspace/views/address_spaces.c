// SPDX-License-Identifier: GPL-2.0-only
/*
 * address_spaces.c - derivation: the page tables that vCPUs use
 *
 * Of CR3 writes and exits alone.  Works for any guest, and binds it: a processor has
 * no other way to reach a process's memory.  A kernel may run its own threads on the
 * page tables of the process before ("lazy"), so that a root was loaded says less
 * than that code ran under it at CPL 3.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "by_vcpu.h"
#include "roots.h"
#include "view.h"

#define CR0_PG		(1ULL << 31)

/* The half of the top page table that is for user mode, and a present entry. */
#define USER_ENTRIES	256
#define ENTRY_PRESENT	1
#define ENTRY_ADDRESS	0x000ffffffffff000ULL

/* Page tables that were not loaded for so long are not looked at. */
#define LOOK_BACK_MS	60000

/* What a vCPU does as of its last record. */
struct vcpu {
	uint64_t root;
	uint64_t since;
	/* It has this root since then; halts and writes of the same value do not count. */
	uint64_t held;
	bool known;
	bool halted;
};

struct spaces {
	const struct view_env *env;
	struct roots roots;
	struct vcpu *vcpus;
	uint32_t nr_vcpus;
	uint64_t switches;
	bool sampled;
};

static int spaces_start(void *state, const struct view_env *env)
{
	struct spaces *spaces = state;

	spaces->env = env;
	return 0;
}

static struct vcpu *get_vcpu(struct spaces *spaces, uint32_t id)
{
	struct vcpu *list;

	list = by_vcpu_grow(spaces->vcpus, &spaces->nr_vcpus, id, sizeof(*list));
	if (!list)
		return NULL;
	spaces->vcpus = list;
	return &list[id];
}

/* A root was loaded at that time. */
static struct root *touch(struct spaces *spaces, uint64_t root, uint32_t vcpu,
			  uint64_t tsc, bool user)
{
	struct root *entry = roots_get(&spaces->roots, root, tsc);

	if (!entry)
		return NULL;
	entry->vcpu = vcpu;
	if (tsc > entry->last_tsc)
		entry->last_tsc = tsc;
	if (user && tsc > entry->user_tsc)
		entry->user_tsc = tsc;
	return entry;
}

/* Time up to @tsc is that of the root the vCPU has, if it is known to have it. */
static void charge(struct root *entry, struct vcpu *vcpu, uint64_t tsc)
{
	if (vcpu->known && !vcpu->halted && vcpu->root == entry->root &&
	    tsc > vcpu->since)
		entry->cpu_tsc += tsc - vcpu->since;
	vcpu->since = tsc;
}

/* From one half of an address space to the other. */
static bool is_pair(const struct spaces *spaces, uint64_t from, uint64_t to)
{
	return (from ^ to) == ROOTS_USER_HALF && roots_split(&spaces->roots);
}

static int see_switch(struct spaces *spaces, const struct vmitap_cr3_write *cr3)
{
	struct vcpu *vcpu = get_vcpu(spaces, cr3->record.vcpu);
	uint64_t from = cr3->old_cr3 & ROOTS_MASK;
	uint64_t to = cr3->new_cr3 & ROOTS_MASK;
	uint64_t tsc = cr3->record.tsc;
	struct root *entry;

	spaces->switches++;
	entry = touch(spaces, from, cr3->record.vcpu, tsc, false);
	if (!vcpu || !entry)
		return vcpu ? -ENOMEM : 0;
	charge(entry, vcpu, tsc);
	if (from != to)
		roots_switch(&spaces->roots, from, to);
	if (!vcpu->known || vcpu->root != from ||
	    (from != to && !is_pair(spaces, from, to)))
		vcpu->held = tsc;
	vcpu->root = to;
	vcpu->known = true;
	/* When it woke is not known if it was halted: this begins anew. */
	vcpu->halted = false;
	entry = touch(spaces, to, cr3->record.vcpu, tsc, false);
	if (!entry)
		return -ENOMEM;
	if (from != to)
		entry->loaded_tsc = tsc;
	return 0;
}

static int see_exit(struct spaces *spaces, const struct vmitap_exit *exit)
{
	struct vcpu *vcpu = get_vcpu(spaces, exit->record.vcpu);
	uint64_t root = exit->cr3 & ROOTS_MASK;
	struct root *entry;

	if (!vcpu || exit->mode == VMITAP_MODE_REAL)
		return 0;
	entry = touch(spaces, root, exit->record.vcpu, exit->record.tsc,
		      exit->cpl == 3);
	if (!entry)
		return -ENOMEM;
	/* From its entry on the vCPU had this root, whatever was before. */
	if (!vcpu->known || vcpu->root != root)
		vcpu->held = exit->entry_tsc;
	if (exit->cpl == 3)
		root_held(entry, vcpu->held, exit->record.tsc);
	if (!vcpu->known || vcpu->halted || vcpu->root != root) {
		vcpu->known = true;
		vcpu->halted = false;
		vcpu->root = root;
		vcpu->since = exit->entry_tsc;
	}
	charge(entry, vcpu, exit->record.tsc);
	vcpu->halted = exit->class_id == VMITAP_CLASS_HLT ||
		       exit->class_id == VMITAP_CLASS_MWAIT;
	return 0;
}

/* A system call is made from user mode, and returns to it. */
static int see_user(struct spaces *spaces, const struct vmitap_record *rec,
		    uint64_t cr3)
{
	return touch(spaces, cr3 & ROOTS_MASK, rec->vcpu, rec->tsc, true) ?
	       0 : -ENOMEM;
}

static int spaces_event(void *state, const struct vmitap_record *rec)
{
	struct spaces *spaces = state;

	if (rec->flags & VMITAP_RECORD_NESTED)
		return 0;
	switch (rec->type) {
	case VMITAP_RECORD_CR3:
		return see_switch(spaces,
				  (const struct vmitap_cr3_write *)rec);
	case VMITAP_RECORD_EXIT:
		return see_exit(spaces, (const struct vmitap_exit *)rec);
	case VMITAP_RECORD_SYSCALL:
		return see_user(spaces, rec,
				((const struct vmitap_syscall *)rec)->cr3);
	case VMITAP_RECORD_SYSRET:
		return see_user(spaces, rec,
				((const struct vmitap_sysret *)rec)->cr3);
	case VMITAP_RECORD_LOST:
	case VMITAP_RECORD_VCPU_CREATED:
	case VMITAP_RECORD_VCPU_DESTROYED:
		if (rec->vcpu < spaces->nr_vcpus)
			spaces->vcpus[rec->vcpu].known = false;
		break;
	}
	return 0;
}

static bool has_user_memory(const struct guest *guest, uint64_t root)
{
	uint64_t entries[USER_ENTRIES];
	unsigned int i;

	if (guest_read(guest, root, entries, sizeof(entries)))
		return false;
	for (i = 0; i < USER_ENTRIES; i++)
		if (entries[i] & ENTRY_PRESENT)
			return true;
	return false;
}

/*
 * Which address spaces are alive: a kernel takes user memory out of the page tables
 * of a process that ends, and before it uses the page for another.
 */
static void look_at_tables(struct spaces *spaces, uint64_t now)
{
	uint64_t back = (uint64_t)spaces->env->tsc_khz * LOOK_BACK_MS;
	struct root *entry;
	uint32_t i;

	for (i = 0; i < spaces->roots.nr; i++) {
		entry = &spaces->roots.list[i];
		entry->mapped_known = entry->last_tsc + back >= now;
		if (entry->mapped_known)
			entry->mapped = has_user_memory(spaces->env->guest,
							entry->root);
	}
}

/*
 * Whether code at CPL 3 runs on the second of two pages that have the same user
 * memory: that is page-table isolation, before switches have shown it.
 */
static bool is_user_half(const struct guest *guest, uint64_t root)
{
	uint64_t user[USER_ENTRIES], kernel[USER_ENTRIES];
	unsigned int i, present = 0;

	if (!(root & ROOTS_USER_HALF) ||
	    guest_read(guest, root, user, sizeof(user)) ||
	    guest_read(guest, root ^ ROOTS_USER_HALF, kernel, sizeof(kernel)))
		return false;
	for (i = 0; i < USER_ENTRIES; i++) {
		if ((user[i] ^ kernel[i]) & ENTRY_ADDRESS)
			return false;
		present += user[i] & ENTRY_PRESENT;
	}
	return present;
}

static int spaces_sample(void *state, uint64_t now)
{
	struct spaces *spaces = state;
	const struct guest *guest = spaces->env->guest;
	struct guest_regs regs;
	struct root *entry;
	uint8_t running;
	bool long_mode = true;
	int i, nr;

	for (i = 0; i < (int)spaces->roots.nr; i++) {
		spaces->roots.list[i].running = FACT_OFF_CPU;
		spaces->roots.list[i].mapped_known = false;
	}
	nr = guest ? guest_nr_vcpus(guest) : 0;
	for (i = 0; i < nr; i++) {
		/* Page tables of a nested guest are none of this one's. */
		if (guest_regs(guest, i, &regs) || regs.nested ||
		    !(regs.cr0 & CR0_PG))
			continue;
		spaces->sampled = true;
		long_mode &= regs.efer >> 10 & 1;
		entry = touch(spaces, regs.cr3 & ROOTS_MASK,
			      guest_vcpu_id(guest, i), now, regs.cpl == 3);
		if (!entry)
			return -ENOMEM;
		running = regs.cpl == 3 ? FACT_IN_USER : FACT_IN_KERNEL;
		/* Another vCPU may have the same one. */
		if (running > entry->running)
			entry->running = running;
		if (regs.cpl == 3 && is_user_half(guest, entry->root))
			roots_are_split(&spaces->roots);
	}
	if (guest && spaces->env->paused && long_mode)
		look_at_tables(spaces, now);
	return 0;
}

static int add_fact(struct facts *facts, const struct root *root, bool split)
{
	struct fact *fact = facts_add(facts, FACT_PROCESS);

	if (!fact)
		return -ENOMEM;
	fact->first_tsc = root->first_tsc;
	fact->last_tsc = root->last_tsc;
	fact->process = (struct fact_process){
		.known = FACT_ROOT | FACT_ACTIVE | FACT_CPU | FACT_RUNNING |
			 (root->mapped_known ? FACT_MAPPED : 0),
		.root = root->root, .user_tsc = root->user_tsc,
		.loaded_tsc = root->loaded_tsc,
		.held_from = root->held_from, .held_to = root->held_to,
		.cpu_tsc = root->cpu_tsc, .vcpu = root->vcpu,
		.running = root->running, .mapped = root->mapped,
		.split = split,
	};
	return 0;
}

static int spaces_facts(void *state, struct facts *facts,
			struct view_report *report)
{
	struct spaces *spaces = state;
	bool split = roots_split(&spaces->roots);
	struct root root;
	uint32_t at = 0;

	report->asked = spaces->switches || spaces->sampled;
	report->refused = spaces->roots.evicted;
	report->rounds = spaces->switches;
	if (!report->asked)
		strcpy(report->why, "no address-space switch was seen");
	else if (spaces->roots.evicted)
		strcpy(report->why, "too many roots: old ones were forgotten");
	else if (split)
		strcpy(report->why, "page-table isolation: user halves are"
		       " folded into kernel halves");
	while (roots_whole(&spaces->roots, &at, &root))
		if (add_fact(facts, &root, split))
			return -ENOMEM;
	return 0;
}

static void spaces_stop(void *state)
{
	struct spaces *spaces = state;

	roots_free(&spaces->roots);
	free(spaces->vcpus);
}

const struct view view_address_spaces = {
	.name = "address-spaces",
	.title = "SPACES",
	.pattern = VIEW_DERIVATION,
	.binding = true,
	.knowledge = "hardware: CR3, privilege levels, page tables",
	.classes = VMITAP_CLASSES_EXIT | VMITAP_CLASS_MASK(VMITAP_CLASS_CR3) |
		   VMITAP_CLASS_MASK(VMITAP_CLASS_VCPU),
	.sample_ms = 200,
	.state_bytes = sizeof(struct spaces),
	.start = spaces_start,
	.event = spaces_event,
	.sample = spaces_sample,
	.facts = spaces_facts,
	.stop = spaces_stop,
};
