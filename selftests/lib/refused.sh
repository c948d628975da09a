# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What tests of refusals ask: what do module, log, tool and doctor say?  To be sourced
# after tap.sh, with top set; tmp is a directory of its own.
# shellcheck disable=SC2034,SC2154 # of tap.sh

. "$top/selftests/lib/log.sh"
tmp=$(mktemp -d)
tap_why=("$tmp/out" "$tmp/err")

# doctor PATTERN NAME: is that a line of it?
doctor()
{
	vmitap doctor > "$tmp/out" 2> "$tmp/err"
	grep -qE -- "^$1" "$tmp/out"
	result $? "$2"
}

# said PATTERN NAME: has the kernel said so since the last time that was asked?
said()
{
	log_since "$mark" > "$tmp/said"
	grep -qE -- "$1" "$tmp/said"
	result $? "$2: the log says so" "$tmp/said"
}

# From here on.
begin()
{
	mark="refused-test: $((tap_number + 1))"
	log_mark "$mark"
}
begin

# not_loaded FILE PATTERN NAME: insmod fails, and the log says why.
not_loaded()
{
	begin
	! insmod "$1" 2> "$tmp/err" && [ ! -e /sys/module/vmitap ]
	result $? "$3: the module does not load"
	said "$2" "$3"
}

# refused PATTERN NAME: the loaded module refuses to tap, and everybody says why.
refused()
{
	begin
	vmitap stat --next --for 1 > "$tmp/out" 2> "$tmp/err"
	[ $? = 6 ] && grep -qE -- "this host cannot be tapped: $1" "$tmp/err"
	result $? "$2: ATTACH fails"
	said "vmitap: $1" "$2"
	vmitap list > "$tmp/out" 2> "$tmp/err"
	[ $? = 6 ] && grep -qE -- "this host cannot be tapped: $1" "$tmp/err"
	result $? "$2: the VMs are not listed"
	doctor "FAIL  tapping .*$1" "$2: doctor repeats it"
}
