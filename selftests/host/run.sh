#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run a command in a virtual KVM host: QEMU's TCG emulates an AMD machine, or Bochs an
# Intel machine, a stock Debian kernel runs on it as the host, this machine's files are
# there under a writable overlay, vmitap is loaded and a Linux guest runs under stock
# QEMU/KVM.

set -eu

usage()
{
	cat <<'TEXT'
usage: run.sh [options] -- 'shell command'
       run.sh [options] --shell
  --cpu KIND        amd (default) or intel; also CPU= in the environment
  --module FILE     module to load; on intel, the one built for its kernel instead
  --no-module       load none
  --no-kvm          load no KVM, and run no guest
  --path DIR        put DIR first in the command's PATH
  --guest KIND      linux (default) or none; also GUEST= in the environment
  --timeout SEC     give up after SEC seconds (default 600, on intel 1800)
  --log FILE        where the host's console goes (default build/host/console.log)
  --icount          one CPU and a clock that counts instructions
  --smp N, --mem M  CPUs (default 3; the first has no part in what runs) and memory
                    (default 3G) of the host; on intel 1 and 1G
  --kernel-args S   more for the host kernel's command line
  --qemu-args S     more for the QEMU that is the host
KVM_ARGS in the environment: parameters for KVM's vendor module, such as ept=0.
CPU_MODEL: another of Bochs' CPU models, such as corei7_skylake_x.
VMM: krun, guests run under libkrun instead of QEMU; gvisor, its program is there for a
test (see vmm.sh).
HOST_KERNEL and GUEST_KERNEL choose the kernels by their names in selftests/host/kernels;
both are 6.1 by default, whatever the other is.
Exit status: that of the command; 97 the kernel complained or vmitap could not be
unloaded; 98 the virtual host did not start, hung or crashed.
The command finds VMITAP_GUEST_PID, VMITAP_GUEST_LOG, VMITAP_TOP, VMITAP_KO, VMITAP_VMM and
VMITAP_OUT (a writable directory that outlives the host: build/host/out); guest.sh
starts more guests.
TEXT
}

# For modprobe, depmod and mkfs.ext4, if an ordinary user runs this.
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/${O:-build}
module='' paths='' guest=${GUEST:-linux} cpu=${CPU:-amd} timeout='' log='' shell='' cmd=''
host_kernel=${HOST_KERNEL:-6.1} guest_name=${GUEST_KERNEL:-6.1}
smp='' mem='' args='' qemu_more='' no_kvm='' accel='-accel tcg,thread=multi'

while [ $# -gt 0 ]; do
	case $1 in
	--cpu) cpu=$2; shift ;;
	--module) module=$2; shift ;;
	--no-module) module='' ;;
	--no-kvm) no_kvm=yes guest=none ;;
	--path) paths=$paths$2:; shift ;;
	--guest) guest=$2; shift ;;
	--timeout) timeout=$2; shift ;;
	--log) log=$2; shift ;;
	--icount) accel='-accel tcg,thread=single -icount shift=0,sleep=off'; smp=1 ;;
	--smp) smp=$2; shift ;;
	--mem) mem=$2; shift ;;
	--kernel-args) args=$2; shift ;;
	--qemu-args) qemu_more=$2; shift ;;
	--shell) shell=yes ;;
	--) shift; cmd=$*; break ;;
	-h|--help) usage; exit 0 ;;
	*) echo "run.sh: what is '$1'?" >&2; usage >&2; exit 2 ;;
	esac
	shift
done
if [ -z "$cmd$shell" ]; then
	usage >&2
	exit 2
fi
case $guest in
linux|none) ;;
*) echo "run.sh: GUEST is linux or none, not '$guest'" >&2; exit 2 ;;
esac

# It is built without the option that has it on from the start.
[ "$host_kernel" != kcsan ] || args="kcsan.early_enable=1 $args"
case $cpu in
amd)
	: "${smp:=3}" "${mem:=3G}" "${timeout:=600}"
	emulator=$("$here/emulator.sh" qemu)
	modules='virtio_pci virtio_console 9pnet_virtio 9p overlay'
	;;
