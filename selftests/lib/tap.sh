# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# TAP for test scripts.  To be sourced; tap_number and tap_failed are its.  tap_why is
# the files that say why a test case failed, where result is not told.

tap_number=0 tap_failed=0 tap_why=()

# result GOOD NAME [FILE...]: GOOD is 0 or not; the files say why.
result()
{
	local good=$1 name=$2 file
	shift 2
	[ $# -gt 0 ] || set -- "${tap_why[@]}"
	tap_number=$((tap_number + 1))
	if [ "$good" = 0 ]; then
		echo "ok $tap_number $name"
		return
	fi
	echo "not ok $tap_number $name"
	tap_failed=$((tap_failed + 1))
	for file; do
		[ ! -s "$file" ] || tail -n 40 "$file" | cut -c 1-2000 | sed 's/^/# /'
	done
}

# skip NAME REASON
skip()
{
	tap_number=$((tap_number + 1))
	echo "ok $tap_number $1 # SKIP $2"
}

# check NAME FILE JQ-FILTER: the filter holds of all that is in FILE, one object a line.
check()
{
	jq -se "$3" "$2" > "$2.jq" 2>&1
	result $? "$1" "$2.jq"
}

# The plan.  Fails if a test case did.
tap_end()
{
	echo "1..$tap_number"
	[ "$tap_failed" = 0 ]
}
