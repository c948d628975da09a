#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All tests: static checks, those that run natively, those in the virtual KVM host.
# What `make check` runs, after a build.  The last line is
# "N passed, N failed, N skipped"; those before it say what failed.
# With HAVE_ALL set, what cannot be fetched is a failure; else what needs it is skipped.
# usage: check.sh [PART...]      parts: static user filters cli install views host guest
#                              refuse kernels intel paging cet; not run unless named:
#                              vmms packages builtin soak checkers intel-guest
# HOST_KERNEL and GUEST_KERNEL are the kernels of host, guest and views; see
# selftests/host/run.sh.  The part kernels has others: a few tests on each.
# Exit status: 0 nothing failed, 1 something did.

set -u
# For what is in there on Debian, if an ordinary user runs this.
export PATH=$PATH:/usr/sbin:/sbin
# What hostile guests do is the same each time, unless somebody says otherwise.  With about
# every other seed Bochs comes to code that it runs for ever, also untapped.
said_seed=${STRESS_SEED:-}
export STRESS_SEED=${STRESS_SEED:-4}
cd "$(dirname "$0")/.." || exit 1
build=${O:-build}
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: > "$tmp/failed"

# note_failed PART: remember what failed in $tmp/out; the end says it again, for it is far
# above by then.
note_failed()
{
	sed -nE "s/^ *not ok ([0-9]+ )?(- )?/# failed in $1: /p" "$tmp/out" >> "$tmp/failed"
}

# fail PART WHY: what failed by itself is a test case
fail()
{
	echo "not ok - $2"
	echo "# failed in $1: $2" >> "$tmp/failed"
	failed=$((failed + 1))
}

# tally STATUS PART: add up a part's TAP, which is in $tmp/out.
tally()
{
	local status=$1 part=$2 skip not_ok all
	# A plan of no test cases that says why is one that is skipped.
	skip=$(grep -cE '^(ok .*|1\.\.0 +)# SKIP' "$tmp/out")
	not_ok=$(grep -cE '^not ok ' "$tmp/out")
	all=$(grep -cE '^((not )?ok |1\.\.0 +# SKIP)' "$tmp/out")
	skipped=$((skipped + skip))
	failed=$((failed + not_ok))
	passed=$((passed + all - skip - not_ok))
	# A part that ends badly without saying what failed is a failure itself.
	note_failed "$part"
	if { [ "$status" != 0 ] && [ "$status" != 4 ] && [ "$not_ok" = 0 ]; } ||
	   [ "$all" = 0 ]; then
		fail "$part" "$part ended with status $status after $all test cases"
	fi
}

# part TALLY NAME COMMAND...
part()
{
	local tally=$1 name=$2 status start
	shift 2
	start=$(date +%s)
	echo "# $name"
	"$@" 2>&1 | tee "$tmp/out"
	status=${PIPESTATUS[0]}
	"$tally" "$status" "$name"
	echo "# $name: $(($(date +%s) - start)) s"
}

# The module for the host's kernel; fails as a test case does.
build_module()
{
	local kernel=${HOST_KERNEL:-6.1}
	# The flavour that run.sh takes there.
	[ "${CPU:-amd}" = amd ] || kernel=${kernel%-cloud}-cloud
	case $kernel in
	builtin) module=$(selftests/refuse/builtin.sh) && return ;;
	*)       module=$(selftests/host/module.sh "$kernel") && return ;;
	esac
	fail host "the module does not build for $kernel"
	return 1
}

# What the host is to know of this environment.
host_variables()
{
	local name
	for name in STORM_SECONDS TEST_TIMEOUT FUZZ_SECONDS FUZZ_SEED STRESS_SEED \
			REPEAT_SECONDS; do
		[ -z "${!name:-}" ] || printf '%s=%q ' "$name" "${!name}"
	done
}

# By what factor is the host slower?  A kernel with checkers of its own is.
slowness()
{
	case ${HOST_KERNEL:-} in
	debug|kcsan) echo 4 ;;
	*)           echo "${SLOWER:-1}" ;;
	esac
}

