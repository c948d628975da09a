#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the module for a kernel; print its path, from the top of the tree.
# usage: module.sh [NAME [VARIABLE=VALUE...]]
# Names: see "kernels"; default: $HOST_KERNEL, else 6.1.  Variables are for make.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/kernels.sh"
kernel_by_name "${1:-${HOST_KERNEL:-6.1}}"
shift $(($# > 0))
release=$("$here/release.sh" "$kernel_name")
build=${O:-build}
cd "$here/../.."
mkdir -p "$build"
exec 8> "$build/module.lock"
flock 8

if [ "$kernel_suite" = - ]; then
	make --no-print-directory -s module O="$build" "$@" >&2
	echo "$build/vmitap.ko"
elif [ "$kernel_suite" = source ]; then
	# Of the kernel, these configurations have UBSAN look at nothing.
	make --no-print-directory -s module O="$build/$kernel_name" \
		KDIR="$("$here/kernel.sh" "$release")/lib/modules/$release/build" \
		UBSAN_SANITIZE=y "$@" >&2
	echo "$build/$kernel_name/vmitap.ko"
else
	# The kernel's type information is taken from its image.
	"$here/kernel.sh" "$release" > /dev/null
	"$here/build-root.sh" "$release" make --no-print-directory -s module \
		O="$build/$kernel_name" KDIR="/usr/src/linux-headers-$release" NEEDED='gcc make' "$@" >&2
	echo "$build/$kernel_name/vmitap.ko"
fi
