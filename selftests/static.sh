#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks that run nothing of vmitap: licences, style, sizes, the uapi header by
# itself, names of files in documents, scripts, spelling.  TAP.  The work tree's
# files count, as git knows them.
# usage: static.sh
# Exit status: 0 all passed or skipped, 1 something failed.

set -u
cd "$(dirname "$0")/.." || exit 1
build=${O:-build}
scripts=$build/kselftest/scripts
kdir=${KDIR:-$(find /usr/src -maxdepth 1 -name 'linux-headers-*-amd64' | sort -V | tail -n 1)}
max_lines=800
. selftests/lib/tap.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# files PATTERN...: tracked files, and new ones that are not ignored.
files()
{
	git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
	while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

# nothing FILE NAME: passes if FILE is empty.
nothing()
{
	local good=0
	[ ! -s "$1" ] || good=1
	result "$good" "$2" "$1"
}

# Without git, or one that will have nothing to do with this directory, all checks of
# files would pass.
check_files()
{
	git ls-files --cached --others --exclude-standard > "$tmp/files" 2> "$tmp/git"
	[ -s "$tmp/files" ]
	result $? 'git knows the files of this tree' "$tmp/git"
}

check_spdx()
{
	files '*.[chS]' '*.sh' '*.inc' '*.mk' '*.rst' Makefile Kbuild |
	while read -r file; do
		head -n 5 "$file" | grep -q 'SPDX-License-Identifier:' || echo "$file"
	done > "$tmp/spdx"
	nothing "$tmp/spdx" 'every file has an SPDX line'
}

check_versions()
{
	files 'kmod/*.[ch]' | grep -v '^kmod/compat/' |
		xargs grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION' > "$tmp/versions"
	nothing "$tmp/versions" 'kernel versions are asked for in kmod/compat only'
}

check_lengths()
{
	files '*.[ch]' '*.sh' | xargs wc -l |
		awk -v max=$max_lines '$2 != "total" && $1 > max {
			print $2 ": " $1 " lines" }' \
		> "$tmp/lengths"
	nothing "$tmp/lengths" "no file has more than $max_lines lines"
}

check_checkpatch()
{
	local file
	if [ ! -e "$scripts/checkpatch.pl" ]; then
		skip 'checkpatch' 'no checkpatch: make selftests takes it from the kernel source'
		return
	fi
	# Not for out-of-tree code: MAINTAINERS, the version to merge into.  Not for
	# a uapi header: BIT().  Not for lists of symbols made by a macro: what
	# macros with statements should look like.
	for file in $(files 'kmod/*.[ch]' 'uapi/*.h'); do
		perl "$scripts/checkpatch.pl" --no-tree -f --strict --terse --no-summary \
			--max-line-length=100 \
			--ignore FILE_PATH_CHANGES,LINUX_VERSION_CODE,CONSTANT_COMPARISON \
			--ignore BIT_MACRO,LINE_SPACING,UNCOMMENTED_DEFINITION \
			--ignore MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,COMPLEX_MACRO \
			--ignore TRAILING_SEMICOLON,MACRO_WITH_FLOW_CONTROL,MSLEEP \
			--ignore MULTISTATEMENT_MACRO_USE_DO_WHILE "$file"
	done > "$tmp/checkpatch" 2>&1
	nothing "$tmp/checkpatch" 'checkpatch --strict: kmod, uapi'
}

