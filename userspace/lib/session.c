// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * session.c - a session of /dev/vmitap
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "session.h"

static int do_ioctl(const struct vmitap_session *session, unsigned long cmd,
		    void *arg)
{
	return ioctl(session->fd, cmd, arg) < 0 ? -errno : 0;
}

int vmitap_session_open(struct vmitap_session **session)
{
	struct vmitap_session *opened = calloc(1, sizeof(*opened));

	*session = opened;
	if (!opened)
		return -ENOMEM;
	vmitap_merge_init(&opened->merge);
	vmitap_memory_init(&opened->memory);
	opened->fd = open("/dev/vmitap", O_RDWR | O_CLOEXEC);
	return vmitap_error_open(opened, opened->fd < 0 ? -errno : 0);
}

static void unmap_ring(struct vmitap_ring_consumer *consumer,
		       const void *producer, size_t bytes)
{
	munmap(consumer, sysconf(_SC_PAGESIZE));
	munmap((void *)producer, bytes);
}

void vmitap_session_close(struct vmitap_session *session)
{
	unsigned int i;

	if (!session)
		return;
	for (i = 0; i < session->nr_rings; i++) {
		struct vmitap_ring *ring = session->rings[i];

		unmap_ring(ring->consumer, ring->producer, ring->mapped);
		free(ring);
	}
	free(session->rings);
	vmitap_merge_free(&session->merge);
	vmitap_memory_free(&session->memory);
	if (session->fd >= 0)
		close(session->fd);
	free(session);
}

int vmitap_session_fd(const struct vmitap_session *session)
{
	return session->fd;
}

int vmitap_session_query(struct vmitap_session *session,
			 struct vmitap_query *query)
{
	return vmitap_error_query(session, do_ioctl(session, VMITAP_IOC_QUERY,
						    query));
}

/* Why the module refuses this host; "" if @err is not of that kind. */
static const char *refusal_of(const struct vmitap_session *session, int err,
			      struct vmitap_query *query)
{
	*query = (struct vmitap_query){ .size = sizeof(*query) };
	if ((err != -ENODEV && err != -EOPNOTSUPP) ||
	    do_ioctl(session, VMITAP_IOC_QUERY, query))
		return "";
	query->out_refusal[sizeof(query->out_refusal) - 1] = '\0';
	return query->out_refusal;
}

int vmitap_session_list_vms(struct vmitap_session *session,
			    struct vmitap_vm_info *vms, size_t entry_bytes,
			    uint32_t room, uint32_t *nr)
{
	struct vmitap_list_vms list = {
		.size = sizeof(list),
		.vms = (uintptr_t)vms,
		.entry_size = entry_bytes,
		.nr = room,
	};
	struct vmitap_query query;
	int err;

	err = do_ioctl(session, VMITAP_IOC_LIST_VMS, &list);
	*nr = list.out_nr;
	return vmitap_error_list(session, err, refusal_of(session, err, &query));
}

int vmitap_session_list_slots(struct vmitap_session *session,
			      struct vmitap_slot *slots, size_t entry_bytes,
			      uint32_t room, uint32_t *nr)
{
	struct vmitap_list_slots list = {
		.size = sizeof(list),
		.slots = (uintptr_t)slots,
		.entry_size = entry_bytes,
		.nr = room,
	};
	int err;

	err = do_ioctl(session, VMITAP_IOC_LIST_SLOTS, &list);
	*nr = list.out_nr;
	return vmitap_error_other(session, err, "list the memory slots");
}

/* Map one ring.  The consumer page alone may be writable. */
static int map_ring(const struct vmitap_session *session,
		    const struct vmitap_ring_info *info,
		    struct vmitap_ring *ring)
{
	size_t page = sysconf(_SC_PAGESIZE), bytes = info->out_mmap_bytes - page;
	struct vmitap_ring_consumer *consumer;
	void *producer;
	int err;

	if (info->out_mmap_bytes < 2 * page)
		return -EPROTO;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			session->fd, info->out_mmap_offset);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, bytes, PROT_READ, MAP_SHARED, session->fd,
			info->out_mmap_offset + page);
	if (producer == MAP_FAILED) {
		err = -errno;
		munmap(consumer, page);
		return err;
	}
	err = vmitap_ring_init(ring, consumer, producer, bytes);
	if (err)
		unmap_ring(consumer, producer, bytes);
	return err;
}

