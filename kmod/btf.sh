#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Add BTF to the module.  Kernel headers come without the vmlinux that kbuild
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
release=$(cat "$kdir/include/config/kernel.release")
base=
if [ "$release" = "$(uname -r)" ] && [ -r /sys/kernel/btf/vmlinux ]; then
	base=/sys/kernel/btf/vmlinux
else
	for image in "/boot/vmlinuz-$release" "/lib/modules/$release/vmlinuz" \
		     "${VMITAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmitap}"/kernel-*/boot/vmlinuz-"$release"; do
		[ -r "$image" ] || continue
		extract=$kdir/scripts/extract-vmlinux
		[ -x "$extract" ] || extract=$(ls /usr/lib/linux-kbuild-*/scripts/extract-vmlinux \
			/usr/src/linux-headers-*-common/scripts/extract-vmlinux 2>/dev/null | head -n 1)
		[ -x "$extract" ] || break
		"$extract" "$image" > "$tmp/vmlinux" 2>/dev/null || continue
		objcopy --dump-section .BTF="$tmp/btf" "$tmp/vmlinux" "$tmp/null" 2>/dev/null || continue
		base=$tmp/btf
		break
	done
fi
[ -n "$base" ] || without "no /sys/kernel/btf/vmlinux of $release and no vmlinuz-$release"

pahole -J --btf_base "$base" "$tmp/vmitap.ko" 2>/dev/null || without "pahole failed"
finish
