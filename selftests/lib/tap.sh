# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# TAP for test scripts.  To be sourced; tap_number and tap_failed are its.

tap_number=0 tap_failed=0

# result GOOD NAME [FILE]: GOOD is 0 or not; FILE says why.
result()
{
	tap_number=$((tap_number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_number $2"
	else
		echo "not ok $tap_number $2"
		[ ! -s "${3:-/dev/null}" ] || tail -n 40 "$3" | sed 's/^/# /'
		tap_failed=$((tap_failed + 1))
	fi
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
