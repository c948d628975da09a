/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fakering.h - a ring laid out as the module does it, filled by the test
 */
#ifndef FAKERING_H
#define FAKERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vmitap.h>

#include "../../userspace/lib/ring.h"

/**
 * struct fakering - a ring and the writer's view of it
 * @consumer: page that the reader writes
 * @producer: page that the writer writes
 * @data: twice in a row
 * @pos: where the next record goes; not published yet if beyond producer_pos
 * @ring: the reader's view, read-only but for the consumer page, with a hole in the
 *	address space behind it
 * @bytes: data size
 */
struct fakering {
	struct vmitap_ring_consumer *consumer;
	struct vmitap_ring_producer *producer;
	unsigned char *data;
	uint64_t pos;
	struct vmitap_ring ring;
	size_t bytes;
};

/* Make a ring that starts at position @pos.  Exits if that is not possible. */
void fakering_create(struct fakering *fake, uint32_t vcpu, size_t bytes,
		     uint64_t pos);
void fakering_destroy(struct fakering *fake);

/* Read the ring anew, as after mapping it.  Return: as vmitap_ring_init(). */
int fakering_init_reader(struct fakering *fake);

/*
 * Write a record of @size bytes without publishing it.  Return: false if there is
 * no room.
 */
bool fakering_write(struct fakering *fake, const void *record, size_t size);

/* Publish what was written. */
void fakering_publish(struct fakering *fake);

#endif /* FAKERING_H */
