#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch and unpack (not install) the distribution's kernel that the module was
# built for; print the directory, which has boot/ and lib/modules/.
# usage: kernel.sh RELEASE      for example 6.1.0-40-amd64

set -eu
release=$1
cache=${VMITAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmitap}
dir=$cache/kernel-$release

if [ ! -e "$dir/ready" ]; then
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	(
		cd "$tmp"
		apt-get download -qq -o APT::Sandbox::User=root "linux-image-$release" >&2 || {
			echo "kernel.sh: linux-image-$release is not to be had any more; upgrade linux-headers-amd64 and build again" >&2
			exit 1
		}
		dpkg-deb -x linux-image-*.deb .
		rm linux-image-*.deb
	)
	depmod -b "$tmp" "$release"
	touch "$tmp/ready"
	chmod 0755 "$tmp"
	rm -rf "$dir"
	mv "$tmp" "$dir"
	trap - EXIT
fi
echo "$dir"
