# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# How long something may take.  To be sourced.  SLOWER is by what factor this host is slower
# than others.

# comes_true COMMAND...: try until it succeeds, a minute at most on a host that is not slow.
comes_true()
{
	local left=$((600 * ${SLOWER:-1}))
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}
