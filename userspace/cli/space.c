// SPDX-License-Identifier: GPL-2.0-only
/*
 * space.c - an address space of a guest, as options choose it
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <vmitap.h>

#include "cli.h"
#include "options.h"
#include "session.h"
#include "space.h"

/* The only vCPU that --vcpu names.  Return: EXIT_OK or EXIT_USAGE, reported. */
static int one_vcpu(const struct options *opts, uint32_t *id)
{
	unsigned int i, nr = 0;

	*id = 0;
	for (i = 0; i < opts->nr_vcpu_words * 64; i++) {
		if (!(opts->vcpus[i / 64] >> i % 64 & 1))
			continue;
		*id = i;
		nr++;
	}
	if (nr == 1)
		return EXIT_OK;
	return fail(EXIT_USAGE, "--vcpu: name one vCPU here, not several");
}

int space_guest_regs(const struct session *session, const struct guest *guest,
		     struct guest_regs *regs)
{
	unsigned int vcpu;
	int err = guest_outer_regs(guest, &vcpu, regs);

	switch (err) {
	case 0:
		return EXIT_OK;
	case -ENOENT:
		return fail(EXIT_OTHER, "the VM has no vCPU");
	case -EAGAIN:
		return fail(EXIT_OTHER, "each vCPU runs a nested guest just now,"
			    " with page tables that are not of this guest: try"
			    " again");
	}
	return session_failed(session, err, EXIT_OTHER);
}

/* The registers of the vCPU that --vcpu names.  Return: as space_open(). */
static int regs_of(struct space *space, const struct options *opts,
		   struct guest_regs *regs)
{
	int nr = guest_nr_vcpus(&space->guest), i, err;
	uint32_t id;
	int code = one_vcpu(opts, &id);

	if (code)
		return code;
	for (i = 0; i < nr; i++) {
		if (guest_live_vcpu_id(space->live, i) != id)
			continue;
		err = guest_regs(&space->guest, i, regs);
		if (err)
			return session_failed(space->session, err, EXIT_OTHER);
		if (!regs->nested)
			return EXIT_OK;
		return fail(EXIT_OTHER, "vCPU %" PRIu32 " runs a nested guest"
			    " just now, with page tables that are not of this"
			    " guest: try again, or another --vcpu", id);
	}
	return fail(EXIT_OTHER, "there is no vCPU %" PRIu32, id);
}

static int open_paging(struct space *space, const struct options *opts)
{
	struct guest_regs regs;
	int code;

	code = opts->nr_vcpu_words ? regs_of(space, opts, &regs) :
	       space_guest_regs(space->session, &space->guest, &regs);
	if (code)
		return code;
	paging_init(&space->paging, &space->guest, &regs);
	if (!opts->nr_cr3s)
		return EXIT_OK;
	if (space->paging.mode == PAGING_OFF)
		return fail(EXIT_OTHER, "--cr3: paging is off in the guest");
	paging_set_root(&space->paging, opts->cr3s[0]);
	return EXIT_OK;
}

int space_open(struct space *space, const struct session *session,
	       const struct options *opts)
{
	int err;

	memset(space, 0, sizeof(*space));
	space->session = session;
	space->phys = opts->phys;
	if (opts->phys && (opts->nr_cr3s || opts->nr_vcpu_words))
		return fail(EXIT_USAGE, "--phys: guest-physical addresses have"
			    " no --cr3 and no --vcpu");
	if (opts->nr_cr3s > 1)
		return fail(EXIT_USAGE, "--cr3: name one here, not several");
	err = guest_live_open(&space->live, &space->guest, session->tap);
	if (err)
		return session_failed(session, err, EXIT_OTHER);
	return opts->phys ? EXIT_OK : open_paging(space, opts);
}

void space_close(struct space *space)
{
	guest_live_close(space->live);
	space->live = NULL;
}

int space_read(struct space *space, uint64_t address, void *buf, size_t len)
{
	if (space->phys)
		return guest_read(&space->guest, address, buf, len);
	return paging_read(&space->paging, address, buf, len);
}

/* Guest-physical memory cannot be read; @via is the first part of the message. */
static int no_memory(const struct space *space, uint64_t gpa, const char *via)
{
	struct vmitap_span span = { .gpa = gpa, .bytes = 1 };
	unsigned char byte;
	int err;

	span.buf = &byte;
	err = vmitap_session_read_memory(space->session->tap, &span, 1);
	if (err && err != -EFAULT)
		return session_failed(space->session, err, EXIT_OTHER);
	return fail(EXIT_OTHER, "%sthe guest has no memory at guest-physical 0x%"
		    PRIx64, via, gpa);
}

int space_failed(struct space *space, uint64_t address)
{
	struct paging_page page;
	char via[64];

	if (space->phys)
		return no_memory(space, address, "");
	switch (paging_translate(&space->paging, address, &page)) {
	case 0:
		snprintf(via, sizeof(via), "0x%" PRIx64 " is mapped, but ",
			 address);
		return no_memory(space, page.gpa, via);
	case -EFAULT:
		return fail(EXIT_OTHER, "nothing is mapped at 0x%" PRIx64,
			    address);
	case -EINVAL:
		return fail(EXIT_OTHER, "there is no address 0x%" PRIx64
			    " with the guest's kind of page tables", address);
	}
	/* The root itself is what --cr3 may have wrong. */
	return no_memory(space, space->paging.root, "page tables cannot be read;"
			 " perhaps ");
}

int space_parse_address(const char *text, uint64_t *address)
{
	char *end;

	errno = 0;
	*address = strtoull(text, &end, 16);
	if (end == text || *end || errno || strchr(text, '-'))
		return fail(EXIT_USAGE, "\"%s\" is no address; write it in"
			    " hexadecimal, as in ffffffff81000000", text);
	return EXIT_OK;
}
