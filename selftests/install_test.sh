#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make install` installs: complete, usable from C and C++ by pkg-config alone,
# nothing exported but the interface, and gone after `make uninstall`.  TAP.
# usage: install_test.sh [BUILD_DIR]      a build that is up to date
# Exit status: 0 all passed, 1 something failed.

set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
. selftests/lib/tap.sh
tmp=$(mktemp -d)
tap_why=("$tmp/log")
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root
lib=$root/usr/lib

# expect NAME COMMAND...
expect()
{
	local name=$1
	shift
	"$@" > "$tmp/log" 2>&1
	result $? "$name"
}

# same NAME: passes if $tmp/want and $tmp/got are the same.
same()
{
	diff -u "$tmp/want" "$tmp/got" > "$tmp/log"
	result $? "$1"
}

# The build's own pkg-config files do not count, and the paths are below $root.
flags()
{
	PKG_CONFIG_LIBDIR=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
	PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
		pkg-config "$@" vmitap
}

run_make()
{
	make --no-print-directory -s "O=$build" "DESTDIR=$root" PREFIX=/usr "$@"
}

# build_with COMPILER SOURCE NAME: shared and static, and run both.
build_with()
{
	local compiler=$1 source=$2 name=$3
	# shellcheck disable=SC2046 # flags are several words
	expect "$name, shared library" "$compiler" -Wall -Wextra -Werror "$source" \
		-o "$tmp/shared" $(flags --cflags --libs)
	# shellcheck disable=SC2046 # flags are several words
	expect "$name, static library" "$compiler" -Wall -Wextra -Werror "$source" \
		-o "$tmp/static" $(flags --cflags) "$lib/libvmitap.a"
	expect "$name runs, shared library" env LD_LIBRARY_PATH="$lib" "$tmp/shared"
	expect "$name runs, static library" "$tmp/static"
}

echo 'TAP version 13'
expect 'make install' run_make install
for file in bin/vmitap lib/libvmitap.a lib/libvmitap.so lib/libvmitap.so.0 \
	lib/pkgconfig/vmitap.pc include/vmitap/vmitap.h include/linux/vmitap.h include/linux/vmitap_record.h \
	include/vmitap/vmitap_filter.h lib/vmitap/bpf/by_process.bpf.o \
	lib/udev/rules.d/60-vmitap.rules lib/vmitap/guest/vmitap-agent \
	share/man/man1/vmitap.1 \
	share/man/man3/libvmitap.3 share/bash-completion/completions/vmitap; do
	[ -e "$root/usr/$file" ] || echo "/usr/$file"
done > "$tmp/log"
[ ! -s "$tmp/log" ]
result $? 'all of it is there'
expect 'the installed tool runs' "$root/usr/bin/vmitap" --version

cat > "$tmp/use.c" << 'END'
#include <stdio.h>
#include <vmitap/vmitap.h>

int main(void)
{
	struct vmitap_query query = { .size = sizeof(query) };
	struct vmitap_session *session;
	int err = vmitap_session_open(&session);

	if (!err)
		err = vmitap_session_query(session, &query);
	printf("%s: %s\n", vmitap_class_name(VMITAP_CLASS_HLT),
	       err ? vmitap_session_error(session) : query.out_version);
	vmitap_session_close(session);
	return 0;
}
END
# But for the initializer, it is C++ as well.
sed 's/query = {.*}/query = vmitap_query(); query.size = sizeof(query)/' \
	"$tmp/use.c" > "$tmp/use.cc"
build_with gcc "$tmp/use.c" 'a C program'
build_with g++ "$tmp/use.cc" 'a C++ program'
# shellcheck disable=SC2046 # flags are several words
expect 'Documentation/example.c' gcc -Wall -Wextra -Werror Documentation/example.c \
	-o "$tmp/example" $(flags --cflags --libs)

# In the library's place: a signal, then the end of the VM with two records in the ring.
cat > "$tmp/fake.c" << 'END'
#include <errno.h>
#include <vmitap/vmitap.h>

#define SESSION struct vmitap_session *session

static int waits, left;

