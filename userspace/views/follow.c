// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow.c - whether a guest still runs the kernel that was understood
 */
#include <stdlib.h>
#include <string.h>

#include "by_vcpu.h"
#include "follow.h"

#define CR0_PG		(1ULL << 31)

/**
 * struct follow_vcpu - where a vCPU enters its kernel
 * @lstar: LSTAR; 0 if it has none
 * @next: what it had at the last look, if that was not the same
 */
struct follow_vcpu {
	uint64_t lstar;
	uint64_t next;
};

static struct follow_vcpu *get_vcpu(struct follow *follow, uint32_t id)
{
	struct follow_vcpu *list;

	list = by_vcpu_grow(follow->vcpus, &follow->nr, id, sizeof(*list));
	if (!list)
		return NULL;
	follow->vcpus = list;
	return &list[id];
}

/*
 * Whether it enters a kernel elsewhere than before, for two looks: on AMD a hypervisor
 * in the guest has its own guest's LSTAR for a moment.  From none to one is a vCPU that
 * starts.
 */
static bool has_moved(struct follow_vcpu *vcpu, uint64_t lstar)
{
	if (vcpu->lstar == lstar) {
		vcpu->next = 0;
		return false;
	}
	if (vcpu->lstar && vcpu->next != lstar) {
		vcpu->next = lstar;
		return false;
	}
	vcpu->next = 0;
	if (!vcpu->lstar) {
		vcpu->lstar = lstar;
		return false;
	}
	vcpu->lstar = lstar;
	return true;
}

/* No vCPU has a kernel.  Return: FOLLOW_RESET at the first such look after one had. */
static enum follow_seen see_none(struct follow *follow)
{
	if (!follow->runs)
		return FOLLOW_SAME;
	follow_free(follow);
	return FOLLOW_RESET;
}

enum follow_seen follow_look(struct follow *follow, const struct guest *guest)
{
	int i, nr = guest_nr_vcpus(guest), asked = 0, running = 0;
	enum follow_seen seen = FOLLOW_SAME;
	struct follow_vcpu *vcpu;
	struct guest_regs regs;
	uint32_t id;

	for (i = 0; i < nr; i++) {
		if (guest_regs(guest, i, &regs))
			continue;
		asked++;
		/* Who runs a nested guest has a kernel, whichever it is. */
		running += regs.nested || (regs.cr0 & CR0_PG && regs.lstar);
		id = guest_vcpu_id(guest, i);
		vcpu = regs.nested || !regs.lstar ? NULL : get_vcpu(follow, id);
		if (!vcpu || !has_moved(vcpu, regs.lstar))
			continue;
		follow->first = id + 1;
		follow->moved = true;
		seen = FOLLOW_MOVED;
	}
	if (asked && !running)
		return see_none(follow);
	follow->runs |= running;
	return seen;
}

uint32_t follow_first(const struct follow *follow)
{
	return follow->first ? follow->first - 1 : FOLLOW_NONE;
}

static void learn(struct follow *follow, const struct linux_guest *lg)
{
	follow->known = true;
	follow->text = lg->kernel.text;
	follow->phys = lg->kernel.phys;
	follow->init_task = lg->init_task;
	follow->nr_symbols = lg->symbols.nr;
	follow->btf_bytes = lg->btf.bytes;
	memcpy(follow->banner, lg->banner, sizeof(follow->banner));
}

/* Another build may have been put where the one before was: kexec without KASLR. */
static bool is_same_build(const struct follow *follow,
			  const struct linux_guest *lg)
{
	return follow->init_task == lg->init_task &&
	       follow->nr_symbols == lg->symbols.nr &&
	       follow->btf_bytes == lg->btf.bytes &&
	       !strncmp(follow->banner, lg->banner, sizeof(follow->banner));
}

/*
 * What was found and is where the kernel was counts as the same guest whatever it says
 * of itself: a banner is easily changed.  What is not found is there still, unless a
 * vCPU has gone elsewhere; lists that break are told of, and have to be read for that.
 */
enum follow_step follow_found(struct follow *follow,
			      const struct linux_guest *lg, bool has, bool lost)
{
	bool moved = follow->moved, known = follow->known, same_place, same;

	follow->moved = false;
	if (!lg)
		return has && !moved ? FOLLOW_KEEP : FOLLOW_DROP;
	same_place = lg->kernel.text == follow->text &&
		     lg->kernel.phys == follow->phys;
	same = same_place && is_same_build(follow, lg);
	learn(follow, lg);
	if (known && !same_place)
		return FOLLOW_TAKE_ANEW;
	return has && known && same && !lost ? FOLLOW_KEEP : FOLLOW_TAKE;
}

void follow_free(struct follow *follow)
{
	free(follow->vcpus);
	memset(follow, 0, sizeof(*follow));
}
