#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Make the memory image of a Linux guest that the views are tested on: boot the kernel
# GUEST_KERNEL (see selftests/host/run.sh) in an emulated machine whose memory is a file, let
# the guest say what it knows of itself, stop it.
# usage: views_image.sh DIR [--kernel-args S] [--mem SIZE] [--release R]
#        [--cpu MODEL] [--while-it-runs COMMAND]
# The command is run, at the end, with the guest running: DIR/ram changes under it.
# Exit status: that of the command, or 0; 1 if there is no image.
# In DIR: ram, regs (userspace/views/guest_image.h says what that is), said.

set -eu
# For modprobe and depmod, if an ordinary user runs this.
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
dir=$1 args='' mem=512M release='' cpu=EPYC command=''
shift
while [ $# -gt 0 ]; do
	case $1 in
	--kernel-args) args=$2; shift ;;
	--mem) mem=$2; shift ;;
	--release) release=$2; shift ;;
	--cpu) cpu=$2; shift ;;
	--while-it-runs) command=$2; shift ;;
	*) echo "views_image.sh: what is '$1'?" >&2; exit 2 ;;
	esac
	shift
done

[ -n "$release" ] || release=$("$here/host/release.sh" "${GUEST_KERNEL:-6.1}")
kernel=$("$here/host/kernel.sh" "$release")
emulator=$("$here/host/emulator.sh")

rm -rf "$dir"
mkdir -p "$dir"
qemu=
cleanup()
{
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	rm -rf "$dir/tmp"
}
trap cleanup EXIT
tmp=$dir/tmp
mkdir "$tmp"
gcc -O2 -D_GNU_SOURCE -static -Wall -Wextra -pthread -o "$tmp/init" "$here/guest/processes.c"
"$here/host/initramfs.sh" "$tmp/initrd" "$tmp/init" "$kernel" "$release" \
	'virtio_pci virtio_console msr'

mkfifo "$tmp/monitor"
exec 8<> "$tmp/monitor"
"$emulator" -accel tcg,thread=multi -cpu "$cpu" -smp 2 -m "$mem" \
	-object "memory-backend-file,id=ram,size=$mem,mem-path=$dir/ram,share=on" \
	-machine q35,memory-backend=ram -display none -no-reboot -nodefaults \
	-nic none -serial "file:$dir/console.log" -monitor stdio \
	-device virtio-serial-pci -chardev "file,id=said,path=$dir/said" \
	-device virtserialport,chardev=said,nr=1 \
	-kernel "$kernel/boot/vmlinuz-$release" -initrd "$tmp/initrd" \
	-append "console=ttyS0 quiet loglevel=4 panic=-1 cryptomgr.notests tsc=reliable no_timer_check $args" \
	<&8 > "$tmp/answers" 2> "$tmp/errors" &
qemu=$!

# wait_for FILE PATTERN SECONDS
wait_for()
{
	local left=$(($3 * 10))
	until grep -aqs "$2" "$1"; do
		left=$((left - 1))
		if [ $left -le 0 ] || ! kill -0 "$qemu" 2>/dev/null; then
			echo "views_image.sh: no '$2' in $1:" >&2
			tail -n 20 "$dir/console.log" "$tmp/errors" >&2
			exit 1
		fi
		sleep 0.1
	done
}

wait_for "$dir/said" '^end$' 120
# All vCPUs are wanted in user mode: with page-table isolation they do not have the
# kernel's page tables then.
for _ in $(seq 20); do
	: > "$tmp/answers"
	printf 'stop\ninfo registers -a\ninfo version\n' >&8
	wait_for "$tmp/answers" '^[0-9]*\.[0-9]*\.[0-9]*' 10
	grep -aq 'CPL=0' "$tmp/answers" || break
	printf 'cont\n' >&8
	sleep 0.2
done
tr -d '\r' < "$tmp/answers" | awk -v said="$dir/said" -v bytes="$(stat -c %s "$dir/ram")" '
function value(name,   m) {
	return match($0, "(^| )" name " *=[^=]*") ? \
		substr($0, RSTART, RLENGTH) : ""
}
function number(name, s) {
	s = value(name)
	if (s == "")
		return
	sub(/^[^=]*= */, "", s)
	sub(/ .*/, "", s)
	print tolower(names[name]), "0x" s
}
BEGIN {
	print "vmitap-image 1"
	low = 2 * 1024 * 1024 * 1024
	if (bytes > 2952790016) {
		printf "region 0x0 0x%x 0x0\n", low
		printf "region 0x100000000 0x%x 0x%x\n", bytes - low, low
	} else {
		printf "region 0x0 0x%x 0x0\n", bytes
	}
	n = split("CR0 CR3 CR4 EFER RIP RSP CPL", list, " ")
	for (i = 1; i <= n; i++)
		names[list[i]] = list[i]
	names["RFL"] = "rflags"
	while ((getline line < said) > 0 && line ~ /^lstar /) {
		split(line, field, " ")
		lstar[field[2]] = field[3]
	}
}
/^CPU#/ {
	cpu = substr($1, 5)
	print "vcpu", cpu
	print "lstar", lstar[cpu]
}
{ for (name in names) number(name) }
/^GS =/  { print "gs_base 0x" $3 }
/^FS =/  { print "fs_base 0x" $3 }
/^TR =/  { print "tr_base 0x" $3 }
/^IDT=/  { print "idtr_base 0x" $2 }
/^GDT=/  { print "gdtr_base 0x" $2 }' > "$dir/regs"
grep -q '^cr3' "$dir/regs" || { echo "views_image.sh: no registers" >&2; exit 1; }

status=0
if [ -n "$command" ]; then
	echo cont >&8
	bash -c "$command" || status=$?
fi
echo quit >&8
wait "$qemu" || :
qemu=
touch "$dir/ready"
exit $status
