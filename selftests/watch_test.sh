#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vmitap watch, as it is by default, on a Linux guest with hundreds of processes:
# silence while others are born and die; an alert within a second of the guest's time
# when a module in the guest hides one, each way, and no other.  TAP, inside a virtual
# KVM host with vmitap loaded.
# STORM_SECONDS is how long it has to be silent (default 15).
# The emulated host is slow, and slower while others use the machine: of three times
# that a process is hidden in one way, one has to be found within the second, and all
# of them have to be found, after few lists.  If none is, but all within ten, the host is
# too slow to say.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
seconds=${STORM_SECONDS:-15}
tmp=$(mktemp -d)
log=$tmp/console guest=''
watch=''
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/limit.sh"
. "$top/selftests/lib/tapped.sh"
. "$top/selftests/lib/testguest.sh"
trap '[ -z "$watch" ] || kill "$watch"; end_guest_now; rm -rf "$tmp"' EXIT

# alerts: how many there are
alerts()
{
	wc -l < "$tmp/alerts"
}

# hide WORDS: have the guest do so, wait for the alert and for what comes after it, have
# it undone.  Adds to $tmp/found the milliseconds from then to the alert, or "never".
hide()
{
	local before ms=never end=$((SECONDS + 60 * ${SLOWER:-1}))
	before=$(alerts)
	tell "$1"
	until [ "$(alerts)" -gt "$before" ] || [ $SECONDS -ge $end ]; do
		sleep 0.2
	done
	sleep 1
	# Once and no more.
	[ "$(alerts)" != $((before + 1)) ] ||
		ms=$(hidden_ms "$(tail -n 1 "$tmp/alerts" | jq .tsc)")
	# It was not before it was hidden, and there is a time.
	[[ $ms =~ ^[0-9]+$ ]] || ms=never
	echo "$ms" >> "$tmp/found"
	tell back
	wait_for 'guest: back' 60 $((undone += 1))
	# Until watch has seen it, too: an alert takes several lists.
	sleep "$(jq -s '(last.lasted_s // 0) * 2 | [[., 1] | max, 10] | min' "$tmp/alerts")"
}

# in_time NAME: judge by $tmp/found
in_time()
{
	echo "# $1: after $(paste -sd ' ' "$tmp/found") ms"
	if awk '$1 == "never" || $1 < 1000 || $1 >= 10000 { exit 1 }' "$tmp/found"; then
		skip "$1: told within a second of the guest's time" 'this host is too slow'
		return
	fi
	awk '$1 < 1000 { found = 1 } END { exit !found }' "$tmp/found"
	result $? "$1: told within a second of the guest's time" "$tmp/found"
}

# try MISSING NAME WORDS [COMM]: three times at most
try()
{
	local first
	first=$(($(alerts) + 1))
	: > "$tmp/found"
	for _ in 1 2 3; do
		hide "$3"
		! awk '$1 < 1000 { exit 1 }' "$tmp/found" || continue
		break
	done
	in_time "$2"
	! grep -q never "$tmp/found"
	result $? "$2: told once" "$tmp/alerts"
	tail -n "+$first" "$tmp/alerts" > "$tmp/these"
	# The agent goes by the tree of PIDs, once a second.
	jq -se "length > 0 and all(.class == \"malicious\" and .detector == \"hidden-process\"
		and .process.pid == $victim and .process.comm == \"${4:-workload}\"
		and .missing - [\"agent\"] == $1)" "$tmp/these" > /dev/null
	result $? "$2: by its PID, and where it is missing" "$tmp/these"
	check "$2: after few lists" "$tmp/these" \
		'all(.evidence | capture("in (?<lists>[0-9]+) lists, (?<paused>[0-9]+)") | (.lists | tonumber) <= 8 and (.paused | tonumber) <= 3)'
}

undone=0
echo 'TAP version 13'
start_guest -m 512M << 'TEXT'
processes churn > /tmp/said &
until grep -q ^end /tmp/said; do sleep 0.1; done
vmitap-agent --interval 1 &
workload &
victim=$!
storm 100000 > /dev/null &
# What waits on a terminal is gone when nobody has it open.
exec 3< /dev/ttyS1
echo "guest: victim $victim"
while read -r words <&3; do
	case $words in
	back) rmmod hide; echo 'guest: back'; continue ;;
	calm) killall storm; continue ;;
	esac
	insmod /hide.ko pid=$victim $words
	dmesg | grep hide: | tail -n 1
done
TEXT
wait_for 'guest: victim' 120
result $? 'a guest with its processes' "$tmp/qemu"
victim=$(tr -d '\r' < "$log" | sed -n 's/^guest: victim //p')

vmitap watch --vm "$guest" --json > "$tmp/alerts" 2> "$tmp/err" &
watch=$!
comes_true is_tapped
sleep "$seconds"
kill -0 $watch && [ ! -s "$tmp/alerts" ]
result $? "no alert in $seconds s of births and deaths" "$tmp/alerts"

tell calm
try '["task-list"]' 'out of the list of tasks' how=tasks
try '["pid-tree"]' 'out of the tree of PIDs' how=pids
try '["task-list","pid-tree"]' 'out of both, and renamed' 'how=both name=kworker/0:9' kworker/0:9

before=$(grep -ac 'hide: .* both' "$log")
tell how=both
wait_for 'hide: .* both' 60 $((before + 1))
sleep 2
vmitap ps --vm "$guest" > "$tmp/ps" 2>> "$tmp/err"
grep -qE "^ +$victim .* workload .* yes +NO +NO +yes" "$tmp/ps"
result $? 'ps: shows who has it' "$tmp/ps"
sed 's/^/# /' "$tmp/ps" | grep -E "workload|CPU|Conflict: $victim|\?"
kill -INT $watch
wait $watch
[ $? = 10 ]
result $? 'exit code of an alert' "$tmp/err"
watch=''
check 'no other alert' "$tmp/alerts" "all(.process.pid == $victim)"

# The VM ends under it.
: > "$tmp/err"
timeout $((60 * ${SLOWER:-1})) vmitap watch --vm "$guest" > "$tmp/last" 2> "$tmp/err" &
watch=$!
comes_true is_tapped
sleep 2
end_guest_now
wait $watch
status=$?
watch=''
{ [ $status = 0 ] || [ $status = 10 ]; } && grep -q 'the VM ended' "$tmp/err"
result $? 'watch: ends with the VM' "$tmp/err"
tap_end
