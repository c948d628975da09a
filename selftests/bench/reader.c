// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - how fast events are read: libvmitap against libbpf's ring buffer
 *
 * usage: reader OBJECT [ROUNDS]
 *
 * Needs no module.  Rings of 1 MiB are filled with exits of the same size, then
 * read, many times over; only the reading is timed.  All readers do the same work on
 * each event.  libvmitap's rings are laid out and filled as the module does it, and
 * any vCPU may be the next, as on a host where they run at the same time; it hands
 * the events of two rings out in the order of time ("one_ring" has nothing to put in
 * order).  libbpf's rings are filled by the BPF program OBJECT and come one after the
 * other.  Prints the medians, as lines "name value unit".
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../userspace/lib/session.h"
#include "../user/fakering.h"

#define RING_BYTES	(1u << 20)
#define NR_RINGS	2
/* What fits into libbpf's rings, with their 8 bytes before each record. */
#define EVENTS		(RING_BYTES / (sizeof(struct vmitap_exit) + 8) - 1)

/* As in reader_fill.bpf.c. */
struct fill {
	uint32_t ring;
	uint32_t count;
	uint32_t done;
};

static struct fakering rings[NR_RINGS];
static struct vmitap_session session = { .fd = -1 };
static struct ring_buffer *bpf_rings;
static int bpf_prog;
static uint64_t sum, events;

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* The work on each event. */
static inline void work(const void *record)
{
	sum += ((const struct vmitap_exit *)record)->rip;
	events++;
}

/* Fill the first @nr_rings rings, each as likely as the other to be the next. */
static void fill_rings(unsigned int nr_rings)
{
	struct vmitap_exit exit = {
		.record.type = VMITAP_RECORD_EXIT,
		.record.size = sizeof(exit),
	};
	unsigned int left[NR_RINGS] = { EVENTS, nr_rings > 1 ? EVENTS : 0 };
	static uint64_t tsc = 1;
	unsigned int ring;

	while (left[0] || left[1]) {
		ring = random() >> 8 & 1;
		if (!left[ring])
			ring = !ring;
		exit.record.seq = exit.rip = EVENTS - left[ring]--;
		exit.record.tsc = tsc++;
		if (!fakering_write(&rings[ring], &exit, sizeof(exit)))
			errx(1, "no room in ring %u", ring);
	}
	for (ring = 0; ring < NR_RINGS; ring++)
		fakering_publish(&rings[ring]);
}

static void fill_two(void)
{
	fill_rings(2);
}

static void fill_one(void)
{
	fill_rings(1);
}

static void read_next(void)
{
	const struct vmitap_record *record;

	while (vmitap_session_next(&session, &record) > 0)
		work(record);
}

static void read_batches(void)
{
	const struct vmitap_record *const *records;
	int nr, i;

	while ((nr = vmitap_session_read(&session, &records)) > 0) {
		for (i = 0; i < nr; i++)
			work(records[i]);
	}
}

static void fill_bpf_rings(unsigned int nr_rings)
{
	struct fill fill = { .count = EVENTS };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &fill,
		    .ctx_size_in = sizeof(fill));

	for (fill.ring = 0; fill.ring < nr_rings; fill.ring++) {
		if (bpf_prog_test_run_opts(bpf_prog, &opts))
			err(1, "running the BPF program");
		if (fill.done != EVENTS)
			errx(1, "%u records instead of %zu", fill.done, EVENTS);
	}
}

static void fill_bpf_two(void)
{
	fill_bpf_rings(2);
}

static void fill_bpf_one(void)
{
	fill_bpf_rings(1);
}

static int on_bpf_event(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)size;
	work(data);
	return 0;
}

static void read_bpf(void)
{
	ring_buffer__consume(bpf_rings);
}

/**
 * struct reader - one way to read events
 * @name: start of the names of its figures
 * @fill: fills the rings
 * @read: reads them
 * @rate: events per second, by round
 * @cpu: seconds of CPU per event, by round
 */
struct reader {
	const char *name;
	void (*fill)(void);
	void (*read)(void);
	double *rate;
	double *cpu;
};

/* Libbpf knows no order between rings, so it is one ring that compares alike. */
enum { VMITAP_ONE_RING, BPF_ONE_RING };

static struct reader readers[] = {
	[VMITAP_ONE_RING] = { .name = "", .fill = fill_one, .read = read_batches },
	[BPF_ONE_RING] = { .name = "libbpf_", .fill = fill_bpf_one, .read = read_bpf },
	{ .name = "merged_", .fill = fill_two, .read = read_batches },
	{ .name = "merged_next_", .fill = fill_two, .read = read_next },
	{ .name = "libbpf_two_", .fill = fill_bpf_two, .read = read_bpf },
};

#define NR_READERS (sizeof(readers) / sizeof(readers[0]))

static void measure(struct reader *reader, unsigned int round)
{
	double wall, cpu;

	reader->fill();
	events = 0;
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	wall = seconds(CLOCK_MONOTONIC);
	reader->read();
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	if (events != EVENTS && events != NR_RINGS * EVENTS)
		errx(1, "%sevents: %lu", reader->name, (unsigned long)events);
	reader->rate[round] = events / wall;
	reader->cpu[round] = cpu / events;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int nr)
{
	qsort(values, nr, sizeof(*values), compare);
	return values[nr / 2];
}

static void open_vmitap(void)
{
	unsigned int i;

	vmitap_merge_init(&session.merge);
	for (i = 0; i < NR_RINGS; i++) {
		fakering_create(&rings[i], i, RING_BYTES, 0);
		if (vmitap_merge_add(&session.merge, &rings[i].ring))
			err(1, "memory");
	}
}

static void open_bpf(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);

	if (!obj || bpf_object__load(obj))
		err(1, "%s", path);
	bpf_prog = bpf_program__fd(bpf_object__next_program(obj, NULL));
	bpf_rings = ring_buffer__new(bpf_object__find_map_fd_by_name(obj, "ring0"),
				     on_bpf_event, NULL, NULL);
	if (!bpf_rings ||
	    ring_buffer__add(bpf_rings, bpf_object__find_map_fd_by_name(obj, "ring1"),
			     on_bpf_event, NULL))
		err(1, "BPF rings");
}

int main(int argc, char **argv)
{
	unsigned int rounds, i, round;

	if (argc < 2)
		errx(2, "usage: reader OBJECT [ROUNDS]");
	rounds = argc > 2 ? atoi(argv[2]) : 301;
	open_vmitap();
	open_bpf(argv[1]);
	for (i = 0; i < NR_READERS; i++) {
		readers[i].rate = calloc(rounds, sizeof(double));
		readers[i].cpu = calloc(rounds, sizeof(double));
		if (!readers[i].rate || !readers[i].cpu)
			err(1, "memory");
	}
	/* In turn, so that what else the machine does meets all of them. */
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < NR_READERS; i++)
			measure(&readers[i], round);
	}
	for (i = 0; i < NR_READERS; i++) {
		printf("reader.%sevents_per_s %.0f events/s\n", readers[i].name,
		       median(readers[i].rate, rounds));
		printf("reader.%scpu_per_million %.6f s\n", readers[i].name,
		       median(readers[i].cpu, rounds) * 1e6);
	}
	printf("reader.ratio %.2f times\n",
	       median(readers[VMITAP_ONE_RING].rate, rounds) /
	       median(readers[BPF_ONE_RING].rate, rounds));
	return sum == 0;
}
