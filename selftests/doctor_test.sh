#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What vmitap doctor says of hosts that this machine is not: in a mount namespace of
# their own, files of /proc, /sys and /dev are others.  TAP; the only argument is the
# directory of the tool.

top=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-build}" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. "$top/selftests/lib/tap.sh"
tap_why=("$tmp/out" "$tmp/err")
root=()
[ "$(id -u)" = 0 ] || root=(--map-root-user)
export build

# Inside: a host that VMs can be tapped on, once the module is loaded.
fit_host()
{
	mount -t tmpfs tmpfs /mnt
	mkdir -p /mnt/{proc,dev,sys}
	cat > /mnt/proc/cpuinfo <<-'TEXT'
		processor	: 0
		flags		: fpu constant_tsc nonstop_tsc svm
	TEXT
	echo 6.1.0-1-amd64 > /mnt/proc/osrelease
	printf 'CONFIG_%s\n' KVM=m KALLSYMS_ALL=y KPROBES=y HAVE_STATIC_CALL_INLINE=y \
		MODULES=y BPF_SYSCALL=y DEBUG_INFO_BTF=y > /mnt/proc/config
	mkdir -p /mnt/sys/module/{kvm,kvm_amd}/holders /mnt/sys/kernel/security
	touch /mnt/sys/module/{kvm,kvm_amd}/initstate /mnt/sys/module/kvm/holders/kvm_amd
	touch /mnt/dev/{kvm,kmsg,null}
	echo '[none] integrity confidentiality' > /mnt/sys/kernel/security/lockdown
}

# Inside: what differs has been changed in /mnt; go there and ask.
ask()
{
	gzip < /mnt/proc/config > /mnt/proc/config.gz
	if [ -e /proc/config.gz ]; then
		mount --bind /mnt/proc/config.gz /proc/config.gz
	else
		mkdir -p /mnt/boot
		cp /mnt/proc/config "/mnt/boot/config-$(cat /mnt/proc/osrelease)"
		mount --bind /mnt/boot /boot
	fi
	mount --bind /mnt/proc/cpuinfo /proc/cpuinfo
	mount --bind /mnt/proc/osrelease /proc/sys/kernel/osrelease
	mount --bind /mnt/sys /sys
	mount --bind /mnt/dev /dev
	exec "$build/vmitap" doctor
}
export -f fit_host ask

# on_host CHANGE: doctor on a host that is fit but for what the commands change.
on_host()
{
	unshare --mount "${root[@]}" bash -ec "fit_host; $1; ask" > "$tmp/out" 2> "$tmp/err" < /dev/null
}

# finding RESULT WHAT PATTERN NAME CHANGE: of what differs, what is said?
finding()
{
	local result=$1 what=$2 pattern=$3 name=$4
	on_host "$5"
	grep -E "^$result  $what +" "$tmp/out" | grep -qE -- "$pattern"
	result $? "$name"
}

echo 'TAP version 13'
if ! unshare --mount "${root[@]}" mount -t tmpfs tmpfs /mnt 2> "$tmp/err"; then
	skip 'other hosts' "no mount namespace: $(cat "$tmp/err")"
	tap_end
	exit 4
fi

on_host true
[ "$(grep -c ^FAIL "$tmp/out")" = 1 ] && grep -q '^FAIL  module .*modprobe vmitap' "$tmp/out"
result $? 'a fit host lacks the module only'
finding pass CPU VMX 'Intel' 'sed -i s/svm/vmx/ /mnt/proc/cpuinfo'
finding FAIL CPU 'enable virtualization in the firmware' 'no virtualization' \
	'sed -i s/svm// /mnt/proc/cpuinfo'
finding FAIL kernel 'older than [0-9.]+, boot a newer' 'an old kernel' \
	'echo 5.10.0-1-amd64 > /mnt/proc/osrelease'
finding FAIL kernel 'newest tested one: boot an older .*allow_untested=1' 'a new kernel' \
	'echo 99.0.1 > /mnt/proc/osrelease'
finding warn kernel 'newest tested one: ' 'a new kernel that the module is loaded on' \
	'echo 99.0.1 > /mnt/proc/osrelease; mkdir /mnt/sys/module/vmitap'
finding warn kernel '6.7.1: never tested, which were 6.1' 'a kernel between those that were tested' \
	'echo 6.7.1 > /mnt/proc/osrelease'
finding FAIL KVM 'not loaded: modprobe kvm_amd' 'no KVM' 'rm -r /mnt/sys/module/kvm*'
finding FAIL KVM 'neither kvm_amd nor kvm_intel: modprobe' 'no vendor module' \
	'rm -r /mnt/sys/module/kvm_amd /mnt/sys/module/kvm/holders/*'
finding FAIL KVM 'used by kvm_odd.*unload it, modprobe' 'a vendor module that is not known' \
	'rm -r /mnt/sys/module/kvm_amd; cd /mnt/sys/module/kvm/holders; mv kvm_amd kvm_odd'
finding FAIL KVM 'built into this kernel: boot one' 'KVM built in' \
	'rm /mnt/sys/module/kvm*/initstate'
finding FAIL CONFIG_KVM=m 'not set in .*boot a kernel with it' 'KVM built in, by configuration' \
	'sed -i s/KVM=m/KVM=y/ /mnt/proc/config'
finding FAIL /dev/kvm 'not usable' 'no device of KVM' 'rm /mnt/dev/kvm'
finding FAIL lockdown 'integrity: unsigned modules are refused; sign' 'lockdown: integrity' \
	'echo none [integrity] confidentiality > /mnt/sys/kernel/security/lockdown'
finding pass lockdown 'integrity' 'lockdown: integrity, with the module loaded' \
	'echo none [integrity] confidentiality > /mnt/sys/kernel/security/lockdown
	 mkdir /mnt/sys/module/vmitap'
finding FAIL lockdown 'confidentiality: .*lockdown=integrity' 'lockdown: confidentiality' \
	'echo none integrity [confidentiality] > /mnt/sys/kernel/security/lockdown'
finding warn 'module BTF' 'build it again' 'no BTF of the module' 'mkdir /mnt/sys/module/vmitap'
# A record of the log; each read of the device gives one.
finding FAIL 'kernel log' '^FAIL  kernel log +vmitap: no luck$' 'why the module did not load' \
	'echo "3,9,9,-;vmitap: no luck" > /mnt/dev/kmsg'
for record in '3,9,9,-;other: no luck' '11,9,9,-;vmitap: said by a program' \
	'4,9,9,-;vmitap: loading out-of-tree module taints kernel.' '6,9,9,-;vmitap: version 1' \
	'no record of vmitap'; do
	on_host "echo '$record' > /mnt/dev/kmsg"
	! grep -q 'kernel log' "$tmp/out" && grep -q '^FAIL  module' "$tmp/out"
	result $? "no reason: $record"
done
tap_end
