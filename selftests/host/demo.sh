#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What vmitap does, shown on the guest of a virtual KVM host.  Runs inside the host.

set -eu
recording=${VMITAP_OUT:-/tmp}/demo.vmt

# show WHY COMMAND...: say why, then the command as one would type it, then run it.
show()
{
	printf '\n# %s\n$ %s\n' "$1" "${*:2}"
	"${@:2}"
}

heartbeat()
{
	grep -a heartbeat "$VMITAP_GUEST_LOG" | tail -n 1 | tr -d '\r'
}

echo "# A stock $(uname -r) as KVM host, and under stock QEMU a Linux guest"
echo '# that has been running before anybody attached to it.'
show 'The module is loaded:' grep vmitap /proc/modules
show 'Is this host fit?' vmitap doctor
show 'Which virtual machines run here?' vmitap list
before=$(heartbeat)
show 'What makes the guest exit, and what does handling that cost?' vmitap stat --for 3
show 'The events themselves:' vmitap stream --count 12
show 'The same for programs:' vmitap stream --count 2 --json
show 'Five seconds of everything, to a file:' vmitap record --for 5 -o "$recording"
show 'What is in it?' vmitap report "$recording"
show 'For ui.perfetto.dev:' vmitap export --format=perfetto -o "$recording.perfetto" "$recording"
cd "$VMITAP_TOP/build/bpf"
show 'Only CPUID exits, chosen by an eBPF filter in the kernel:' \
	vmitap stat --for 2 --filter by_reason.bpf.o --filter-map 'classes[cpuid]=0'
printf '\n# The guest never noticed.  Then and now it said on its console:\n%s\n%s\n' \
	"$before" "$(heartbeat)"
show 'Nobody is attached any more; the module unloads:' rmmod vmitap
dmesg | grep 'vmitap: unloaded'
