// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap_every.c - tap every VM that is made, whoever makes it, from its first instruction
 *
 * Some sessions always await a VM; one that has got its VM is replaced.  Says "ready",
 * and when it is told to end (SIGTERM) what it saw, as words and numbers in one line.
 *
 * usage: tap_every [--traps]
 */
#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/ringreader.h"
#include "lib/session.h"

/* As many VMs can be made before this program is scheduled. */
#define NR_AWAITING	16
#define RING_BYTES	0x20000

/**
 * struct tapping - a session
 * @next: another
 * @prev: another
 * @fd: its file
 * @has_vm: it does not wait any more
 * @rings: those mapped
 * @nr_rings: how many
 */
struct tapping {
	struct tapping *next, *prev;
	int fd;
	bool has_vm;
	struct ring *rings;
	__u32 nr_rings;
};

static struct tapping all = { .next = &all, .prev = &all };
static __u64 classes = VMITAP_CLASSES_PASSIVE;
static int epoll_fd;

static struct {
	unsigned long made;
	bool made_unknown;
	unsigned long vms, vcpus, untapped, events, traps, lost;
} total;

static void watch(int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLPRI, .data.ptr = what };

	CHECK(!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void await_vm(void)
{
	struct vmitap_attach attach = {
		.size = sizeof(attach), .flags = VMITAP_ATTACH_NEXT,
		.ring_bytes = RING_BYTES,
	};
	struct tapping *tapping = calloc(1, sizeof(*tapping));

	CHECK(tapping, "memory");
	tapping->fd = session_open();
	vmitap_ioctl(tapping->fd, VMITAP_IOC_ATTACH, &attach);
	session_config(tapping->fd, classes, VMITAP_FIELDS_ALL);
	session_enable(tapping->fd, true);
	tapping->next = &all;
	tapping->prev = all.prev;
	all.prev->next = tapping;
	all.prev = tapping;
	watch(tapping->fd, tapping);
}

static void map_new_rings(struct tapping *tapping, __u32 nr)
{
	if (nr == tapping->nr_rings)
		return;
	tapping->rings = realloc(tapping->rings, nr * sizeof(*tapping->rings));
	CHECK(tapping->rings, "memory");
	for (; tapping->nr_rings < nr; tapping->nr_rings++)
		ring_map(&tapping->rings[tapping->nr_rings], tapping->fd,
			 tapping->nr_rings);
}

/* If the VM was gone before, that is all there will be. */
static struct vmitap_stats read_all(struct tapping *tapping)
{
	struct vmitap_stats stats = session_stats(tapping->fd);
	__u32 i;

	map_new_rings(tapping, stats.out_nr_rings);
	for (i = 0; i < tapping->nr_rings; i++)
		ring_drain(&tapping->rings[i]);
	return stats;
}

static void end(struct tapping *tapping)
{
	__u32 i;

	for (i = 0; i < tapping->nr_rings; i++)
		ring_unmap(&tapping->rings[i]);
	close(tapping->fd);
	tapping->prev->next = tapping->next;
	tapping->next->prev = tapping->prev;
	free(tapping->rings);
	free(tapping);
}

static void add_up(const struct tapping *tapping, const struct vmitap_stats *stats)
{
	unsigned long events = 0;
	__u32 i;

	for (i = 0; i < tapping->nr_rings; i++) {
		events += ring_events(&tapping->rings[i]);
		total.traps += tapping->rings[i].nr_traps;
	}
	CHECK(!stats->out_vm_gone || events == stats->out_events,
	      "%lu events read, %llu written", events, stats->out_events);
	total.events += events;
	total.vcpus += stats->out_nr_rings;
	total.untapped += stats->out_untapped_vcpus;
	for (i = 0; i < VMITAP_NR_LOST; i++)
		total.lost += stats->out_lost[i];
}

static void serve(struct tapping *tapping)
{
	struct vmitap_stats stats = read_all(tapping);

	if (!tapping->has_vm && (stats.out_nr_rings || stats.out_vm_gone)) {
		tapping->has_vm = true;
		total.vms++;
		await_vm();
	}
	if (stats.out_vm_gone) {
		add_up(tapping, &stats);
		end(tapping);
	}
}

/* KVM tells by uevents of the VMs that it makes. */
static int uevents_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int bytes = 1 << 22;

	CHECK(fd >= 0, "netlink socket");
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)),
	      "receive buffer");
	CHECK(!bind(fd, (void *)&addr, sizeof(addr)), "bind");
	return fd;
}

static bool says(const char *text, ssize_t bytes, const char *line)
{
	const char *end = text + bytes;

	for (; text < end; text += strlen(text) + 1)
		if (!strcmp(text, line))
			return true;
	return false;
}

static void count_made(int fd)
{
	char buf[4096];
	ssize_t bytes;

	while ((bytes = recv(fd, buf, sizeof(buf) - 1, 0)) >= 0) {
		buf[bytes] = 0;
		if (says(buf, bytes, "DEVNAME=kvm") && says(buf, bytes, "EVENT=create"))
			total.made++;
	}
	if (errno == ENOBUFS)
		total.made_unknown = true;
}

static int until_sigterm(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	CHECK(fd >= 0, "signalfd");
	return fd;
}

/* What did not come to its end yet ends here. */
static void finish(int uevents)
{
	while (all.next != &all) {
		struct tapping *tapping = all.next;
		struct vmitap_stats stats = read_all(tapping);

		if (tapping->has_vm || stats.out_nr_rings || stats.out_vm_gone) {
			total.vms += !tapping->has_vm;
			add_up(tapping, &stats);
		}
		end(tapping);
	}
	count_made(uevents);
	printf("made %ld tapped %lu vcpus %lu untapped_vcpus %lu events %lu traps %lu lost %lu\n",
	       total.made_unknown ? -1L : (long)total.made, total.vms, total.vcpus,
	       total.untapped, total.events, total.traps, total.lost);
}

int main(int argc, char **argv)
{
	int uevents, ending, i;

	if (argc > 1 && !strcmp(argv[1], "--traps"))
		classes = VMITAP_CLASSES_ALL;
	else if (argc > 1) {
		fprintf(stderr, "usage: tap_every [--traps]\n");
		return 2;
	}
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	CHECK(epoll_fd >= 0, "epoll_create1");
	ending = until_sigterm();
	uevents = uevents_open();
	watch(ending, &ending);
	watch(uevents, &uevents);
	for (i = 0; i < NR_AWAITING; i++)
		await_vm();
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct epoll_event event;

		/* One at a time: serving a session may end it. */
		if (epoll_wait(epoll_fd, &event, 1, -1) != 1)
			continue;
		if (event.data.ptr == &ending)
			break;
		if (event.data.ptr == &uevents)
			count_made(uevents);
		else
			serve(event.data.ptr);
	}
	finish(uevents);
	return 0;
}
