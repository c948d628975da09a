// SPDX-License-Identifier: GPL-2.0-only
/*
 * fakering.c - a ring laid out as the module does it, filled by the test
 */
#include <err.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fakering.h"

static void map_at(void *at, size_t bytes, int prot, int fd, off_t offset)
{
	if (mmap(at, bytes, prot, MAP_SHARED | MAP_FIXED, fd, offset) == MAP_FAILED)
		err(1, "mapping a ring");
}

/* Both pages and the data twice, in a row, then a page that is not there. */
static unsigned char *map_all(int fd, size_t bytes, int prot)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *at;

	at = mmap(NULL, 3 * page + 2 * bytes, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		err(1, "address space for a ring");
	map_at(at, page, PROT_READ | PROT_WRITE, fd, 0);
	map_at(at + page, page + bytes, prot, fd, page);
	map_at(at + 2 * page + bytes, bytes, prot, fd, 2 * page);
	return at;
}

int fakering_init_reader(struct fakering *fake)
{
	const struct vmitap_ring *ring = &fake->ring;

	return vmitap_ring_init(&fake->ring, ring->consumer, ring->producer,
				sysconf(_SC_PAGESIZE) + 2 * fake->bytes);
}

void fakering_create(struct fakering *fake, uint32_t vcpu, size_t bytes,
		     uint64_t pos)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *all;
	int fd;

	memset(fake, 0, sizeof(*fake));
	fd = memfd_create("ring", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 2 * page + bytes))
		err(1, "memory for a ring");
	all = map_all(fd, bytes, PROT_READ | PROT_WRITE);
	fake->consumer = (void *)all;
	fake->producer = (void *)(all + page);
	fake->data = all + 2 * page;
	fake->bytes = bytes;
	fake->pos = pos;
	fake->consumer->consumer_pos = pos;
	*fake->producer = (struct vmitap_ring_producer){
		.magic = VMITAP_RING_MAGIC,
		.header_bytes = sizeof(*fake->producer),
		.vcpu_id = vcpu,
		.data_bytes = bytes,
		.data_offset = 2 * page,
		.vendor = VMITAP_VENDOR_SVM,
		.nr_lost = VMITAP_NR_LOST,
		.nr_filtered = VMITAP_NR_FILTERED,
		.producer_pos = pos,
	};
	all = map_all(fd, bytes, PROT_READ);
	close(fd);
	fake->ring.consumer = (void *)all;
	fake->ring.producer = (void *)(all + page);
	if (fakering_init_reader(fake))
		errx(1, "a ring as the module makes them is refused");
}

void fakering_destroy(struct fakering *fake)
{
	size_t all = 3 * sysconf(_SC_PAGESIZE) + 2 * fake->bytes;

	munmap(fake->consumer, all);
	munmap(fake->ring.consumer, all);
}

bool fakering_write(struct fakering *fake, const void *record, size_t size)
{
	uint64_t read = __atomic_load_n(&fake->consumer->consumer_pos,
					__ATOMIC_ACQUIRE);

	if (fake->pos - read + size > fake->bytes)
		return false;
	memcpy(fake->data + (fake->pos & (fake->bytes - 1)), record, size);
	fake->pos += size;
	return true;
}

void fakering_publish(struct fakering *fake)
{
	__atomic_store_n(&fake->producer->producer_pos, fake->pos,
			 __ATOMIC_RELEASE);
}
