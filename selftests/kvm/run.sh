#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# KVM's own selftests, in the virtual KVM host: without vmitap, and with it tapping
# every VM that they make.  Prints a table of both, and whether they are identical.
# What `make kvm-selftests` runs, after a build.
# usage: run.sh [--traps] [--limit SEC] [TEST...]
#   --traps   a third column, with all traps armed
#   --limit   longest time for one test, 60 by default
#   TEST...   names as KVM's Makefile has them, the directory may be left out
# The results are kept in build/kvm-selftests: COLUMN.txt, and the tests' output.
# A test whose VMs were not tapped at all proves nothing, and counts as one that differs.
# Exit status: 0 the columns are identical, 1 they are not, 2 nothing could be run

set -u
cd "$(dirname "$0")/../.." || exit 2
build=${O:-build}
limit=60
columns=(without with)
while [ $# -gt 0 ]; do
	case $1 in
	--traps) columns+=(traps) ;;
	--limit) limit=$2; shift ;;
	-*) sed -n '/^# usage/,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
	shift
done

selftests=$(selftests/kvm/build.sh) || exit 2
results=$build/kvm-selftests
out=$build/host/out/kvm-selftests
host=
trap '[ -z "$host" ] || kill "$host" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Paths of the tests, from the directory of programs.
mapfile -t all < <(sed "s|^$selftests/programs/||" "$selftests/tests")
tests=()
if [ $# = 0 ]; then
	tests=("${all[@]}")
else
	for name in "$@"; do
		found=$(printf '%s\n' "${all[@]}" | grep -xE "(.*/)?$name")
		[ -n "$found" ] || { echo "run.sh: KVM has no selftest $name" >&2; exit 2; }
		tests+=("$found")
	done
fi

# result_of COLUMN TEST
result_of()
{
	awk -v name="$2" '$1 == name { print $2 }' "$results/$1.txt" | tail -n 1
}

# Seconds since the host last wrote a result, or has been started.
idle()
{
	local last
	last=$(stat -c %Y "$out/$1/running" "$out/$1/results" "$out/$1/started" 2>/dev/null |
		sort -n | tail -n 1)
	echo $(($(date +%s) - last))
}

# one_host COLUMN SECONDS TEST...: in one host, as far as it comes.  Sets host_status.
one_host()
{
	local column=$1 seconds=$2 module=(--no-module)
	shift 2
	[ "$column" = without ] || module=(--module "$build/vmitap.ko")
	rm -rf "${out:?}/$column" "$results/console-$column.log"
	mkdir -p "$out/$column"
	touch "$out/$column/started" "$out/$column/results"
	selftests/host/run.sh --guest none "${module[@]}" --timeout 3600 \
		--log "$results/console-$column.log" -- \
		"O=$build selftests/kvm/in-host.sh $column $seconds $selftests/programs $*" \
		> "$results/host-$column.log" 2>&1 &
	host=$!
	while kill -0 $host 2>/dev/null; do
		sleep 2
		# It may have to wait for another host.
		[ -e "$results/console-$column.log" ] || touch "$out/$column/started"
		# A test that cannot even be killed has stopped the host.
		if [ "$(idle "$column")" -gt $((seconds * 2 + 60)) ]; then
			kill $host
			break
		fi
	done
	wait $host
	host_status=$?
	host=
	mkdir -p "$results/$column"
	mv -f "$out/$column"/*.log "$results/$column/" 2>/dev/null
	cat "$out/$column/results" >> "$results/$column.txt"
}

# run_column COLUMN SECONDS TEST...: all of them, behind each that stops the host in
# another host.
run_column()
{
	local column=$1 seconds=$2 running left=()
	shift 2
	while [ $# -gt 0 ]; do
		echo "# $column: $# tests" >&2
		one_host "$column" "$seconds" "$@"
		left=()
		for name in "$@"; do
			grep -q "^$name " "$out/$column/results" || left+=("$name")
		done
		if [ ${#left[@]} = 0 ]; then
			[ $host_status = 0 ] || {
				echo "# $column: the host ended with status $host_status"
				tail -n 5 "$results/host-$column.log" | sed 's/^/# /'
				host_failed=yes
			}
			return
		fi
		running=$(cat "$out/$column/running" 2>/dev/null)
		if [ "$running" != "${left[0]}" ]; then
			echo "run.sh: the virtual host did not come to its first test:" >&2
			tail -n 20 "$results/host-$column.log" >&2
			exit 2
		fi
		echo "$running host-died $seconds" >> "$results/$column.txt"
		set -- "${left[@]:1}"
	done
}

# run_again SECONDS: what differs once more in all columns, with more time.  Results that
# depend on how busy this machine was differ without a cause in vmitap.
run_again()
{
	local column name again=()
	for name in "${tests[@]}"; do
		! differs "$name" || again+=("$name")
	done
	[ ${#again[@]} -gt 0 ] || return 0
	for column in "${columns[@]}"; do
		run_column "$column" "$1" "${again[@]}"
	done
}

# untapped TEST: were VMs made, of which none was tapped?  A session gets a VM with its
# first vCPU, so some of several may have had none; of a test that is skipped that may be
# so of all, and of max_vcpuid_cap_test, which makes a VM to be refused vCPUs.
untapped()
{
	local column
	[ "$(basename "$1")" != max_vcpuid_cap_test ] || return 1
	for column in "${columns[@]:1}"; do
		! awk -v name="$1" '$1 == name { bad = $2 != "skip" && $4 == "made" && $5 && !$7 }
			END { exit !bad }' "$results/$column.txt" || return 0
	done
	return 1
}

# differs TEST: do the columns, or was it not tapped?
differs()
{
	local column
	untapped "$1" || [ "$(for column in "${columns[@]}"; do
		result_of "$column" "$1"
	done | sort -u | wc -l)" -gt 1 ]
}

table()
{
	local name column row mark differing=0
	printf '%-44s %-14s' test without
	printf '%-14s' "${columns[@]:1}"
	printf '%s\n' 'VMs tapped/made, events, lost'
	for name in "${tests[@]}"; do
		mark=
		if differs "$name"; then
			mark='  <-- differs'
			! untapped "$name" || mark='  <-- not tapped'
			differing=$((differing + 1))
		fi
		printf '%-44s ' "$name"
		for column in "${columns[@]}"; do
			printf '%-14s' "$(result_of "$column" "$name")"
		done
		row=$(grep "^$name " "$results/${columns[-1]}.txt" | tail -n 1)
		echo "$row" | awk -v mark="$mark" '
			$4 == "made" { printf "%d/%s, %d, %d", $7, $5 < 0 ? "?" : $5, $13, $17 }
			{ print mark }'
	done
	if [ $differing = 0 ] && [ -z "$host_failed" ]; then
		echo "identical, and tapped: ${#tests[@]} tests, ${columns[*]}"
	else
		echo "not identical: $differing of ${#tests[@]} tests differ or were not tapped${host_failed:+, and a host complained}"
		return 1
	fi
}

host_failed=
mkdir -p "$results"
for column in "${columns[@]}"; do
	rm -rf "${results:?}/$column" "$results/$column.txt"
	run_column "$column" "$limit" "${tests[@]}"
done
run_again $((limit * 4))
run_again $((limit * 12))
table
