// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memory.c - read a guest's memory, where its VMM has it
 *
 * The memory slots say where guest-physical memory is in the VMM process, and
 * process_vm_readv() reads that.  Neither a PID nor an address in that process is
 * sure to mean the same a moment later: after each read it is seen that the process
 * and the VM are still there, and slots are not believed for long.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "session.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Pieces for one system call, and most bytes: the kernel cuts off more. */
#define MAX_PIECES	64
#define MAX_BYTES	(1ul << 30)

/* How long slots are believed, nanoseconds. */
#define SLOTS_FRESH_NS	100000000

/**
 * struct pieces - what one system call reads
 * @to: here
 * @from: in the VMM
 * @nr: entries in use
 * @bytes: in all
 */
struct pieces {
	struct iovec to[MAX_PIECES];
	struct iovec from[MAX_PIECES];
	unsigned int nr;
	size_t bytes;
};

void vmitap_memory_init(struct vmitap_memory *memory)
{
	memset(memory, 0, sizeof(*memory));
	memory->pidfd = -1;
}

void vmitap_memory_free(struct vmitap_memory *memory)
{
	if (memory->pidfd >= 0)
		close(memory->pidfd);
	free(memory->slots);
	vmitap_memory_init(memory);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static bool taps(const struct vmitap_vm_info *vm, pid_t pid)
{
	unsigned int i;

	for (i = 0; i < VMITAP_MAX_SESSIONS; i++) {
		if (vm->tapper_pids[i] == (uint32_t)pid)
			return true;
	}
	return false;
}

/* A VM attached by descriptor: of which process are those that this one taps? */
static int find_pid(struct vmitap_session *session, pid_t *pid)
{
	struct vmitap_vm_info vms[64];
	uint32_t nr, i;
	int err;

	err = vmitap_session_list_vms(session, vms, sizeof(vms[0]), 64, &nr);
	if (err)
		return err;
	*pid = 0;
	for (i = 0; i < nr && i < 64; i++) {
		if (!taps(&vms[i], getpid()))
			continue;
		if (*pid && *pid != (pid_t)vms[i].pid)
			return -ENOTUNIQ;
		*pid = vms[i].pid;
	}
	/* There may be one more that is not listed. */
	if (nr > 64)
		return -ENOTUNIQ;
	return *pid ? 0 : -ESRCH;
}

static int open_vmm(struct vmitap_session *session)
{
	struct vmitap_memory *memory = &session->memory;
	int err;

	if (memory->pidfd >= 0)
		return 0;
	if (!memory->pid) {
		err = find_pid(session, &memory->pid);
		if (err) {
			memory->pid = 0;
			return err;
		}
	}
	memory->pidfd = syscall(SYS_pidfd_open, memory->pid, 0);
	if (memory->pidfd >= 0)
		return 0;
	return errno == ESRCH ? -EPIPE : -errno;
}

static int compare_slots(const void *a, const void *b)
{
	const struct vmitap_slot *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static int list_slots(struct vmitap_session *session)
{
	struct vmitap_memory *memory = &session->memory;
	uint32_t nr = 0, room;
	int err;

	for (;;) {
		err = vmitap_session_list_slots(session, memory->slots,
						sizeof(*memory->slots),
						memory->room, &nr);
		if (err || nr <= memory->room)
			break;
		room = nr + 8;
		free(memory->slots);
		memory->nr = memory->room = 0;
		memory->slots = calloc(room, sizeof(*memory->slots));
		if (!memory->slots)
			return -ENOMEM;
		memory->room = room;
	}
	memory->nr = err ? 0 : nr;
	memory->listed_ns = err ? 0 : now_ns();
	if (memory->nr)
		qsort(memory->slots, memory->nr, sizeof(*memory->slots),
		      compare_slots);
	return err;
}

/* The slot that has a guest-physical address, NULL if none. */
static const struct vmitap_slot *find_slot(const struct vmitap_memory *memory,
					   uint64_t gpa)
{
	uint32_t low = 0, high = memory->nr, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memory->slots[middle].gpa <= gpa)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || gpa - memory->slots[low - 1].gpa >=
	    memory->slots[low - 1].bytes)
		return NULL;
	return &memory->slots[low - 1];
}

static ssize_t read_by(pid_t thread, const struct pieces *pieces)
{
	return process_vm_readv(thread, pieces->to, pieces->nr,
				pieces->from, pieces->nr, 0);
}

