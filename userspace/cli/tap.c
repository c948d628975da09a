// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap.c - a session of /dev/vmitap and the records of all its rings
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

/**
 * struct ring - the mapped ring of a vCPU
 * @consumer: page that tells the module what was read
 * @producer: page with the module's position; the data follows in the mapping
 * @producer_bytes: length of that mapping
 * @data: records
 * @mask: size of the data, less 1
 * @pos: position of the next record to read
 */
struct ring {
	struct vmitap_ring_consumer *consumer;
	struct vmitap_ring_producer *producer;
	size_t producer_bytes;
	const unsigned char *data;
	uint64_t mask;
	uint64_t pos;
};

struct tap {
	int fd;
	unsigned int nr_rings;
	struct ring *rings;
	/* Its record was returned last and is not given back yet. */
	struct ring *current;
};

static int do_ioctl(const struct tap *tap, unsigned long cmd, void *arg)
{
	return ioctl(tap->fd, cmd, arg) < 0 ? -errno : 0;
}

int tap_open(struct tap **tap)
{
	int fd = open("/dev/vmitap", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*tap = calloc(1, sizeof(**tap));
	if (!*tap) {
		close(fd);
		return -ENOMEM;
	}
	(*tap)->fd = fd;
	return 0;
}

void tap_close(struct tap *tap)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned int i;

	if (!tap)
		return;
	for (i = 0; i < tap->nr_rings; i++) {
		munmap(tap->rings[i].consumer, page);
		munmap(tap->rings[i].producer, tap->rings[i].producer_bytes);
	}
	free(tap->rings);
	close(tap->fd);
	free(tap);
}

int tap_query(struct tap *tap, struct vmitap_query *query)
{
	*query = (struct vmitap_query){ .size = sizeof(*query) };
	return do_ioctl(tap, VMITAP_IOC_QUERY, query);
}

int tap_list(struct tap *tap, struct vmitap_vm_info *vms, uint32_t room,
	     uint32_t *nr)
{
	struct vmitap_list_vms list = {
		.size = sizeof(list),
		.vms = (uintptr_t)vms,
		.entry_size = sizeof(*vms),
		.nr = room,
	};
	int err;

	err = do_ioctl(tap, VMITAP_IOC_LIST_VMS, &list);
	*nr = list.out_nr;
	return err;
}

/* Map one ring.  The consumer page alone may be writable. */
static int map_ring(struct tap *tap, const struct vmitap_ring_info *info)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct ring *ring = &tap->rings[tap->nr_rings];

	ring->producer_bytes = info->out_mmap_bytes - page;
	ring->consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			      tap->fd, info->out_mmap_offset);
	if (ring->consumer == MAP_FAILED)
		return -errno;
	ring->producer = mmap(NULL, ring->producer_bytes, PROT_READ, MAP_SHARED,
			      tap->fd, info->out_mmap_offset + page);
	if (ring->producer == MAP_FAILED) {
		munmap(ring->consumer, page);
		return -errno;
	}
	/* data_offset counts from the consumer page. */
	ring->data = (unsigned char *)ring->producer +
		     ring->producer->data_offset - page;
	ring->mask = ring->producer->data_bytes - 1;
	ring->pos = ring->consumer->consumer_pos;
	tap->nr_rings++;
	return 0;
}

/* Map the rings of vCPUs that are new. */
static int map_rings(struct tap *tap)
{
	struct ring *rings;
	int err;

	for (;;) {
		struct vmitap_ring_info info = {
			.size = sizeof(info), .index = tap->nr_rings,
		};

		err = do_ioctl(tap, VMITAP_IOC_RING, &info);
		if (err)
			return err == -ENOENT ? 0 : err;
		rings = realloc(tap->rings,
				(tap->nr_rings + 1) * sizeof(*rings));
		if (!rings)
			return -ENOMEM;
		/* The record handed out last is given back by address. */
		if (tap->current)
			tap->current = rings + (tap->current - tap->rings);
		tap->rings = rings;
		err = map_ring(tap, &info);
		if (err)
			return err;
	}
}

int tap_attach(struct tap *tap, pid_t pid, uint32_t ring_bytes)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach), .pid = pid, .ring_bytes = ring_bytes,
	};
	int err;

	err = do_ioctl(tap, VMITAP_IOC_ATTACH, &attach);
	return err ? err : map_rings(tap);
}