int vmitap_session_open(struct vmitap_session **session) { *session = NULL; return 0; }
void vmitap_session_close(SESSION) { }
const char *vmitap_session_error(const SESSION) { return ""; }
const char *vmitap_class_name(unsigned int class_id) { return "other"; }
int vmitap_session_list_vms(SESSION, struct vmitap_vm_info *vms, size_t entry_bytes,
			    uint32_t room, uint32_t *nr) { *nr = 1; return 0; }
int vmitap_session_attach_pid(SESSION, pid_t pid, uint32_t ring_bytes) { return 0; }
int vmitap_session_configure(SESSION, const struct vmitap_config *config) { return 0; }
int vmitap_session_enable(SESSION) { return 0; }

int vmitap_session_wait(SESSION, int timeout_ms)
{
	if (!waits++)
		return -EINTR;
	left = 2;
	return -EPIPE;
}

int vmitap_session_next(SESSION, const struct vmitap_record **record)
{
	static const struct vmitap_exit exit = { .record.type = VMITAP_RECORD_EXIT };

	*record = &exit.record;
	return left ? left-- > 0 : 0;
}
END
printf 'vCPU 0: other\n%.0s' 1 2 > "$tmp/want"
gcc -Wall -Werror "-I$root/usr/include" Documentation/example.c "$tmp/fake.c" \
	-o "$tmp/example" > "$tmp/got" 2>&1 &&
	timeout 20 "$tmp/example" > "$tmp/got" 2>&1
same 'Documentation/example.c reads what is left at the end of the VM'
sed -n '/^Writing one/,/^``VMITAP_FILTER_DROP/s/^    //p' Documentation/filters.rst > "$tmp/mine.bpf.c"
# As documented there, but for the place; clang looks below /usr/local/include by itself.
expect 'the filter of Documentation/filters.rst' clang -target bpf -mcpu=v2 -O2 -g -Wall \
	-Werror "-I$root/usr/include/vmitap" "-I$root/usr/include" \
	-idirafter "/usr/include/$(gcc -print-multiarch)" -c "$tmp/mine.bpf.c" -o "$tmp/mine.bpf.o"
expect 'the header alone, as pedantic C99' \
	gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
	"-I$root/usr/include" -x c "$root/usr/include/vmitap/vmitap.h"
expect 'the header alone, as C++11' \
	g++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only \
	"-I$root/usr/include" -x c++ "$root/usr/include/vmitap/vmitap.h"

# Symbols: the version script, the header, the man page and the library agree.
sed -n '/global:/,/local:/s/^\t*\(vmitap_[a-z_]*\);$/\1/p' \
	userspace/lib/libvmitap.map | sort > "$tmp/want"
nm -D --defined-only "$lib/libvmitap.so" |
	sed -n 's/.* T \(.*\)@@VMITAP_0\.1$/\1/p' | sort > "$tmp/got"
same 'exported: what the version script lists'
nm -D --defined-only "$lib/libvmitap.so" | grep -vE ' (T .*@@VMITAP_|A VMITAP_)' > "$tmp/log"
[ ! -s "$tmp/log" ]
result $? 'exported: nothing without a version'
sed -n 's/^[a-z].*[ *]\(vmitap_[a-z_]*\)(.*/\1/p' \
	userspace/lib/include/vmitap.h | sort > "$tmp/got"
same 'declared in the header: what is exported'
sed -n 's/^\.Fn \(vmitap_[a-z_]*\) .*/\1/p' Documentation/man/libvmitap.3 |
	sort -u > "$tmp/got"
same 'in the man page: what is exported'
nm -D --undefined-only "$lib/libvmitap.so" | grep -vE ' [wU] [A-Za-z_0-9]+@GLIBC_| w ' > "$tmp/log"
[ ! -s "$tmp/log" ]
result $? 'needs nothing but the C library'
readelf -d "$lib/libvmitap.so" > "$tmp/log"
grep -q 'SONAME.*\[libvmitap\.so\.0\]' "$tmp/log"
result $? 'soname'
nm --defined-only -g "$lib/libvmitap.a" | awk 'NF == 3 { print $3 }' | grep -v '^vmitap_' > "$tmp/log"
[ ! -s "$tmp/log" ]
result $? 'static library: every global name begins with vmitap_'

expect 'make uninstall' run_make uninstall
find "$root" ! -type d > "$tmp/log"
[ ! -s "$tmp/log" ]
result $? 'uninstall leaves no file'

tap_end
