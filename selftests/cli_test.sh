#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the vmitap tool does without module and VM: usage errors, exit codes,
# messages, bad files, output errors.  TAP; the only argument is the directory of
# the tool.

top=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-build}
build=$(cd "$build" && pwd)
PATH=$build:$build/selftests:$PATH
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. "$top/selftests/lib/tap.sh"
tap_why=("$tmp/out" "$tmp/err")

# expect CODE PATTERN NAME COMMAND...: exit code, and a pattern in the output
expect()
{
	local code=$1 pattern=$2 name=$3 got
	shift 3
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	if [ $got != "$code" ]; then
		echo "# exit code $got, want $code"
		result 1 "$name"
	else
		cat "$tmp/out" "$tmp/err" | grep -qE -- "$pattern"
		result $? "$name"
	fi
}

# A sanitizer's report is a failure whatever the exit code.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

echo 'TAP version 13'

expect 2 'Usage: vmitap' 'no command' vmitap
expect 0 'Exit codes' 'help' vmitap help
expect 0 'Exit codes' '--help' vmitap --help
expect 0 '^vmitap [0-9]' '--version' vmitap --version
expect 2 'no command "strem", is it "stream"' 'nearest command' vmitap strem
expect 2 'no command "zzz"; see' 'no near command' vmitap zzz
expect 0 'cpuid +CPUID' 'help events' vmitap help events
expect 0 'cr3 .*[(]trap[)]' 'help events: traps' vmitap help events
expect 2 'no command' 'help for an unknown command' vmitap help nonsense
for cmd in list stat top stream strace record report export ps watch info regs \
	read translate pause doctor; do
	expect 0 "Usage: vmitap $cmd" "$cmd --help" vmitap $cmd --help
	expect 0 "Usage: vmitap $cmd" "help $cmd" vmitap help $cmd
	expect 2 "$cmd has no option --frob" "$cmd: unknown option" \
		vmitap $cmd --frob
done

expect 2 'no event "cpuidd", is it "cpuid"' 'nearest event' \
	vmitap stream --events cpuidd
expect 2 'no event "hypercal", is it "hypercall"' 'nearest of two words' \
	vmitap stream --events pio,hypercal
expect 2 'no event "qqqqqqqqqq"; vmitap help events' 'no near event' \
	vmitap stream --events qqqqqqqqqq
expect 2 'selects nothing' 'events that cancel out' \
	vmitap stream --events cpuid,-cpuid
expect 2 'selects nothing' 'empty events' vmitap stream --events ''
expect 2 'no section "gpr", is it "gprs"' 'nearest field' \
	vmitap stream --fields gpr
expect 2 'no number from 0 to 3' 'CPL 4' vmitap stream --cpl 4
expect 2 'no number' 'negative vCPU' vmitap stream --vcpu=-1
expect 2 'no number' 'vCPU range backwards' vmitap stream --vcpu 3-1
expect 2 'no number' 'vCPU id too large' vmitap stream --vcpu 16384
expect 2 'empty' 'vCPU list empty' vmitap stream --vcpu ,
expect 2 'no number' 'CR3 that is no number' vmitap stream --cr3 xyz
expect 2 'no size' 'ring size that is no number' vmitap stat --ring big
expect 2 'power of two' 'ring size 3M' vmitap stat --ring 3M
expect 2 'power of two' 'ring size 0' vmitap stat --ring 0
expect 2 'too large' 'ring size absurd' vmitap stat --ring 1048576M
expect 2 'no time' 'time that is no number' vmitap stat --for soon
expect 2 'no time' 'time 0' vmitap stat --for 0
expect 2 'no time' 'time not finite' vmitap stat --for inf
expect 2 'no number' 'count 0' vmitap stat --count 0
expect 2 'no number' 'wait too long' vmitap stat --lossless=10000001
expect 2 'needs a value' 'option without its value' vmitap stat --for
expect 2 'takes no argument "x"' 'argument too many' vmitap stat x
expect 2 'no order "cout", is it "count"' 'nearest order' \
	vmitap stat --sort cout
