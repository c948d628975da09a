#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the module for the kernel that has KVM built in, which make does not do; print
# its path, from the top of the tree.

set -eu
cd "$(dirname "$0")/../.."
dir=${O:-build}/refuse/builtin
release=$(selftests/host/release.sh builtin)
mkdir -p "$dir"
cp -rsf "$PWD"/{Kbuild,kmod,uapi} "$dir/"
make -s -C "$(selftests/host/kernel.sh "$release")/lib/modules/$release/build" \
	"M=$(realpath "$dir")" VMITAP_VERSION=0 modules >&2
echo "$dir/vmitap.ko"
