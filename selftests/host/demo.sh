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

# Another guest, in which a kernel module hides a process while vmitap watches.
hidden_process()
{
	local tmp=/run top=$VMITAP_TOP log=/run/demo-guest.log guest='' watch
	. "$top/selftests/lib/testguest.sh"

	start_guest <<-'SCRIPT'
		workload &
		echo "guest: process $! works"
		go_on > /dev/null
		insmod /hide.ko pid=$! how=both
		dmesg | grep hide: | tail -n 1
		echo "guest: process $! is hidden; does ps list it? $(ps | grep -c "^ *$! ")"
		sleep 600
	SCRIPT
	wait_for 'guest: process' 120
	printf '\n# In another guest a kernel module will hide a process.  Until then, silence:\n'
	echo '$ vmitap watch --vm test-guest --for 15'
	vmitap watch --vm test-guest --for 15 > "$tmp/demo-alerts" &
	watch=$!
	sleep 5
	echo "# $(wc -l < "$tmp/demo-alerts") lines in 5 s.  Now it is hidden:"
	tell go
	wait "$watch" || :
	grep -a 'guest: process' "$log" | tr -d '\r'
	cat "$tmp/demo-alerts"
	[ -s "$tmp/demo-alerts" ] && kill -0 "$guest"
	echo "# Of the guest's time, $(hidden_ms "$(sed -n 's/^ *at TSC //p' "$tmp/demo-alerts" | head -n 1)") ms after it was hidden."
	end_guest_now
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
show 'What guest is it?  Nobody told:' vmitap info
echo
echo '# Its processes, as the processor, the memory, and an agent inside see them:'
echo '$ vmitap ps --for 3'
vmitap ps --for 3 | sed -e '8,/workload/{/workload/!d}'
show 'Its system calls:' vmitap strace -c --for 3
hidden_process
show 'Nobody is attached any more; the module unloads:' rmmod vmitap
dmesg | grep 'vmitap: unloaded'