expect 2 'without --filter' 'filter map without filter' \
	vmitap stat --filter-map 'a[0]=1'
expect 2 'no number' 'strace: PID 0' vmitap strace --pid 0
expect 2 'strace has no option -z' 'strace: unknown letter' vmitap strace -z
expect 2 'strace has no option -z' 'strace: unknown letter among others' \
	vmitap strace -czh
expect 2 'strace has no option -z' 'strace: unknown letter before others' \
	vmitap strace -zc
expect 2 'stat has no option -c' 'letters are of one command' vmitap stat -c
expect 2 'strace has no option --filter' 'strace: filters see exits only' \
	vmitap strace --filter x
expect 0 'out-of-band' 'strace: help says where names come from' \
	vmitap strace --help
expect 2 'which file|FILE' 'record without a file' vmitap record
expect 2 'which file|FILE' 'report without a file' vmitap report
expect 2 'which file|FILE' 'export without a file' vmitap export --format json
expect 2 'no format "jason", is it "json"' 'nearest format' \
	vmitap export --format jason "$tmp/x"

expect 2 'no view "task-lst", is it "task-list"' 'nearest view' \
	vmitap ps --views pid-tree,task-lst
expect 2 'no view "qqqqqqqq"; there are address-spaces, .*, agent$' 'no near view' \
	vmitap ps --views qqqqqqqq
expect 2 'list is empty' 'views: empty list' vmitap watch --views ,
expect 2 'no time' 'watch: interval that is none' vmitap watch --interval often
expect 2 'no option --count' 'ps: no count' vmitap ps --count 1
expect 2 'takes no argument' 'ps: argument too many' vmitap ps 1
expect 0 '10  watch' 'help: exit code of an alert' vmitap help
expect 2 'ADDRESS and LENGTH' 'read without arguments' vmitap read
expect 2 'ADDRESS and LENGTH' 'read without a length' vmitap read 1000
expect 2 'is no address' 'read: address that is none' vmitap read xyz 1
expect 2 'is no address' 'read: negative address' vmitap read -- -1 1
expect 2 'is no address' 'read: address too large' \
	vmitap read 10000000000000000 1
expect 2 'is no length' 'read: length that is none' vmitap read 1000 many
expect 2 'is no length' 'read: length 0' vmitap read 1000 0
expect 2 'is no length' 'read: length too large' vmitap read 1000 99999999999G
expect 2 'no addresses are left' 'read: beyond the last address' \
	vmitap read ffffffffffffffff 2
expect 2 'say which ADDRESS' 'translate without an address' vmitap translate
expect 2 'say which ADDRESS' 'translate: two addresses' vmitap translate 1 2
expect 2 'no option --phys' 'translate has no guest-physical addresses' \
	vmitap translate --phys 1000
expect 2 'takes no argument' 'regs: argument too many' vmitap regs 1
expect 2 'no number' 'regs: vCPU that is no number' vmitap regs --vcpu x
expect 2 'no time' 'pause: time that is none' vmitap pause --for soon
expect 2 'no option --count' 'pause: no count' vmitap pause --count 1

if [ ! -e /dev/vmitap ]; then
	for cmd in list stat top stream strace "strace -c" "record -o $tmp/rec" ps \
		watch info regs "read 1000 1" "translate 1000" pause; do
		# shellcheck disable=SC2086 # an option in it
		expect 3 '/dev/vmitap|module' "${cmd%% *}: no module" vmitap $cmd
	done
	[ ! -e "$tmp/rec" ]
	result $? 'record: no file left behind without a module'
	expect 3 'FAIL  (module|device)' 'doctor: no module' vmitap doctor
	if command -v jq >/dev/null; then
		vmitap doctor --json >"$tmp/out" 2>"$tmp/err"
		jq -e 'map(.result) | contains(["fail"])' "$tmp/out" >/dev/null
		result $? 'doctor: JSON'
	fi
