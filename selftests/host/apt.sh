# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Packages of any Debian suite, fetched and unpacked but not installed.  apt's state is
# private to the caller: this machine's own sources do not change.  To be sourced.

# shellcheck source=selftests/host/cache.sh
. "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

# Both go when the caller's shell ends, the first when what was wanted is complete.
apt_dir='' tmp=''
trap 'rm -rf "$apt_dir" "$tmp"' EXIT

# apt_mirror SUITE: Debian's mirror that has it, as this machine has it configured.
apt_mirror()
{
	local uri label=Debian
	[[ $1 != *-security ]] || label=Debian-Security
	uri=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' \
		"Label: $label" | head -n 1)
	if [ -z "$uri" ]; then
		echo "apt.sh: apt-get knows no mirror of Debian that has $1: run apt-get update" >&2
		return 1
	fi
	echo "$uri"
}

# apt_begin SUITE...: a private apt that knows these suites and no package installed.
# Sets apt_dir, a directory for the caller to work in.
apt_begin()
{
	local suite mirror
	mkdir -p "$cache"
	apt_dir=$(mktemp -d "$cache/tmp.XXXXXX")
	mkdir -p "$apt_dir"/{lists,archives}/partial
	: > "$apt_dir/sources.list"
	for suite in "$@"; do
		mirror=$(apt_mirror "$suite") || return
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >> "$apt_dir/sources.list"
	done
	: > "$apt_dir/status"
	cat > "$apt_dir/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$apt_dir/sources.list";
		Dir::Etc::sourceparts "/nonexistent";
		Dir::State::lists "$apt_dir/lists";
		Dir::State::status "$apt_dir/status";
		Dir::Cache::archives "$apt_dir/archives";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		Debug::NoLocking "true";
	CONF
	apt-get -c "$apt_dir/apt.conf" -qq update >&2
}

# apt_depends PACKAGE: what it needs, as its "Depends" says it.
apt_depends()
{
	apt-cache -c "$apt_dir/apt.conf" show --no-all-versions "$1" | sed -n 's/^Depends: //p'
}

# apt_unpack DIR PACKAGE...: unpack these.
apt_unpack()
{
	local dir=$1
	shift
	(cd "$apt_dir/archives" && apt-get -c "$apt_dir/apt.conf" -qq download "$@" >&2) &&
		apt_unpack_archives "$dir"
}

# apt_unpack_all DIR PACKAGE...: unpack these and all that they need.
apt_unpack_all()
{
	local dir=$1
	shift
	apt-get -c "$apt_dir/apt.conf" -qq -y --download-only install "$@" >&2 &&
		apt_unpack_archives "$dir"
}

apt_unpack_archives()
{
	local archive
	mkdir -p "$1"
	for archive in "$apt_dir"/archives/*.deb; do
		dpkg-deb -x "$archive" "$1" || return
		rm "$archive"
	done
}

# apt_end TMP DIR: as cache_put; what apt_begin made is no longer needed.
apt_end()
{
	cache_put "$@"
	rm -rf "$apt_dir"
}
