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
dir=$cache/kernel-$release

# From this machine's own suites, security updates among them.
own()
{
	(cd "$1" && apt-get download -qq -o APT::Sandbox::User=root "linux-image-$release" >&2) || {
		echo "kernel.sh: linux-image-$release is not to be had any more; upgrade linux-headers-amd64 and build again" >&2
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
