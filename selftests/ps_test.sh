#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vmitap ps on a Linux guest with hundreds of processes, while others come and go: what
# it says of one moment is what the guest says, and all views agree.  TAP, inside a
# virtual KVM host with vmitap loaded.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
log=$tmp/console guest=''
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/testguest.sh"
trap 'end_guest_now; rm -rf "$tmp"' EXIT

# ours FILE: of lines with PID, parent, user, start, kind and name, those that stay: the
# processes started for this, and threads of the kernel but for its workers.
ours()
{
	awk '$6 ~ /^(proc-|parent)/ || ($5 == 1 && $6 !~ /^kworker/)' "$1" | sort
}

echo 'TAP version 13'
start_guest -m 512M << 'TEXT'
processes churn > /tmp/said &
until grep -q ^end /tmp/said; do sleep 0.1; done
workload &
vmitap-agent --interval 1 &
sed -n 's/^process /guest: process /p' /tmp/said
echo 'guest: all said'
sleep 1000
TEXT
wait_for 'guest: all said' 120
result $? 'a guest with its processes' "$tmp/qemu"
# process PID TGID PARENT USER EFFECTIVE START KTHREAD NAME; a name has 15 characters.
tr -d '\r' < "$log" | sed -n 's/^guest: process //p' |
	awk '{ name = $0; for (i = 0; i < 7; i++) sub(/^[^ ]* /, "", name)
	       print $1, $3, $4, $6, $7, substr(name, 1, 15) }' > "$tmp/all"
ours "$tmp/all" > "$tmp/said"
[ "$(grep -c ' proc-' "$tmp/said")" = 300 ]
result $? "the guest says $(wc -l < "$tmp/said") that stay, 300 of them started for this" "$tmp/said"

# Threads of the kernel may end, and be made, with their parent's name at first; the others
# may not.  The guest changes one list after
# the other, under a lock: one process that comes or goes may be in one of them only.
for look in 1 2 3; do
	vmitap ps --vm "$guest" --json --for 0.5 \
		--views address-spaces,task-list,pid-tree,mm-owners > "$tmp/ps" 2> "$tmp/err"
	cat "$tmp/ps" >> "$tmp/looks"
	jq -r '.processes[] | select(.pid) | "\(.pid) \(.ppid) \(.uid) \(.start_ns / 1e7 | floor) \(if .kthread then 1 else 0 end) \(.comm)"' \
		"$tmp/ps" > "$tmp/all"
	ours "$tmp/all" > "$tmp/found"
	diff "$tmp/said" "$tmp/found" | awk '!($6 == 1 && ($1 == "<" || $7 == "kthreadd")) && $1 ~ /[<>]/' > "$tmp/diff"
	[ -s "$tmp/found" ] || { cat "$tmp/err"; jq -r .why "$tmp/ps"; } | sed 's/^/# /'
	[ -s "$tmp/found" ] && [ ! -s "$tmp/diff" ]
	result $? "look $look: $(wc -l < "$tmp/found") of $(wc -l < "$tmp/all") stay, each as the guest said: PID, parent, user, start, kind, name" "$tmp/diff"
	check "look $look: every process is in both lists, and they agree on it" "$tmp/ps" \
		'[.[0] | .conflicts[], (.processes[] | select(.pid and (.missing != [] or
		 (.seen | contains(["task-list", "pid-tree"]) | not))))]
		 | if . == [] or (length == 1 and (.[0].comm | IN("churn", "short-lived"))) then true
		   else ., false end'
done
check 'the lists are whole' "$tmp/ps" '.[0].views | map(select(.view == "task-list" or .view == "pid-tree")) | length == 2 and all(.whole)'
# The one that starts them is there all the time, and by the same name as they are at first.
check 'some came and went' "$tmp/looks" \
	'map([.processes[] | select(.comm == "short-lived" or .comm == "churn").pid]) | unique | length > 1'

vmitap ps --vm "$guest" --json --for 5 > "$tmp/ps" 2> "$tmp/err"
result $? 'ps --json' "$tmp/err"
check 'all views were asked' "$tmp/ps" \
	'[.[0].views[] | select(.asked | not) | .view, .why] as $not | if $not == [] then true else $not, false end'
check 'each vCPU enters the kernel at the same place' "$tmp/ps" \
	'.[0].entry_points | length == 2 and .[0].lstar == .[1].lstar and .[0].idtr == .[1].idtr'
check 'processes that stay are in all lists, that of the agent too' "$tmp/ps" \
	'[.[0].processes[] | select((.comm // "" | startswith("proc-")) or .pid == 1 or .comm == "kthreadd")]
	 | length == 302 and all(.missing == [] and (.seen | contains(["task-list", "pid-tree", "agent"])))'
check 'what runs is seen by its page tables, and the kernel says whose they are' "$tmp/ps" \
	'[.[0].processes[] | select(.comm == "workload")] | any(.seen | contains(["address-spaces", "mm-owners"]))'
check 'the work is counted' "$tmp/ps" \
	'[.[0].processes[] | select(.comm == "workload") | .cpu_percent // 0] | add > 0'

vmitap ps --vm "$guest" --json --for 1 --views system-calls,task-list > "$tmp/calls" 2> "$tmp/err"
result $? 'ps with system calls' "$tmp/err"
check 'system calls are those of processes' "$tmp/calls" \
	'[.[0].processes[] | select(.comm == "workload") | .calls // 0] | add > 0'

vmitap ps --vm "$guest" --for 1 > "$tmp/table" 2> "$tmp/err"
result $? 'ps' "$tmp/err"
grep -qE '^ +[0-9]+ +0 +[0-9.]+ workload +0x[0-9a-f]+ .* yes +yes +yes' "$tmp/table"
result $? 'ps: a row of a process' "$tmp/table"
tap_end
