# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A test guest (selftests/host/test-guest.sh) from the host's side.  To be sourced, with
# top, tmp and log set, and guest empty, which becomes its VMM.

# start_guest [QEMU_ARGUMENT...]: the script is on standard input.
start_guest()
{
	cat > "$tmp/script"
	# What another guest said is not this one's.
	rm -f "$log" "$log.go.in"
	"$top/selftests/host/test-guest.sh" "$tmp/script" "$log" -- "$@" > "$tmp/qemu" 2>&1 &
	guest=$!
}

# wait_for PATTERN SECONDS [TIMES]: in the guest's console.  SLOWER is by what factor this
# host is.
wait_for()
{
	local left=$(($2 * 5 * ${SLOWER:-1})) times
	until times=$(grep -ca "$1" "$log" 2>/dev/null); [ "${times:-0}" -ge "${3:-1}" ]; do
		left=$((left - 1))
		[ $left -gt 0 ] && [ -d "/proc/$guest" ] || return 1
		sleep 0.2
	done
}

# tell WORD: what go_on in the script waits for
tell()
{
	echo "$1" > "$log.go.in"
}

# end_guest_now: whatever its script is at
end_guest_now()
{
	if [ -n "$guest" ]; then
		kill "$guest" 2>/dev/null || :
		wait "$guest" 2>/dev/null || :
	fi
	guest=''
}

# hidden_ms ALERT_TSC: milliseconds of the guest's time from when hide.ko hid a process
# to an alert.  KVM says how far the guest's TSC is from the host's.
hidden_ms()
{
	local offset at khz
	offset=$(cat /sys/kernel/debug/kvm/"$guest"-*/vcpu0/tsc-offset)
	read -r at khz < <(tr -d '\r' < "$log" |
		sed -n 's/.*hide: .* at TSC \([0-9]*\), \([0-9]*\) kHz.*/\1 \2/p' | tail -n 1)
	echo $((($1 + offset - at) / khz))
}