# run_host NAME [TEST...]
# host_options is more for run.sh.
host_options=()
run_host()
{
	local name=$1 args='' slower
	shift
	slower=$(slowness)
	case ${HOST_KERNEL:-} in
	debug|kcsan) args='page_owner=on' ;;
	esac
	build_module || return
	part tally_host "$name" selftests/host/run.sh --guest none --module "$module" \
		--path "$PWD/$build" --kernel-args "$args" "${host_options[@]}" \
		--timeout "${HOST_TIMEOUT:-$((1800 * slower))}" -- \
		"SLOWER=$slower TEST_TIMEOUT=$((600 * slower)) $(host_variables)O=$build selftests/run-in-host.sh $*"
}

# obtainable NAME COMMAND...: does what fetches and tries it work here?  A test case
# that is skipped if not, or fails where it has to work.
obtainable()
{
	local name=$1 why
	shift
	why=$("$@" 2>&1 > /dev/null) && return
	why="it is not to be had here: $(tail -n 1 <<< "$why")"
	if [ -n "${HAVE_ALL:-}" ]; then
		fail fetching "$name: $why"
	else
		echo "ok - $name # SKIP $why"
		skipped=$((skipped + 1))
	fi
	return 1
}

# obtainable_kernel NAME: it, and what the module is built with for it?
obtainable_kernel()
{
	local release
	if ! grep -q "^$1[[:space:]]" selftests/host/kernels; then
		fail fetching "there is no kernel $1"
		return 1
	fi
	obtainable "kernel $1" selftests/host/release.sh "$1" || return
	release=$(selftests/host/release.sh "$1")
	obtainable "kernel $1" selftests/host/kernel.sh "$release" &&
		obtainable "compiler for $1" selftests/host/build-root.sh "$release" true
}

# obtainable_intel: the emulator, and the kernels that run.sh takes for that host and its
# guests?
obtainable_intel()
{
	local kernel
	obtainable Bochs selftests/host/emulator.sh bochs || return
	for kernel in $(printf '%s\n' "${HOST_KERNEL:-6.1}" "${GUEST_KERNEL:-6.1}" | sort -u); do
		obtainable_kernel "${kernel%-cloud}-cloud" || return
	done
}

# Of host and guest kernels, those that are not the default.  What depends on KVM's
# insides is tested, and what depends on the guest's.
run_kernels()
{
	local kernel
	for kernel in 6.12 7.3; do
		obtainable_kernel $kernel || continue
		HOST_KERNEL=$kernel GUEST_KERNEL=$kernel run_host "kernel $kernel" \
			abi_test event_test fetch_test hooks_gone_test nested_test syscall_test trap_test \
			guest_kernel_test.sh
	done
}

# vmitap ps and watch on a guest with hundreds of processes.
run_guest()
{
	run_host guest ps_test.sh watch_test.sh reboot_test.sh
}

# Do HOST_KERNEL's checkers tell?
run_checkers()
{
	build_module || return
	part tally checkers selftests/checkers_test.sh "$build" "$module"
}

# What a host must refuse; lockdown is the last thing in the life of one.
run_refuse()
{
	if ! selftests/refuse/modules.sh; then
		fail refuse 'the modules that are to be refused do not build'
		return
	fi
	run_host refuse refuse_test.sh lockdown_test.sh
	host_options=(--no-kvm --qemu-args '-cpu EPYC,-svm')
	run_host 'no virtualization' no_kvm_test.sh
	host_options=()
}

# The other vendor, on an emulator that is slower: all binaries but the one that needs a
# kernel with fault injection.
run_intel()
{
	local tests
	obtainable_intel || return
	mapfile -t tests < <(grep -v -e '\.sh$' -e fail_nth_test "$build/selftests/tests")
	CPU=intel run_host intel "${tests[@]}"
}

# Guests that may have CET, which gives a system call more to do.  A test case that is
# skipped has no name: with nothing of CET the part has not done what it is for.
run_cet()
{
	HOST_KERNEL=7.3 obtainable_intel || return
	CPU=intel CPU_MODEL=tigerlake HOST_KERNEL=7.3 run_host 'Intel, CET' syscall_test || return
	grep -qE '^ *(not )?ok [0-9]+ [^#]*_cet_' "$tmp/out" ||
		fail 'Intel, CET' 'no test case of guests that have CET was run'
}

