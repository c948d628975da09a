#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is worth running long, for about TIME seconds (default 600), in a virtual KVM
# host: a storm of processes in a Linux guest with all traps armed, compared with one
# that is not tapped, for half of the time; `vmitap watch` silent in one, as long; then,
# until it is over, the tests in which
# sessions, traps, readers, VMMs and the module come and go, guests are hostile, the host
# is not still, and calls are made at random: from another seed each time.
# What `make soak` runs, by check.sh, which adds up.  usage: soak.sh BUILD_DIR
# Exit status: that of selftests/host/run.sh.

set -eu
build=$1
time=${TIME:-600}
cd "$(dirname "$0")/.."

# Guests that start and stop, and a last test that has just begun, come on top.
exec selftests/host/run.sh --guest none --module "$build/vmitap.ko" \
	--path "$PWD/$build" --timeout $((time * 3 + 900)) \
	--log "$build/host/soak-console.log" -- \
	"O=$build STORM_SECONDS=$((time / 2)) REPEAT_SECONDS=$time TEST_TIMEOUT=$((time + 600)) \
	selftests/run-in-host.sh linux_trap_test.sh watch_test.sh trap_busy_test ring_test session_test wait_test message_test pause_test \
	hostile_guest_test fuzz_ioctl_test host_stress_test"
