# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Memory images of guests, made once.  To be sourced, in the top directory, with build
# set; images is where they are.

images=$build/views/images/${GUEST_KERNEL:-6.1}

# image NAME [OPTION...]: make it, by views_image.sh, unless it is there and nothing of it
# is newer
image()
{
	local dir=$images/$1 input
	shift
	for input in selftests/views_image.sh selftests/guest/processes.c; do
		[ "$dir/ready" -nt "$input" ] || rm -f "$dir/ready"
	done
	[ -e "$dir/ready" ] || selftests/views_image.sh "$dir" "$@" >&2
}
