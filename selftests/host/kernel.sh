#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch and unpack (not install) a distribution's kernel; print the directory, which
# has boot/vmlinuz-RELEASE and lib/modules/RELEASE.
# usage: kernel.sh RELEASE      for example 6.1.0-40-amd64

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
. "$here/kernels.sh"
release=$1
dir=$cache/kernel-$release sudo=''
[ "$(id -u)" = 0 ] || sudo=sudo

download()
{
	(cd "$1" && apt-get download -qq -o APT::Sandbox::User=root "linux-image-$release" >&2)
}

# The mirror has the newest release only, if it is of the security updates: go to that.
upgrade()
{
	local newest
	echo "kernel.sh: linux-image-$release is not to be had any more: upgrading linux-headers-amd64" >&2
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq linux-headers-amd64 >&2 < /dev/null || :
	newest=$("$here/release.sh" "$kernel_name")
	if [ "$newest" = "$release" ]; then
		echo "kernel.sh: there are no newer headers: see why 'apt-get install linux-headers-amd64' installs none, and 'apt-get download linux-image-$release' fails" >&2
	else
		echo "kernel.sh: headers of $newest are installed now: do the same again" >&2
	fi
}

# From this machine's own suites, security updates among them.
own()
{
	download "$1" || { $sudo apt-get update -qq >&2 && download "$1"; } || {
		upgrade
		return 1
	}
	dpkg-deb -x "$1"/linux-image-*.deb "$1"
	rm "$1"/linux-image-*.deb
}

other()
{
	local packages=("linux-image-$release")
	apt_begin "$kernel_suite"
	# By 7.3 an image is in several packages.
	mapfile -t -O 1 packages < <(apt_depends "linux-image-$release" |
		grep -oE 'linux-(base|binary|modules)-[0-9][^ ]*' | sort -u)
	echo "kernel.sh: fetching ${packages[*]}" >&2
	apt_unpack "$1" "${packages[@]}" || {
		echo "kernel.sh: linux-image-$release is not to be had any more; remove $cache/release-$kernel_name" >&2
		return 1
	}
}

if ! cache_has "$dir"; then
	kernel_by_release "$release"
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	if [ "$kernel_suite" = - ]; then
		own "$tmp"
	else
		other "$tmp"
	fi
	# By 7.3 everything is in /usr/lib/modules.
	[ -e "$tmp/lib/modules" ] || ln -s usr/lib "$tmp/lib"
	if [ ! -e "$tmp/boot/vmlinuz-$release" ]; then
		mkdir -p "$tmp/boot"
		ln -s "../lib/modules/$release/vmlinuz" "$tmp/boot/vmlinuz-$release"
	fi
	depmod -b "$tmp" "$release"
	apt_end "$tmp" "$dir"
fi
echo "$dir"
