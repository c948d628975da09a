// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_live.c - a guest that runs, or is paused, under a session of libvmitap
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmitap.h>

#include "guest_live.h"

#define PAGE_BYTES	4096

/* Pages kept, and the longest read that takes its bytes from one. */
#define CACHE_PAGES	256
#define CACHE_READ_MAX	64

/*
 * Memory slots that are apart from others and smaller than this are no memory of a
 * guest: ROMs, frame buffers of devices, pages that a VMM has to itself.
 */
#define RAM_MIN_BYTES	(64 << 10)

/* A page kept; @number is that of the page and one more, 0 for none. */
struct cached_page {
	uint64_t number;
	uint8_t data[PAGE_BYTES];
};

/**
 * struct guest_live - a guest under a session
 * @session: the session
 * @cache: CACHE_PAGES by page number, NULL if none are kept
 * @vcpus: ids in ascending order, but for @first
 * @nr_vcpus: how many
 * @first: id of the vCPU that comes first
 * @room: for how many there is room
 */
struct guest_live {
	struct vmitap_session *session;
	struct cached_page *cache;
	uint32_t *vcpus;
	uint32_t nr_vcpus;
	uint32_t first;
	uint32_t room;
};

static int read_through(const struct guest_live *live, uint64_t gpa, void *buf,
			size_t len)
{
	struct vmitap_span span = { gpa, buf, len };

	return vmitap_session_read_memory(live->session, &span, 1);
}

static int live_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	uint64_t number = gpa / PAGE_BYTES + 1;
	struct guest_live *live = arg;
	struct cached_page *page;
	int err;

	if (!live->cache || len > CACHE_READ_MAX ||
	    gpa % PAGE_BYTES + len > PAGE_BYTES)
		return read_through(live, gpa, buf, len);
	page = &live->cache[number % CACHE_PAGES];
	if (page->number != number) {
		page->number = 0;
		err = read_through(live, gpa - gpa % PAGE_BYTES, page->data,
				   PAGE_BYTES);
		if (err)
			return err;
		page->number = number;
	}
	memcpy(buf, page->data + gpa % PAGE_BYTES, len);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void move_to_front(uint32_t *ids, uint32_t nr, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < nr && ids[i] != id; i++)
		;
	if (i == nr)
		return;
	memmove(ids + 1, ids, i * sizeof(*ids));
	ids[0] = id;
}

