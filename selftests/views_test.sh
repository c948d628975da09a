#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests of the views, natively: units, real memory of guests, a short time of fuzzing.
# TAP; the programs' own test cases are numbered through.
# usage: views_test.sh BUILD

set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
tests=$build/selftests/views
. selftests/lib/tap.sh
. selftests/lib/image.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A sanitizer's report is a failure whatever the exit code.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

# run NAME PROGRAM...: its test cases, and one more: that it ended as it should
run()
{
	local name=$1 status line
	shift
	"$@" > "$tmp/out" 2> "$tmp/err"
	status=$?
	while read -r line; do
		case $line in
		'ok '*) result 0 "$name: ${line#ok * }" ;;
		'not ok '*) result 1 "$name: ${line#not ok * }" ;;
		'# Totals'*) ;;
		'#'*) echo "$line" ;;
		esac
	done < "$tmp/out"
	[ $status = 0 ] || sed 's/^/# /' "$tmp/err" | head -n 60
	result $status "$name: runs to its end"
}

echo 'TAP version 13'
# Two at a time.
image plain &
plain=$!
image pti --kernel-args pti=on
pti=$?
wait $plain
result $? 'memory image of a guest'
result $pti 'memory image of a guest with page-table isolation'
image large --mem 3G --cpu EPYC,+la57
result $? 'memory image of a guest with five levels and a hole in its memory'
run view "$tests/view_test"
run agent "$tests/agent_test"
run aggregate "$build/selftests/detect/aggregate_test"
run hidden "$build/selftests/detect/hidden_test"
run flood "$build/selftests/detect/flood_test"
run paging "$tests/paging_test"
run kernel "$tests/kernel_test"
run linux_tasks "$tests/linux_tasks_test"
run owners "$tests/owners_test"
run follow "$tests/follow_test"
run guest "$tests/guest_test"
run guest_image "$tests/guest_image_test" "$tmp"
run guest_live "$tests/guest_live_test"
run btf "$tests/btf_test" "$tmp"
run kallsyms "$tests/kallsyms_test" "$tmp"
run plain "$tests/image_test" "$images/plain"
run pti "$tests/image_test" "$images/pti" pti
run large "$tests/image_test" "$images/large"
run damage "$tests/damage_test" "$images/plain" "$tmp"
run damage-pti "$tests/damage_test" "$images/pti" "$tmp"
run hidden-plain "$build/selftests/detect/image_test" "$images/plain"
run hidden-pti "$build/selftests/detect/image_test" "$images/pti"
run live selftests/views_image.sh "$images/live" --kernel-args churn \
	--while-it-runs "$tests/live_test $images/live 4"
for target in kallsyms btf agent; do
	selftests/views_fuzz.sh "$build" 5 "$target" > "$tmp/out" 2>&1
	status=$?
	[ $status = 0 ] || tail -n 60 "$tmp/out" | sed 's/^/# /'
	result $status "fuzzing of $target: $(sed -n 's/^Done //p' "$tmp/out")"
done
tap_end
