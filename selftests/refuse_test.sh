#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What vmitap refuses, and that module, tool and doctor say so: TAP, inside a virtual
# KVM host with vmitap loaded and no guest.  Loads other modules, of vmitap's and KVM's;
# in the end things are as they were.
# The modules are made by selftests/refuse/modules.sh.

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/refused.sh"
vendor=kvm_amd name=kvm_odd
# Of the same length, as it is put in its place.
[ -e /sys/module/kvm_amd ] || vendor=kvm_intel name=kvm_oddxx

# variant NAME: the module that refuse/modules.sh has made.
variant()
{
	echo "$top/${O:-build}/refuse/$1/${VMITAP_KO#"$top/${O:-build}/"}"
}

# copy_of MODULE: a file of it that is not compressed and has no signature.
copy_of()
{
	local file
	file=$(modinfo -n "$1")
	case $file in
	*.xz) xz -dc "$file" > "$tmp/$1.ko" ;;
	*)    cp "$file" "$tmp/$1.ko" ;;
	esac
	objcopy "$tmp/$1.ko"
	echo "$tmp/$1.ko"
}

restore()
{
	rmmod vmitap "$name" 2> /dev/null
	modprobe "$vendor"
	insmod "$VMITAP_KO"
	rm -rf "$tmp"
}
trap restore EXIT

echo 'TAP version 13'
doctor 'pass  tapping' 'the host is fit to begin with'
kvm_users=$(cat /sys/module/kvm/refcnt)
rmmod vmitap

# A kernel that is newer than the newest tested one.
not_loaded "$(variant newer)" 'not tested on kernels newer than [0-9.]+: boot an older one' \
	'a newer kernel'
doctor 'FAIL  kernel log .*not tested on kernels newer.*allow_untested=1' \
	'a newer kernel: doctor has it from the log'
insmod "$(variant newer)" allow_untested=1 2> "$tmp/err"
result $? 'a newer kernel, allowed: the module loads'
doctor 'pass  tapping' 'a newer kernel, allowed'
rmmod vmitap
! vmitap doctor 2>&1 | grep -q 'kernel log'
result $? 'doctor does not tell what is over'

# Headers of a kernel that is configured otherwise.
insmod "$(variant headers)"
refused "KVM's kvm_vcpu is not as this module was built for: build vmitap" 'other headers'
rmmod vmitap

# Type information that is not of this kernel's build: some kernels load the module
# without it, some do not load it.
cp "$VMITAP_KO" "$tmp/btf.ko"
objcopy --dump-section .BTF="$tmp/btf" "$tmp/btf.ko" "$tmp/null"
# Behind the header, of 24 bytes, are the types.
printf '%0100d' 0 | tr 0 '\377' | dd of="$tmp/btf" bs=1 seek=24 conv=notrunc status=none
objcopy --update-section .BTF="$tmp/btf" "$tmp/btf.ko"
if insmod "$tmp/btf.ko" 2> "$tmp/err"; then
	doctor 'warn  module BTF .*another build of the kernel' 'BTF that does not fit'
	doctor 'pass  tapping' 'BTF that does not fit: nothing depends on it'
	rmmod vmitap
else
	said 'failed to validate module \[vmitap\] BTF' 'BTF that does not fit'
	doctor 'FAIL  kernel log .*BTF' 'BTF that does not fit: doctor has it from the log'
fi

insmod "$VMITAP_KO"
modprobe -r "$vendor"
# It may have taken kvm with it.
modprobe kvm
refused 'KVM is not loaded: modprobe kvm_amd or kvm_intel' 'no vendor module'
doctor 'FAIL  KVM .*neither kvm_amd nor kvm_intel: modprobe' 'no vendor module: doctor sees it'
modprobe -r kvm
refused 'KVM is not loaded: modprobe kvm_amd or kvm_intel' 'no KVM'
doctor 'FAIL  KVM .*not loaded: modprobe' 'no KVM: doctor sees it'

# KVM's vendor module by another name is one that vmitap does not know.
modprobe kvm
odd=$(copy_of "$vendor")
depends=$(modinfo -F depends "$odd")
sed -i "s/$vendor/$name/g" "$odd"
for module in ${depends//,/ }; do
	modprobe "$module"
done
begin
if insmod "$odd" 2> "$tmp/err"; then
	refused "KVM's vendor module $name is not known: unload it, modprobe" 'another vendor module'
	doctor "FAIL  KVM .*used by $name.*unload it, modprobe" 'another vendor module: doctor sees it'
	rmmod "$name"
elif log_since "$mark" > "$tmp/said" &&
     grep -qE "$name: module uses symbol .* from namespace module:" "$tmp/said"; then
	# By 7.3 KVM's symbols are for its own modules, by their names.
	skip 'another vendor module' "this KVM lets none in: $(tr '\n' ' ' < "$tmp/err")"
else
	result 1 'another vendor module: it loads' "$tmp/err" "$tmp/said"
fi

modprobe "$vendor"
doctor 'pass  tapping' 'the host is fit again'
[ "$(cat /sys/module/kvm/refcnt)" = "$kvm_users" ]
result $? 'nothing refused has kept KVM'
tap_end
