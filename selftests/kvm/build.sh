#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Build KVM's own selftests, unmodified, from the distribution's kernel source package;
# print the directory, which has the programs and a list of them, "tests".

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
source=$("$top/selftests/host/kernel-source.sh")
# Beside the source: it goes when a newer package is unpacked.
dir=$(dirname "$source")/kvm-selftests

if [ ! -e "$dir/tests" ]; then
	rm -rf "$dir"
	mkdir -p "$dir/programs"
	echo "build.sh: building KVM's selftests; see $dir/build.log" >&2
	kvm=(make -s -C "$source/tools/testing/selftests/kvm"
		OUTPUT="$dir/programs" INSTALL_HDR_PATH="$dir/kernel/usr")
	# Not all of them build in every stable release; those are seen to be missing.
	{
		make -s -C "$source" O="$dir/kernel" headers
		"${kvm[@]}" -k -j"${JOBS:-$(nproc)}" || :
	} > "$dir/build.log" 2>&1 < /dev/null
	[ -x "$dir/programs/set_memory_region_test" ] || {
		tail -n 20 "$dir/build.log" >&2
		exit 1
	}
	# What it calls its tests; the programs besides are parts of other tests.
	# shellcheck disable=SC2016	# make's, not this shell's
	"${kvm[@]}" --eval 'vmitap-list: ; @printf "%s\n" $(TEST_GEN_PROGS_x86_64)' vmitap-list \
		> "$dir/tests.new"
	mv "$dir/tests.new" "$dir/tests"
fi
echo "$dir"
