#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How much of its time the machine below keeps this host from running: each half second a
# line with the percentage, of a twentieth of a second in which nothing here comes before
# this.  An emulated host has no other way to know.
# usage: stolen.sh > FILE       as root, until killed

# What the clock jumps by is not ours; the loop itself takes a fraction of that.
jump_us=2000
look_us=50000

[ -n "${REALTIME:-}" ] || REALTIME=1 exec chrt -f 1 "$0"

look()
{
	local start=${EPOCHREALTIME/[.,]/} now=0 last stolen=0
	last=$start
	while [ $((last - start)) -lt $look_us ]; do
		now=${EPOCHREALTIME/[.,]/}
		[ $((now - last)) -lt $jump_us ] || stolen=$((stolen + now - last))
		last=$now
	done
	echo $((100 * stolen / (last - start)))
}

while :; do
	look
	sleep 0.45
done
