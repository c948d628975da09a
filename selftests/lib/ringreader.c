// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringreader.c - map, read and check a ring
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "ringreader.h"
#include "session.h"

static const struct {
	__u32 field;
	__u32 bytes;
} sections[] = {
	{ VMITAP_FIELD_CTRL, sizeof(struct vmitap_ctrl) },
	{ VMITAP_FIELD_GPRS, sizeof(struct vmitap_gprs) },
	{ VMITAP_FIELD_SEGS, sizeof(struct vmitap_segs) },
	{ VMITAP_FIELD_INSN, sizeof(struct vmitap_insn) },
};

#define NR_SECTIONS	(sizeof(sections) / sizeof(sections[0]))

static void check_header(const struct ring *ring)
{
	const struct vmitap_ring_producer *prod = ring->prod;
	__u64 page = sysconf(_SC_PAGESIZE);

	CHECK(prod->magic == VMITAP_RING_MAGIC, "0x%x", prod->magic);
	CHECK(prod->header_bytes >= sizeof(*prod), "%u", prod->header_bytes);
	CHECK(prod->vcpu_id == ring->info.out_vcpu_id, "vCPU %u", prod->vcpu_id);
	CHECK(prod->data_bytes && !(prod->data_bytes & (prod->data_bytes - 1)),
	      "%u", prod->data_bytes);
	CHECK(prod->data_offset == 2 * page, "%u", prod->data_offset);
	CHECK(ring->info.out_mmap_bytes == 2 * page + 2ull * prod->data_bytes,
	      "%llu", ring->info.out_mmap_bytes);
	CHECK(prod->vendor == VMITAP_VENDOR_SVM || prod->vendor == VMITAP_VENDOR_VMX,
	      "vendor %u", prod->vendor);
	CHECK(prod->nr_lost == VMITAP_NR_LOST, "%u", prod->nr_lost);
	CHECK(prod->nr_filtered == VMITAP_NR_FILTERED, "%u", prod->nr_filtered);
}

void ring_map(struct ring *ring, int fd, __u32 index)
{
	char *all;

	memset(ring, 0, sizeof(*ring));
	ring->info.size = sizeof(ring->info);
	ring->info.index = index;
	vmitap_ioctl(fd, VMITAP_IOC_RING, &ring->info);
	ring->cons = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, ring->info.out_mmap_offset);
	CHECK(ring->cons != MAP_FAILED, "consumer page of ring %u", index);
	all = mmap(NULL, ring->info.out_mmap_bytes, PROT_READ, MAP_SHARED, fd,
		   ring->info.out_mmap_offset);
	CHECK(all != MAP_FAILED, "ring %u", index);
	ring->prod = (void *)(all + sysconf(_SC_PAGESIZE));
	ring->data = all + ring->prod->data_offset;
	ring->pos = ring->cons->consumer_pos;
	check_header(ring);
}

void ring_unmap(struct ring *ring)
{
	munmap((char *)ring->prod - sysconf(_SC_PAGESIZE),
	       ring->info.out_mmap_bytes);
	munmap(ring->cons, sysconf(_SC_PAGESIZE));
}

static void check_exit(const struct ring *ring, const struct vmitap_exit *exit)
{
	__u32 want = sizeof(*exit);
	size_t i;

	for (i = 0; i < NR_SECTIONS; i++)
		if (exit->record.fields & sections[i].field)
			want += sections[i].bytes;
	CHECK(!(exit->record.fields & ~VMITAP_FIELDS_ALL), "fields 0x%x",
	      exit->record.fields);
	CHECK(exit->record.size == want, "%u bytes, not %u", exit->record.size, want);
	CHECK(exit->class_id < VMITAP_NR_EXIT_CLASSES, "class %u", exit->class_id);
	CHECK(exit->cpl <= 3, "CPL %u", exit->cpl);
	CHECK(exit->mode <= VMITAP_MODE_LONG64, "mode %u", exit->mode);
	CHECK(!exit->__pad, "padding %u", exit->__pad);
	CHECK(exit->entry_tsc <= exit->record.tsc, "entered after the exit");
	CHECK(exit->entry_tsc >= ring->last_tsc, "entered before the last record");
}

