#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Add BTF to the module.  Most kernel headers come without the vmlinux that kbuild
# would take it from, so take it from the running kernel if that is the target,
# else from the target's own image.
# usage: btf.sh KDIR IN.ko OUT.ko

set -eu
kdir=$1 in=$2 out=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cp "$in" "$tmp/vmitap.ko"
finish()
{
	objcopy --strip-debug "$tmp/vmitap.ko"
	mv "$tmp/vmitap.ko" "$out"
	exit 0
}

without()
{
	echo "vmitap: built without BTF: $1" >&2
	finish
}

command -v pahole >/dev/null || without "no pahole (package dwarves or pahole)"

# Decompress the kernel inside of a bzImage: try each place that looks like the
# start of a compressed stream.
unpack()
{
	image=$1
	while read -r magic tool; do
		for offset in $(LC_ALL=C grep -abobP "$magic" "$image" | cut -d: -f1); do
			tail -c "+$((offset + 1))" "$image" | $tool > "$tmp/vmlinux" 2>/dev/null || :
			if objcopy --dump-section .BTF="$tmp/btf" "$tmp/vmlinux" "$tmp/null" 2>/dev/null; then
				return 0
			fi
		done
	done <<-'TABLE'
		\xFD7zXZ\x00 xz -dcq
		\x28\xB5\x2F\xFD zstd -dcq
		\x02!L\x18 lz4 -dcq
		\x1F\x8B\x08 gzip -dcq
	TABLE
	return 1
}

release=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h")
base=
if [ "$release" = "$(uname -r)" ] && [ -r /sys/kernel/btf/vmlinux ]; then
	base=/sys/kernel/btf/vmlinux
elif [ -r "$kdir/vmlinux" ]; then
	base=$kdir/vmlinux
else
	for image in "/boot/vmlinuz-$release" "/lib/modules/$release/vmlinuz" \
		     "${VMITAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmitap}"/kernel-*/boot/vmlinuz-"$release"; do
		if [ -r "$image" ] && unpack "$image"; then
			base=$tmp/btf
			break
		fi
	done
fi
[ -n "$base" ] || without "no /sys/kernel/btf/vmlinux of $release and no vmlinuz-$release"

LLVM_OBJCOPY=objcopy pahole -J --btf_base "$base" "$tmp/vmitap.ko" 2>/dev/null || without "pahole failed"
finish
