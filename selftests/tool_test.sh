#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The vmitap tool on a Linux guest that runs: each command, each way to go wrong, and
# that the guest goes on unharmed and untapped after each.  Runs in a virtual KVM
# host, as root.  TAP.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/${O:-build}
PATH=$build:$PATH
bios='' guest_pid=''
tmp=$(mktemp -d)
. "$top/selftests/host/guest.sh"
. "$top/selftests/lib/tap.sh"
. "$top/selftests/lib/limit.sh"
. "$top/selftests/lib/tapped.sh"
tap_why=("$tmp/out" "$tmp/err")

cleanup()
{
	[ -z "$bios" ] || kill "$bios" 2>/dev/null
	kill "$guest_pid" 2>/dev/null
	umount "$tmp/small" 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT

# expect CODE PATTERN NAME COMMAND...: exit code, and a pattern in the output
expect()
{
	local code=$1 pattern=$2 name=$3 got
	shift 3
	timeout $((60 * ${SLOWER:-1})) "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ $got = "$code" ] || echo "# exit code $got, want $code"
	# The empty pattern fits no output, too.
	[ $got = "$code" ] && { cat "$tmp/out" "$tmp/err"; echo; } | grep -qE -- "$pattern"
	result $? "$name"
}

# json NAME FILTER COMMAND...: exit code 0, and a jq filter that holds of the output
json()
{
	local name=$1 filter=$2
	shift 2
	timeout $((60 * ${SLOWER:-1})) "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &&
		jq -se "$filter" "$tmp/out" >/dev/null 2>>"$tmp/err"
	result $? "$name"
}

# unharmed AFTER: the guest runs, and nobody taps it
unharmed()
{
	vmitap list --json >"$tmp/out" 2>"$tmp/err"
	jq -e 'all(.[]; .tapped_by == [])' "$tmp/out" >/dev/null &&
		guest_beats "$tmp/guest"
	result $? "$1: the guest is unharmed and untapped"
}

# Wait until the guest is tapped.
until_tapped()
{
	comes_true is_tapped
}

# killed COMMAND...: kill it one second after it has attached.  Fails if it has not, or does
# not go on until then.
killed()
{
	local pid good=0
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	until_tapped || good=1
	sleep 1
	kill -KILL $pid || good=1
	wait $pid 2>/dev/null
	return $good
}

# A machine that has nothing to start from: a VM with no Linux in it.
# start_bios [NAME]
start_bios()
{
	local name=${1:-bios}
	qemu-system-x86_64 -name "$name" -accel kvm -cpu host -M q35 -m 64M -nodefaults \
		-nographic >/dev/null 2>&1 </dev/null &
	bios=$!
	comes_true bios_has_vcpu
}

bios_has_vcpu()
{
	vmitap list 2>/dev/null | grep -q "^ *$bios  *[^ ]*bios  *1 "
}

bios_is_gone()
{
	! kill -0 "$bios" 2>/dev/null
}

# Fails if the VMM does not end.
stop_bios()
{
	kill "$bios"
	if ! comes_true bios_is_gone; then
		cat /proc/"$bios"/task/*/stack | sed 's/^/# /'
		kill -KILL "$bios"
		return 1
	fi
	wait "$bios" 2>/dev/null
	bios=
}

# What stat, report and record all of them must get right.
test_capture()
{
	local lost
	expect 0 'tool-guest +2 +256 MiB' 'list' vmitap list
	json 'list: JSON' ".[0][0] | .name == \"tool-guest\" and .pid == $guest_pid
		and .vcpus == 2 and .permitted" vmitap list --json
	expect 0 '^hlt +hlt +[0-9,]+ ' 'stat' vmitap stat --for 1
	json 'stat: JSON' '.[0] | .exits > 10 and (.reasons | length) > 3
		and .traps == {} and .lost.full == 0' \
		vmitap stat --for 1 --json --ring 16M
	expect 0 'sorted by count' 'top without a terminal' \
		vmitap top --for 2 --interval 0.5
	[ "$(grep -c '^EXIT' "$tmp/out")" -ge 2 ] && ! grep -q $'\033' "$tmp/out"
	result $? 'top without a terminal: tables, no escape sequences'
	expect 0 'long64' 'stream' vmitap stream --count 20
	[ "$(wc -l <"$tmp/out")" = 21 ]
	result $? 'stream: as many as asked for'
	json 'stream: JSON' 'length == 20 and all(.[]; has("tsc") and has("type"))' \
		vmitap stream --json --count 20
	# The reader cannot go on until it is over; each loss is told all the same.
	vmitap stream --json --ring 4K --for 2 2>"$tmp/err" | { sleep 4; cat; } >"$tmp/out"
	lost=$(jq -s 'map(select(.type == "lost").count) | add' "$tmp/out")
	[ "${lost:-0}" -gt 0 ] && tr -d , <"$tmp/err" | grep -q " events $lost lost"
	result $? 'stream: what is lost up to the end' "$tmp/err"
	expect 0 'events, .* 0 lost' 'record' \
		vmitap record --for 1 --ring 16M -o "$tmp/rec"
	expect 0 'exits in' 'report' vmitap report "$tmp/rec"
	json 'export: JSON' 'length > 10 and all(.[]; has("tsc"))' \
		vmitap export --format json "$tmp/rec"
	json 'export: perfetto' '.[0].traceEvents | length > 10' \
		vmitap export --format perfetto "$tmp/rec"
	unharmed 'captures'
}

# What options choose is all that comes, and something does.
test_selection()
{
	local root pid
	json 'stream: one vCPU' 'length == 20 and all(.[]; .vcpu == 1)' \
		vmitap stream --json --count 20 --vcpu 1
	json 'stream: one privilege level' 'map(select(.type == "exit"))
		| length > 0 and all(.[]; .cpl == 3)' vmitap stream --json --count 20 --cpl 3
	json 'stream: all address spaces' 'length == 300' vmitap stream --json --count 300
	# That of a process that stays; behind the last 12 bits, which do not count.
	root=$(jq -rs 'map(select(.cr3).cr3[:-3]) | group_by(.) | max_by(length)[0]' "$tmp/out")
	json 'stream: one address space' "length == 20 and all(.[]; .cr3[:-3] == \"$root\")" \
		vmitap stream --json --count 20 --cr3 "${root}000"
	expect 0 'events' 'record: one vCPU' vmitap record --for 1 --vcpu 1 -o "$tmp/rec"
	json 'record: nothing of the others' 'length > 10 and all(.[]; .vcpu == 1)' \
		vmitap export --format json "$tmp/rec"
	json 'filter by class' '.[0] | .exits > 0 and all(.reasons[]; .class == "hlt")' \
		vmitap stat --json --for 2 --filter "$build/bpf/by_reason.bpf.o" \
		--filter-map 'classes[hlt]=0'
	json 'filter that takes a sample: the first of each vCPU' \
		'.[0].exits | . >= 1 and . <= 2' vmitap stat --json --for 2 \
		--filter "$build/bpf/sample.bpf.o" --filter-map 'config[0]=100000000'
	json 'stat: sorted by the longest' '.[0].reasons | map(.handling_ns.max // 0)
		| length > 3 and . == (sort | reverse)' vmitap stat --for 1 --json --sort max
	json 'stat: sorted by reason' '.[0].reasons | map([(.reason | length), .reason])
		| length > 3 and . == sort' vmitap stat --for 1 --json --sort name
	json 'strace: processes of one name' 'map(select(.name))
		| length >= 20 and all(.[]; .comm == "workload")' \
		vmitap strace --json --count 20 --comm workload
	pid=$(jq -s 'map(select(.pid).pid) | group_by(.) | max_by(length)[0]' "$tmp/out")
	json 'strace: one process' "map(select(.name))
		| length >= 5 and all(.[]; .pid == ${pid:-0})" \
		vmitap strace --json --count 5 --pid "${pid:-1}"
	unharmed 'selections'
}

test_traps()
{
	json 'stream: traps' 'map(.type) | (index("cr3") and index("syscall"))
		and (unique - ["cr3", "syscall", "sysret"]) == []' \
		vmitap stream --json --events cr3,syscall --count 200
	expect 0 'Traps: [0-9,]+ cr3, [0-9,]+ syscall' 'stat: traps' \
		vmitap stat --for 1 --events all,cr3,syscall
	expect 0 'events' 'record: traps' \
		vmitap record --for 1 --events cr3,syscall -o "$tmp/rec"
	expect 0 'Traps: [0-9,]+ cr3' 'report: traps' vmitap report "$tmp/rec"
	killed vmitap stream --events cr3,syscall
	result $? 'traps: killed while they are armed'
	unharmed 'traps, killed'
}

test_state()
{
	local text phys
	json 'info: JSON' "[.[0].facts[] | {(.fact): .}] | add
		| .release.value == \"${VMITAP_GUEST_KERNEL##*/vmlinuz-}\" and .release.binding == false
		and .kernel.pattern == \"derivation\" and .kernel.binding
		and (.processes.value | startswith(\"0 \") | not)" vmitap info --json
	text=$(jq -r '.facts[] | select(.fact == "kernel").value' "$tmp/out")
	phys=${text##* }
	text=${text%% *}
	expect 0 'OS +Linux version' 'info' vmitap info
	json 'translate: kernel text' \
		".[0] | .gpa == \"$phys\" and (.user | not) and .executable" \
		vmitap translate --json "$text"
	expect 0 "^$text -> $phys  page of 2 MiB, supervisor, read-only, executable" \
		'translate: text' vmitap translate "$text"
	vmitap read "$text" 100K -o "$tmp/virt" && vmitap read --phys "$phys" 100K -o "$tmp/phys" &&
		[ "$(stat -c %s "$tmp/virt")" = 102400 ] && cmp "$tmp/virt" "$tmp/phys"
	result $? 'read: the same by both addresses'
	expect 0 "^${text#0x}  ([0-9a-f]{2} +){16}" 'read: text' vmitap read "$text" 33
	[ "$(wc -l <"$tmp/out")" = 3 ]
	result $? 'read: lines'
	vmitap read "$text" 100 --hex -o "$tmp/hex" && vmitap read "$text" 100 | cmp - "$tmp/hex" &&
		[ "$(sed 's/^[0-9a-f]* //; s/ |.*//' "$tmp/hex" | tr -d ' \n')" = \
			"$(head -c 100 "$tmp/virt" | od -An -v -tx1 | tr -d ' \n')" ]
	result $? 'read: text in a file, too' "$tmp/hex"
	json 'regs: all vCPUs' '.[0] | map(.vcpu) == [0, 1]
		and all(.[]; .cr3 != "0x0" and .lstar != "0x0" and .mode == "long64")
		and .[0].lstar == .[1].lstar' vmitap regs --json
	expect 0 '^vCPU 1 ' 'regs: one vCPU' vmitap regs --vcpu 1
	expect 1 'no vCPU 7' 'regs: no such vCPU' vmitap regs --vcpu 7
	expect 1 'no vCPU 7' 'read: no such vCPU' vmitap read --vcpu 7 1000 1
	expect 1 'nothing is mapped at 0x0' 'read: not mapped' vmitap read 0 16
	expect 1 'no address 0x8000000000000000' 'translate: no such address' \
		vmitap translate 8000000000000000
	expect 1 'no memory at guest-physical 0x4000000000' 'read: no memory' \
		vmitap read --phys 4000000000 16
	expect 1 'page tables cannot be read' 'read: CR3 out of the memory' \
		vmitap read --cr3 4000000000 "$text" 16
	expect 2 'name one vCPU' 'read: several vCPUs' vmitap read --vcpu 0-1 0 1
	expect 2 'have no --cr3' 'read: both kinds of address' \
		vmitap read --phys --cr3 1000 0 1
	expect 9 'No space left' 'read: disk full' \
		vmitap read --phys 100000 1M -o /dev/full
	expect 1 'no BTF in it' 'info: BTF that is none' vmitap info --btf /bin/true
	expect 1 'no System.map' 'info: System.map that is none' \
		vmitap info --system-map /etc/passwd
	unharmed 'state'
}

test_pause()
{
	local before still=1 seconds=$((10 * ${SLOWER:-1}))
	vmitap pause --for $seconds >"$tmp/out" 2>"$tmp/err" &
	# On a slow host it takes seconds until it has begun.
	for _ in $(seq $((seconds / 3))); do
		before=$(guest_beat "$tmp/guest")
		sleep 3
		[ "$(guest_beat "$tmp/guest")" != "$before" ] || still=0
		[ $still = 1 ] || break
	done
	kill -0 $! && [ $still = 0 ]
	result $? 'pause: the heart stands still'
	wait $! && grep -q "was paused for $seconds" "$tmp/err"
	result $? 'pause: says how long'
	unharmed 'pause'
	killed vmitap pause
	result $? 'pause: killed while it holds the guest'
	unharmed 'pause, killed'
}

test_wrong_vm()
{
	local code idle bad=0
	expect 5 'no process 4194303' 'no such process' vmitap stat --vm 4194303
	expect 5 'has no VM' 'a process that is no VMM' vmitap stat --vm $$
	expect 5 'no VM "tool-gues", is it "tool-guest"' 'nearest VM' \
		vmitap stat --vm tool-gues
	start_bios
	expect 5 'several VMs match' 'several VMs' vmitap stat --for 1
	expect 0 'bios ' 'one of several VMs' vmitap stat --vm bios --for 0.2
	expect 1 'no kernel found' 'info: a guest that is no Linux' vmitap info --vm bios
	grep -q '^paging ' "$tmp/out"
	result $? 'info: what hardware says of it'
	: >"$tmp/out"
	vmitap stream --vm bios >"$tmp/out" 2>"$tmp/err" &
	comes_true test -s "$tmp/out"
	stop_bios
	wait $!
	[ $? = 0 ] && grep -q 'the VM ended' "$tmp/err"
	result $? 'stream: the VM ends'
	: >"$tmp/err"
	timeout $((60 * ${SLOWER:-1})) vmitap stat --next --for 1 >"$tmp/out" 2>"$tmp/err" &
	code=$!
	comes_true grep -q 'waiting for a VM' "$tmp/err"
	# Whoever starts a VM chooses its name.
	start_bios $'\e[7mbios'
	vmitap list >"$tmp/list"
	wait $code && grep -qF "?[7mbios (PID $bios)" "$tmp/out"
	result $? 'stat --next: a VM that starts later'
	grep -qF '?[7mbios' "$tmp/list" && ! grep -qF $'\e' "$tmp/list" "$tmp/out" &&
		[ "$(vmitap list --json | jq -r ".[] | select(.pid == $bios).name")" = \
			$'\e[7mbios' ]
	result $? 'list, stat: a name with controls for the terminal' "$tmp/list"
	stop_bios
	expect 2 'is no PID' 'stat --next: no VM has a name yet' vmitap stat --next --vm x
	: >"$tmp/err"
	sleep 600 &
	idle=$!
	timeout $((60 * ${SLOWER:-1})) vmitap stat --next --vm $idle >"$tmp/out" 2>"$tmp/err" &
	code=$!
	comes_true grep -q 'waiting for a VM' "$tmp/err"
	kill $idle
	wait $code
	[ $? = 5 ] && grep -q "process $idle ended, .* before it had a VM" "$tmp/err"
	result $? 'stat --next: the process ends before it has a VM'
	for i in 0 1 2 3 4 5; do
		start_bios
		timeout $((60 * ${SLOWER:-1})) vmitap stat --vm "$bios" --for 1 >"$tmp/out" 2>"$tmp/err" &
		code=$!
		sleep 0.0$i
		stop_bios || bad=1
		wait $code
		code=$?
		[ $code = 0 ] || [ $code = 5 ] || { echo "# $i: code $code"; bad=1; }
	done
	result $bad 'stat: the VM ends while it is being tapped'
	unharmed 'wrong VMs'
}

test_no_right()
{
	local dir=$tmp/bin
	# Somebody who has nothing to do with the VM, nor with where the tool is.
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	mkdir "$dir"
	cp "$build/vmitap" "$dir/"
	chmod 755 "$tmp" "$dir"
	expect 4 '/dev/vmitap: Permission denied' 'no right to open the device' \
		"${nobody[@]}" "$dir/vmitap" list
	chmod 666 /dev/vmitap
	expect 0 'not yours' 'list: a VM of somebody else' \
		"${nobody[@]}" "$dir/vmitap" list
	expect 4 'no permission to tap' 'no right over the VMM' \
		"${nobody[@]}" "$dir/vmitap" stat --for 1
	expect 4 'no permission to tap' 'read: no right over the VMM' \
		"${nobody[@]}" "$dir/vmitap" read --phys 0 16
	chmod 600 /dev/vmitap
	unharmed 'no right'
}

test_no_module()
{
	rmmod vmitap 2>"$tmp/err"
	result $? 'the module goes while the guest runs'
	for cmd in list 'stat --for 1' 'stream --count 1' regs info 'pause --for 1'; do
		# shellcheck disable=SC2086 # options in it
		expect 3 'no /dev/vmitap' "no module: ${cmd%% *}" vmitap $cmd
	done
	insmod "$VMITAP_KO" 2>"$tmp/err"
	result $? 'the module comes back'
	unharmed 'module gone and back'
}

test_wrong_options()
{
	expect 2 'this module takes' 'ring too large' vmitap stat --ring 1024M
	expect 2 'this module takes' 'ring too small' vmitap stat --ring 1K
	expect 8 'No such file' 'filter that is not there' \
		vmitap stat --filter "$tmp/none"
	expect 8 'filter' 'filter that is no BPF object' vmitap stat --filter /bin/true
	head -c 1000 "$build/bpf/drop_all.bpf.o" >"$tmp/cut.bpf.o"
	expect 8 'filter' 'filter that is cut off' vmitap stat --filter "$tmp/cut.bpf.o"
	expect 2 'no map' 'filter without that map' vmitap stat \
		--filter "$build/bpf/drop_all.bpf.o" --filter-map 'none[0]=1'
	json 'filter that drops all' '.[0].exits == 0' vmitap stat --json --for 1 \
		--filter "$build/bpf/drop_all.bpf.o"
	unharmed 'wrong options'
}

# Each record has the number after the one before, and LOST accounts for the rest.
test_slow_reader()
{
	local pid
	vmitap record --ring 4K -o "$tmp/slow" 2>"$tmp/err" &
	pid=$!
	until_tapped
	sleep 0.5
	kill -STOP $pid
	sleep 1
	kill -CONT $pid
	sleep 0.5
	kill -INT $pid
	wait $pid
	result $? 'reader too slow: recorded'
	json 'reader too slow: every event is there or counted' '
		([.[] | select(.type == "lost")] | length > 0) and
		(group_by(.vcpu) | all(.[]; . as $all | reduce .[] as $rec
			($all[0].seq; if . == $rec.seq then
				. + (if $rec.type == "lost" then $rec.count else 1 end)
			else -1 end) | . >= 0))' \
		vmitap export --format json "$tmp/slow"
	expect 0 'Lost: [1-9][0-9,]* events' 'reader too slow: report' \
		vmitap report "$tmp/slow"
	unharmed 'reader too slow'
}

test_disk_full()
{
	mkdir "$tmp/small"
	mount -t tmpfs -o size=256k tmpfs "$tmp/small"
	expect 9 'No space left on device; the recording is valid' 'record: disk full' \
		vmitap record --fields all --for 30 -o "$tmp/small/rec"
	expect 0 'exits in' 'record: disk full, what there is can be read' \
		vmitap report "$tmp/small/rec"
	umount "$tmp/small"
	unharmed 'disk full'
}

# interrupted COMMAND...: run it, interrupt it one second after it has attached; its
# exit code.
interrupted()
{
	local pid
	"$@" &
	pid=$!
	until_tapped
	sleep 1
	kill -INT $pid
	wait $pid
}

# ctrl_c PATTERN NAME COMMAND...: a pattern in what an interrupted command prints
ctrl_c()
{
	local pattern=$1 name=$2 got
	shift 2
	interrupted "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ $got = 0 ] || echo "# exit code $got, want 0"
	[ $got = 0 ] && cat "$tmp/out" "$tmp/err" | grep -qE -- "$pattern"
	result $? "Ctrl-C: $name"
}

test_interrupts()
{
	ctrl_c 'exits in .*stopped' stat vmitap stat
	ctrl_c 'EXIT +CLASS' top vmitap top --interval 0.3
	ctrl_c 'long64' stream vmitap stream
	ctrl_c 'events.*stopped' record vmitap record -o "$tmp/rec"
	expect 0 'exits in' 'Ctrl-C: the recording can be read' vmitap report "$tmp/rec"
	ctrl_c 'was paused for [0-9.]+ s; stopped' pause vmitap pause --for 30
	ctrl_c 'cr3' traps vmitap stream --events cr3,syscall
	# These have nothing to tidy up, so they just end.
	expect 130 '' 'Ctrl-C: info' timeout --preserve-status -s INT 0.05 vmitap info
	expect 130 '' 'Ctrl-C: read' timeout --preserve-status -s INT 0.1 \
		vmitap read --phys 100000 200M --hex -o /dev/null
	unharmed 'Ctrl-C'
}

echo 'TAP version 13'
: >"$tmp/out"
: >"$tmp/err"
if ! guest_start tool-guest "$tmp/guest" 2>"$tmp/err"; then
	result 1 'a guest starts'
	echo '1..1'
	exit 1
fi
test_capture
test_selection
test_traps
test_state
test_pause
test_wrong_vm
test_no_right
test_no_module
test_wrong_options
test_slow_reader
test_disk_full
test_interrupts
rmmod vmitap 2>"$tmp/err"
result $? 'the module goes in the end'
insmod "$VMITAP_KO"
tap_end
