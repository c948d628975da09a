#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Unpack the distribution's kernel source package, once; print the directory.

set -eu
. "$(dirname "$0")/cache.sh"
archive=$(ls -dv /usr/src/linux-source-6.1*.tar.xz 2>/dev/null | tail -n 1)
[ -n "$archive" ] || {
	echo "kernel-source.sh: no kernel source package: apt-get install linux-source-6.1" >&2
	exit 1
}
base=$cache/$(basename "$archive" .tar.xz)

# A newer package is another kernel.
cache_lock "$(basename "$base")"
key=$(stat -Lc '%s %Y' "$archive")
if [ "$(cat "$base/key" 2>/dev/null)" != "$key" ]; then
	rm -rf "$base"
	mkdir -p "$base/source"
	echo "kernel-source.sh: unpacking $archive" >&2
	tar -C "$base/source" --strip-components=1 -xf "$archive"
	echo "$key" > "$base/key"
fi
echo "$base/source"
