#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Make an initramfs of busybox, an init script, kernel modules and other files.
# usage: initramfs.sh OUT.cpio INIT KERNEL_DIR RELEASE "MODULE ..." [FILE ...]
# The modules come with what they depend on, in /modules in loading order; the files
# go to /bin, with the libraries they need.

set -euo pipefail
out=$1 init=$2 kernel=$3 release=$4 modules=$5
shift 5

tmp=$(mktemp -d) new=$out.$$
trap 'rm -rf "$tmp" "$new"' EXIT
mkdir -p "$tmp/root"/{bin,dev,proc,sys,tmp,modules}
cp "$(command -v busybox)" "$tmp/root/bin/busybox"
install -m 0755 "$init" "$tmp/root/init"
for file in "$@"; do
	install -m 0755 "$file" "$tmp/root/bin/"
	# Nothing for what is linked statically.
	ldd "$file" 2>/dev/null | grep -o '/[^ ]*' |
	while read -r library; do
		install -D -m 0755 "$library" "$tmp/root$library"
	done || :
done

number=100
for module in $modules; do
	modprobe -d "$kernel" -S "$release" --show-depends "$module" |
	while read -r verb path _; do
		# A module that is built in has no file.
		if [ "$verb" = insmod ]; then
			echo "$path"
		fi
	done
done | awk '!seen[$0]++' | while read -r path; do
	# Busybox loads no compressed ones.
	case $path in
	*.xz) xz -dc "$path" > "$tmp/root/modules/$number-$(basename "$path" .xz)" ;;
	*)    cp "$path" "$tmp/root/modules/$number-$(basename "$path")" ;;
	esac
	number=$((number + 1))
done
# Beside it: so it is never there in part.
(cd "$tmp/root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) > "$new"
mv "$new" "$out"
