#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Print what the kernel complained about; standard input is its log.
# Exit status: 0 it did, 1 it did not.
#
# KCSAN's reports of races in which vmitap has no part do not count.  A report stands
# between two lines of "=", its title first; behind a module's function is its name in
# brackets, while "vmitap" alone may be a process, or in the kernel's release.
# Nor does it count that there was no memory, as fail_nth_test has it.
awk '
function flush(i) {
	if (!race || ours)
		for (i = 1; i <= n; i++)
			print held[i]
	n = race = ours = 0
}
/=================$/ {
	if (n > 1)
		flush()
	else
		held[n = 1] = $0
	next
}
/page allocation failure|vmalloc error/ { no_memory = 1 }
no_memory && /Call Trace:/ { no_memory = 0; next }
!n { print; next }
/BUG: KCSAN: / { race = 1 }
/\[vmitap(_planted)?\]/ { ours = 1 }
{ held[++n] = $0 }
n > 200 { flush() }
END { flush() }
' | grep -E -f "$(dirname "$0")/splat.patterns"
