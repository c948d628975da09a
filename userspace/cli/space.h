/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space.h - an address space of a guest, as options choose it
 */
#ifndef VMITAP_CLI_SPACE_H
#define VMITAP_CLI_SPACE_H

#include "guest_live.h"
#include "paging.h"

struct options;
struct session;

/**
 * struct space - an address space
 * @session: the VM
 * @live: its guest
 * @guest: the same, to be read
 * @phys: addresses are guest-physical
 * @paging: else, by these page tables
 */
struct space {
	const struct session *session;
	struct guest_live *live;
	struct guest guest;
	bool phys;
	struct paging paging;
};

/*
 * Open the space that --phys, --cr3 and --vcpu choose, else that of the first vCPU.
 * Return: EXIT_OK, or an exit code, reported; space_close() in both cases.
 */
int space_open(struct space *space, const struct session *session,
	       const struct options *opts);
void space_close(struct space *space);

/*
 * Registers of the guest itself: of the first vCPU that runs no nested guest.
 * Return: EXIT_OK, or an exit code, reported.
 */
int space_guest_regs(const struct session *session, const struct guest *guest,
		     struct guest_regs *regs);

/* Read.  Return: 0, or a negative errno that space_failed() explains. */
int space_read(struct space *space, uint64_t address, void *buf, size_t len);

/* Report why the byte at @address cannot be read.  Return: an exit code. */
int space_failed(struct space *space, uint64_t address);

/* Parse a hexadecimal address.  Return: EXIT_OK or EXIT_USAGE, reported. */
int space_parse_address(const char *text, uint64_t *address);

#endif /* VMITAP_CLI_SPACE_H */
