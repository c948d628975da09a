#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside a virtual KVM host under -icount shift=0, with vmitap loaded: what vmitap
# watch, by default, costs a guest with 300 processes, and the host.
# usage: watch.sh; prints lines "name value unit".
# There is one CPU for the guest and for vmitap: its time is taken off the guest's.

set -eu
shopt -s inherit_errexit
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
log=$tmp/console guest=''
. "$top/selftests/lib/testguest.sh"
trap 'end_guest_now; rm -rf "$tmp"' EXIT

# next WORDS: has the guest do it, and prints the nanoseconds that it took for one.
next()
{
	local done_before
	done_before=$(grep -c 'loops: ' "$log" || :)
	tell "$1"
	wait_for 'loops: ' 400 $((done_before + 1))
	tr -d '\r' < "$log" | sed -n 's/.*loops: [a-z]* //p' | tail -n 1
}

# cpu_ns PID: CPU time
cpu_ns()
{
	cut -d ' ' -f 1 "/proc/$1/schedstat"
}

start_guest -m 512M -smp 1 <<'TEXT'
processes > /tmp/said &
until grep -q ^end /tmp/said; do sleep 0.1; done
echo 'guest: ready to loop'
exec 3< /dev/ttyS1
while read -r words <&3; do loops $words; done
TEXT
wait_for 'ready to loop' 400
for kind in syscall fork; do
	[ $kind = fork ] && count=3000 || count=5000000
	before=$(next "$kind $count")
	vmitap watch --vm "$guest" > "$tmp/alerts" 2> "$tmp/err" &
	watch=$!
	until grep -q Linux "$tmp/err"; do sleep 0.1; done
	cpu=$(cpu_ns $watch)
	start=$(date +%s%N)
	with=$(next "$kind $count")
	cpu=$(($(cpu_ns $watch) - cpu))
	took=$(($(date +%s%N) - start))
	kill -INT $watch
	wait $watch || exit 1
	awk -v kind=$kind -v before="$before" -v with="$with" -v cpu=$cpu -v took=$took 'BEGIN {
		printf "watch.cpu_%s %.1f percent_of_a_CPU\n", kind, cpu * 100 / took
		printf "watch.guest_%s %.1f percent\n", kind, (with * (1 - cpu / took) / before - 1) * 100
	}'
done
