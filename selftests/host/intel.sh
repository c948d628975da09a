# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The virtual Intel host, which Bochs emulates.  To be sourced by run.sh, whose
# variables it uses.
#
# Bochs has no device that would give the host this machine's files, and whatever
# passes through an emulated device takes its time.  So all of it is put into the
# host's memory, kernel and initramfs as a boot loader would leave them, two file
# systems as persistent memory:
#
#   8 MiB    the kernel behind its real-mode part, which is at 0x90000
#   -        the initramfs, behind where the kernel unpacks itself
#   -        the system: intel-system.sh
#   -        this source tree and what was built in it
#   -        free
#
# What comes back comes by serial ports: see bochsrc.in.

mib=1048576
block=$((8 * mib))

# number FILE OFFSET: the 32 bits there.
number()
{
	od -An -t u4 -j "$2" -N 4 "$1" | tr -d ' '
}

# intel_project IMAGE: what the command needs of this source tree, and stage2.
intel_project()
{
	local root=$dir/project megabytes
	mkdir "$root"
	tar -C / -cf - --exclude-vcs --anchored --exclude="${build#/}"/{views,host,fuzzing,sanitized} \
		--exclude="${build#/}"/{module,"*/module"} "${top#/}" | tar -C "$root" -xf -
	tar -C / -cf - "${guest_initrd#/}" "${dir#/}"/{cmd,env,stage2} ${module:+"${module#/}"} |
		tar -C "$root" -xf -
	# The host's own kernel is there already.
	[ "$guest_release" = "$release" ] || tar -C / -chf - \
		"${guest_kernel#/}/boot/vmlinuz-$guest_release" | tar -C "$root" -xf -
	megabytes=$(($(du -sm "$root" | cut -f 1) * 21 / 20 + 8))
	mkfs.ext4 -q -b 4096 -O ^has_journal -m 0 -d "$root" "$1" ${megabytes}M > /dev/null
	rm -rf "$root"
}

# put FILE: append to memory.img, at an address that is whole 2 MiB with a gap before
# it.  Sets start, the address, and bytes.
put()
{
	start=$(($(stat -c %s "$dir/memory.img") + block))
	start=$(((start + 4 * mib - 1) / (2 * mib) * (2 * mib)))
	bytes=$((($(stat -c %s "$1") + 2 * mib - 1) / (2 * mib) * (2 * mib)))
	truncate -s $((start - block)) "$dir/memory.img"
	cat "$1" >> "$dir/memory.img"
	truncate -s $((start + bytes - block)) "$dir/memory.img"
}

# intel_memory MEMORY: make the images that Bochs puts into memory.
intel_memory()
{
	local memory=$1 vmlinuz=$kernel/boot/vmlinuz-$release setup initrd line system
	setup=$((($(od -An -t u1 -j 497 -N 1 "$vmlinuz") + 1) * 512))
	tail -c "+$((setup + 1))" "$vmlinuz" > "$dir/memory.img"
	# The kernel says how much it takes, from its preferred address on.
	truncate -s $(($(number "$vmlinuz" 600) + $(number "$vmlinuz" 608) - block)) "$dir/memory.img"
	put "$host_initrd"
	initrd=$start
	line="console=ttyS0,115200 quiet loglevel=4 panic=0 oops=panic mitigations=off nokaslr"
	line="$line cryptomgr.notests tsc=reliable no_timer_check log_buf_len=4M lsm= audit=0 8250.nr_uarts=4"
	system=$("$here/intel-system.sh" "$kernel" "$release")
	put "$system"
	line="$line memmap=$bytes!$start"
	intel_project "$dir/project.img"
	put "$dir/project.img"
	line="$line memmap=$bytes!$start"
	if [ $((start + bytes + 256 * mib)) -gt "$memory" ]; then
		echo "run.sh: $memory bytes of memory are too few" >&2
		exit 2
	fi
	printf '%s' "$line vmitap.dir=$dir $args" > "$dir/cmdline"
	ln -s "$vmlinuz" "$dir/vmlinuz"
	as -I "$dir" --defsym SETUP=$setup --defsym KERNEL=$block --defsym "INITRD=$initrd" \
		--defsym "INITRD_BYTES=$(stat -c %s "$host_initrd")" -o "$dir/setup.o" "$here/intel-setup.S"
	objcopy -O binary "$dir/setup.o" "$dir/setup.img"
	as --defsym "MEMORY=$memory" --defsym BLOCK=$block -o "$dir/boot.o" "$here/intel-boot.S"
	ld -m elf_x86_64 -Ttext 0x7c00 --oformat binary -o "$dir/boot.img" "$dir/boot.o"
	printf '\0' > "$dir/last.img"
}

# intel_watch: end Bochs when the host's kernel has.
intel_watch()
{
	while kill -0 "$qemu" 2>/dev/null; do
		if grep -qa 'Kernel panic' "$log"; then
			sleep 2
			kill "$qemu" 2>/dev/null || :
			return
		fi
		sleep 0.5
	done
}

# intel_screen: read what Bochs shows, until it ends.  Left unread, the cursor's
# blinking fills the terminal after some minutes, and Bochs waits for ever.
intel_screen()
{
	local screen=
	while [ -z "$screen" ]; do
		sleep 0.2
		kill -0 "$qemu" 2>/dev/null || return 0
		screen=$(sed -n 's/.*connected to screen "\(.*\)".*/\1/p' "$dir/screen")
	done
	cat "$screen" > /dev/null 2>&1 || :
}

# intel_run: run the host until it ends; the verdict is in $dir/status then.
intel_run()
{
	local memory tail watch screen
	case $mem in
	*[KMG]) memory=$(numfmt --from=iec "$mem") ;;
	*)      memory=$((mem * mib)) ;;
	esac
	memory=$((memory / block * block))
	intel_memory $memory
	sed -e "s|@DIR@|$dir|; s|@LOG@|$log|; s|@CPUS@|$smp|; s|@MEM@|$((memory / mib))|g" \
		-e "s|@LAST@|$((memory - 1))|; s|@MODEL@|${CPU_MODEL:-corei7_haswell_4770}|" \
		"$here/bochsrc.in" > "$dir/bochsrc"
	: > "$log"
	: > "$dir/output"
	: > "$dir/out.tar"
	# Its display is a terminal.
	TERM=xterm timeout -k 5 "$timeout" script -qefc "$emulator -q -f $dir/bochsrc" /dev/null \
		< /dev/null > "$dir/screen" 2>&1 &
	qemu=$!
	tail -n +1 -s 0.1 --pid=$qemu -f "$dir/output" 2>/dev/null &
	tail=$!
	intel_watch &
	watch=$!
	intel_screen &
	screen=$!
	wait "$qemu" || :
	qemu=
	wait "$tail" "$watch" "$screen" || :
	[ ! -s "$dir/out.tar" ] || tar -C "$build/host/out" -xf "$dir/out.tar"
	grep -ahs PANIC "$dir/screen" "$dir/bochs.log" | grep -v 'soft power off' > "$dir/qemu.err" || :
}
