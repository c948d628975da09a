#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What vmitap says on a host that has no virtualization, or KVM built in: TAP, inside such
# a virtual host with vmitap loaded.

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/refused.sh"
trap 'rm -rf "$tmp"' EXIT

no_virtualization()
{
	! grep -qE '^flags.* (svm|vmx) ' /proc/cpuinfo
	result $? 'the CPU has neither SVM nor VMX'
	! modprobe kvm_amd 2> "$tmp/err"
	result $? 'KVM does not load'
	refused 'no KVM, as the CPU has neither SVM nor VMX: enable it' 'no virtualization'
	doctor 'FAIL  CPU .*enable virtualization in the firmware' 'doctor sees the CPU'
	doctor 'FAIL  /dev/kvm .*not usable' 'doctor sees that there is no /dev/kvm'
}

built_in()
{
	[ -e /dev/kvm ]
	result $? 'KVM is there'
	refused 'KVM is built into this kernel: boot one that has it as modules' 'KVM built in'
	doctor 'FAIL  KVM .*built into this kernel: boot one' 'doctor sees it'
}

echo 'TAP version 13'
if grep -q '^kvm ' /proc/modules || [ ! -e /sys/module/kvm ]; then
	no_virtualization
else
	built_in
fi
rmmod vmitap && insmod "$VMITAP_KO"
result $? 'the module can be unloaded, and loaded again'
tap_end