check_kernel_doc()
{
	if [ ! -e "$scripts/kernel-doc" ]; then
		skip 'kernel-doc' 'no kernel-doc: make selftests takes it from the kernel source'
		return
	fi
	# Enum values are described beside them, where a table of numbers is read.
	perl "$scripts/kernel-doc" -none uapi/linux/*.h \
		userspace/lib/include/vmitap.h 2>&1 |
		grep -v 'Enum value .* not described' > "$tmp/doc"
	nothing "$tmp/doc" 'kernel-doc: uapi, libvmitap'
}

check_sparse()
{
	local copy=$tmp/sparse
	if ! command -v sparse > /dev/null || [ ! -d "$kdir" ]; then
		skip 'sparse' 'sparse or kernel headers are not installed'
		return
	fi
	mkdir -p "$copy"
	cp -r Kbuild kmod uapi "$copy/"
	make -C "$kdir" "M=$copy" C=2 CF=-D__CHECK_ENDIAN__ VMITAP_VERSION=0 modules \
		> "$tmp/sparse.log" 2>&1
	result $? 'the module builds under sparse' "$tmp/sparse.log"
	# What sparse says about the kernel's own headers is not about us.
	grep -E "^$copy/.*(warning|error):" "$tmp/sparse.log" | grep -v '/usr/src/' > "$tmp/sparse.us"
	nothing "$tmp/sparse.us" 'sparse: kmod'
}

# A VM that is not tapped leaves our text before KVM's function runs, which may sleep:
# the hook must jump there, as nothing would count a call on unload.
check_tail_calls()
{
	if [ ! -e "$build/vmitap.ko" ]; then
		skip 'untapped VMs leave no frame of ours' "no $build/vmitap.ko: run make"
		return
	fi
	objdump -dr --no-show-raw-insn "$build/vmitap.ko" |
		awk '/^[0-9a-f]+ <.*>:/ { name = $2 }
		     name == "<vmitap_hook_handle_exit>:" { print }' > "$tmp/hook"
	grep -B 1 '__SCT__vmitap_orig_handle_exit' "$tmp/hook" | grep -w call > "$tmp/calls"
	grep -q '__SCT__vmitap_orig_handle_exit' "$tmp/hook" || echo 'no jump either' >> "$tmp/calls"
	nothing "$tmp/calls" 'untapped VMs leave no frame of ours'
}

check_header()
{
	echo '#include <linux/vmitap.h>' > "$tmp/header.c"
	cp "$tmp/header.c" "$tmp/header.cc"
	gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -Iuapi -fsyntax-only "$tmp/header.c" \
		> "$tmp/header" 2>&1
	result $? 'the uapi header compiles alone, as C' "$tmp/header"
	g++ -std=c++11 -Wall -Wextra -Werror -Iuapi -fsyntax-only "$tmp/header.cc" \
		> "$tmp/header" 2>&1
	result $? 'the uapi header compiles alone, as C++' "$tmp/header"
	# Both word sizes see the same layout: no struct may need other padding.
	gcc -Wpadded -Werror -Iuapi -fsyntax-only "$tmp/header.c" > "$tmp/header" 2>&1
	result $? 'the uapi header has no hidden padding' "$tmp/header"
}

# Whoever adds an ioctl adds it there, and to fuzz_ioctl_test.c.
check_fuzzed()
{
	local name
	grep -oE 'VMITAP_CMD_[A-Z_]+' uapi/linux/vmitap.h | sort -u | sed 's/.*_CMD_//' |
	while read -r name; do
		grep -q "const\[VMITAP_IOC_$name\]" selftests/syzkaller/vmitap.txt ||
			echo "selftests/syzkaller/vmitap.txt: no $name"
		grep -q "OP($name," selftests/fuzz_ioctl_test.c ||
			echo "selftests/fuzz_ioctl_test.c: no $name"
	done > "$tmp/fuzzed"
	nothing "$tmp/fuzzed" 'each ioctl is fuzzed'
}

check_scripts()
{
	local file
	if ! command -v shellcheck > /dev/null; then
		skip 'shellcheck' 'shellcheck is not installed'
		return
	fi
	files '*' | while read -r file; do
		case $file in
		*/completion/*|*.md|*.rst|*.[ch]) continue ;;
		esac
		head -n 1 "$file" | grep -qE '^#!/bin/(ba)?sh' && echo "$file"
	done > "$tmp/scripts"
	# Lists of options for QEMU are split at spaces on purpose, and have commas.
	xargs shellcheck -x -P SCRIPTDIR -S warning -e SC2054,SC2206 < "$tmp/scripts" > "$tmp/shellcheck" 2>&1
	result $? 'shellcheck: scripts' "$tmp/shellcheck"
}

check_spelling()
{
	if ! command -v codespell > /dev/null; then
		skip 'codespell' 'codespell is not installed'
		return
	fi
	files '*' | grep -vE '^COPYING|/corpus/' |
		xargs codespell -L inout,iif,ist,ans,nd,strem,fo > "$tmp/spelling" 2>&1
	nothing "$tmp/spelling" 'codespell'
}

# named FILE: what the file links to or names by a path, relative to the top.
named()
{
	local dir
	dir=$(dirname "$1")
	{
		grep -oE '\]\([^)#]+' "$1" | cut -c3-
		grep -oE '<[^ >]+>`_' "$1" | sed 's/^<//; s/>`_$//'
		sed -n 's/^\.\. _[^:]*: \([^ ]*\)$/\1/p' "$1"
	} | grep -vE '^[a-z]+:' | sed "s|^|$dir/|"
	grep -oE '`(kmod|uapi|bpf|userspace|selftests|Documentation|\.ci)/[^` *]*`' "$1" | tr -d '`'
	# The first column of README's repository map.
	sed -n '/^## Repository map/,/^## Doc/s/^| `\([^`]*\)`.*/\1/p' "$1"
}

check_names()
{
	local file name
	files README.md 'Documentation/*.rst' | while read -r file; do
		named "$file" | while read -r name; do
			[ -e "$name" ] || echo "$file: there is no $name"
		done
	done > "$tmp/names"
	nothing "$tmp/names" 'README and documents name files that exist'
}

echo 'TAP version 13'
check_files
[ $tap_failed = 0 ] || { tap_end; exit; }
check_spdx
check_names
check_fuzzed
check_versions
check_lengths
check_checkpatch
check_kernel_doc
check_sparse
check_tail_calls
check_header
check_scripts
check_spelling
tap_end
