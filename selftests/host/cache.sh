# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Where what is fetched or built once is kept, for all checkouts of this user.  To be
# sourced.

cache=${VMITAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmitap}

# cache_lock NAME: of two that want it made at once, one makes it and the other waits.
# The lock ends with cache_unlock, or the caller and all that it has started.
cache_lock()
{
	mkdir -p "$cache"
	exec 9> "$cache/$1.lock"
	flock 9
}

cache_unlock()
{
	exec 9>&-
}

# cache_has DIR: is it complete?  If not, it is the caller's to make, by cache_put.
cache_has()
{
	[ ! -e "$1/ready" ] || return 0
	cache_lock "$(basename "$1")"
	[ -e "$1/ready" ] || return 1
	cache_unlock
}

# cache_put TMP DIR: what has been made in TMP is complete: let it be DIR, with a file
# "ready" in it that says so.
cache_put()
{
	chmod 0755 "$1"
	touch "$1/ready"
	rm -rf "$2"
	mv "$1" "$2"
	cache_unlock
}
