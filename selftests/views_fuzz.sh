#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fuzz what the views make of a guest's memory, from parts of a real guest's.  What
# was learned is kept in BUILD/views/fuzz, inputs that fail as well.
# usage: views_fuzz.sh BUILD SECONDS [TARGET...]	targets: kallsyms btf agent

set -u
cd "$(dirname "$0")/.." || exit 1
build=$1 seconds=$2
shift 2
[ $# -gt 0 ] || set -- kallsyms btf agent
tests=$build/selftests/views
failed=0
. selftests/lib/image.sh

# A list of one process in one message, as fuzz_agent.c takes it.
seed_agent()
{
	printf '\120\0\0\1\0\0\0\0'
	printf '\50\0\0\0\1\0\1\0\120\0\0\0\1\0\0\0\0\0\1\0'
	printf '\1\0\0\0\144\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	printf '\50\0\0\0\7\0\0\0\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0'
	printf 'name\0\0\0\0\0\0\0\0\0\0\0\0'
}

for name in "$@"; do
	image plain || exit 1
	dir=$build/views/fuzz/$name
	seeds=$build/views/fuzz/seeds
	mkdir -p "$dir" "$seeds"/{kallsyms,btf,agent}
	seed_agent > "$seeds/agent/one"
	"$tests/cutouts" "$images/plain" "$seeds" || exit 1
	# A scan over one input takes no more than it does over a kernel.
	"$tests/fuzz_$name" -max_total_time="$seconds" -timeout=20 -max_len=131072 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/views/fuzz/$name-" \
		"$dir" "$seeds/$name" || failed=1
done
exit $failed