static void check_inject(const struct vmitap_inject *inject)
{
	CHECK(inject->record.size == sizeof(*inject), "%u", inject->record.size);
	CHECK(inject->kind <= VMITAP_INJECT_SOFT_EXCEPTION, "%u", inject->kind);
	CHECK(inject->has_error <= 1 && !inject->__pad, "%u", inject->has_error);
	CHECK(inject->has_error || !inject->error, "%u", inject->error);
}

static bool is_zero(const __u8 *bytes, size_t nr)
{
	while (nr && !bytes[nr - 1])
		nr--;
	return !nr;
}

static void check_cr3(const struct vmitap_cr3_write *cr3)
{
	CHECK(cr3->record.size == sizeof(*cr3), "%u", cr3->record.size);
	CHECK(!cr3->cpl && cr3->mode <= VMITAP_MODE_LONG64, "mode %u", cr3->mode);
	CHECK(is_zero(cr3->__pad, sizeof(cr3->__pad)), "padding");
}

static void check_syscall(const struct vmitap_syscall *call)
{
	CHECK(call->record.size == sizeof(*call), "%u", call->record.size);
	CHECK(call->mechanism == VMITAP_SYSCALL_SYSCALL, "%u", call->mechanism);
	CHECK(call->mode <= VMITAP_MODE_LONG64, "mode %u", call->mode);
	CHECK(is_zero(call->__pad, sizeof(call->__pad)), "padding");
}

static void check_sysret(const struct vmitap_sysret *ret)
{
	CHECK(ret->record.size == sizeof(*ret), "%u", ret->record.size);
	CHECK(ret->mechanism == VMITAP_SYSCALL_SYSCALL, "%u", ret->mechanism);
	CHECK(ret->mode <= VMITAP_MODE_LONG64, "mode %u", ret->mode);
	CHECK(is_zero(ret->__pad, sizeof(ret->__pad)), "padding");
}

static void check_message(const struct vmitap_message *msg)
{
	__u32 want = (sizeof(*msg) + msg->bytes + 7) & ~7u;

	CHECK(msg->record.size == want, "%u bytes, not %u", msg->record.size, want);
	CHECK(msg->bytes <= VMITAP_MESSAGE_CHUNK, "%u in a part", msg->bytes);
	CHECK(msg->total <= VMITAP_MESSAGE_MAX, "%u in all", msg->total);
	CHECK(msg->offset + msg->bytes <= msg->total, "part at %u", msg->offset);
	CHECK(msg->cpl <= 3 && msg->mode <= VMITAP_MODE_LONG64, "mode %u", msg->mode);
	CHECK(is_zero(msg->__pad, sizeof(msg->__pad)), "padding");
	CHECK(is_zero((const __u8 *)(msg + 1) + msg->bytes,
		      want - sizeof(*msg) - msg->bytes), "padding of the data");
}

/* Return: false if it is no record of a trap. */
static bool check_trap(const struct vmitap_record *rec)
{
	switch (rec->type) {
	case VMITAP_RECORD_CR3:
		check_cr3((const void *)rec);
		return true;
	case VMITAP_RECORD_SYSCALL:
		check_syscall((const void *)rec);
		return true;
	case VMITAP_RECORD_SYSRET:
		check_sysret((const void *)rec);
		return true;
	case VMITAP_RECORD_MESSAGE:
		check_message((const void *)rec);
		return true;
	}
	return false;
}

static void take_lost(struct ring *ring, const struct vmitap_lost_record *lost)
{
	__u64 by_reason = 0, by_class = 0;
	int i;

	CHECK(lost->record.size == sizeof(*lost), "%u", lost->record.size);
	CHECK(lost->count, "nothing lost");
	CHECK(lost->first_tsc <= lost->record.tsc, "times of loss");
	CHECK(lost->first_tsc >= ring->last_tsc, "time of the first event lost");
	for (i = 0; i < VMITAP_NR_LOST; i++) {
		by_reason += lost->reason[i];
		ring->lost[i] += lost->reason[i];
	}
	for (i = 0; i < VMITAP_MAX_EXIT_CLASSES; i++)
		by_class += lost->by_class[i];
	CHECK(by_reason == lost->count, "by reason %llu of %llu", by_reason, lost->count);
	CHECK(by_class == lost->count, "by class %llu of %llu", by_class, lost->count);
	ring->nr_lost_records++;
	ring->nr_lost += lost->count;
	ring->next_seq += lost->count;
}

