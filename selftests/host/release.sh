#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Print the release of a kernel, for example 6.1.0-40-amd64.  That of this machine's
# own suite is the one of the newest headers installed.  Another suite is asked once:
# remove release-NAME from the cache to go to a newer one.
# usage: release.sh [NAME]      names: see "kernels"; default: $HOST_KERNEL, else 6.1

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
. "$here/kernels.sh"
kernel_by_name "${1:-${HOST_KERNEL:-6.1}}"

if [ "$kernel_suite" = - ]; then
	dir=$(ls -dv /usr/src/linux-headers-"$kernel_name".*-"$kernel_flavour" 2>/dev/null | tail -n 1)
	if [ -z "$dir" ]; then
		echo "release.sh: no headers of a Debian $kernel_name kernel: run make setup" >&2
		exit 1
	fi
	echo "${dir#/usr/src/linux-headers-}"
	exit 0
fi

if [ "$kernel_suite" = source ]; then
	basename "$("$here/debug-kernel.sh" "$kernel_name")"/lib/modules/*
	exit 0
fi

file=$cache/release-$kernel_name
if [ ! -s "$file" ]; then
	apt_begin "$kernel_suite"
	apt_depends "linux-image-$kernel_flavour" | grep -oE 'linux-image-[0-9][^ ]*' |
		sed 's/^linux-image-//' > "$apt_dir/release"
	case $(cat "$apt_dir/release") in
	"${kernel_name%%-*}".*-"$kernel_flavour") ;;
	*) echo "release.sh: $kernel_suite has no kernel $kernel_name any more, but $(cat "$apt_dir/release")" >&2
	   exit 1 ;;
	esac
	mv "$apt_dir/release" "$file"
fi
cat "$file"