/*
 * By any thread of the VMM, as its main thread may have ended before the others.  Its
 * number may be somebody else's by the time of the read, but not still be listed then.
 * Return: as process_vm_readv(); ESRCH if no thread has memory.
 */
static ssize_t read_by_any(pid_t pid, const struct pieces *pieces)
{
	struct dirent *entry;
	ssize_t ret = -1;
	char path[40];
	DIR *threads;
	int err = ESRCH;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	while (ret < 0 && err == ESRCH && (entry = readdir(threads))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		ret = read_by(atoi(entry->d_name), pieces);
		err = errno;
		if (faccessat(dirfd(threads), entry->d_name, F_OK, 0)) {
			ret = -1;
			err = ESRCH;
		}
	}
	closedir(threads);
	errno = err;
	return ret;
}

/* Read the pieces.  Return: 0, or -EFAULT if the VMM does not have them all. */
static int read_pieces(const struct vmitap_memory *memory,
		       struct pieces *pieces)
{
	ssize_t ret;

	if (!pieces->nr)
		return 0;
	ret = read_by(memory->pid, pieces);
	if (ret < 0 && errno == ESRCH)
		ret = read_by_any(memory->pid, pieces);
	if (ret < 0)
		return errno == ESRCH ? -EPIPE : -errno;
	if ((size_t)ret != pieces->bytes)
		return -EFAULT;
	pieces->nr = 0;
	pieces->bytes = 0;
	return 0;
}

/* Add a span piece by piece, reading them whenever that is all that goes at once. */
static int add_span(const struct vmitap_memory *memory, struct pieces *pieces,
		    struct vmitap_span span)
{
	const struct vmitap_slot *slot;
	uint64_t offset;
	size_t part;
	int err;

	while (span.bytes) {
		slot = find_slot(memory, span.gpa);
		if (!slot)
			return -EFAULT;
		if (slot->flags & VMITAP_SLOT_HIDDEN)
			return -EOPNOTSUPP;
		if (pieces->nr == MAX_PIECES || pieces->bytes == MAX_BYTES) {
			err = read_pieces(memory, pieces);
			if (err)
				return err;
		}
		offset = span.gpa - slot->gpa;
		part = span.bytes;
		if (part > slot->bytes - offset)
			part = slot->bytes - offset;
		if (part > MAX_BYTES - pieces->bytes)
			part = MAX_BYTES - pieces->bytes;
		pieces->to[pieces->nr] = (struct iovec){ span.buf, part };
		pieces->from[pieces->nr] = (struct iovec){
			(void *)(uintptr_t)(slot->hva + offset), part
		};
		pieces->nr++;
		pieces->bytes += part;
		span.gpa += part;
		span.buf = (char *)span.buf + part;
		span.bytes -= part;
	}
	return 0;
}

static int read_spans(const struct vmitap_memory *memory,
		      const struct vmitap_span *spans, size_t nr)
{
	struct pieces pieces;
	size_t i;
	int err;

	pieces.nr = 0;
	pieces.bytes = 0;
	for (i = 0; i < nr; i++) {
		err = add_span(memory, &pieces, spans[i]);
		if (err)
			return err;
	}
	return read_pieces(memory, &pieces);
}

/* Was that the memory of the VM?  Not if it or its VMM is gone by now. */
static int check_alive(const struct vmitap_session *session)
{
	struct pollfd fds[] = {
		{ .fd = session->fd },
		{ .fd = session->memory.pidfd, .events = POLLIN },
	};

	while (poll(fds, 2, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return fds[0].revents & POLLHUP || fds[1].revents ? -EPIPE : 0;
}

static int read_memory(struct vmitap_session *session,
		       const struct vmitap_span *spans, size_t nr)
{
	struct vmitap_memory *memory = &session->memory;
	bool listed = false;
	int err;

	if (!memory->listed_ns || now_ns() - memory->listed_ns > SLOTS_FRESH_NS) {
		listed = true;
		err = list_slots(session);
		if (err)
			return err;
	}
	err = open_vmm(session);
	if (err)
		return err;
	err = read_spans(memory, spans, nr);
	if (err == -EFAULT && !listed) {
		err = list_slots(session);
		if (!err)
			err = read_spans(memory, spans, nr);
	}
	if (!err || err == -EFAULT) {
		int alive = check_alive(session);

		err = alive ? alive : err;
	}
	return err;
}

int vmitap_session_read_memory(struct vmitap_session *session,
			       const struct vmitap_span *spans, size_t nr)
{
	return vmitap_error_memory(session, read_memory(session, spans, nr));
}