fi

expect 7 'No such file' 'report: no such file' vmitap report "$tmp/none"
: >"$tmp/empty"
expect 7 'empty' 'report: empty file' vmitap report "$tmp/empty"
head -c 100000 /dev/urandom >"$tmp/foreign"
expect 7 'foreign' 'report: foreign file' vmitap report "$tmp/foreign"
expect 7 'foreign' 'export: foreign file' \
	vmitap export --format json "$tmp/foreign"
expect 7 '' 'report: a directory' vmitap report "$tmp"

# Made by make_recording.c with the library: two vCPUs, known times.
if command -v make_recording >/dev/null; then
	make_recording "$tmp/good"
	expect 0 'cpuid' 'report' vmitap report "$tmp/good"
	expect 0 'Lost: 12 events .12 ring full' 'report: losses shown' vmitap report "$tmp/good"
	make_recording "$tmp/killed" killed
	expect 0 'Lost: 12 events .12 ring full' 'report: losses, recorder killed' \
		vmitap report "$tmp/killed"
	# An end that says that nothing was lost: 8 bytes for each reason.
	reasons=$(vmitap report --json "$tmp/good" | jq '.lost | length')
	head -c -$((8 * reasons)) "$tmp/good" >"$tmp/denied"
	head -c $((8 * reasons)) /dev/zero >>"$tmp/denied"
	expect 0 'Lost: 12 events .12 ring full' 'report: losses, denied by the end' \
		vmitap report "$tmp/denied"
	vmitap report --json "$tmp/good" >"$tmp/out" 2>"$tmp/err"
	jq -e '[.reasons[] | select(.class == "cpuid")][0]
		| .count == 100 and (.handling_ns.median | . > 990 and . < 1010)
		  and .handling_ns.max == 5000' "$tmp/out" >/dev/null
	result $? 'report: counts and times'
	vmitap report --json --events hlt "$tmp/good" >"$tmp/out" 2>"$tmp/err"
	jq -e '(.reasons | length) == 1 and .reasons[0].class == "hlt"
		and .reasons[0].handling_ns.asleep' "$tmp/out" >/dev/null
	result $? 'report: selection, time asleep'

	expect 0 'Traps: 1 cr3, 1 syscall, 1 sysret, 1 message' 'report: traps' \
		vmitap report "$tmp/good"
	expect 0 'Traps: 1 syscall, 1 sysret$' 'report: traps selected' \
		vmitap report --events all,syscall "$tmp/good"
	vmitap export --format json --events cr3,syscall,message "$tmp/good" \
		>"$tmp/out" 2>"$tmp/err"
	jq -se 'map(.type) == ["lost", "cr3", "syscall", "sysret", "message"]
		and .[1].new_cr3 == "0x8000000000002005"
		and .[2].nr == "0x101" and .[2].args[1] == "0x402000"
		and .[2].mechanism == "syscall"
		and .[3].result == "0xfffffffffffffffe"
		and (.[4] | .tag == "0x77" and .total == 80
		     and (.data | length == 160 and startswith("1b5d303b22")))' \
		"$tmp/out" >/dev/null
	result $? 'export: traps and messages in JSON'

	vmitap export --format json "$tmp/good" >"$tmp/out" 2>"$tmp/err"
	jq -se 'all(.[]; type == "object" and has("tsc"))
		and ([.[] | select(.type == "exit")] | length) == 104
		and ([.[] | select(.type == "lost")][0].count == 12)' \
		"$tmp/out" >/dev/null
	result $? 'export: JSON lines'
	jq -se '[.[] | select(.type == "exit")][0]
		| .rip == "0xffffffff81000000" and .gprs.rax == "0x40000000"
		  and .insn == "0fa2"' "$tmp/out" >/dev/null
	result $? 'export: 64-bit values exact, sections by name'

	vmitap export --format perfetto -o "$tmp/trace" "$tmp/good" \
		>"$tmp/out" 2>"$tmp/err"
	jq -e '.traceEvents | (map(.ph) | unique) == ["M", "X", "i"]
		and all(.[]; has("pid") and has("tid") and has("name"))
		and all(.[] | select(.ph == "X"); .ts >= 0 and .dur >= 0)
		and ([.[] | select(.name == "thread_name").args.name] | sort)
			== ["vCPU 0", "vCPU 1"]' "$tmp/trace" >/dev/null
	result $? 'export: perfetto trace is well-formed'
	jq -e '[.traceEvents[] | select(.ph == "X")] | group_by(.tid)
		| all(.[]; sort_by(.ts) | . as $s | all(range(1; length);
			$s[. - 1].ts + $s[. - 1].dur <= $s[.].ts + 0.0005))' \
		"$tmp/trace" >/dev/null
	result $? 'export: slices of a track do not overlap'

	ln -s good "$tmp/same"
	cp "$tmp/good" "$tmp/before"
	expect 2 'is the recording itself.*name another file' 'export: onto its input' \
		vmitap export --format json -o "$tmp/same" "$tmp/good"
	cmp "$tmp/before" "$tmp/good" >"$tmp/out" 2>"$tmp/err"
	result $? 'export: its input is untouched'

	jq -e '[.traceEvents[] | select(.ph == "i") | .name]
		| index("syscall 257") and index("sysret -2")
		  and index("message 0x77")' "$tmp/trace" >/dev/null
	result $? 'export: traps are marks in the perfetto trace'

	size=$(stat -c %s "$tmp/good")
	bad=0
	for cut in 1 7 8 100 250 $((size / 2)); do
		head -c $((size - cut)) "$tmp/good" >"$tmp/cut"
		vmitap report "$tmp/cut" >"$tmp/out" 2>"$tmp/err"
		[ $? = 7 ] || bad=1
		grep -q 'cpuid' "$tmp/out" || bad=1
	done
	result $bad 'report: truncated file reported, what is there is shown'
	head -c $((size - 1)) "$tmp/good" >"$tmp/no-end"
	expect 0 'Lost: 12 events' 'report: a pipe' vmitap report <(cat "$tmp/good")
	expect 7 'truncated at byte [1-9][0-9]*;' 'report: a pipe that ends early' \
		vmitap report <(head -c $((size - 1)) "$tmp/good")
	head -c 20 "$tmp/good" >"$tmp/cut"
	expect 7 '.' 'report: truncated in the head' vmitap report "$tmp/cut"

	if [ -e /dev/full ]; then
		expect 9 'No space left' 'export: disk full' \
			vmitap export --format json -o /dev/full "$tmp/good"
		vmitap report "$tmp/good" >/dev/full 2>"$tmp/err"
		[ $? = 9 ] && grep -q 'No space left' "$tmp/err"
		result $? 'report: stdout full'
		vmitap report "$tmp/no-end" >/dev/full 2>"$tmp/err"
		[ $? = 7 ] && grep -q 'truncated' "$tmp/err" &&
			grep -q 'No space left' "$tmp/err"
		result $? 'report: truncated, and stdout full'
	fi
	(
		ulimit -f 1
		exec vmitap export --format json -o "$tmp/big" "$tmp/good"
	) >"$tmp/out" 2>"$tmp/limit" </dev/null
	[ $? = 9 ] && grep -q 'File too large' "$tmp/limit"
	result $? 'export: output larger than its limit'
	expect 9 'No such file' 'export: output cannot be made' \
		vmitap export --format json -o "$tmp/no/dir" "$tmp/good"
	set -o pipefail
	vmitap export --format json "$tmp/good" 2>"$tmp/err" | head -n 1 >"$tmp/out"
	status=$?
	set +o pipefail
	[ $status = 0 ] && [ ! -s "$tmp/err" ]
	result $? 'export: a reader that goes away is no failure'
	! vmitap report "$tmp/good" | grep -q $'\033'
	result $? 'report: no escape sequences without a terminal'
	script -qec "vmitap report $tmp/good" /dev/null </dev/null >"$tmp/out" 2>&1
	grep -q $'\033' "$tmp/out"
	result $? 'report: colour on a terminal'
	NO_COLOR=1 script -qec "vmitap report $tmp/good" /dev/null </dev/null \
		>"$tmp/out" 2>&1
	! grep -q $'\033' "$tmp/out"
	result $? 'report: NO_COLOR'
