/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * newer.h - included before all of the module: any kernel is newer than the newest tested
 */
#include "../../kmod/compat/range.h"

#undef VMITAP_NEWEST_MAJOR
#undef VMITAP_NEWEST_MINOR
#define VMITAP_NEWEST_MAJOR	VMITAP_OLDEST_MAJOR
#define VMITAP_NEWEST_MINOR	0
