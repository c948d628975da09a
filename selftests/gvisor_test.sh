#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# gVisor, whose guest is no Linux and whose VMM runs partly in the guest: one address
# space of vCPU threads that come and go, and a memory slot for each piece of memory.  TAP,
# inside a virtual KVM host with vmitap loaded and VMM=gvisor.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
sandbox='' vmm='' session=''
. "$top/selftests/lib/tap.sh"

cleanup()
{
	local pid
	for pid in $vmm $sandbox $session; do
		kill -KILL "$pid" 2> /dev/null
	done
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT

# beats NUMBER SECONDS: what runs in the sandbox says its NUMBER.
beats()
{
	local left=$(($2 * 5))
	until grep -qx "beat $1" "$tmp/out"; do
		left=$((left - 1))
		[ $left -gt 0 ] && kill -0 "$sandbox" 2> /dev/null || return 1
		sleep 0.2
	done
}

# say COMMAND...: a vmitap command on it; its output is in $tmp/NAME.
say()
{
	timeout 120 vmitap "$@" --vm "$vmm" > "$tmp/$1" 2> "$tmp/$1.err"
	result $? "gvisor: $*" "$tmp/$1.err"
}

echo 'TAP version 13'

# Processes come and go until the file is there.
cat > "$tmp/script" << 'TEXT'
i=0
while [ $i -lt 100000 ]; do
	i=$((i + 1))
	busybox true
	echo "beat $i"
done
TEXT
vmitap record --next --events all,cr3,syscall --ring 16M -o "$tmp/rec" > "$tmp/record" 2>&1 &
session=$!
sleep 1
"$VMITAP_VMM" --root="$tmp/root" --platform=kvm --network=none --ignore-cgroups \
	"do" busybox sh "$tmp/script" > "$tmp/out" 2> "$tmp/runsc" &
sandbox=$!
beats 1 120
result $? 'gvisor: a sandbox starts, tapped from its first vCPU on' "$tmp/runsc" "$tmp/record"

vmitap list --json > "$tmp/list" 2> "$tmp/list.err"
check 'gvisor: list has it' "$tmp/list" \
	'.[0] | length == 1 and (.[0] | .pid > 0 and .vcpus >= 1 and .slots > 1 and .tapped_by != [])'
vmm=$(jq '.[0].pid' "$tmp/list")
tr '\0' ' ' < "/proc/$vmm/cmdline" > "$tmp/cmdline"
grep -q '^runsc-sandbox .*platform=kvm' "$tmp/cmdline"
result $? 'gvisor: its PID is that of the VMM' "$tmp/cmdline"
say stat --json --for 2
check 'gvisor: exits' "$tmp/stat" \
	'.[0] | .vm_gone == false and ([.reasons[].class] | (index("npf") and index("hlt")))'
say regs --json
check 'gvisor: registers of 64-bit mode' "$tmp/regs" \
	'flatten | length >= 1 and any(.[]; .mode == "long64" and (.cpl == 0 or .cpl == 3))'
say stream --json --events syscall --count 50
check 'gvisor: its system calls, of its programs' "$tmp/stream" \
	'map(select(.type == "syscall")) | length > 0 and any(.[]; .nr != null)'
timeout 120 vmitap info --vm "$vmm" > "$tmp/info" 2> "$tmp/err"
[ $? != 0 ] && grep -q '^paging *64-bit' "$tmp/info" && grep -q 'no kernel found' "$tmp/err"
result $? 'gvisor: info says that no Linux is found' "$tmp/info" "$tmp/err"
last=$(tail -n 1 "$tmp/out")
beats $((${last#beat } + 3)) 60
result $? 'gvisor: the sandbox runs on' "$tmp/runsc"

# The end of a VMM amid all this.
kill -KILL "$vmm"
for _ in $(seq 300); do
	kill -0 $session 2> /dev/null || break
	sleep 0.2
done
! kill -0 $session 2> /dev/null && wait $session
result $? 'gvisor: a recording ends with the VM' "$tmp/record"
vmm='' session=''
vmitap export --format json "$tmp/rec" > "$tmp/events" 2> "$tmp/err"
result $? 'gvisor: export' "$tmp/err"
tail -n 1 "$tmp/events" > "$tmp/last"
check 'gvisor: its last record says that the VM is gone' "$tmp/last" '.[0].type == "vm_gone"'
grep -o '"type": *"[a-z_0-9]*"' "$tmp/events" | sort | uniq -c > "$tmp/types"
[ "$(grep -cE '"(cr3|syscall|sysret|vcpu_created)"' "$tmp/types")" = 4 ]
result $? 'gvisor: traps had events' "$tmp/types"
vmitap list --json > "$tmp/list" 2> "$tmp/err"
check 'gvisor: it is gone' "$tmp/list" '.[0] == []'

tap_end
