#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run a Linux guest for one test, under stock QEMU/KVM or the VMM that VMM names, inside
# a virtual KVM host.
# usage: test-guest.sh SCRIPT LOG [-- QEMU_ARGUMENT...]
# The guest's first process runs SCRIPT (a shell script; selftests/guest/test-init
# says what it finds) and switches off.  LOG gets the guest's console.  A line
# written to LOG.go.in is what go_on in the script waits for.
# The process becomes the VMM (start-vmm.sh): started in the background, $! is its PID.

set -eu
script=$1 log=$2
shift 2
[ "${1:-}" != -- ] || shift
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/${O:-build}

# The kernel takes several archives, one after the other.
work=$(mktemp -d)
mkdir "$work/root"
cp "$script" "$work/root/script"
cat "$build/guest/test.cpio" "$VMITAP_GUEST_MODULES" > "$work/initrd"
(cd "$work/root" && echo script | cpio -o -H newc -R 0:0 --quiet) >> "$work/initrd"
rm -f "$log" "$log.go.in" "$log.go.out"
mkfifo "$log.go.in" "$log.go.out"

# The VMM has read the initramfs before the guest runs, and nothing needs it later.
(
	while [ ! -s "$log" ] && [ -d "/proc/$$" ]; do sleep 1; done
	rm -rf "$work"
) > /dev/null 2>&1 &

exec "$top/selftests/host/start-vmm.sh" test-guest "$work/initrd" "$log" -g "$log.go" "$@"
