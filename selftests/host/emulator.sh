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
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
case ${1:-qemu} in
qemu)  name=qemu dir=$cache/emulator-$suite packages=(qemu-system-x86) ;;
bochs) name=bochs dir=$cache/bochs-$suite packages=(bochs bochs-term bochsbios) ;;
*)     echo "emulator.sh: there is no emulator $1" >&2; exit 2 ;;
esac

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

if ! cache_has "$dir"; then
	echo "emulator.sh: fetching Debian $suite's ${packages[0]}" >&2
	apt_begin "$suite"
	root=$apt_dir/root
	apt_unpack_all "$root" "${packages[@]}" || {
		echo "emulator.sh: Debian $suite's ${packages[0]} is not to be had from $(apt_mirror "$suite")" >&2
		exit 1
	}
	"run_$name" > "$root/$name"
	chmod 0755 "$root/$name"
	apt_end "$root" "$dir"
fi
echo "$dir/$name"
