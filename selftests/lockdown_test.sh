#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What vmitap does while the kernel is locked down, in two steps of which there is no way
# back: TAP, inside a virtual KVM host of its own with vmitap loaded and no guest.

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/limit.sh"
. "$top/selftests/lib/refused.sh"
trap 'rm -rf "$tmp"' EXIT
lockdown=/sys/kernel/security/lockdown
yama=/proc/sys/kernel/yama/ptrace_scope

echo 'TAP version 13'
[ -d /sys/kernel/security/integrity ] || mount -t securityfs securityfs /sys/kernel/security
if [ ! -w $lockdown ]; then
	skip 'lockdown' 'this kernel has none'
	tap_end
	exit 4
fi

doctor 'pass  lockdown +off' 'doctor: no lockdown'
vmitap stat --next > "$tmp/session" 2>&1 &
session=$!
comes_true grep -q 'waiting for a VM' "$tmp/session" && kill -0 $session
result $? 'a session exists' "$tmp/session"

echo integrity > $lockdown
doctor 'pass  lockdown .*unsigned modules only' 'integrity: in nobody'\''s way while the module is loaded'
doctor 'pass  tapping' 'integrity: VMs can be tapped'

echo confidentiality > $lockdown
refuses='the kernel is locked down for confidentiality: boot with'
begin
vmitap stat --next --for 1 > "$tmp/out" 2> "$tmp/err"
[ $? = 6 ] && grep -q "this host cannot be tapped: $refuses" "$tmp/err"
result $? 'confidentiality: ATTACH fails'
said "vmitap: $refuses" 'confidentiality'
doctor "FAIL  tapping .*$refuses" 'confidentiality: doctor repeats it'
doctor 'FAIL  lockdown .*confidentiality: .*lockdown=integrity' 'confidentiality: doctor sees it'
# Nobody traces anybody from here on, so this comes behind all that attaches.  The right is
# asked for first.
if [ -w $yama ]; then
	echo 3 > $yama
	vmitap stat --next --for 1 > "$tmp/out" 2> "$tmp/err"
	[ $? = 4 ] && grep -q 'no permission to tap the VM of any process' "$tmp/err"
	result $? 'ptrace_scope 3: no VM of any process'
	vmitap stat --next --vm $$ --for 1 > "$tmp/out" 2> "$tmp/err"
	[ $? = 4 ] && grep -q "no permission to tap the VM of process $$" "$tmp/err"
	result $? 'ptrace_scope 3: no VM of one process'
else
	skip 'ptrace_scope 3' 'this kernel has no Yama'
fi
kill -0 $session
result $? 'the session lives on' "$tmp/session"
kill -INT $session
wait $session

rmmod vmitap
result $? 'the module can be unloaded'
begin
! insmod "$VMITAP_KO" 2> "$tmp/err" && grep -q 'not permitted' "$tmp/err"
result $? 'an unsigned module does not load'
said 'Lockdown: insmod: unsigned module loading is restricted' 'an unsigned module'
doctor 'FAIL  lockdown' 'doctor: lockdown without the module'
tap_end