else
	result 1 'make_recording is there'
fi

# What bash offers, with as much of bash-completion as it takes.
# shellcheck disable=SC2034 # for the completion, which is looked at by itself
offers()
{
	local line=("$@")
	(
		_init_completion()
		{
			words=("${line[@]}")
			cword=$((${#words[@]} - 1))
			cur=${words[cword]} prev=${words[cword - 1]}
		}
		compopt() { :; }
		. "$top/userspace/completion/vmitap"
		_vmitap
		printf '%s\n' "${COMPREPLY[@]}"
	) >"$tmp/out" 2>"$tmp/err"
}

# same_list NAME: passes if $tmp/want and $tmp/out have the same lines, in any order.
same_list()
{
	diff <(sort "$tmp/want") <(sort "$tmp/out") >"$tmp/err"
	result $? "$1"
}

vmitap ps --views qqqqqqqq 2>&1 | sed 's/.*there are //; s/, /\n/g' >"$tmp/views"
{ echo all; cat "$tmp/views"; } >"$tmp/want"
offers vmitap ps --views ''
same_list 'completion: all views'
sed -n '/^\.It Fl -views/,/^or/s/^\.Cm \([a-z-]*\) ,$/\1/p' \
	"$top/Documentation/man/vmitap.1" >"$tmp/out"
cp "$tmp/views" "$tmp/want"
same_list 'vmitap(1): all views'
printf 'all,%s\n' cr cr3 >"$tmp/want"
offers vmitap stream --events all,cr
same_list 'completion: events with a digit in their names'
echo --events >"$tmp/want"
offers vmitap stream --lossless --ev
same_list 'completion: what follows --lossless is not its value'

# make host: the command comes to the host's shell as it was typed, whatever is in it.
# Instead of the host, print what it gets.
cat >"$tmp/host" <<'EOF'
#!/bin/bash
while [ "$1" != -- ]; do shift; done
shift
printf '%s:%s' $# "$1"
EOF
# As the kernel's makefiles do, one below exports all that it gets.
printf 'tests:\n\t@env\n' >"$tmp/below.mk"
printf '#!/bin/sh\nexec make -f %s "$@"\n' "$tmp/below.mk" >"$tmp/make"
chmod +x "$tmp/host" "$tmp/make"
make_host()
{
	env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make -C "$top" -s -o setup \
		--no-print-directory MAKE="$tmp/make" HOST="$tmp/host" "$@" host \
		2>"$tmp/err"
}
# shellcheck disable=SC2016 # nothing of it is for this shell
commands=(
	'vmitap list'
	'echo "two  spaces" '"'single'"' $HOME ${HOME:-x} $$ # % \\ \"'
	'echo $(id -u) `id` $(shell touch '"$tmp/expanded"')'
	$'for i in 1 2; do\n\techo "$i"\ndone\n\necho end'
)
bad=0
for cmd in "${commands[@]}"; do
	make_host CMD="$cmd" >"$tmp/out"
	[ "$(cat "$tmp/out")" = "1:$cmd" ] || bad=1
	CMD=$cmd make_host >"$tmp/out"
	[ "$(cat "$tmp/out")" = "1:$cmd" ] || bad=1
done
[ $bad = 0 ] && [ ! -e "$tmp/expanded" ]
result $? 'make host: the command is not touched'
make_host >"$tmp/out"
[ $? = 2 ] && grep -q 'say what to run' "$tmp/err"
result $? 'make host: no command'

tap_end
