/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * range.h - the kernels that the module is written for and tested on
 *
 * Shared with user space: vmitap doctor says the same.
 */
#ifndef VMITAP_COMPAT_RANGE_H
#define VMITAP_COMPAT_RANGE_H

#define VMITAP_OLDEST_MAJOR	6
#define VMITAP_OLDEST_MINOR	1
#define VMITAP_NEWEST_MAJOR	7
#define VMITAP_NEWEST_MINOR	3

/* Those that all tests were run on, and the same to be read. */
#define VMITAP_TESTED		{ { 6, 1 }, { 6, 12 }, { 7, 3 } }
#define VMITAP_TESTED_TEXT	"6.1, 6.12, 7.3"

/* What to do about a newer one. */
#define VMITAP_UNTESTED_ADVICE						\
	"boot an older one or get a newer vmitap; allow_untested=1 loads the module anyway, at the host's risk"

#endif /* VMITAP_COMPAT_RANGE_H */
