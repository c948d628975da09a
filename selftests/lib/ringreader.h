/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ringreader.h - read a ring, trusting nothing
 *
 * Every record is checked against the rules of the uapi header; a record that
 * breaks one aborts the test.
 */
#ifndef RINGREADER_H
#define RINGREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/vmitap.h>

/**
 * struct ring - a ring and how far it was read
 * @info: where it is
 * @prod: producer's page
 * @cons: consumer's page
 * @data: records
 * @pos: own position
 * @next_seq: number of the next event
 * @last_tsc: TSC of the last record
 * @nr_exits: EXIT records read
 * @nr_injects: INJECT records read
 * @nr_marks: records read that are only a head
 * @nr_traps: records of traps read
 * @nr_lost_records: LOST records read
 * @nr_lost: events they report
 * @lost: the same by enum vmitap_lost
 */
struct ring {
	struct vmitap_ring_info info;
	const struct vmitap_ring_producer *prod;
	struct vmitap_ring_consumer *cons;
	const char *data;
	__u64 pos;
	__u32 next_seq;
	__u64 last_tsc;
	unsigned long nr_exits;
	unsigned long nr_injects;
	unsigned long nr_marks;
	unsigned long nr_traps;
	unsigned long nr_lost_records;
	unsigned long nr_lost;
	unsigned long lost[VMITAP_NR_LOST];
};

/**
 * ring_map() - map a ring
 * @ring: filled in
 * @fd: session
 * @index: number of the ring
 */
void ring_map(struct ring *ring, int fd, __u32 index);

/**
 * ring_unmap() - undo ring_map()
 * @ring: ring
 */
void ring_unmap(struct ring *ring);

/**
 * ring_next() - the next record
 * @ring: ring
 *
 * Return: the record, valid until ring_release(), or NULL if there is none.
 */
const struct vmitap_record *ring_next(struct ring *ring);

/**
 * ring_release() - give what was read back to the kernel
 * @ring: ring
 */
void ring_release(struct ring *ring);

/**
 * ring_drain() - read and release all there is
 * @ring: ring
 *
 * Return: records read.
 */
unsigned long ring_drain(struct ring *ring);

/**
 * ring_events() - events seen so far, lost ones not included
 * @ring: ring
 *
 * Return: events.
 */
unsigned long ring_events(const struct ring *ring);

/**
 * ring_next_type() - the next record of a type
 * @ring: ring; records before it are skipped
 * @type: enum vmitap_record_type
 *
 * Return: the record, or NULL if there is none.
 */
const void *ring_next_type(struct ring *ring, int type);

/**
 * ring_expect_type() - like ring_next_type(), but there must be one
 * @ring: ring
 * @type: enum vmitap_record_type
 *
 * Return: the record.
 */
const void *ring_expect_type(struct ring *ring, int type);

/**
 * ring_next_exit() - the next EXIT record of a class
 * @ring: ring; records before it are skipped
 * @class_id: enum vmitap_class
 *
 * Return: the record, or NULL if there is none.
 */
const struct vmitap_exit *ring_next_exit(struct ring *ring, int class_id);

/**
 * ring_expect_exit() - like ring_next_exit(), but there must be one
 * @ring: ring
 * @class_id: enum vmitap_class
 *
 * Return: the record.
 */
const struct vmitap_exit *ring_expect_exit(struct ring *ring, int class_id);

/**
 * exit_section() - an optional section of a record
 * @exit: record
 * @field: one VMITAP_FIELD_*
 *
 * Return: the section; the record must have it.
 */
const void *exit_section(const struct vmitap_exit *exit, __u32 field);

#endif /* RINGREADER_H */
