#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A small Debian, installed into a directory of the cache: a kernel, its headers and
# DKMS, as a host has them before vmitap is installed.  Print the directory; it is not
# to be changed.  Takes root.
# usage: system.sh [NAME]       names: see "kernels"; default: $HOST_KERNEL, else 6.1

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
. "$here/kernels.sh"
kernel_by_name "${1:-${HOST_KERNEL:-6.1}}"
release=$("$here/release.sh" "$kernel_name")
dir=$cache/system-$release

# What vmitap's packages need, so that apt needs no network then; and lintian.
packages="linux-image-$release,linux-headers-$release,dkms,openssl,pahole,binutils,libbpf1,libc6-dev,lintian"

case $kernel_suite in
-)      suites=(bookworm bookworm-security) ;;
source) echo "system.sh: $kernel_name is no package" >&2; exit 2 ;;
*)      suites=("$kernel_base" "$kernel_base-security")
	[ "$kernel_suite" = "$kernel_base" ] || suites+=("$kernel_suite") ;;
esac

if ! cache_has "$dir"; then
	if [ "$(id -u)" != 0 ]; then
		echo "system.sh: only root can install a Debian into a directory" >&2
		exit 1
	fi
	apt_begin "${suites[@]}"
	echo "system.sh: installing Debian ${suites[0]} with $release" >&2
	mmdebstrap --quiet --variant=apt --include="$packages" \
		"${suites[0]}" "$apt_dir/root" "$apt_dir/sources.list" >&2
	apt_end "$apt_dir/root" "$dir"
fi
echo "$dir"
