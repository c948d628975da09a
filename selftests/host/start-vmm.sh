#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Become the VMM of a Linux guest, inside a virtual KVM host.
# usage: start-vmm.sh NAME INITRD CONSOLE [-g GO] [QEMU_ARGUMENT...]
# CONSOLE gets what the guest writes to its first serial port; the second is the FIFOs
# GO.in and GO.out.
# VMM says which: qemu (default) or krun.  GUEST_APPEND is more for the kernel's command
# line.

set -eu
name=$1 initrd=$2 console=$3 go=''
shift 3
if [ "${1:-}" = -g ]; then
	go=$2
	shift 2
fi
append="console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check cryptomgr.notests rcupdate.rcu_cpu_stall_timeout=120 ${GUEST_APPEND:-}"

start_qemu()
{
	[ -z "$go" ] || set -- -serial "pipe:$go" "$@"
	exec qemu-system-x86_64 -name "$name" -accel kvm -cpu host -M q35 -smp 2 -m 256M \
		-nodefaults -nographic -no-reboot -kernel "$VMITAP_GUEST_KERNEL" \
		-initrd "$initrd" -serial "file:$console" -append "$append" "$@"
}

# It ends when the guest resets itself by the keyboard controller.
start_krun()
{
	[ $# = 0 ] || {
		echo "start-vmm.sh: these are QEMU's: $*" >&2
		exit 2
	}
	exec "$VMITAP_VMM" "$name" 2 256 "$VMITAP_GUEST_VMLINUX" "$initrd" \
		"$append reboot=k pci=off i8042.noaux i8042.nomux" \
		"$console" "${go:+$go.in}" "${go:+$go.out}"
}

case ${VMM:-qemu} in
qemu) start_qemu "$@" ;;
krun) start_krun "$@" ;;
*)    echo "start-vmm.sh: no Linux guest runs under '$VMM'" >&2; exit 2 ;;
esac
