#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make bench` runs, after a build: what vmitap and its peers add to an exit, and
# traps to programs in a Linux guest, counted in a virtual host whose clock counts
# instructions, and how fast readers are, natively.  Prints a table; writes
# build/bench.json, a list of {name, value, unit, goal}.
# usage: run.sh [PART...]      parts: exits slowdown reader discovery watch
# Exit status: 0, also if a goal is missed; 1 if a figure could not be had.

set -euo pipefail
cd "$(dirname "$0")/../.."
build=${O:-build}
here=selftests/bench
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# in_host SCRIPT
in_host()
{
	selftests/host/run.sh --guest none --icount --timeout 1200 \
		--log "$build/host/bench-console.log" -- "$here/$1 $PWD/$build"
}

exits()
{
	in_host in-host.sh
}

slowdown()
{
	in_host slowdown.sh
}

reader()
{
	"$build/bench/reader" "$build/bench/reader_fill.bpf.o"
}

# Of a guest of 512 MiB with more than 300 processes.
discovery()
{
	. selftests/lib/image.sh
	image plain
	"$build/bench/discovery" "$images/plain/ram" "$images/plain/regs"
}

watch()
{
	selftests/host/run.sh --guest none --icount --timeout 1200 --module "$build/vmitap.ko" \
		--path "$PWD/$build" --log "$build/host/bench-console.log" -- "$here/watch.sh"
}

[ $# -gt 0 ] || set -- exits slowdown reader discovery
for part in "$@"; do
	echo "bench: $part" >&2
	"$part" | tee -a "$tmp/figures" >&2
done

# name, value, unit, goal, whether it is met, text; in the order of the figures.
awk -v OFS='\t' '
	NR == FNR {
		if (/^#/ || NF < 3)
			next
		goal[$1] = $2
		name = $1
		sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+/, "")
		text[name] = $0
		next
	}
	NF == 3 && $2 ~ /^-?[0-9.]+$/ {
		g = $1 in goal ? goal[$1] : "-"
		bound = substr(g, 3) + 0
		# Interrupts of the clock come in at other places: half an instruction.
		met = g ~ /^<=/ ? $2 <= bound + 0.5 : g ~ /^>=/ ? $2 >= bound : -1
		print $1, $2, $3, g, met < 0 ? "" : met ? "met" : "MISSED", text[$1]
	}' "$here/goals" "$tmp/figures" > "$tmp/table"

jq -Rn '[inputs | split("\t") | {name: .[0], value: (.[1] | tonumber), unit: .[2],
	goal: (if .[3] == "-" then null else .[3] end)}]' "$tmp/table" > "$build/bench.json"
awk -F '\t' '{ printf "%-30s %12s  %-18s %-7s %-7s %s\n", $1, $2, $3,
	$4 == "-" ? "" : $4, $5, $6 }' "$tmp/table"
echo "bench: wrote $build/bench.json" >&2
