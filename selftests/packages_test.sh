#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's packages: they build, and lintian has nothing to say.  Then, in a system of
# its own for each kernel: apt installs them, DKMS builds and signs the module, it is
# found by name, and what is purged is gone.  The module that DKMS built is loaded by
# modprobe in a virtual host with that kernel, where the packaged tool finds a guest.
# Takes root, as installing does.  TAP.
# usage: packages_test.sh [BUILD_DIR [KERNEL...]]     names: see host/kernels; default:
#                       6.1, which is Debian 12's, and 6.12-trixie, which is Debian 13's
# Exit status: 0 all passed or skipped, 1 something failed.

set -u
cd "$(dirname "$0")/.." || exit 1
build=$(realpath "${1:-build}")
shift
[ $# -gt 0 ] || set -- 6.1 6.12-trixie
. selftests/lib/tap.sh
tmp=$(mktemp -d "$build/packages.XXXXXX")
tap_why=("$tmp/log")
trap 'rm -rf "$tmp"' EXIT
packages='vmitap vmitap-dkms libvmitap0 libvmitap-dev'
root=$tmp/root

# expect NAME COMMAND...
expect()
{
	local name=$1
	shift
	"$@" > "$tmp/log" 2>&1
	result $? "$name"
}

# inside COMMAND...: in the system under test.
inside()
{
	selftests/host/enter.sh "$root" -- "$@"
}

# difference SYSTEM: what is other than in this one, which never had vmitap.  Others write
# as well: logs, caches, DKMS's key for itself, dpkg's list of packages.
difference()
{
	diff -rq --no-dereference -x proc -x dev -x log -x cache -x lists -x ld.so.cache \
		-x 'mok.*' -x 'mldbm-*' -x 'status*' -x diversions-old "$1" "$root"
	grep -A 2 -E '^Package: (lib)?vmitap' "$root/var/lib/dpkg/status"
	grep -c vmitap "$root/etc/ld.so.cache" | grep -vx 0
}

# The packages' archives, less those of debug information.
archives()
{
	find "$build/deb" -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*'
}

# Other than lintian would have it, nobody uploads this: there is no address to write
# to, and no request for packaging to close.
check_lintian()
{
	mkdir "$root/tmp/deb"
	find "$build/deb" -maxdepth 1 -type f -exec cp -t "$root/tmp/deb" {} +
	expect "$1: lintian" inside sh -c 'lintian --allow-root --fail-on error,warning --suppress-tags \
		bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs \
		/tmp/deb/*.changes'
	rm -r "$root/tmp/deb"
}

check_installed()
{
	local name=$1 release=$2 module version
	version=$(inside modinfo -k "$release" -F version vmitap)
	inside dkms status > "$tmp/log" 2>&1
	grep -qF "vmitap/$version, $release, x86_64: installed" "$tmp/log"
	result $? "$name: DKMS has built and installed the module"
	inside modprobe -S "$release" --dry-run --verbose vmitap > "$tmp/log" 2>&1
	grep -qF "/$release/updates/dkms/vmitap.ko" "$tmp/log"
	result $? "$name: modprobe finds it by name"
	module=$(inside modinfo -k "$release" -n vmitap)
	inside modinfo -k "$release" vmitap > "$tmp/log" 2>&1
	grep -qE '^signer: +[^ ]' "$tmp/log"
	result $? "$name: the module is signed"
	case $module in
	*.xz) xz -dc "$root$module" ;;
	*)    cat "$root$module" ;;
	esac > "$tmp/vmitap.ko"
	readelf -SW "$tmp/vmitap.ko" > "$tmp/log" 2>&1
	grep -qF ' .BTF ' "$tmp/log"
	result $? "$name: the module has type information"
	expect "$name: the tool runs" inside vmitap --version
	# Whatever compiler the kernel's headers came with.
	expect "$name: a program builds with the library" inside sh -c \
		'$(ls /usr/bin/x86_64-linux-gnu-gcc-[0-9]*) -Wall -Werror \
		/usr/share/doc/libvmitap-dev/examples/example.c -o /tmp/example -lvmitap'
	rm -f "$root/tmp/example"
}

# What the virtual host is given: the module as DKMS left it, the tool as packaged.
# DKMS may leave it compressed.
check_loads()
{
	local name=$1 release=$2 files=$tmp/files
	mkdir -p "$files"
	cp -r "$root/lib/modules/$release/updates" "$files/"
	cp "$root/usr/bin/vmitap" "$files/"
	HOST_KERNEL=$name selftests/host/run.sh --guest linux -- \
		"cp -r $files/updates /lib/modules/$release/ && depmod && modprobe vmitap && modinfo -n vmitap && $files/vmitap list" \
		> "$tmp/log" 2>&1 &&
		grep -qF "/$release/updates/dkms/vmitap.ko" "$tmp/log" &&
		grep -qE ' linux-guest .* svm ' "$tmp/log"
	result $? "$name: modprobe loads it in a virtual host, and the tool lists a guest"
	rm -r "$files"
}

# check_system NAME: all of that for one kernel.
check_system()
{
	local name=$1 system release
	release=$(selftests/host/release.sh "$name" 2> "$tmp/log") &&
		system=$(selftests/host/system.sh "$name" 2> "$tmp/log") || {
		skip "$name: a system to install in" "not to be had here: $(tail -n 1 "$tmp/log")"
		return
	}
	cp -a --reflink=auto "$system" "$root"
	check_lintian "$name"
	mkdir "$root/tmp/deb"
	archives | xargs cp -t "$root/tmp/deb"
	expect "$name: apt installs the packages" inside sh -c \
		'apt-get install -y --no-install-recommends /tmp/deb/*.deb'
	rm -r "$root/tmp/deb"
	check_installed "$name" "$release"
	check_loads "$name" "$release"
	# shellcheck disable=SC2086 # a list
	expect "$name: apt purges them" inside apt-get purge -y $packages
	difference "$system" > "$tmp/log" 2>&1
	[ ! -s "$tmp/log" ]
	result $? "$name: purge leaves nothing"
	! inside modprobe -S "$release" --dry-run vmitap > "$tmp/log" 2>&1
	result $? "$name: modprobe finds no module any more"
	rm -rf "$root"
}

echo 'TAP version 13'
if [ "$(id -u)" != 0 ]; then
	skip 'packages' 'only root can install them into a directory'
elif ! unshare --mount true 2> "$tmp/log"; then
	skip 'packages' "no mount namespace: $(tail -n 1 "$tmp/log")"
else
	expect 'make deb' make --no-print-directory -s "O=$build" deb
	for name; do
		check_system "$name"
	done
fi
tap_end
