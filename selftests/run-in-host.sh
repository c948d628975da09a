#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run the tests inside the virtual KVM host, as root, with vmitap loaded: each one
# with a time limit and a look at the kernel log behind it.  TAP; the last line is
# "N passed, N failed, N skipped" test cases.
# usage: run-in-host.sh [TEST...]       names as in selftests/Makefile.inc
# Those that end in .sh are scripts beside this one, the others binaries.
# TEST_TIMEOUT is the limit for one test, in seconds (default 600).  With
# REPEAT_SECONDS the binaries run again, in turn, until so much time has passed.
# Exit status: 0 all passed, 1 something failed, 4 everything was skipped.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/${O:-build}/selftests
limit=${TEST_TIMEOUT:-600}
passed=0 failed=0 skipped=0 number=0

# Nothing that ran is not everything that passed.
if [ $# -gt 0 ]; then
	tests=("$@")
elif [ -s "$build/tests" ]; then
	mapfile -t tests < "$build/tests"
else
	echo "run-in-host.sh: no tests in $build: run make tests" >&2
	exit 2
fi
. "$top/selftests/lib/log.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# count FILE: add up the test cases of a TAP file.
count()
{
	local skip not_ok all
	skip=$(grep -cE '^ok .*# SKIP' "$1")
	not_ok=$(grep -cE '^not ok ' "$1")
	all=$(grep -cE '^(not )?ok ' "$1")
	skipped=$((skipped + skip))
	failed=$((failed + not_ok))
	passed=$((passed + all - skip - not_ok))
	[ "$all" -gt 0 ]
}

# program NAME: path of a test.
program()
{
	case $1 in
	*.sh) echo "$top/selftests/$1" ;;
	*)    echo "$build/$1" ;;
	esac
}

# run NAME: sets why, empty if the test as a whole is fine.
run()
{
	local marker="vmitap-test: $number $1" planned status
	log_mark "$marker"
	timeout -k 5 "$limit" "$(program "$1")" > "$tmp/out" 2>&1
	status=$?
	sed 's/^/    /' "$tmp/out"
	why=
	if ! count "$tmp/out"; then
		why="no test cases, status $status"
		failed=$((failed + 1))
	else
		planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$tmp/out" | head -n 1)
		if [ "$(grep -cE '^(not )?ok ' "$tmp/out")" != "${planned:-0}" ]; then
			why="stopped before its end (status $status)"
			failed=$((failed + 1))
		elif [ $status != 0 ] && [ $status != 4 ]; then
			why="status $status"
			# Test cases that failed count already.
			grep -q '^not ok ' "$tmp/out" || failed=$((failed + 1))
		fi
	fi
	if log_since "$marker" | "$top/selftests/host/splats.sh" > "$tmp/splats"; then
		why="$why; the kernel complained: $(head -n 3 "$tmp/splats" | tr '\n' ' ')"
		failed=$((failed + 1))
	fi
}

# run_and_tell NAME
run_and_tell()
{
	local name=$1 start took
	number=$((number + 1))
	if [ ! -x "$(program "$name")" ]; then
		echo "not ok $number $name # no $(program "$name"): run make"
		failed=$((failed + 1))
		return
	fi
	start=$(date +%s)
	run "$name"
	took=$(($(date +%s) - start))
	if [ -z "$why" ]; then
		echo "ok $number $name # $took s"
	else
		echo "not ok $number $name # $took s; $why"
	fi
}

echo 'TAP version 13'
again=()
for name in "${tests[@]}"; do
	run_and_tell "$name"
	[ "${name%.sh}" != "$name" ] || again+=("$name")
done
while [ ${#again[@]} -gt 0 ]; do
	for name in "${again[@]}"; do
		[ $SECONDS -lt "${REPEAT_SECONDS:-0}" ] || break 2
		run_and_tell "$name"
	done
done
echo "1..$number"
echo "# kernel $(uname -r)"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 4
