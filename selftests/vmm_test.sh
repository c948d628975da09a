#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A Linux guest under the VMM that VMM names (selftests/host/start-vmm.sh), tapped from
# its first instruction to its end, and what all the commands say of it.  TAP, inside a
# virtual KVM host with vmitap loaded.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
log=$tmp/console guest='' session=''
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/testguest.sh"
trap 'end_guest_now; [ -z "$session" ] || kill "$session"; rm -rf "$tmp"' EXIT

vmm=${VMM:-qemu}
release=$(basename "$VMITAP_GUEST_KERNEL")
release=${release#vmlinuz-}

# say COMMAND...: a vmitap command on the guest; its output is in $tmp/NAME.
say()
{
	timeout 120 vmitap "$@" --vm "$guest" > "$tmp/$1" 2> "$tmp/$1.err"
	result $? "$vmm: $*" "$tmp/$1.err"
}

# ended PID SECONDS: wait for a child; fails if it does not end by then, or not well.
ended()
{
	local left=$(($2 * 5))
	while kill -0 "$1" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.2
	done
	wait "$1"
}

# record CLASSES [OPTION...]: in the background; $tmp/rec will be the recording.
record()
{
	local classes=$1
	shift
	vmitap record --events "$classes" --ring 16M -o "$tmp/rec" "$@" > "$tmp/record" 2>&1 &
	session=$!
}

# recorded: the recording has ended with the VM; $tmp/events is what is in it.
recorded()
{
	ended "$session" 120
	result $? "$vmm: a recording ends with the VM" "$tmp/record"
	session=''
	vmitap export --format json "$tmp/rec" > "$tmp/events" 2> "$tmp/err"
	result $? "$vmm: export" "$tmp/err"
	tail -n 1 "$tmp/events" > "$tmp/last"
	check "$vmm: its last record says that the VM is gone" "$tmp/last" '.[0].type == "vm_gone"'
}

echo 'TAP version 13'

record all --next
sleep 1
start_guest << 'TEXT'
workload &
echo 'guest: at work'
go_on
calls64 10 > /dev/null
echo "guest: has $(ls -d /proc/[0-9]* | wc -l) processes"
kill %1
TEXT
wait_for 'guest: at work' 180
result $? "$vmm: a guest boots, tapped from its start" "$tmp/qemu"

vmitap list --json > "$tmp/list" 2> "$tmp/list.err"
result $? "$vmm: list" "$tmp/list.err"
check "$vmm: list names VMM and VM" "$tmp/list" \
	".[0] | length == 1 and (.[0] | .pid == $guest and .vcpus == 2 and .slots > 0 and
	 .memory >= 268435456 and (.name | test(\"test-guest\")) and .tapped_by != [])"
say stat --json --for 2
check "$vmm: exits of a Linux guest that works" "$tmp/stat" \
	'.[0] | .vm_gone == false and ([.reasons[].class] | index("hlt") and index("interrupt") and
	 (index("msr_write") or index("apic") or index("mmio")))'
say regs --json
check "$vmm: registers are those of a Linux guest" "$tmp/regs" \
	'flatten | length == 2 and all(.[]; .mode == "long64" and (.cpl == 0 or .cpl == 3) and
	 (.cr3 | test("[1-9a-f]")))'
say info --json
check "$vmm: info finds the release, symbols and layouts" "$tmp/info" \
	".[0] | ([.facts[] | select(.fact == \"release\") | .value] == [\"$release\"]) and
	 ([.facts[] | select(.fact == \"symbols\" or .fact == \"layouts\") | .value]
	  | length == 2 and all(test(\"^[0-9]\")))"
say ps --json --for 1
check "$vmm: ps has the workload in all lists, and running" "$tmp/ps" \
	'.[0].processes | map(select(.comm == "workload")) | length >= 3 and
	 all(.seen | contains(["task-list", "pid-tree"])) and any(.seen | index("address-spaces"))'
timeout 120 vmitap strace --for 2 --vm "$guest" > "$tmp/strace" 2> "$tmp/err"
result $? "$vmm: strace" "$tmp/err"
grep -qE '^\[[0-9]+ workload\] pread64\(.*\) = 4096$' "$tmp/strace"
result $? "$vmm: strace names processes, calls and results" "$tmp/strace"
say pause --for 1

tell go
wait_for 'guest: script ended with status 0' 120
result $? "$vmm: the guest goes on to its end" "$log"
ended "$guest" 60
result $? "$vmm: the VMM ends well" "$tmp/qemu"
guest=''
recorded
# What comes first: its vCPUs, and exits of the first, whose CR3 is the VMM's choice yet.
head -n 20 "$tmp/events" > "$tmp/first"
check "$vmm: from the first instruction on" "$tmp/first" \
	'map(select(.type == "vcpu_created") | .vcpu) == [0, 1] and
	 (map(select(.type == "exit")) | length > 0 and all(.vcpu == 0))'

# A VMM that is killed, with all traps armed.
rm -f "$log" "$tmp/rec"
start_guest << 'TEXT'
workload &
echo 'guest: at work'
go_on
TEXT
wait_for 'guest: at work' 180
result $? "$vmm: another guest boots" "$tmp/qemu"
record all,cr3,syscall --vm "$guest"
sleep 3
kill -KILL "$guest"
wait "$guest" 2> /dev/null
guest=''
recorded
grep -o '"type": *"[a-z_0-9]*"' "$tmp/events" | sort | uniq -c > "$tmp/types"
[ "$(grep -cE '"(cr3|syscall|sysret)"' "$tmp/types")" = 3 ]
result $? "$vmm: traps had events" "$tmp/types"
vmitap list --json > "$tmp/list" 2> "$tmp/err"
check "$vmm: it is gone" "$tmp/list" '.[0] == []'

tap_end
