#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetch and unpack (not install) what plays the virtual host's hardware, qemu or
# bochs; print a command that runs it.
# usage: emulator.sh [qemu|bochs]
#
# They are Debian 13's.  Its Bochs is 40 % faster than Debian 12's.  Under Debian 12's
# QEMU 7.2 a CPU may go on executing code that another CPU has changed.  KVM changes a
# jump label in the scheduler with the first VM and the last; now and then all CPUs
# then met its breakpoint for ever (3 of about 20 runs of abi_test; none with QEMU
# 10.0).  The QEMU that runs the guest inside the virtual host is this machine's own.

set -eu
suite=trixie
cache=${VMITAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmitap}
case ${1:-qemu} in
qemu)  name=qemu dir=$cache/emulator-$suite packages=(qemu-system-x86) ;;
bochs) name=bochs dir=$cache/bochs-$suite packages=(bochs bochs-term bochsbios) ;;
*)     echo "emulator.sh: there is no emulator $1" >&2; exit 2 ;;
esac

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
	apt-get -c "$tmp/apt.conf" -qq -y --download-only install "${packages[@]}" >&2
	for package in "$tmp"/apt/archives/*.deb; do
		dpkg-deb -x "$package" "$tmp/root"
	done
}

# The libraries of the other suite come with a loader of their own.
run_qemu()
{
	cat <<-RUN
		#!/bin/sh
		exec $dir/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 \\
			--library-path $dir/usr/lib/x86_64-linux-gnu $dir/usr/bin/qemu-system-x86_64 \\
			-L $dir/usr/share/qemu -L $dir/usr/share/seabios -L $dir/usr/lib/ipxe/qemu "\$@"
	RUN
}

run_bochs()
{
	cat <<-RUN
		#!/bin/sh
		export LTDL_LIBRARY_PATH=$dir/usr/lib/x86_64-linux-gnu/bochs/plugins
		export BXSHARE=$dir/usr/share/bochs
		exec $dir/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 \\
			--library-path $dir/usr/lib/x86_64-linux-gnu $dir/usr/bin/bochs-bin "\$@"
	RUN
}

if [ ! -e "$dir/ready" ]; then
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	echo "emulator.sh: fetching Debian $suite's ${packages[0]}" >&2
	fetch "$tmp" || {
		echo "emulator.sh: Debian $suite's ${packages[0]} is not to be had from $(mirror)" >&2
		exit 1
	}
	"run_$name" > "$tmp/root/$name"
	chmod 0755 "$tmp/root" "$tmp/root/$name"
	touch "$tmp/root/ready"
	rm -rf "$dir"
	mv "$tmp/root" "$dir"
fi
echo "$dir/$name"
