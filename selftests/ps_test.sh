#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vmitap ps and watch on a Linux guest that runs: all views agree with what the guest
# says, and with each other.  TAP; selftests/run-in-host.sh runs it in a virtual host
# that has started a guest (run.sh --guest linux).
# Exit status: 0 all passed, 1 something failed, 4 skipped: there is no guest.

set -u
number=0 failed=0 roots=()
PATH=$PATH:$(cd "$(dirname "$0")/.." && pwd)/${O:-build}/selftests

if [ -z "${VMITAP_GUEST_PID:-}" ]; then
	echo '1..1'
	echo 'ok 1 vmitap ps # SKIP there is no Linux guest'
	exit 4
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# result GOOD NAME [FILE]: FILE says why.
result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		[ ! -s "${3:-/dev/null}" ] || head -n 30 "$3" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# check NAME FILE JQ-FILTER
check()
{
	jq -e "$3" "$2" > "$tmp/jq" 2>&1
	result $? "$1" "$tmp/jq"
}

echo 'TAP version 13'

vmitap ps --json --for 3 > "$tmp/ps" 2> "$tmp/err"
result $? 'ps --json' "$tmp/err"
check 'all views were asked' "$tmp/ps" \
	'[.views[] | select(.asked | not) | .view, .why] as $not | if $not == [] then true else $not, false end'
check 'the lists are whole' "$tmp/ps" \
	'[.views[] | select(.pattern != "derivation")] | all(.whole)'
check 'each vCPU enters the kernel at the same place' "$tmp/ps" \
	'.entry_points | length == 2 and .[0].lstar == .[1].lstar and .[0].idtr == .[1].idtr'

# What the guest said when it had started: PID, start in ticks, name.  One that is
# younger than the time that it said first may have been left out.
time=$(sed -n 's/^guest: time \([0-9.]*\).*/\1/p' "$VMITAP_GUEST_LOG" | head -n 1)
tr -d '\r' < "$VMITAP_GUEST_LOG" | sed -n 's/^guest: process \([0-9]*\) (\(.*\)) \(.*\)/\1 \3 \2/p' |
	awk -v until="$time" '{ name = $0; for (i = 0; i < 51; i++) sub(/^[^ ]* /, "", name) }
		$21 / 100 < until { print $1, $21, substr(name, 1, 15) }' |
	sort > "$tmp/said"
# What vmitap finds of that time: the guest's kernel shows its workers with longer names.
jq -r --argjson until "$time" '.processes[] | select(.pid and .start_ns / 1e9 < $until)
	| "\(.pid) \(.start_ns / 1e7 | floor) \(.comm)"' "$tmp/ps" | sort > "$tmp/found"
sed 's/ kworker.*/ kworker/' "$tmp/found" > "$tmp/found.names"
sed 's/ kworker.*/ kworker/' "$tmp/said" > "$tmp/said.names"
sort -o "$tmp/found.names" "$tmp/found.names"
sort -o "$tmp/said.names" "$tmp/said.names"
comm -23 "$tmp/found.names" "$tmp/said.names" > "$tmp/unsaid"
[ -s "$tmp/found.names" ] && [ ! -s "$tmp/unsaid" ]
result $? "$(wc -l < "$tmp/found") processes are as the guest said: PID, start, name" "$tmp/unsaid"
# What has gone since was short-lived.
comm -13 "$tmp/found.names" "$tmp/said.names" |
	grep -vE ' (kworker|cat|ls|sed|sh|cut|usleep|sleep|init|exe|busybox)' > "$tmp/gone"
[ ! -s "$tmp/gone" ]
result $? 'processes that stay are found' "$tmp/gone"

# The workload has children that stay, and others that come and go.
check 'processes that stay are in all lists' "$tmp/ps" \
	'([.processes[] | select(.comm == "workload")] | sort_by(.start_ns) | .[0:4]) as $stay
	 | [$stay[], (.processes[] | select(.comm == "vmitap-agent" or .pid == 1 or .comm == "kthreadd"))]
	 | length == 7 and all(.missing == [] and (.seen | contains(["task-list", "pid-tree", "agent"])))'
