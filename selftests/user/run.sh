#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run the user-space tests and the tool's test, all built with sanitizers.  TAP, one
# plan for each test.
# usage: run.sh BUILD_DIR TEST...
# Exit status: 0 all passed, 1 something failed.

set -u
cd "$(dirname "$0")/../.." || exit 1
build=$1/sanitized
shift
failed=0
# A sanitizer's report ends the test.  Leaks count in the tool; the tests leave
# their rings to the end of the process.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

for name in "$@"; do
	echo "# $name"
	ASAN_OPTIONS=detect_leaks=0 timeout 120 "$build/user/$name" 2>&1 || failed=1
done
echo '# cli_test, sanitized'
timeout 300 selftests/cli_test.sh "$build" || failed=1
echo '# doctor_test, sanitized'
timeout 300 selftests/doctor_test.sh "$build" || failed=1
[ $failed = 0 ]
