# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Linux guests under stock QEMU/KVM, or the VMM that VMM names, inside a virtual KVM
# host.  To be sourced, by what stage2 runs too: VMITAP_TOP and VMITAP_GUEST_INITRD are
# run.sh's.

# guest_start NAME LOG [QEMU OPTION...]: start a guest and wait for its workload.
# Sets guest_pid.  Fails, with the reason on stderr, if there is no workload in 60 s.
guest_start()
{
	local name=$1 log=$2
	shift 2
	"$VMITAP_TOP/selftests/host/start-vmm.sh" "$name" "$VMITAP_GUEST_INITRD" "$log" "$@" \
		> "$log.err" 2>&1 < /dev/null &
	guest_pid=$!
	for _ in $(seq 600); do
		grep -q 'guest: workload runs' "$log" 2>/dev/null && return 0
		kill -0 $guest_pid 2>/dev/null || break
		sleep 0.1
	done
	cat "$log.err" "$log" 2>/dev/null | tail -n 5 >&2
	return 1
}

# guest_beat LOG: the number of the last heartbeat.
guest_beat()
{
	grep -a 'guest: heartbeat' "$1" | tail -n 1 | tr -cd '0-9'
}

# guest_beats LOG: wait until its heart has beaten once more, 20 s at most.
guest_beats()
{
	local before
	before=$(guest_beat "$1")
	for _ in $(seq 200); do
		[ "$(guest_beat "$1")" = "$before" ] || return 0
		sleep 0.1
	done
	return 1
}
