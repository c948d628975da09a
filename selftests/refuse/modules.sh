#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build modules that a host must refuse, each from the same sources with another header
# included first: build/refuse/newer, build/refuse/headers.
# usage: modules.sh [NAME]      names of kernels as for selftests/host/module.sh

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
for variant in newer headers; do
	O=${O:-build}/refuse/$variant "$top/selftests/host/module.sh" \
		"${1:-${HOST_KERNEL:-6.1}}" "KCFLAGS=-include $top/selftests/refuse/$variant.h" > /dev/null
done
