#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Install the Debian packages that building and testing vmitap needs.
# usage: packages.sh [--check]      --check only prints what is missing

set -eu

packages=(
	bc bison build-essential clang codespell cpio curl dwarves e2fsprogs flex gcc g++ git jq kmod
	debhelper dh-dkms mmdebstrap
	bpftool libbpf-dev libelf-dev zlib1g-dev libclang-rt-14-dev llvm
	linux-headers-amd64 linux-perf linux-source-6.1
	busybox-static qemu-system-x86 seabios
	pkg-config procps python3 shellcheck sparse strace util-linux xz-utils
)

missing=()
for package in "${packages[@]}"; do
	dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' ||
		missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${1:-}" = --check ]; then
	printf '%s\n' "${missing[@]}"
	exit 1
fi

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq >&2
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 < /dev/null || {
	echo "packages.sh: apt-get could not install: ${missing[*]}" >&2
	exit 1
}
