#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Would a virtual host with a checking kernel tell?  A module makes each kind of mistake
# that such a kernel is there to find: the host has to end with status 97, and its log has
# to have each.  TAP.  usage: checkers_test.sh BUILD_DIR MODULE
# HOST_KERNEL is debug or kcsan; MODULE is vmitap for that kernel.

set -u
build=$1 module=$2
cd "$(dirname "$0")/.." || exit 1
. selftests/lib/tap.sh
kernel=$HOST_KERNEL
host=selftests/host
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# build_planted: the module that makes them
build_planted()
{
	local release objects
	release=$($host/release.sh "$kernel") &&
		objects=$($host/kernel.sh "$release")/lib/modules/$release/build || return
	mkdir -p "$planted"
	cp -rsf "$PWD"/selftests/planted/* "$planted/"
	make -s -C "$objects" M="$PWD/$planted" UBSAN_SANITIZE=y modules
}

# make_mistakes BUG...: all in one host; its verdict is in $tmp/out
make_mistakes()
{
	$host/run.sh --guest none --module "$module" --timeout 300 \
		--log "$build/host/checkers-console.log" --kernel-args kasan_multi_shot -- \
		"for bug in $*; do
			insmod $PWD/$planted/vmitap_planted.ko bug=\$bug && rmmod vmitap_planted
		 done" > "$tmp/out" 2>&1
	[ $? = 97 ]
	result $? "the verdict on a host with $*" "$tmp/out"
}

# told NAME PATTERN FILE
told()
{
	grep -qE "$2" "$3"
	result $? "$1 is told" "$tmp/out"
}

echo 'TAP version 13'
planted=$build/planted-$kernel
build_planted > "$tmp/out" 2>&1
result $? 'the mistakes build' "$tmp/out"
log=$build/host/out/splat.log
case $kernel in
debug)
	make_mistakes leak
	told leak '^run.sh: memory had leaked' "$tmp/out"
	# What is told of locks keeps other things from being told.
	make_mistakes lock-order
	told lock-order 'possible circular locking' "$log"
	make_mistakes rcu-unprotected sleep-in-atomic bad-shift use-after-free out-of-bounds
	told rcu-unprotected 'suspicious RCU usage' "$log"
	told sleep-in-atomic '(scheduling while atomic|sleeping function called)' "$log"
	told bad-shift 'UBSAN: shift-out-of-bounds' "$log"
	told use-after-free 'KASAN: (slab-)?use-after-free' "$log"
	told out-of-bounds 'KASAN: slab-out-of-bounds' "$log"
	;;
kcsan)
	make_mistakes data-race
	told data-race 'KCSAN: data-race' "$log"
	;;
*)
	result 1 "HOST_KERNEL is debug or kcsan, not '$kernel'"
	;;
esac
tap_end
