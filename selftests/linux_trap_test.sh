#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Traps under a Linux guest, from its first instruction to its last: TAP, inside a
# virtual KVM host with vmitap loaded.
# STORM_SECONDS is how long processes come and go under all traps (default 60), SLOWER by
# what factor this host is.

top=$(cd "$(dirname "$0")/.." && pwd)
seconds=${STORM_SECONDS:-60}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
log=$tmp/console guest=''
sessions=()
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/testguest.sh"

# start_session COMMAND...: a vmitap command, as early as it finds the VM.
start_session()
{
	local out=$tmp/session${#sessions[@]}

	for _ in $(seq 200); do
		vmitap list 2>/dev/null | grep -qw "$guest" && break
		sleep 0.05
	done
	vmitap "$@" --vm "$guest" > "$out" 2> "$out.err" &
	sessions+=($!)
}

# await_names: of processes and calls, in the first session, a vmitap strace.  They are
# looked up when an event is read: not for what is over by then.
await_names()
{
	for _ in $(seq 300); do
		grep -q 'have names now' "$tmp/session0.err" && break
		sleep 0.2
	done
}

# end_guest: its script ends, and so does everything else.  Sets ended, 0 if well.
end_guest()
{
	wait_for 'guest: script ended with status 0' "$1"
	ended=$?
	[ $ended = 0 ] || kill "$guest"
	wait "$guest" || ended=1
	local session
	for session in "${sessions[@]}"; do
		wait "$session" || ended=1
	done
	sessions=()
	tr -d '\r' < "$log" > "$tmp/said"
}

# between FILE: from the call that begins the list to the one that ends it.
between()
{
	sed -n '/close(-2) = -1 EBADF/,/close(-3) = -1 EBADF/p' "$1" |
		sed '1d;$d'
}

# expect_list PROGRAM PREFIX: what the program says it called is what was traced.  Calls with
# a prefix are known by that, as a program of 7 calls may be over before its name is read.
expect_list()
{
	grep "^calls: $2" "$tmp/said" | grep -v '^calls: end' |
		{ [ -n "$2" ] && cat || grep -v i386; } | sed 's/^calls: //' > "$tmp/want"
	local pattern=" $1\\] "
	[ -z "$2" ] || pattern="\\] $2"
	grep -- "$pattern" "$tmp/session0" | sed 's/^\[[^]]*\] //' > "$tmp/all"
	between "$tmp/all" > "$tmp/got"
	diff "$tmp/want" "$tmp/got" > "$tmp/diff" && [ -s "$tmp/want" ]
	result $? "$1: $(wc -l < "$tmp/want") calls are traced as they were made" "$tmp/diff"
}

echo 'TAP version 13'

# All traps from the first vCPU on, while the guest boots, works and ends.
start_guest << TEXT
go_on
calls64 10
calls32
insmod /evade.ko && rmmod evade
dmesg | grep evade:
storm $((5 * ${SLOWER:-1}))
TEXT
start_session strace --ring 64M
start_session stream --json --events cr3,message,msr_write --fields gprs --ring 16M
wait_for 'guest: ready' 120
await_names
grep -q 'have names now' "$tmp/session0.err"
result $? 'processes are named once Linux is there' "$tmp/session0.err"
tell go
end_guest 300
result $ended 'a guest boots, works and ends with all traps armed' "$tmp/said"
grep -q '^storm: ok' "$tmp/said"
result $? 'what system calls leave is right' "$tmp/said"
! grep -q '^Lost' "$tmp/session0"
result $? 'no system call was lost'
expect_list calls64 ''
# Intel's processors have no SYSCALL for 32-bit programs: SYSENTER is not trapped.
if grep -q GenuineIntel /proc/cpuinfo; then
	skip 'calls32' 'this processor has no SYSCALL in compatibility mode'
else
	expect_list calls32 i386:
fi
grep -q 'evade: ok' "$tmp/said" && ! grep -qE 'evade: .*, not ' "$tmp/said"
result $? 'the guest reads its own EFER, LSTAR, STAR, CSTAR, SFMASK' "$tmp/said"

# wrote MSR MASK VALUE: how often the guest wrote a value with these low bits
wrote()
{
	jq -r 'select(.class == "msr_write") | .gprs | "\(.rcx) \(.rax)"' "$tmp/session1" |
	while read -r msr val; do
		[ $((msr & 0xffffffff)) = $(($1)) ] && [ $((val & $2)) = $(($3)) ] &&
			echo "$msr"
	done | wc -l
}

[ "$(wrote 0xc0000080 1 0)" -ge 1 ] && [ "$(wrote 0xc0000080 1 1)" -ge 2 ]
result $? 'its writes of EFER are seen, with and without SCE'
# Each CPU sets it when it starts; evade.ko moves it there and back.
[ "$(wrote 0xc0000082 0 0)" -ge 4 ]
result $? 'its writes of LSTAR are seen'
jq -se '[.[] | select(.type == "cr3")] | length > 1000' "$tmp/session1" > /dev/null
result $? 'CR3 writes are seen'

# Processes come and go, untapped and with everything trapped.
storm()
{
	start_guest << TEXT
go_on
storm $1
TEXT
}

# What the guest said, but for its firmware, the beginning of which may be missed.
words()
{
	grep -v -e ready -e SeaBIOS -e Booting -e Power -e $'\e' -e '^[[:space:]]*$' "$tmp/said"
}

storm 5
wait_for 'guest: ready' 120
tell go
end_guest 120
words > "$tmp/untapped"
result $ended 'a storm of processes, untapped' "$tmp/said"
storm "$seconds"
start_session strace -c
start_session stat --events all,cr3,syscall,message
wait_for 'guest: ready' 120
await_names
tell go
end_guest $((seconds + 240))
words > "$tmp/tapped"
result $ended "a storm of processes for $seconds s, with all traps armed" "$tmp/said"
diff "$tmp/untapped" "$tmp/tapped" > "$tmp/diff"
result $? 'it says the same as untapped' "$tmp/diff"
grep -qE ' (clone|vfork|execve|exit_group)$' "$tmp/session0"
result $? 'strace -c has the calls of the storm' "$tmp/session0"
grep total "$tmp/session0" | sed 's/^/# /'

tap_end
