#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside a virtual KVM host under -icount shift=0, with vmitap not loaded: how
# much slower traps make a program in a Linux guest.
# usage: slowdown.sh BUILD_DIR; prints lines "name value unit".
# The program (selftests/guest/loops.c) makes system calls, or processes, and says what
# one takes by the guest's clock, which is the host's and so counts the instructions of
# both.  It is the same guest and the same program for all traps.

set -euo pipefail
shopt -s inherit_errexit
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
log=$work/console
. "$here/tap.sh"
# Nobody reads while it is measured: the rings must have room for all.
declare -A count=([syscall]=20000 [fork]=1500)
declare -A classes=([cr3]=$((1 << 50)) [syscall]=$((1 << 51)) [both]=$((3 << 50)))
# Events of one loop, at least.
declare -A events=([syscall.cr3]=0 [syscall.syscall]=2 [syscall.both]=2
		   [fork.cr3]=2 [fork.syscall]=4 [fork.both]=6)

# What the guest says comes by its second serial port, so that waiting costs nothing.
cat > "$work/script" <<'TEXT'
exec 3<> /dev/ttyS1
echo ready >&3
while read -r kind count <&3; do
	loops "$kind" "$count" >&3
done
TEXT
O=${build##*/} "$here/../host/test-guest.sh" "$work/script" "$log" -- -smp 1 \
	> "$work/qemu" 2>&1 &
vmm=$!
until [ -p "$log.go.out" ]; do sleep 0.1; done
exec 7<> "$log.go.in" 8<> "$log.go.out"

# hear WORD: wait until the guest says something that begins so; sets said.
hear()
{
	while read -r -t 300 said <&8; do
		said=${said%$'\r'}
		[[ $said != "$1"* ]] || return 0
	done
	echo "slowdown.sh: the guest does not say '$1'" >&2
	tail -n 5 "$log" "$work/qemu" >&2
	exit 1
}

# run KIND: prints what one takes.
run()
{
	echo "$1 ${count[$1]}" >&7
	hear "loops: $1 "
	echo "${said##* }"
}

# measure KIND [TRAPS]: the least of three runs: now and then memory is new to the guest.
measure()
{
	for _ in 1 2 3; do
		[ -z "${2:-}" ] || tap $vmm "${classes[$2]}" 0
		run "$1"
		[ -z "${2:-}" ] || untap $((count[$1] * events[$1.$2]))
	done | sort -n | head -n 1
}

hear ready
for kind in syscall fork; do
	# The first runs meet what is not warm yet.
	measure $kind > /dev/null
	base=$(measure $kind)
	echo "trap.slowdown.$kind.base $base instructions/iteration"
	insmod "$build/vmitap.ko"
	for traps in cr3 syscall both; do
		cost=$(measure $kind $traps)
		awk -v n="trap.slowdown.$kind.$traps" -v v="$cost" -v b="$base" \
			'BEGIN { printf "%s %.1f instructions/iteration\n", n, v - b }'
	done
	rmmod vmitap
done
kill $vmm
wait $vmm || :
rm -rf "$work"
