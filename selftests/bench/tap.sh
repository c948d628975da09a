# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A session on a VM while something is measured.  To be sourced; $build is the build
# directory, $work a directory for files.

# tap PID CLASSES FIELDS [FILTER]: a session until untap.
tap()
{
	rm -f "$work/tin" "$work/tout"
	mkfifo "$work/tin" "$work/tout"
	"$build/bench/tapper" "$1" "$2" "$3" $((8 << 20)) ${4:+"$4"} \
		< "$work/tin" > "$work/tout" &
	tapper=$!
	exec 5> "$work/tin" 6< "$work/tout"
	read -r tapped <&6 && [ "$tapped" = tapped ] || {
		echo "tapper: no session on $1" >&2
		exit 1
	}
}

# untap WANT: ends the session; it must have seen WANT events and lost none.
untap()
{
	echo end >&5
	read -r _ events _ lost <&6
	exec 5>&- 6<&-
	# It has the module in use until it is gone.
	wait "$tapper"
	if [ "$lost" != 0 ] || [ "$events" -lt "$1" ]; then
		echo "tapper: $events events, $lost lost, expected at least $1" >&2
		exit 1
	fi
}
