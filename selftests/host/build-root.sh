#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch and unpack (not install) what modules for a kernel of another suite are built
# with: its headers, its compiler, and all programs that they need.  With a command,
# run it there: this tree is there too, where it is here.  Without, print the directory.
# usage: build-root.sh RELEASE [COMMAND...]

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
. "$here/kernels.sh"
release=$1
shift
dir=$cache/build-$release

fetch()
{
	local root=$apt_dir/root depends headers
	echo "build-root.sh: fetching headers of $release and a compiler" >&2
	depends=$(apt_depends "linux-headers-$release")
	# They need each other by exact version, and 6.12's need the whole kernel.
	headers=$(grep -oE 'linux-headers-[0-9][^ ]*|linux-base-[0-9][^ ]*' <<< "$depends")
	# shellcheck disable=SC2086 # a list
	apt_unpack "$root" "linux-headers-$release" $headers
	# shellcheck disable=SC2046 # a list
	apt_unpack_all "$root" '?essential' lz4 make pahole xz-utils zstd \
		$(grep -oE 'linux-kbuild-[0-9][^ ,]*|gcc-[0-9]+' <<< "$depends")
	ln -sf "$(basename "$(ls "$root"/usr/bin/gcc-[0-9]*)")" "$root/usr/bin/gcc"
	ln -sf mawk "$root/usr/bin/awk"
	mkdir -p "$root"/{proc,dev,tmp,src}
	apt_end "$root" "$dir"
}

if ! cache_has "$dir"; then
	kernel_by_release "$release"
	apt_begin "$kernel_base" "$kernel_suite"
	fetch
fi
if [ $# = 0 ]; then
	echo "$dir"
	exit 0
fi
top=$(cd "$here/../.." && pwd)
VMITAP_CACHE=$cache exec "$here/enter.sh" "$dir" "$cache" "$top" -- "$@"
