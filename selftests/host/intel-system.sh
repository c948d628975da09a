#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Make the file system of the virtual Intel host, which cannot mount this machine's:
# those of its programs that tests use, stock QEMU, and a kernel with KVM.  Print the
# image's name.
# usage: intel-system.sh KERNEL_DIR RELEASE

set -eu
kernel=$1 release=$2
. "$(dirname "$0")/cache.sh"
image=$cache/intel-$release.img

# Programs: with all of their packages' files but documentation.
packages=(
	bash bpftool busybox-static coreutils cpio dash diffutils findutils gawk grep gzip
	hostname iproute2 jq kmod libc-bin libbpf1 libc6 mawk mount ncurses-base procps
	psmisc seabios sed strace tar util-linux util-linux-extra bsdutils login passwd
)
qemu=(
	/usr/bin/qemu-system-x86_64
	/usr/share/qemu/{kvmvapic,linuxboot_dma,linuxboot,multiboot_dma,pvh}.bin
	/usr/share/seabios/bios-256k.bin /usr/share/seabios/bios.bin
)

[ "$image" -nt /var/lib/dpkg/status ] && [ "$image" -nt "$0" ] &&
	[ "$image" -nt "$kernel/ready" ] && {
	echo "$image"
	exit 0
}

# files: one line for each file to take, as it is on this machine.
files()
{
	local package
	for package in "${packages[@]}"; do
		dpkg -L "$package" 2>/dev/null || :
	done | grep -vE '^/usr/share/(doc|man|locale|info|lintian|bash-completion|bug)(/|$)|^/usr/lib/.*\.a$'
	printf '%s\n' "${qemu[@]}" /etc/passwd /etc/group /etc/nsswitch.conf /etc/alternatives/awk \
		/usr/bin/awk /etc/ld.so.cache
}

# libraries ROOT: the libraries of all programs in it, by the names the loader uses.
libraries()
{
	find "$1" -type f -perm /111 -print0 | xargs -0 ldd 2>/dev/null |
		grep -o '/[^ ]*\.so[^ ]*' | sort -u
}

# Copy the files named on stdin; paths through links like /bin end in /usr.
take()
{
	local path
	while read -r path; do
		if [ -f "$path" ]; then
			echo "$(realpath "$(dirname "$path")")/$(basename "$path")"
			# And what it is a link to.
			realpath "$path"
		fi
	done | sort -u | tar -C / -cf - -T - 2>/dev/null | tar -C "$1" -xf -
}

# KVM for modprobe, as it is but for the type information, which vmitap does not need
# and which takes the emulated machine longer to read than to boot.
modules()
{
	local root=$1 path
	mkdir -p "$root$kernel/lib/modules/$release"
	cp "$kernel/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} \
		"$root$kernel/lib/modules/$release/"
	modprobe -d "$kernel" -S "$release" --show-depends kvm_intel |
	while read -r _ path _; do
		install -D -m 0644 "$path" "$root$path"
		case $path in
		*.xz) xz -d "$root$path"; path=${path%.xz} ;;
		esac
		objcopy -R .BTF "$root$path"
	done
	depmod -b "$root$kernel" "$release"
	install -D -m 0644 "$kernel/boot/vmlinuz-$release" "$root$kernel/boot/vmlinuz-$release"
}

mkdir -p "$cache"
tmp=$(mktemp -d "$cache/tmp.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} \
	"$root"/{dev,proc,sys,tmp,run,root,mnt,etc,var/tmp}
for dir in bin sbin lib lib64; do
	ln -s "usr/$dir" "$root/$dir"
done
mkdir -p "$root/usr/lib/modules"
files | take "$root"
libraries "$root" | take "$root"
modules "$root"
chmod 1777 "$root/tmp"
megabytes=$(($(du -sm "$root" | cut -f 1) * 21 / 20 + 8))
mkfs.ext4 -q -b 4096 -O ^has_journal -m 0 -d "$root" "$tmp/image" ${megabytes}M > /dev/null
mv "$tmp/image" "$image"
echo "$image"