/* As of now.  Return: 0, or negative errno with the list as it was. */
static int list_vcpus(struct guest_live *live)
{
	uint32_t room = live->room, nr, *ids;
	int err;

	for (;;) {
		ids = calloc(room + 1, sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		err = vmitap_session_vcpus(live->session, ids, room, &nr);
		if (err || nr <= room)
			break;
		room = nr;
		free(ids);
	}
	if (err) {
		free(ids);
		return err;
	}
	free(live->vcpus);
	live->vcpus = ids;
	live->room = room;
	live->nr_vcpus = nr;
	qsort(ids, nr, sizeof(*ids), compare_ids);
	move_to_front(ids, nr, live->first);
	return 0;
}

/* vCPUs come and go while the guest runs; the session has them in memory. */
static int live_nr_vcpus(void *arg)
{
	struct guest_live *live = arg;

	list_vcpus(live);
	return live->nr_vcpus;
}

static uint32_t live_vcpu_id(void *arg, unsigned int vcpu)
{
	return guest_live_vcpu_id(arg, vcpu);
}

static int live_regs(void *arg, unsigned int vcpu, struct guest_regs *regs)
{
	struct vmitap_regs got = { .size = sizeof(got) };
	const struct guest_live *live = arg;
	int err;

	if (vcpu >= live->nr_vcpus)
		return -ENOENT;
	err = vmitap_session_regs(live->session, live->vcpus[vcpu], &got);
	if (err)
		return err;
	*regs = (struct guest_regs){
		.cr0 = got.out_ctrl.cr0, .cr3 = got.out_cr3,
		.cr4 = got.out_ctrl.cr4, .efer = got.out_ctrl.efer,
		.lstar = got.out_lstar, .cstar = got.out_cstar,
		.sysenter_eip = got.out_sysenter_eip,
		.idtr_base = got.out_segs.seg[VMITAP_IDTR].base,
		.gdtr_base = got.out_segs.seg[VMITAP_GDTR].base,
		.tr_base = got.out_segs.seg[VMITAP_TR].base,
		.fs_base = got.out_segs.seg[VMITAP_FS].base,
		.gs_base = got.out_segs.seg[VMITAP_GS].base,
		.kernel_gs_base = got.out_kernel_gs_base,
		.rip = got.out_rip, .rsp = got.out_gprs.reg[VMITAP_RSP],
		.rflags = got.out_ctrl.rflags, .cpl = got.out_cpl,
		.nested = got.out_nested,
	};
	return 0;
}

/* All slots.  Return: how many, or negative errno; the caller frees *@slots. */
static int get_slots(const struct guest_live *live, struct vmitap_slot **slots)
{
	uint32_t room = 64, nr;
	int err;

	for (;;) {
		*slots = calloc(room, sizeof(**slots));
		if (!*slots)
			return -ENOMEM;
		err = vmitap_session_list_slots(live->session, *slots,
						sizeof(**slots), room, &nr);
		if (!err && nr <= room)
			return nr;
		free(*slots);
		*slots = NULL;
		if (err)
			return err;
		room = nr + 8;
	}
}

static int compare_slots(const void *a, const void *b)
{
	const struct vmitap_slot *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/*
 * Memory below 1 MiB comes in many small slots that touch each other, so they count
 * together.
 */
static int live_regions(void *arg, struct guest_region *list, unsigned int max)
{
	const struct guest_live *live = arg;
	struct guest_region region = { 0 };
	unsigned int found = 0;
	struct vmitap_slot *slots;
	int nr, i;

	nr = get_slots(live, &slots);
	if (nr < 0)
		return nr;
	qsort(slots, nr, sizeof(*slots), compare_slots);
	for (i = 0; i <= nr; i++) {
		if (i < nr && slots[i].flags & VMITAP_SLOT_READONLY)
			continue;
		if (i < nr && region.bytes &&
		    slots[i].gpa == region.gpa + region.bytes) {
			region.bytes += slots[i].bytes;
			continue;
		}
		if (region.bytes >= RAM_MIN_BYTES) {
			if (found < max)
				list[found] = region;
			found++;
		}
		if (i < nr)
			region = (struct guest_region){ slots[i].gpa,
							slots[i].bytes };
	}
	free(slots);
	return found;
}

static const struct guest_ops live_ops = {
	.read = live_read,
	.nr_vcpus = live_nr_vcpus,
	.vcpu_id = live_vcpu_id,
	.regs = live_regs,
	.regions = live_regions,
};

int guest_live_open(struct guest_live **out, struct guest *guest,
		    struct vmitap_session *session)
{
	struct guest_live *live;
	int err;

	*out = NULL;
	live = calloc(1, sizeof(*live));
	if (!live)
		return -ENOMEM;
	live->session = session;
	live->first = UINT32_MAX;
	err = list_vcpus(live);
	if (err) {
		guest_live_close(live);
		return err;
	}
	guest->ops = &live_ops;
	guest->arg = live;
	*out = live;
	return 0;
}

void guest_live_close(struct guest_live *live)
{
	if (!live)
		return;
	free(live->cache);
	free(live->vcpus);
	free(live);
}

uint32_t guest_live_vcpu_id(const struct guest_live *live, unsigned int vcpu)
{
	return live->vcpus[vcpu];
}

void guest_live_first(struct guest_live *live, uint32_t id)
{
	live->first = id;
}

int guest_live_cache(struct guest_live *live, bool on)
{
	free(live->cache);
	live->cache = on ? calloc(CACHE_PAGES, sizeof(*live->cache)) : NULL;
	return on && !live->cache ? -ENOMEM : 0;
}