# KVM without nested paging, or real mode by its emulator.
run_paging()
{
	local tests=(content_test event_test fetch_test message_test nested_test syscall_test trap_test)
	KVM_ARGS=npt=0 run_host 'AMD, npt=0' "${tests[@]}"
	obtainable_intel || return
	CPU=intel KVM_ARGS=ept=0 run_host 'Intel, ept=0' "${tests[@]}"
	CPU=intel KVM_ARGS=unrestricted_guest=0 \
		run_host 'Intel, unrestricted_guest=0' "${tests[@]}"
}

# A Linux guest there, with less of what takes long.
run_intel_guest()
{
	obtainable_intel || return
	CPU=intel STORM_SECONDS=10 SLOWER=3 HOST_TIMEOUT=7200 run_host intel-guest \
		guest_kernel_test.sh linux_trap_test.sh tool_test.sh
}

# What is worth running long, for about TIME seconds: a storm of processes in a Linux guest
# with all traps armed, compared with one that is not tapped, for half of the time; `vmitap
# watch` silent in one, as long; then, until it is over, the tests in which sessions, traps,
# readers, VMMs and the module come and go, guests are hostile, the host is not still, and
# calls are made at random: from another seed each time.
# Guests that start and stop, and a last test that has just begun, come on top.
run_soak()
{
	local time=${TIME:-600} slower
	slower=$(slowness)
	STRESS_SEED=$said_seed STORM_SECONDS=$((time / 2)) REPEAT_SECONDS=$time \
		TEST_TIMEOUT=$((time + 600 * slower)) HOST_TIMEOUT=$((time * 3 + 900 * slower)) \
		run_host soak linux_trap_test.sh watch_test.sh trap_busy_test ring_test \
		session_test wait_test message_test pause_test hostile_guest_test \
		fuzz_ioctl_test host_stress_test
}

# VMMs other than QEMU.
run_vmms()
{
	if obtainable libkrun selftests/host/vmm.sh krun; then
		VMM=krun run_host 'VMM krun' vmm_test.sh guest_kernel_test.sh
	fi
	if obtainable gVisor selftests/host/vmm.sh gvisor; then
		VMM=gvisor run_host 'VMM gvisor' gvisor_test.sh
	fi
}

# The host part counts for itself: its last line has the test cases.
tally_host()
{
	local status=$1 part=$2 line p f s
	note_failed "$part"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$tmp/out" | tail -n 1)
	if [ -z "$line" ] || [[ $status != [014] ]]; then
		fail "$part" "the virtual host ended with status $status"
	fi
	[ -n "$line" ] || return
	read -r p _ f _ s _ <<< "$line"
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
}

[ $# -gt 0 ] || set -- static user filters cli install views host guest refuse kernels intel \
	paging cet
for name in "$@"; do
	case $name in
	static)  part tally static selftests/static.sh ;;
	user)    part tally user make --no-print-directory -s check-user ;;
	filters) part tally filters "$build/selftests/filter_native_test" "$build/bpf" ;;
	cli)     part tally cli selftests/cli_test.sh "$build"
		 part tally doctor selftests/doctor_test.sh "$build" ;;
	install) part tally install selftests/install_test.sh "$build" ;;
	views)   part tally views selftests/views_test.sh "$build" ;;
	host)    # shellcheck disable=SC2086 # a list
		 run_host host ${TESTS:-} ;;
	refuse)  run_refuse ;;
	builtin) HOST_KERNEL=builtin run_host builtin no_kvm_test.sh ;;
	kernels) run_kernels ;;
	intel)   run_intel ;;
	paging)  run_paging ;;
	cet)     run_cet ;;
	intel-guest) run_intel_guest ;;
	guest)   run_guest ;;
	vmms)    run_vmms ;;
	checkers) run_checkers ;;
	packages) part tally packages selftests/packages_test.sh "$build" ;;
	soak)    run_soak ;;
	*)       echo "check.sh: there is no part $name" >&2; exit 2 ;;
	esac
done

cat "$tmp/failed"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