int tap_configure(struct tap *tap, struct vmitap_config *config)
{
	config->size = sizeof(*config);
	return do_ioctl(tap, VMITAP_IOC_CONFIG, config);
}

int tap_set_filter(struct tap *tap, int prog_fd)
{
	struct vmitap_filter filter = {
		.size = sizeof(filter), .prog_fd = prog_fd,
	};

	return do_ioctl(tap, VMITAP_IOC_FILTER, &filter);
}

int tap_enable(struct tap *tap, int on)
{
	struct vmitap_enable enable = { .size = sizeof(enable), .enable = on };

	return do_ioctl(tap, VMITAP_IOC_ENABLE, &enable);
}

int tap_stats(struct tap *tap, struct vmitap_stats *stats)
{
	*stats = (struct vmitap_stats){ .size = sizeof(*stats) };
	return do_ioctl(tap, VMITAP_IOC_STATS, stats);
}

/* Give back the record handed out last, so that the vCPU can use its room. */
static void give_back(struct tap *tap)
{
	struct ring *ring = tap->current;

	if (!ring)
		return;
	tap->current = NULL;
	/* Release: the record was read before.  Pairs with the module's load. */
	__atomic_store_n(&ring->consumer->consumer_pos, ring->pos,
			 __ATOMIC_RELEASE);
	if (ring->producer->state & VMITAP_RING_WAITING) {
		struct vmitap_wake wake = { .size = sizeof(wake) };

		do_ioctl(tap, VMITAP_IOC_WAKE, &wake);
	}
}

/* The next record of a ring, NULL if there is none. */
static const struct vmitap_record *peek(const struct ring *ring)
{
	/* Acquire: the records up to there are complete. */
	uint64_t end = __atomic_load_n(&ring->producer->producer_pos,
				       __ATOMIC_ACQUIRE);

	if (end == ring->pos)
		return NULL;
	return (const void *)(ring->data + (ring->pos & ring->mask));
}

int tap_next(struct tap *tap, const struct vmitap_record **rec)
{
	const struct vmitap_record *first = NULL, *head;
	unsigned int i;

	give_back(tap);
	for (i = 0; i < tap->nr_rings; i++) {
		head = peek(&tap->rings[i]);
		if (!head || (first && head->tsc >= first->tsc))
			continue;
		first = head;
		tap->current = &tap->rings[i];
	}
	if (!first)
		return 0;
	if (first->size < sizeof(*first) || first->size % 8) {
		tap->current = NULL;
		return -EPROTO;
	}
	tap->current->pos += first->size;
	*rec = first;
	return 1;
}

int tap_wait(struct tap *tap, int ms)
{
	struct pollfd fd = { .fd = tap->fd, .events = POLLIN | POLLPRI };
	int err = 0;

	give_back(tap);
	if (poll(&fd, 1, ms) < 0)
		return -errno;
	if (fd.revents & POLLPRI)
		err = map_rings(tap);
	if (!err && fd.revents & POLLHUP)
		err = -EPIPE;
	return err;
}

/* Sections lie in the order of their bits, each a multiple of 8 bytes. */
static const void *section(const struct vmitap_exit *exit, uint32_t field)
{
	static const size_t sizes[] = {
		sizeof(struct vmitap_ctrl), sizeof(struct vmitap_gprs),
		sizeof(struct vmitap_segs), sizeof(struct vmitap_insn),
	};
	const unsigned char *at = (const unsigned char *)(exit + 1);
	uint32_t fields = exit->record.fields;
	unsigned int i;

	if (!(fields & field))
		return NULL;
	for (i = 0; 1U << i < field; i++) {
		if (fields >> i & 1)
			at += sizes[i];
	}
	return at;
}

const struct vmitap_ctrl *tap_exit_ctrl(const struct vmitap_exit *exit)
{
	return section(exit, VMITAP_FIELD_CTRL);
}

const struct vmitap_gprs *tap_exit_gprs(const struct vmitap_exit *exit)
{
	return section(exit, VMITAP_FIELD_GPRS);
}

const struct vmitap_segs *tap_exit_segs(const struct vmitap_exit *exit)
{
	return section(exit, VMITAP_FIELD_SEGS);
}

const struct vmitap_insn *tap_exit_insn(const struct vmitap_exit *exit)
{
	return section(exit, VMITAP_FIELD_INSN);
}
