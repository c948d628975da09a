#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs inside a virtual KVM host under -icount shift=0, with vmitap not loaded:
# what each observer adds to an exit, in instructions.
# usage: in-host.sh BUILD_DIR; prints lines "name value unit".
# The exit loop, the observers and the order are the same for all, and there is
# one CPU, so that the runs differ by the observer alone.

set -euo pipefail
# A figure is taken in a command substitution: what fails there is to end all.
shopt -s inherit_errexit
build=$1
exits=${EXITS:-10000}
work=$(mktemp -d)
perf_pid=''
program=exitloop
. "$(dirname "$0")/tap.sh"

# start_loop KIND: leaves the loop waiting, its pid in $loop.
start_loop()
{
	rm -f "$work/in" "$work/out"
	mkfifo "$work/in" "$work/out"
	"$build/bench/$program" "$1" "$exits" 1000 < "$work/in" > "$work/out" &
	exec 3> "$work/in" 4< "$work/out"
	read -r _ loop <&4
}

# finish_loop: prints the cost of an exit.
finish_loop()
{
	echo go >&3
	read -r cost <&4
	exec 3>&- 4<&-
	echo "$cost"
}

measure()
{
	start_loop "$1"
	finish_loop
}

# measure_tapped KIND WANT CLASSES FIELDS [FILTER]
measure_tapped()
{
	start_loop "$1"
	tap "$loop" "$3" "$4" ${5:+"$5"}
	finish_loop
	untap "$2"
}

# measure_beside KIND TAP: with another VM, which is tapped if TAP is yes.
measure_beside()
{
	local other

	"$build/bench/exitloop" cpuid 1 1 < "$work/hold" > "$work/other" &
	exec 7> "$work/hold"
	until grep -q ready "$work/other" 2>/dev/null; do sleep 0.05; done
	other=$(sed -n 's/ready //p' "$work/other")
	start_loop "$1"
	[ "$2" != yes ] || tap "$other" -1 0
	finish_loop
	[ "$2" != yes ] || untap 0
	exec 7>&-
	until [ ! -e "/proc/$other" ]; do sleep 0.05; done
	rm "$work/other"
}

# beside KIND: what it costs that the other VM is tapped.
beside()
{
	local with without
	with=$(measure_beside "$1" yes)
	without=$(measure_beside "$1" no)
	awk -v w="$with" -v o="$without" 'BEGIN { print w - o }'
}

# report NAME BASE COMMAND...: by how much its figure is more.
report()
{
	local value
	value=$("${@:3}")
	awk -v n="$1" -v v="$value" -v b="$2" 'BEGIN { printf "%s %.1f instructions/exit\n", n, v - b }'
}

mkfifo "$work/hold"
for kind in ${KINDS:-cpuid pio hlt}; do
	case $kind in cpuid) suffix= ;; *) suffix=.$kind ;; esac
	# The first runs meet what is not warm yet.
	base=$(for _ in 1 2 3; do measure "$kind"; done | sort -n | head -n 1)
	echo "exit.base$suffix $base instructions/exit"
	insmod "$build/vmitap.ko"
	report "tap.idle$suffix" "$base" measure "$kind"
	report "tap.untapped_beside$suffix" 0 beside "$kind"
	report "tap.masked$suffix" "$base" measure_tapped "$kind" 0 0 0
	report "tap.record$suffix" "$base" measure_tapped "$kind" "$exits" -1 0
	report "tap.record_gprs$suffix" "$base" measure_tapped "$kind" "$exits" -1 2
	bpftool prog load "$build/bpf/drop_all.bpf.o" /sys/fs/bpf/drop_all type raw_tracepoint
	report "tap.bpf_drop$suffix" "$base" \
		measure_tapped "$kind" 0 -1 0 /sys/fs/bpf/drop_all
	rm /sys/fs/bpf/drop_all
	rmmod vmitap
done

# Peers and traps are compared with CPUID exits.
base=$(measure cpuid)

# report_trap NAME KIND CLASSES EXITS: what a trap costs beyond so many CPUID exits.
report_trap()
{
	local bare with
	program=traploop
	bare=$(measure "$2")
	with=$(measure_tapped "$2" "$exits" "$3" 0)
	program=exitloop
	awk -v n="$1" -v w="$with" -v b="$bare" -v e="$base" -v x="$4" \
		'BEGIN { printf "%s %.1f instructions/event\n", n, w - b - x * e }'
}

insmod "$build/vmitap.ko"
report_trap trap.cr3 cr3 $((1 << 50)) 1
report_trap trap.syscall syscall $((1 << 51)) 1
report_trap trap.syscall_return syscall_return $((1 << 51)) 2
rmmod vmitap

start_loop cpuid
"$build/bench/peer_ringbuf" "$build/bench/peer_ringbuf.bpf.o" > "$work/peer" 2>&1 &
perf_pid=$!
until grep -q attached "$work/peer"; do sleep 0.05; done
report peer.bpf_ringbuf "$base" finish_loop
kill $perf_pid; wait $perf_pid || :

start_loop cpuid
echo 32768 > /sys/kernel/tracing/buffer_size_kb
echo 1 > /sys/kernel/tracing/events/kvm/kvm_exit/enable
report peer.ftrace "$base" finish_loop
echo 0 > /sys/kernel/tracing/events/kvm/kvm_exit/enable

start_loop cpuid
perf record -q -e kvm:kvm_exit -m 16M -p "$loop" -o "$work/perf.data" >/dev/null 2>&1 &
perf_pid=$!
sleep 2
report peer.perf "$base" finish_loop
kill -INT $perf_pid; wait $perf_pid || :
rm -rf "$work"
