#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Print memory that kmemleak finds unreferenced in this virtual host.
# Exit status: 0 there is some, 1 there is none.
#
# kmemleak does not look at objects younger than five seconds, and it reports one
# whose content has not changed between two scans.

file=/sys/kernel/debug/kmemleak
sleep 6
echo scan > $file
echo scan > $file
report=$(cat $file)
[ -n "$report" ] || exit 1
echo "$report"
