#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vmitap watch on a Linux guest that reboots, into a kernel elsewhere in its memory:
# that is no alert, and what is hidden after it is found.  TAP, inside a virtual KVM
# host with vmitap loaded.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
log=$tmp/console guest=''
watch=''
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/limit.sh"
. "$top/selftests/lib/tapped.sh"
. "$top/selftests/lib/testguest.sh"
trap '[ -z "$watch" ] || kill "$watch"; end_guest_now; rm -rf "$tmp"' EXIT

# kernel: where the guest's is
kernel()
{
	vmitap info --vm "$guest" --json | jq -r '.facts[] | select(.fact == "kernel") | .value'
}

# Has watch seen the new kernel, too?
is_understood()
{
	grep -q 'booted anew' "$tmp/err" && tail -n 1 "$tmp/err" | grep -q Linux
}

echo 'TAP version 13'
start_guest -action reboot=reset << 'TEXT'
workload &
victim=$!
echo 'guest: workload runs'
read -r word < /dev/ttyS1
[ "$word" != reboot ] || reboot -f
insmod /hide.ko pid=$victim
echo "guest: victim $victim"
sleep 1000
TEXT
wait_for 'guest: workload runs' 120
result $? 'a guest boots' "$tmp/qemu"

vmitap watch --vm "$guest" --json > "$tmp/alerts" 2> "$tmp/err" &
watch=$!
comes_true is_tapped
sleep 2
before=$(kernel)
tell reboot
wait_for 'guest: workload runs' 120 2
result $? 'it boots anew' "$tmp/qemu"
comes_true is_understood
sed 's/^/# /' "$tmp/err"
[ "$(tail -n 1 "$tmp/err" | grep -c Linux)" = 1 ] && kill -0 $watch
result $? 'watch goes on, and understands it' "$tmp/err"
echo "# kernel before: $before; after: $(kernel)"
sleep 2
[ ! -s "$tmp/alerts" ]
result $? 'no alert by that' "$tmp/alerts"

tell hide
wait_for 'guest: victim' 60
victim=$(tr -d '\r' < "$log" | sed -n 's/^guest: victim //p')
comes_true test -s "$tmp/alerts"
sleep 1
kill -INT $watch
wait $watch
[ $? = 10 ]
result $? 'exit code of an alert' "$tmp/err"
watch=''
check 'a process hidden after that is found, once' "$tmp/alerts" \
	"length == 1 and .[0].process.pid == ${victim:-0}"
tap_end
