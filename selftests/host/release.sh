#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Print the release of the kernel that virtual hosts run: that of the newest
# Debian 6.1 headers installed, which the module is built for.

set -eu
dir=$(ls -dv /usr/src/linux-headers-6.1.*-amd64 2>/dev/null | tail -n 1)
if [ -z "$dir" ]; then
	echo "release.sh: no headers of a Debian 6.1 kernel: run make setup" >&2
	exit 1
fi
echo "${dir#/usr/src/linux-headers-}"