static void take(struct ring *ring, const struct vmitap_record *rec)
{
	CHECK(rec->vcpu == ring->info.out_vcpu_id, "vCPU %u", rec->vcpu);
	CHECK(rec->seq == ring->next_seq, "%u, not %u", rec->seq, ring->next_seq);
	CHECK(rec->tsc >= ring->last_tsc, "time goes back");

	switch (rec->type) {
	case VMITAP_RECORD_EXIT:
		check_exit(ring, (const void *)rec);
		ring->nr_exits++;
		break;
	case VMITAP_RECORD_INJECT:
		check_inject((const void *)rec);
		ring->nr_injects++;
		break;
	case VMITAP_RECORD_LOST:
		take_lost(ring, (const void *)rec);
		ring->last_tsc = rec->tsc;
		return;
	case VMITAP_RECORD_VCPU_CREATED:
	case VMITAP_RECORD_VCPU_DESTROYED:
	case VMITAP_RECORD_VM_GONE:
		CHECK(rec->size == sizeof(*rec), "%u", rec->size);
		ring->nr_marks++;
		break;
	default:
		CHECK(check_trap(rec), "record type %u", rec->type);
		ring->nr_traps++;
	}
	ring->next_seq++;
	ring->last_tsc = rec->tsc;
}

const struct vmitap_record *ring_next(struct ring *ring)
{
	__u64 end = __atomic_load_n(&ring->prod->producer_pos, __ATOMIC_ACQUIRE);
	const struct vmitap_record *rec;

	CHECK(end - ring->pos <= ring->prod->data_bytes, "%llu ahead", end - ring->pos);
	if (ring->pos == end)
		return NULL;
	rec = (const void *)(ring->data + (ring->pos & (ring->prod->data_bytes - 1)));
	CHECK(rec->size >= sizeof(*rec) && !(rec->size & 7), "%u", rec->size);
	CHECK(rec->size <= end - ring->pos, "%u of %llu", rec->size, end - ring->pos);
	take(ring, rec);
	ring->pos += rec->size;
	return rec;
}

void ring_release(struct ring *ring)
{
	__atomic_store_n(&ring->cons->consumer_pos, ring->pos, __ATOMIC_RELEASE);
}

unsigned long ring_drain(struct ring *ring)
{
	unsigned long nr = 0;

	while (ring_next(ring))
		nr++;
	ring_release(ring);
	return nr;
}

unsigned long ring_events(const struct ring *ring)
{
	return ring->nr_exits + ring->nr_injects + ring->nr_marks +
	       ring->nr_traps;
}

const void *ring_next_type(struct ring *ring, int type)
{
	const struct vmitap_record *rec;

	while ((rec = ring_next(ring)))
		if (rec->type == type)
			return rec;
	return NULL;
}

const void *ring_expect_type(struct ring *ring, int type)
{
	const void *rec = ring_next_type(ring, type);

	CHECK(rec, "no record of type %d", type);
	return rec;
}

const struct vmitap_exit *ring_next_exit(struct ring *ring, int class_id)
{
	const struct vmitap_record *rec;

	while ((rec = ring_next(ring))) {
		const struct vmitap_exit *exit = (const void *)rec;

		if (rec->type == VMITAP_RECORD_EXIT && exit->class_id == class_id)
			return exit;
	}
	return NULL;
}

const struct vmitap_exit *ring_expect_exit(struct ring *ring, int class_id)
{
	const struct vmitap_exit *exit = ring_next_exit(ring, class_id);

	CHECK(exit, "no exit of class %d", class_id);
	return exit;
}

const void *exit_section(const struct vmitap_exit *exit, __u32 field)
{
	const char *at = (const char *)(exit + 1);
	size_t i;

	CHECK(exit->record.fields & field, "fields 0x%x", exit->record.fields);
	for (i = 0; i < NR_SECTIONS && sections[i].field != field; i++)
		if (exit->record.fields & sections[i].field)
			at += sections[i].bytes;
	return at;
}
