# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# To be sourced.

# is_tapped: is a VM of this host?
is_tapped()
{
	vmitap list --json 2> /dev/null | jq -e 'any(.[]; .tapped_by != [])' > /dev/null
}
