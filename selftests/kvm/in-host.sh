#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run some of KVM's own selftests in the virtual KVM host.  Behind each of them a line
# is added to the file of results, which outlives the host:
#     TEST RESULT SECONDS [what tap_every says]
# The results: pass, skip, fail, timeout, missing (it did not build), and the same with "+splat" if the kernel
# complained, with "+tapper" if the tapper did not survive.
# usage: in-host.sh COLUMN LIMIT PROGRAMS TEST...
# COLUMN is without, with (every VM is tapped) or traps (with all traps armed); LIMIT is
# the time for one test in seconds; PROGRAMS the directory they are in.

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
column=$1 limit=$2 programs=$3
shift 3
out=${VMITAP_OUT:?runs in the virtual host only}/kvm-selftests/$column
cgroup=/sys/fs/cgroup/kvm-selftest
tmp=$(mktemp -d)

# No guest may run on the host's first CPU, see stage2; some tests choose their CPUs
# themselves, but not out of their cpuset.
confine()
{
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	echo +cpuset > /sys/fs/cgroup/cgroup.subtree_control &&
		mkdir "$cgroup" &&
		echo "1-$(($(nproc --all) - 1))" > "$cgroup/cpuset.cpus"
}

# Sets tapper.
start_tapper()
{
	local traps='' tries=0
	[ "$column" != traps ] || traps=--traps
	# shellcheck disable=SC2086	# none, or one word
	"$top/${O:-build}/selftests/tap_every" $traps > "$tmp/tapper" 2>&1 &
	tapper=$!
	until grep -q '^ready' "$tmp/tapper"; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 "$tapper" 2>/dev/null; then
			return
		fi
		sleep 0.1
	done
}

# Sets result and seen.
stop_tapper()
{
	kill -TERM "$tapper" 2>/dev/null
	if wait "$tapper"; then
		seen=$(grep '^made' "$tmp/tapper")
	else
		result=$result+tapper
	fi
	cat "$tmp/tapper" >> "$log"
}

run_test()
{
	local status
	[ -x "$programs/$1" ] || { result=missing; return; }
	(
		echo "$BASHPID" > "$cgroup/cgroup.procs"
		cd "$(dirname "$programs/$1")" || exit
		exec timeout -k 5 "$limit" "./$(basename "$1")"
	) > "$log" 2>&1 < /dev/null
	status=$?
	# Nor does anything of it stay.
	echo 1 > "$cgroup/cgroup.kill"
	case $status in
	0)       result=pass ;;
	4)       result=skip ;;
	124|137) result=timeout ;;
	*)       result=fail ;;
	esac
	echo "status $status" >> "$log"
}

mkdir -p "$out"
confine || { echo "in-host.sh: no cgroup to put the tests in" >&2; exit 1; }
[ "$(nproc)" -ge 2 ] || echo "in-host.sh: one CPU only" >&2
for name in "$@"; do
	log=$out/$(basename "$name").log
	seen='' tapper=''
	echo "$name" > "$out/running"
	echo "kvm-selftest: $name" > /dev/kmsg
	start=$(date +%s)
	[ "$column" = without ] || start_tapper
	run_test "$name"
	[ "$column" = without ] || stop_tapper
	# Each test has the log for itself, and the host's end too.
	dmesg -c > "$tmp/dmesg"
	if "$top/selftests/host/splats.sh" < "$tmp/dmesg" > /dev/null; then
		result=$result+splat
		cat "$tmp/dmesg" >> "$log"
	fi
	echo "$name $result $(($(date +%s) - start)) $seen" >> "$out/results"
done
rm -rf "$tmp"
