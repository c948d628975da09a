#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the modules of test guests (selftests/guest/modules) for a kernel; print the
# path of an initramfs archive that has them, from the top of the tree.
# usage: guest-modules.sh [NAME]       names: see "kernels"; default: $GUEST_KERNEL, else 6.1

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/kernels.sh"
kernel_by_name "${1:-${GUEST_KERNEL:-6.1}}"
release=$("$here/release.sh" "$kernel_name")
cd "$here/../.."
dir=${O:-build}/guest/$release

if [ -z "$(find "$dir/modules.cpio" -newer selftests/guest/modules/hide.c \
	-newer selftests/guest/modules/evade.c -newer selftests/guest/modules/Kbuild 2>/dev/null)" ]; then
	mkdir -p "$dir"
	cp -rsf "$PWD"/selftests/guest/modules/* "$dir/"
	in_root=()
	[ "$kernel_suite" = - ] || in_root=("$here/build-root.sh" "$release")
	"${in_root[@]}" make --no-print-directory -s -C "/usr/src/linux-headers-$release" \
		M="$(realpath "$dir")" O="/usr/src/linux-headers-$release" \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >&2
	(cd "$dir" && printf '%s\n' hide.ko evade.ko | cpio -o -H newc -R 0:0 --quiet) > "$dir/modules.tmp"
	mv "$dir/modules.tmp" "$dir/modules.cpio"
fi
echo "$dir/modules.cpio"