check 'what runs is seen by its page tables' "$tmp/ps" \
	'[.processes[] | select(.comm == "workload")] | any(.seen | index("address-spaces"))'
check 'the work is counted' "$tmp/ps" \
	'[.processes[] | select(.comm == "workload") | .cpu_percent // 0] | add > 10'
check 'only short-lived processes may be without a list' "$tmp/ps" \
	'[.processes[] | select(.pid | not) | select(.kthread | not)] | length <= 20'

vmitap ps --json --for 2 --views system-calls,task-list > "$tmp/calls" 2> "$tmp/err"
result $? 'ps with system calls' "$tmp/err"
check 'system calls are those of processes' "$tmp/calls" \
	'[.processes[] | select(.comm == "workload") | .calls // 0] | add > 10'

vmitap ps --for 1 > "$tmp/table" 2> "$tmp/err"
result $? 'ps' "$tmp/err"
grep -qE '^ +[0-9]+ +0 +[0-9.]+ workload +0x[0-9a-f]+ .* yes +yes +yes' "$tmp/table"
result $? 'ps: a row of a process' "$tmp/table"

vmitap watch --interval 0.3 --for 15 > "$tmp/alerts" 2> "$tmp/err"
status=$?
[ $status = 0 ] && [ ! -s "$tmp/alerts" ]
result $? 'watch: no alert in 15 s of births and deaths' "$tmp/alerts"

# Each in another way; the guest runs on.
mapfile -t victims < <(jq -r '[.processes[] | select(.comm == "workload")]
	| sort_by(.start_ns) | .[1:4][].pid' "$tmp/ps")
timeout 120 vmitap watch --json --interval 0.3 --for 60 > "$tmp/alerts" 2> "$tmp/err" &
watch=$!
sleep 4
ways=(list tree both)
for i in 0 1 2; do
	roots[i]=$(hide_process "$VMITAP_GUEST_PID" "${victims[i]}" "${ways[i]}" 2>> "$tmp/err")
	sleep 4
done
vmitap ps > "$tmp/hidden" 2>> "$tmp/err"
wait $watch
[ $? = 10 ]
result $? 'watch: exit code of an alert' "$tmp/err"
for i in 0 1 2; do
	jq -se --arg root "${roots[i]:-none}" 'map(select(.class == "malicious"
		and .detector == "hidden-process" and .process.root == $root)) | length >= 1' \
		"$tmp/alerts" > "$tmp/jq" 2>&1
	result $? "watch: a process taken out of its ${ways[i]}" "$tmp/alerts"
done
# One that stays hidden may be named again, but nothing else.
jq -se 'map(.process.root) | unique | length == 3' "$tmp/alerts" > "$tmp/jq" 2>&1
result $? 'watch: no other alert' "$tmp/alerts"
sed 's/^/# /' "$tmp/hidden" | grep -E 'workload|CPU|Conflict|\?'
grep -qE "^ +${victims[0]} .* yes +NO +yes" "$tmp/hidden" &&
	grep -qE "^ +${victims[1]} .* yes +yes +NO" "$tmp/hidden" &&
	grep -qE "^ +\? .* ${roots[2]} .* yes +NO +NO" "$tmp/hidden"
result $? 'ps: shows who has them' "$tmp/hidden"
sed 's/^/# /' "$tmp/alerts"

beat=$(grep -c heartbeat "$VMITAP_GUEST_LOG")
sleep 3
[ "$(grep -c heartbeat "$VMITAP_GUEST_LOG")" -gt "$beat" ]
result $? 'the guest runs on'

# The VM ends under it.
timeout 60 vmitap watch --interval 0.3 > "$tmp/alerts" 2> "$tmp/err" &
watch=$!
sleep 3
kill "$VMITAP_GUEST_PID"
wait $watch
status=$?
{ [ $status = 0 ] || [ $status = 10 ]; } && grep -q 'the VM ended' "$tmp/err"
result $? 'watch: ends with the VM' "$tmp/err"

echo "1..$number"
sed 's/^/# /' "$tmp/table" | head -n 80
[ "$failed" = 0 ]
