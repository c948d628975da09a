#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run each fuzzer for a while, from a few good inputs.  TAP.  What it found stays in
# BUILD_DIR/fuzzing/corpus; an input that crashes is left in BUILD_DIR/fuzzing.
# usage: fuzz.sh BUILD_DIR SECONDS FUZZER...
# Exit status: 0 nothing found, 1 something.

set -u
cd "$(dirname "$0")/../.." || exit 1
build=$1 seconds=$2
shift 2
number=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A recording with every kind of record, and pieces of it.
seed_fuzz_recording()
{
	"$build/sanitized/selftests/make_recording" "$1/whole" || return
	head -c 1500 "$1/whole" > "$1/cut"
	tail -c 1200 "$1/whole" > "$1/end"
}

# Records of a recording as the data of the rings, behind a head that spoils nothing.
seed_fuzz_ring()
{
	local recording=$1/recording
	"$build/sanitized/selftests/make_recording" "$recording" || return
	{ head -c 40 /dev/zero; tail -c +121 "$recording" | head -c 8192; } > "$1/exits"
	{ head -c 40 /dev/zero; tail -c 1500 "$recording"; } > "$1/mixed"
	rm "$recording"
}

for name in "$@"; do
	number=$((number + 1))
	corpus=$build/fuzzing/corpus/$name
	mkdir -p "$corpus"
	# From nothing it would not come far.
	if ! "seed_$name" "$corpus" > "$log" 2>&1; then
		echo "not ok $number $name # no good input to begin with"
		sed 's/^/# /' "$log"
		failed=1
		continue
	fi
	if timeout $((seconds + 60)) "$build/fuzzing/user/$name" \
			-max_total_time="$seconds" -max_len=20000 -timeout=10 \
			-print_final_stats=1 \
			-artifact_prefix="$build/fuzzing/$name-" "$corpus" \
			> "$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok $number $name # $runs inputs in $seconds s"
	else
		echo "not ok $number $name"
		tail -n 40 "$log" | sed 's/^/# /'
		failed=1
	fi
done
echo "1..$number"
[ $failed = 0 ]
