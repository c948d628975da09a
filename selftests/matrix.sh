#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All tests that depend on the kernel, on every kernel and vendor: those of the virtual
# host (guest kernel 6.1), then those of a guest (host kernel 6.1).  Prints a table;
# what the tests said is in build/matrix/.
# usage: matrix.sh [KERNEL...]       names: see host/kernels; default: 6.1 6.12 7.3
# Exit status: 0 nothing failed, 1 something did.

set -u
cd "$(dirname "$0")/.." || exit 1
logs=${O:-build}/matrix
kernels=("$@")
[ $# -gt 0 ] || kernels=(6.1 6.12 7.3)
# A vendor is there if a script is that makes its virtual host: run.sh is AMD's.
vendors=(amd)
[ ! -e selftests/host/intel.sh ] || vendors+=(intel)
failed=0
mkdir -p "$logs"

# cell NAME PART...: run these parts of check.sh; sets cell
cell()
{
	local log=$logs/$1.log
	shift
	selftests/check.sh "$@" > "$log" 2>&1 || failed=1
	cell=$(tail -n 1 "$log")
	case $cell in
	*' passed, '*' failed, '*' skipped') ;;
	*) cell='did not end'; failed=1 ;;
	esac
}

# row NAME CELL...
row()
{
	printf '%-14s' "$1"
	shift
	printf '  %-34s' "$@"
	echo
}

row kernel "${vendors[@]}"
for kernel in "${kernels[@]}"; do
	cells=()
	for vendor in "${vendors[@]}"; do
		CPU=$vendor HOST_KERNEL=$kernel cell "host-$kernel-$vendor" host
		cells+=("$cell")
	done
	row "host $kernel" "${cells[@]}"
done
for kernel in "${kernels[@]}"; do
	cells=()
	for vendor in "${vendors[@]}"; do
		CPU=$vendor GUEST_KERNEL=$kernel TESTS='guest_kernel_test.sh linux_trap_test.sh' \
			cell "guest-$kernel-$vendor" views guest host
		cells+=("$cell")
	done
	row "guest $kernel" "${cells[@]}"
done
exit $failed
