#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build a 6.1 kernel with the kernel's own checkers, or with KVM built in, from the
# distribution's source package, for virtual hosts; print its directory, which is as
# kernel.sh makes them: boot/ and lib/modules/, and a tree to build modules with.
# usage: debug-kernel.sh debug|kcsan|builtin      configurations: configs/*.config

set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=${1:-}
config=$here/configs/$name.config
case $name in
debug|kcsan|builtin) ;;
*) echo "usage: debug-kernel.sh debug|kcsan|builtin" >&2; exit 2 ;;
esac
. "$here/cache.sh"
source=$("$here/kernel-source.sh")

version=$(make -s -C "$source" kernelversion)
release=$version-vmitap-$name
dir=$cache/kernel-$release
objects=$dir/lib/modules/$release/build
# A newer package is another kernel; so is another configuration.
cache_lock "$(basename "$dir")"
key="$(cat "$source/../key") $(cat "$here/configs/host.config" "$config" | sha256sum)"

if [ "$(cat "$dir/ready" 2>/dev/null)" != "$key" ]; then
	rm -f "$dir/ready"
	mkdir -p "$dir/boot" "$objects"
	log=$dir/build.log
	echo "debug-kernel.sh: building $release, which takes a while; see $log" >&2
	run()
	{
		make -s -C "$source" O="$objects" LOCALVERSION= "$@" >> "$log" 2>&1 || {
			tail -n 20 "$log" >&2
			exit 1
		}
	}
	: > "$log"
	{
		# The latter goes before the former.
		sed -n 's/^\(CONFIG_[^=]*\)=.*/^\1=/p' "$config" |
			grep -vf - "$here/configs/host.config"
		cat "$config"
		echo "CONFIG_LOCALVERSION=\"-vmitap-$name\""
	} > "$dir/wanted.config"
	run KCONFIG_ALLCONFIG="$dir/wanted.config" allnoconfig
	# Kconfig drops silently what depends on something that is missing.
	grep '^CONFIG_' "$dir/wanted.config" | grep -vxFf "$objects/.config" > "$dir/missing" && {
		echo "debug-kernel.sh: the configuration lacks: $(tr '\n' ' ' < "$dir/missing")" >&2
		exit 1
	}
	run -j"${JOBS:-$(nproc)}" bzImage modules
	run INSTALL_MOD_PATH="$dir" INSTALL_MOD_STRIP=1 modules_install
	cp "$objects/arch/x86/boot/bzImage" "$dir/boot/vmlinuz-$release"
	cp "$objects/System.map" "$dir/boot/System.map-$release"
	cp "$objects/.config" "$dir/boot/config-$release"
	echo "$key" > "$dir/ready"
fi
echo "$dir"
