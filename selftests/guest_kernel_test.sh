#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# info, ps and strace on a Linux guest with the kernel GUEST_KERNEL (see
# selftests/host/run.sh): what of a guest's kernel differs from version to version.
# TAP; selftests/run-in-host.sh runs it in a virtual host.
# Exit status: 0 all passed, 1 something failed.

set -u
. "$(dirname "$0")/host/guest.sh"
. "$(dirname "$0")/lib/tap.sh"
guest_pid=''
tmp=$(mktemp -d)
trap '[ -z "$guest_pid" ] || kill "$guest_pid"; rm -rf "$tmp"' EXIT

# holds NAME FILE JQ-FILTER: of the object in FILE; $release is the guest's
holds()
{
	jq -e --arg release "$release" "$3" "$2" > "$tmp/jq" 2>&1
	result $? "$1" "$2"
}

echo 'TAP version 13'
release=$(basename "$VMITAP_GUEST_KERNEL")
release=${release#vmlinuz-}
guest_start "kernel-$release" "$tmp/log" 2> "$tmp/err"
result $? "a guest with $release boots" "$tmp/err"

vmitap info --json --vm "$guest_pid" > "$tmp/info" 2> "$tmp/err"
result $? 'info' "$tmp/err"
holds 'info: the release' "$tmp/info" \
	'[.facts[] | select(.fact == "release")] | length == 1 and .[0].value == $release'
holds 'info: symbols and type information are found' "$tmp/info" \
	'[.facts[] | select(.fact == "symbols" or .fact == "layouts") | .value]
	 | length == 2 and all(test("^[0-9]"))'

vmitap ps --json --for 2 --vm "$guest_pid" > "$tmp/ps" 2> "$tmp/err"
result $? 'ps' "$tmp/err"
holds 'ps: the lists are whole' "$tmp/ps" \
	'[.views[] | select(.view == ("task-list", "pid-tree", "agent"))]
	 | length == 3 and all(.whole)'
holds 'ps: all lists have the processes that stay' "$tmp/ps" \
	'([.processes[] | select(.comm == "workload")] | sort_by(.start_ns) | .[0:4]) as $stay
	 | [$stay[], (.processes[] | select(.comm == "vmitap-agent" or .pid == 1 or .comm == "kthreadd"))]
	 | length == 7 and all(.missing == [] and (.seen | contains(["task-list", "pid-tree", "agent"])))'
holds 'ps: what runs is seen by its page tables' "$tmp/ps" \
	'[.processes[] | select(.comm == "workload")] | any(.seen | index("address-spaces"))'

timeout 300 vmitap strace --for 2 --vm "$guest_pid" > "$tmp/strace" 2> "$tmp/err"
result $? 'strace' "$tmp/err"
grep -qE '^\[[0-9]+ workload\] pread64\(.*\) = 4096$' "$tmp/strace"
result $? 'strace: processes and calls are named' "$tmp/strace"

guest_beats "$tmp/log"
result $? 'the guest runs on' "$tmp/log"
tap_end
