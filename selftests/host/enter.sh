#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run a command in a directory that has a whole system, with these paths of this
# machine at the same place there, beside /proc and /dev; in the last of them.
# usage: enter.sh DIR [PATH...] -- COMMAND...

set -eu
root=()
[ "$(id -u)" = 0 ] || root=(--map-root-user)
# shellcheck disable=SC2016 # expanded inside
exec unshare --mount "${root[@]}" bash -euc '
	dir=$1 last=/
	shift
	set -- /proc /dev "$@"
	while [ "$1" != -- ]; do
		mkdir -p "$dir$1"
		mount --rbind "$1" "$dir$1"
		last=$1
		shift
	done
	shift
	case $last in /proc|/dev) last=/ ;; esac
	exec chroot "$dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		VMITAP_CACHE="${VMITAP_CACHE:-}" DEBIAN_FRONTEND=noninteractive \
		sh -ec "cd \"\$0\"; exec \"\$@\"" "$last" "$@"
' enter "$@"
