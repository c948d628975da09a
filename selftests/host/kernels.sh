# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the table "kernels" says.  To be sourced, with $here set.
# shellcheck disable=SC2034,SC2154 # the caller's

# kernel_by_name NAME: set kernel_name, kernel_suite, kernel_base, kernel_flavour.
kernel_by_name()
{
	read -r kernel_name kernel_suite kernel_base kernel_flavour < <(
		awk -v name="$1" '!/^#/ && $1 == name' "$here/kernels") || {
		echo "there is no kernel $1; there are: $(awk '!/^#/ { print $1 }' "$here/kernels" | tr '\n' ' ')" >&2
		return 1
	}
}

# kernel_by_release RELEASE: the same.
kernel_by_release()
{
	local name
	local -A debian=([bookworm]=12 [trixie]=13)
	for name in $(awk '!/^#/ { print $1 }' "$here/kernels"); do
		kernel_by_name "$name"
		# Two suites may have the same version, built for each.
		[[ $1 != *+deb* || $1 == *+deb"${debian[$kernel_base]:-}"-* ]] || continue
		[[ $1 != "${name%%-*}".*-"$kernel_flavour" ]] ||
			[[ $1 == *-cloud-* && $kernel_flavour != cloud-* ]] || return 0
	done
	echo "no kernel in $here/kernels has the release $1" >&2
	return 1
}
