#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Stop the build early, with one line for each thing that is missing.
# usage: prerequisites.sh KDIR TOOL...

kdir=$1
shift
bad=0

miss()
{
	echo "vmitap: $1" >&2
	bad=1
}

if [ -z "$kdir" ] || [ ! -f "$kdir/Makefile" ]; then
	miss "no kernel headers found: install linux-headers for your kernel, or say KDIR=/path/to/build"
	exit 1
fi

conf=$kdir/.config
[ -f "$conf" ] || conf=$kdir/include/config/auto.conf
for option in KVM KALLSYMS_ALL KPROBES BPF_SYSCALL HAVE_STATIC_CALL_INLINE; do
	grep -q "^CONFIG_$option=[ym]" "$conf" ||
		miss "the kernel in $kdir has no CONFIG_$option, which vmitap needs"
done
grep -q '^CONFIG_KVM=y' "$conf" &&
	miss "the kernel in $kdir has KVM built in; vmitap needs it as a module (CONFIG_KVM=m)"

for tool in "$@"; do
	command -v $tool >/dev/null || miss "no $tool: run 'make setup', or install it"
done
case " $* " in
*" pkg-config "*)
	for library in libbpf libelf zlib; do
		pkg-config --exists $library 2>/dev/null ||
			miss "no $library to build with: run 'make setup', or install its headers"
	done
	# The compiler says no more than the name of what it does not find.
	[ "$(${CC:-gcc} -print-file-name=libc.a 2>/dev/null)" != libc.a ] ||
		miss "no static C library: run 'make setup', or install it"
esac
exit $bad
