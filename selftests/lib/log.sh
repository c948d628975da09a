# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's log from some moment on.  To be sourced.

# log_mark TEXT: that moment is now.
log_mark()
{
	echo "$1" > /dev/kmsg
}

# log_since TEXT: what the log has behind it; all, if it has been overwritten since: what
# is left is newer, and a line too many is better than none.
log_since()
{
	dmesg | awk -v mark="$1" '
		{ line[n++] = $0 }
		substr($0, length($0) - length(mark) + 1) == mark { n = 0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}
