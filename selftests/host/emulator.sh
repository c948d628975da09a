#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch and unpack (not install) the QEMU that plays the virtual host's hardware;
# print a command that runs it.
#
# It is Debian 13's: under Debian 12's QEMU 7.2 a CPU may go on executing code that
# another CPU has changed.  KVM changes a jump label in the scheduler with the first
# VM and the last; now and then all CPUs then met its breakpoint for ever (3 of about
# 20 runs of abi_test; none with QEMU 10.0).  The QEMU that runs the guest inside the
# virtual host is this machine's own.

set -eu
suite=trixie
cache=${VMITAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmitap}
dir=$cache/emulator-$suite

# Debian's mirror as this machine has it configured.
mirror()
{
	local uri
	uri=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
	if [ -z "$uri" ]; then
		echo "emulator.sh: apt-get knows no mirror of Debian: run apt-get update" >&2
		return 1
	fi
	echo "$uri"
}

fetch()
{
	local tmp=$1
	mkdir -p "$tmp"/apt/{lists,archives}/partial "$tmp/root"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" \
		> "$tmp/apt/sources.list"
	: > "$tmp/apt/status"
	cat > "$tmp/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$tmp/apt/sources.list";
		Dir::Etc::sourceparts "/nonexistent";
		Dir::State::lists "$tmp/apt/lists";
		Dir::State::status "$tmp/apt/status";
		Dir::Cache::archives "$tmp/apt/archives";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		Debug::NoLocking "true";
	CONF
	apt-get -c "$tmp/apt.conf" -qq update >&2
	apt-get -c "$tmp/apt.conf" -qq -y --download-only install qemu-system-x86 >&2
	for package in "$tmp"/apt/archives/*.deb; do
		dpkg-deb -x "$package" "$tmp/root"
	done
}

if [ ! -e "$dir/ready" ]; then
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	echo "emulator.sh: fetching Debian $suite's QEMU" >&2
	fetch "$tmp" || {
		echo "emulator.sh: Debian $suite's qemu-system-x86 is not to be had from $(mirror)" >&2
		exit 1
	}
	cat > "$tmp/root/qemu" <<-RUN
		#!/bin/sh
		exec $dir/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 \\
			--library-path $dir/usr/lib/x86_64-linux-gnu $dir/usr/bin/qemu-system-x86_64 \\
			-L $dir/usr/share/qemu -L $dir/usr/share/seabios -L $dir/usr/lib/ipxe/qemu "\$@"
	RUN
	chmod 0755 "$tmp/root" "$tmp/root/qemu"
	touch "$tmp/root/ready"
	rm -rf "$dir"
	mv "$tmp/root" "$dir"
fi
echo "$dir/qemu"
