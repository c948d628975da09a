/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * harness.h - the kernel's kselftest harness, with time for an emulated host
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <kselftest_harness.h>

/*
 * Seconds for one test; the virtual host's processor is emulated, and its kernel may
 * check itself.  run-in-host.sh has a limit for all of a binary's.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

#endif /* HARNESS_H */