static int add_ring(struct vmitap_session *session,
		    const struct vmitap_ring_info *info)
{
	struct vmitap_ring **rings, *ring;
	int err;

	rings = realloc(session->rings, (session->nr_rings + 1) * sizeof(*rings));
	if (!rings)
		return -ENOMEM;
	session->rings = rings;
	ring = malloc(sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	err = map_ring(session, info, ring);
	if (err)
		goto err_free;
	err = vmitap_merge_add(&session->merge, ring);
	if (err)
		goto err_unmap;
	rings[session->nr_rings++] = ring;
	return 0;

err_unmap:
	unmap_ring(ring->consumer, ring->producer, ring->mapped);
err_free:
	free(ring);
	return err;
}

/* Map the rings of vCPUs that are new. */
static int map_rings(struct vmitap_session *session)
{
	int err;

	for (;;) {
		struct vmitap_ring_info info = {
			.size = sizeof(info), .index = session->nr_rings,
		};

		err = do_ioctl(session, VMITAP_IOC_RING, &info);
		if (!err)
			err = add_ring(session, &info);
		if (err)
			break;
	}
	if (err == -ENOENT)
		return 0;
	if (err == -EPROTO)
		return vmitap_error_ring(session, session->nr_rings);
	return vmitap_error_other(session, err, "map the rings");
}

static int attach(struct vmitap_session *session, struct vmitap_attach *attach,
		  const char *who)
{
	struct vmitap_query query;
	int err;

	err = do_ioctl(session, VMITAP_IOC_ATTACH, attach);
	if (!err)
		return map_rings(session);
	return vmitap_error_attach(session, err, who, attach->ring_bytes,
				   refusal_of(session, err, &query));
}

int vmitap_session_attach_pid(struct vmitap_session *session, pid_t pid,
			      uint32_t ring_bytes)
{
	struct vmitap_attach by_pid = {
		.size = sizeof(by_pid), .pid = pid, .ring_bytes = ring_bytes,
	};
	char who[40];
	int err;

	snprintf(who, sizeof(who), "process %d", (int)pid);
	err = attach(session, &by_pid, who);
	if (!err)
		session->memory.pid = pid;
	return err;
}

int vmitap_session_attach_fd(struct vmitap_session *session, int vm_fd,
			     uint32_t ring_bytes)
{
	struct vmitap_attach by_fd = {
		.size = sizeof(by_fd), .flags = VMITAP_ATTACH_BY_FD,
		.vm_fd = vm_fd, .ring_bytes = ring_bytes,
	};
	char who[40];

	snprintf(who, sizeof(who), "descriptor %d", vm_fd);
	return attach(session, &by_fd, who);
}

int vmitap_session_attach_next(struct vmitap_session *session, pid_t pid,
			       uint32_t ring_bytes)
{
	struct vmitap_attach next = {
		.size = sizeof(next), .flags = VMITAP_ATTACH_NEXT, .pid = pid,
		.ring_bytes = ring_bytes,
	};
	char who[40] = "any process";
	int err;

	if (pid)
		snprintf(who, sizeof(who), "process %d", (int)pid);
	err = attach(session, &next, who);
	if (!err) {
		session->memory.pid = pid;
		session->awaits = pid;
	}
	return err;
}

bool vmitap_session_awaits(const struct vmitap_session *session)
{
	struct vmitap_stats stats = { .size = sizeof(stats) };

	if (!session->awaits || session->nr_rings)
		return false;
	/* There may be rings that are not mapped yet. */
	do_ioctl(session, VMITAP_IOC_STATS, &stats);
	return !stats.out_nr_rings;
}

int vmitap_session_configure(struct vmitap_session *session,
			     const struct vmitap_config *config)
{
	/* The module only reads it. */
	int err = do_ioctl(session, VMITAP_IOC_CONFIG, (void *)config);

	if (!err)
		session->merge.lossless =
			config->delivery == VMITAP_DELIVERY_LOSSLESS;
	return vmitap_error_config(session, err);
}

int vmitap_session_set_filter(struct vmitap_session *session, int prog_fd)
{
	struct vmitap_filter filter = {
		.size = sizeof(filter), .prog_fd = prog_fd,
	};
	int err = do_ioctl(session, VMITAP_IOC_FILTER, &filter);

	return vmitap_error_filter(session, err);
}

static int enable(struct vmitap_session *session, int on, const char *what)
{
	struct vmitap_enable enable = { .size = sizeof(enable), .enable = on };
	int err = do_ioctl(session, VMITAP_IOC_ENABLE, &enable);

	return vmitap_error_other(session, err, what);
}

int vmitap_session_enable(struct vmitap_session *session)
{
	return enable(session, 1, "switch capture on");
}

int vmitap_session_disable(struct vmitap_session *session)
{
	return enable(session, 0, "switch capture off");
}

int vmitap_session_stats(struct vmitap_session *session,
			 struct vmitap_stats *stats)
{
	int err = do_ioctl(session, VMITAP_IOC_STATS, stats);

	return vmitap_error_other(session, err, "get the counters");
}

int vmitap_session_set_eventfd(struct vmitap_session *session, int fd)
{
	struct vmitap_eventfd eventfd = { .size = sizeof(eventfd), .fd = fd };
	int err = do_ioctl(session, VMITAP_IOC_EVENTFD, &eventfd);

	return vmitap_error_other(session, err, "set the eventfd");
}

int vmitap_session_vcpus(struct vmitap_session *session, uint32_t *vcpus,
			 uint32_t room, uint32_t *nr)
{
	struct vmitap_stats stats = { .size = sizeof(stats) };
	unsigned int i;
	int err = 0;

	*nr = 0;
	for (i = 0; i < session->nr_rings; i++) {
		const struct vmitap_ring_producer *producer =
			session->rings[i]->producer;

		if (__atomic_load_n(&producer->state, __ATOMIC_RELAXED) &
		    VMITAP_RING_DEAD)
			continue;
		if (*nr < room)
			vcpus[*nr] = producer->vcpu_id;
		++*nr;
	}
	/* None at all: perhaps there is no VM. */
	if (!session->nr_rings)
		err = do_ioctl(session, VMITAP_IOC_STATS, &stats);
	return vmitap_error_other(session, err, "list the vCPUs");
}

int vmitap_session_regs(struct vmitap_session *session, uint32_t vcpu_id,
			struct vmitap_regs *regs)
{
	int err;

	regs->vcpu_id = vcpu_id;
	err = do_ioctl(session, VMITAP_IOC_REGS, regs);
	return vmitap_error_regs(session, err, vcpu_id);
}

static int pause_vm(struct vmitap_session *session, int on, const char *what)
{
	struct vmitap_pause pause = { .size = sizeof(pause), .pause = on };
	int err = do_ioctl(session, VMITAP_IOC_PAUSE, &pause);

	return vmitap_error_pause(session, err, what);
}

int vmitap_session_pause(struct vmitap_session *session)
{
	return pause_vm(session, 1, "pause the VM");
}

int vmitap_session_resume(struct vmitap_session *session)
{
	return pause_vm(session, 0, "let the VM run");
}

/* What is to be done after records were read: wake vCPUs, report damage. */
static int finish_read(struct vmitap_session *session, int ret)
{
	unsigned int i;

	if (session->merge.wake) {
		struct vmitap_wake wake = { .size = sizeof(wake) };

		session->merge.wake = false;
		/* Only for speed: they look by themselves, too. */
		do_ioctl(session, VMITAP_IOC_WAKE, &wake);
	}
	if (ret >= 0)
		return ret;
	for (i = 0; i < session->nr_rings; i++) {
		if (session->rings[i] == session->merge.damaged)
			break;
	}
	return vmitap_error_ring(session, i);
}

/* Batches between two looks for rings of new vCPUs by a reader that never waits. */
#define BATCHES_PER_LOOK 64

/* Time between two looks for the process that is to have a VM, milliseconds. */
#define LOOK_MS 500

/* As poll().  Nobody is woken by the end of a process that never had a VM: look for it. */
static int poll_session(const struct vmitap_session *session, struct pollfd *fd,
			int timeout_ms)
{
	bool looks = session->awaits && !session->nr_rings;
	int part, ret;

	do {
		part = timeout_ms;
		if (looks && (part < 0 || part > LOOK_MS))
			part = LOOK_MS;
		ret = poll(fd, 1, part);
		if (timeout_ms > 0)
			timeout_ms -= part;
	} while (!ret && timeout_ms);
	return ret;
}

/* Wait for events, and map what is new.  As vmitap_session_wait(). */
static int poll_rings(struct vmitap_session *session, int timeout_ms)
{
	struct pollfd fd = { .fd = session->fd, .events = POLLIN | POLLPRI };
	int ret;

	ret = poll_session(session, &fd, timeout_ms);
	if (ret < 0)
		ret = -errno;
	else if (fd.revents & POLLERR)
		ret = -ENOTCONN;
	if (ret > 0 && fd.revents & POLLPRI) {
		int err = map_rings(session);

		if (err)
			return err;
	}
	if (ret > 0 && fd.revents & POLLHUP)
		ret = -EPIPE;
	if (ret < 0)
		vmitap_error_other(session, ret, "wait for events");
	return ret;
}

/* A batch may be at its end.  Return: 0, or what went wrong with a new ring. */
static inline int before_batch(struct vmitap_session *session)
{
	int ret;

	if (session->merge.next != session->merge.end ||
	    ++session->nr_batches % BATCHES_PER_LOOK)
		return 0;
	ret = poll_rings(session, 0);
	/* Of the VM's end, and of signals, waiting tells. */
	return ret < 0 && ret != -EPIPE && ret != -EINTR && ret != -ENOTCONN ? ret : 0;
}

int vmitap_session_next(struct vmitap_session *session,
			const struct vmitap_record **record)
{
	int ret = before_batch(session);

	if (__builtin_expect(ret, 0))
		return ret;
	ret = vmitap_merge_next(&session->merge, record);
	if (__builtin_expect(ret == 1 && !session->merge.wake, 1))
		return 1;
	return finish_read(session, ret);
}

int vmitap_session_read(struct vmitap_session *session,
			const struct vmitap_record *const **records)
{
	int ret = before_batch(session);

	if (__builtin_expect(ret, 0))
		return ret;
	ret = vmitap_merge_read(&session->merge, records);
	return finish_read(session, ret);
}

int vmitap_session_wait(struct vmitap_session *session, int timeout_ms)
{
	int ret;

	if (session->merge.next != session->merge.end)
		return 1;
	vmitap_merge_release(&session->merge);
	finish_read(session, 0);
	if (!vmitap_merge_holds(&session->merge))
		return poll_rings(session, timeout_ms);
	ret = poll_rings(session, 0);
	return ret ? ret : 1;
}