intel)
	if [ -n "$shell" ]; then
		echo 'run.sh: there is no shell on the virtual Intel host' >&2
		exit 2
	fi
	if [ "${VMM:-qemu}" != qemu ]; then
		echo 'run.sh: there is no VMM but QEMU on the virtual Intel host' >&2
		exit 2
	fi
	: "${smp:=1}" "${mem:=1G}" "${timeout:=1800}"
	emulator=$("$here/emulator.sh" bochs)
	modules='nd_e820 nd_pmem overlay'
	# The standard kernel takes a minute to unpack itself there.
	host_kernel=${host_kernel%-cloud}-cloud
	guest_name=${guest_name%-cloud}-cloud
	. "$here/intel.sh"
	;;
*)	echo "run.sh: CPU is amd or intel, not '$cpu'" >&2; exit 2 ;;
esac
mkdir -p "$build/host/out"
# Console, logs and module of one build directory are those of one host at a time.  All
# that is started here has the lock, so it lasts as long as the host does.
exec 8> "$build/host/lock"
flock -n 8 || {
	echo "run.sh: waiting for the virtual host that runs from $build" >&2
	flock 8
}
rm -f "$build/host/out"/{splat,leaks}.log
release=$("$here/release.sh" "$host_kernel")
kernel=$("$here/kernel.sh" "$release")
guest_release=$("$here/release.sh" "$guest_name")
guest_kernel=$("$here/kernel.sh" "$guest_release")
guest_modules=$top/$("$here/guest-modules.sh" "$guest_name")
vmm=${VMM:-qemu} vmm_program='' vmlinux=''
[ "$vmm" = qemu ] || vmm_program=$("$here/vmm.sh" "$vmm")
case $vmm in
krun*)
	vmlinux=$build/host/vmlinux-$guest_release
	[ -e "$vmlinux" ] || "$here/unpack.sh" "$guest_kernel/boot/vmlinuz-$guest_release" "$vmlinux"
	;;
esac
log=${log:-$build/host/console.log}
if [ -n "$module" ]; then
	[ -e "$module" ] || { echo "run.sh: no $module: run make first" >&2; exit 2; }
	module=$(realpath "$module")
	[ "$cpu" = amd ] || module=$top/$("$here/module.sh" "$host_kernel")
fi

# Remake an initramfs when what goes into it is newer.
stale()
{
	local out=$1 input
	shift
	for input in "$@"; do
		[ "$out" -nt "$input" ] || return 0
	done
	return 1
}

host_initrd=$build/host/host-$cpu-$release.cpio
if stale "$host_initrd" "$here/init" "$here/initramfs.sh" "$kernel/ready"; then
	"$here/initramfs.sh" "$host_initrd" "$here/init" "$kernel" "$release" \
		"$modules"
fi
guest_initrd=$build/host/guest.cpio
workload=$build/host/workload
if stale "$workload" "$top/selftests/guest/workload.c"; then
	gcc -O2 -static -Wall -Wextra -pthread -o "$workload" "$top/selftests/guest/workload.c"
fi
agent=$build/vmitap-agent
make -C "$top" --no-print-directory -s O="$build" "$agent" >&2
if stale "$guest_initrd" "$top/selftests/guest/init" "$workload" "$agent" "$here/initramfs.sh"; then
	"$here/initramfs.sh" "$guest_initrd" "$top/selftests/guest/init" '' '' '' "$workload" "$agent"
fi

# Under TCG the TSC is this machine's.  A kernel that measures it while others use the
# machine is wrong now and then, by a factor of several, and so is all time from then on.
clock=
if [[ $cpu = amd && $accel != *icount* ]]; then
	tsc_khz=$build/host/tsc_khz
	if stale "$tsc_khz" "$here/tsc_khz.c"; then
		gcc -O2 -Wall -Wextra -o "$tsc_khz" "$here/tsc_khz.c"
	fi
	clock=tsc_early_khz=$("$tsc_khz")
fi

