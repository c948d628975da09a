#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests that depend on the kernel, on every kernel and vendor: a row for each kernel,
# which is that of the host and of the guests, a column for each vendor.  Prints the table;
# what the tests said is in build/matrix/.
# usage: matrix.sh [KERNEL...]       names: see host/kernels; default: 6.1 6.12 7.3
# VENDORS is the columns (default "amd intel").
# Exit status: 0 nothing failed, 1 something did.

set -u
cd "$(dirname "$0")/.." || exit 1
logs=${O:-build}/matrix
kernels=("$@")
[ $# -gt 0 ] || kernels=(6.1 6.12 7.3)
read -ra vendors <<< "${VENDORS:-amd intel}"
failed=0
mkdir -p "$logs"

# parts VENDOR: of check.sh.  Bochs is slow: there is a part for it.
parts()
{
	case $1 in
	amd)   echo views host guest ;;
	intel) echo intel intel-guest ;;
	esac
}

# run KERNEL VENDOR: sets cell
run()
{
	local log=$logs/$1-$2.log
	# shellcheck disable=SC2046 # several parts
	HOST_KERNEL=$1 GUEST_KERNEL=$1 selftests/check.sh $(parts "$2") > "$log" 2>&1 ||
		failed=1
	cell=$(tail -n 1 "$log")
	case $cell in
	*' passed, '*' failed, '*' skipped') ;;
	*) cell='did not end'; failed=1 ;;
	esac
}

# row NAME CELL...
row()
{
	printf '%-8s' "$1"
	shift
	printf '  %-34s' "$@"
	echo
}

for vendor in "${vendors[@]}"; do
	[ -n "$(parts "$vendor")" ] || { echo "matrix.sh: no vendor $vendor" >&2; exit 1; }
done
row kernel "${vendors[@]}"
for kernel in "${kernels[@]}"; do
	cells=()
	for vendor in "${vendors[@]}"; do
		run "$kernel" "$vendor"
		cells+=("$cell")
	done
	row "$kernel" "${cells[@]}"
done
exit $failed
