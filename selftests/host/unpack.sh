#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Take the ELF image out of a compressed kernel, for VMMs that load nothing else.
# usage: unpack.sh VMLINUZ OUT

set -eu
vmlinuz=$1 out=$2

# number OFFSET SIZE: of the boot protocol's header
number()
{
	od -An -tu"$2" -j "$1" -N "$2" "$vmlinuz" | tr -d ' '
}

# The payload is behind the real-mode code, which is a sector longer than it says.
at=$((($(number 0x1f1 1) + 1) * 512 + $(number 0x248 4)))
size=$(number 0x24c 4)
# The uncompressed size follows the compressed kernel.
tail -c "+$((at + 1))" "$vmlinuz" | head -c "$((size - 4))" > "$out.xz"
xz -dc "$out.xz" > "$out.tmp" || {
	echo "unpack.sh: $vmlinuz is not compressed by xz" >&2
	exit 1
}
rm "$out.xz"
mv "$out.tmp" "$out"