dir=$(mktemp -d /tmp/vmitap-host.XXXXXX)
qemu=
cleanup()
{
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '%s\n' "$cmd" > "$dir/cmd"
cp "$here/stage2" "$dir/stage2"
for name in VMITAP_TOP=$top VMITAP_KO=$module KERNEL_DIR=$kernel EXTRA_PATH=$paths \
	CPU=$cpu "KVM_ARGS=${KVM_ARGS:-}" NO_KVM=$no_kvm GUEST=$guest SHELL_MODE=$shell \
	VMITAP_GUEST_KERNEL=$guest_kernel/boot/vmlinuz-$guest_release \
	VMITAP_GUEST_INITRD=$guest_initrd VMITAP_GUEST_MODULES=$guest_modules \
	VMM=$vmm VMITAP_VMM=$vmm_program VMITAP_GUEST_VMLINUX=$vmlinux; do
	printf '%s=%q\n' "${name%%=*}" "${name#*=}"
done > "$dir/env"
: > "$dir/status"

qemu_args=(
	$accel -cpu EPYC,+svm,+npt -m "$mem" -smp "$smp" -display none -no-reboot
	-nodefaults -nic none -monitor none -serial "file:$log"
	-kernel "$kernel/boot/vmlinuz-$release" -initrd "$host_initrd"
	-append "console=ttyS0 quiet loglevel=4 panic=-1 oops=panic mitigations=off nokaslr cryptomgr.notests tsc=reliable $clock no_timer_check log_buf_len=4M vmitap.dir=$dir $args"
	-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap
	-virtfs "local,path=$build/host/out,mount_tag=out,security_model=none"
	-device virtio-serial-pci $qemu_more
	-chardev "file,id=status,path=$dir/status"
)
if [ -n "$shell" ]; then
	qemu_args+=(-chardev stdio,id=out,signal=off -device virtconsole,chardev=out,nr=0)
else
	qemu_args+=(-chardev stdio,id=out,signal=off -device virtserialport,chardev=out,nr=1)
fi
qemu_args+=(-device virtserialport,chardev=status,nr=2)

# Pass on what comes, and leave a file if there was anything.
relay_output()
{
	local first
	first=$(head -c 1; echo .)
	[ "$first" != . ] || return 0
	: > "$dir/spoke"
	printf %s "${first%.}"
	cat
}

# Return: 1 if QEMU failed an assertion of its own at once, as it does when it starts in
# about one of a hundred runs (iotlb_to_section).
run_qemu()
{
	local ended=0
	relay_output < "$dir/out" &
	relay=$!
	timeout -k 5 "$timeout" "$emulator" "${qemu_args[@]}" \
		2> "$dir/qemu.err" > "$dir/out" <&9 &
	qemu=$!
	wait "$qemu" || ended=$?
	qemu=
	wait "$relay" || :
	[ $ended != 134 ] || [ -e "$dir/spoke" ]
}

if [ "$cpu" = intel ]; then
	intel_run
elif [ -n "$shell" ]; then
	"$emulator" "${qemu_args[@]}" 2> "$dir/qemu.err" || :
else
	# QEMU closes a port whose input ends, and sets O_NONBLOCK on its output:
	# give it an input without end, and an output that is not the caller's.
	mkfifo "$dir/in" "$dir/out"
	exec 9<> "$dir/in"
	run_qemu || {
		echo "run.sh: QEMU failed before the virtual host did anything: $(tail -n 1 "$dir/qemu.err"); once more" >&2
		run_qemu || :
	}
fi

read -r status why < "$dir/status" || status=
if [ -z "$status" ]; then
	{
		echo "run.sh: the virtual host crashed, or took more than $timeout s; end of its console ($log):"
		tail -n 40 "$log"
		grep -v "TCG doesn't support" "$dir/qemu.err" || :
	} >&2
	exit 98
fi
if [ -n "$why" ]; then
	echo "run.sh: $why" >&2
	[ "$status" != 97 ] || echo "run.sh: see $build/host/out/splat.log and $log" >&2
fi
exit "$status"
