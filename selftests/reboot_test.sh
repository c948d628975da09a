#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vmitap watch on a Linux guest that is reset and boots anew, elsewhere in its memory.
# TAP; selftests/run-in-host.sh runs it in a virtual host, with VMITAP_GUEST_KERNEL
# and VMITAP_GUEST_INITRD as selftests/host/run.sh has them.
# Exit status: 0 all passed, 1 something failed, 4 skipped: no guest to start.

set -u
number=0 failed=0
PATH=$PATH:$(cd "$(dirname "$0")/.." && pwd)/${O:-build}/selftests

if [ -z "${VMITAP_GUEST_KERNEL:-}" ]; then
	echo '1..1'
	echo 'ok 1 reboot # SKIP there is no guest to start'
	exit 4
fi
tmp=$(mktemp -d)
vmm=
trap '[ -z "$vmm" ] || kill "$vmm"; rm -rf "$tmp"' EXIT

# result GOOD NAME [FILE]: FILE says why.
result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		[ ! -s "${3:-/dev/null}" ] || head -n 30 "$3" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# booted TIMES: wait until the guest has started its workload so many times.
booted()
{
	local left=1200
	until [ "$(grep -c 'guest: workload runs' "$tmp/log")" -ge "$1" ]; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}

echo 'TAP version 13'
mkfifo "$tmp/monitor"
exec 8<> "$tmp/monitor"
: > "$tmp/log"
qemu-system-x86_64 -name reboots -accel kvm -cpu host -M q35 -smp 2 -m 256M \
	-nodefaults -display none -monitor stdio -kernel "$VMITAP_GUEST_KERNEL" \
	-initrd "$VMITAP_GUEST_INITRD" -serial "file:$tmp/log" \
	-append 'console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check cryptomgr.notests' \
	<&8 > "$tmp/answers" 2>&1 &
vmm=$!
booted 1
result $? 'a guest boots' "$tmp/answers"

vmitap watch --json --vm "$vmm" --interval 0.5 > "$tmp/alerts" 2> "$tmp/err" &
watch=$!
sleep 3
before=$(vmitap info --vm "$vmm" --json | jq -r '.facts[] | select(.fact == "kernel") | .value')
echo system_reset >&8
booted 2
result $? 'it boots anew' "$tmp/answers"
sleep 5
after=$(vmitap info --vm "$vmm" --json | jq -r '.facts[] | select(.fact == "kernel") | .value')
echo "# kernel before: $before; after: $after"
kill -0 $watch
result $? 'watch goes on' "$tmp/err"
[ ! -s "$tmp/alerts" ]
result $? 'no alert by that' "$tmp/alerts"
sed 's/^/# /' "$tmp/err"

victim=$(vmitap ps --vm "$vmm" --json | jq -r '[.processes[] | select(.comm == "workload")]
	| sort_by(.start_ns) | .[1].pid')
root=$(hide_process "$vmm" "$victim" list 2> "$tmp/hide")
sleep 8
kill -INT $watch
wait $watch
[ $? = 10 ]
result $? 'exit code of an alert' "$tmp/err"
jq -se --arg root "${root:-none}" 'map(select(.process.root == $root)) | length == 1' \
	"$tmp/alerts" > "$tmp/jq" 2>&1
result $? 'a process hidden after that is found' "$tmp/alerts"

echo "1..$number"
[ "$failed" = 0 ]
