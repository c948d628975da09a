// SPDX-License-Identifier: GPL-2.0-only
/*
 * linux_syscalls.c - what Linux means by the number of a system call
 *
 * The numbers come from the headers of the machine that vmitap is built on; Linux
 * never gives a number another meaning.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux_syscalls.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define UNKNOWN_SIGNATURE "xxxxxx"

#define MAX_ERRNO	4095

static const char *const names_x86_64[] = {
#include "syscalls_64.inc"
};

static const char *const names_i386[] = {
#include "syscalls_32.inc"
};

struct signature {
	const char *name;
	const char *args;
};

/* In the order of names. */
static const struct signature signatures[] = {
	{ "_llseek", "fuupi" },
	{ "_newselect", "ipppp" },
	{ "accept", "fpp" },
	{ "accept4", "fppx" },
	{ "access", "so" },
	{ "acct", "s" },
	{ "adjtimex", "p" },
	{ "alarm", "u" },
	{ "arch_prctl", "xp" },
	{ "bind", "fpu" },
	{ "bpf", "ipu" },
	{ "brk", "p=p" },
	{ "capget", "pp" },
	{ "capset", "pp" },
	{ "chdir", "s" },
	{ "chmod", "so" },
	{ "chown", "sii" },
	{ "chown32", "sii" },
	{ "chroot", "s" },
	{ "clock_adjtime", "ip" },
	{ "clock_getres", "ip" },
	{ "clock_getres_time64", "ip" },
	{ "clock_gettime", "ip" },
	{ "clock_gettime64", "ip" },
	{ "clock_nanosleep", "ixpp" },
	{ "clock_nanosleep_time64", "ixpp" },
	{ "clock_settime", "ip" },
	{ "clone", "xpppp" },
	{ "clone3", "pu" },
	{ "close", "f" },
	{ "close_range", "ffx" },
	{ "connect", "fpu" },
	{ "copy_file_range", "fpfpux" },
	{ "creat", "so" },
	{ "delete_module", "sx" },
	{ "dup", "f=f" },
	{ "dup2", "ff=f" },
	{ "dup3", "ffx=f" },
	{ "epoll_create", "i=f" },
	{ "epoll_create1", "x=f" },
	{ "epoll_ctl", "fifp" },
	{ "epoll_pwait", "fpiipu" },
	{ "epoll_pwait2", "fpippu" },
	{ "epoll_wait", "fpii" },
	{ "eventfd", "u=f" },
	{ "eventfd2", "ux=f" },
	{ "execve", "spp" },
	{ "execveat", "Dsppx" },
	{ "exit", "i" },
	{ "exit_group", "i" },
	{ "faccessat", "Dso" },
	{ "faccessat2", "Dsox" },
	{ "fadvise64", "fluu" },
	{ "fallocate", "fxll" },
	{ "fanotify_init", "xx=f" },
	{ "fanotify_mark", "fxxDs" },
	{ "fchdir", "f" },
	{ "fchmod", "fo" },
	{ "fchmodat", "Dso" },
	{ "fchown", "fii" },
	{ "fchown32", "fii" },
	{ "fchownat", "Dsiix" },
	{ "fcntl", "fix" },
	{ "fcntl64", "fix" },
	{ "fdatasync", "f" },
	{ "fgetxattr", "fspu" },
	{ "finit_module", "fsx" },
	{ "flistxattr", "fpu" },
	{ "flock", "fx" },
	{ "fork", "" },
	{ "fremovexattr", "fs" },
	{ "fsconfig", "fisp" },
	{ "fsetxattr", "fspux" },
	{ "fsmount", "fxx=f" },
	{ "fsopen", "sx=f" },
	{ "fspick", "Dsx=f" },
	{ "fstat", "fp" },
	{ "fstat64", "fp" },
	{ "fstatat64", "Dspx" },
	{ "fstatfs", "fp" },
	{ "fstatfs64", "fup" },
	{ "fsync", "f" },
	{ "ftruncate", "fl" },
	{ "futex", "pxupp" },
	{ "futex_time64", "pxupp" },
	{ "futimesat", "Dsp" },
	{ "get_robust_list", "ipp" },
	{ "get_thread_area", "p" },
	{ "getcpu", "ppp" },
	{ "getcwd", "pu" },
	{ "getdents", "fpu" },
	{ "getdents64", "fpu" },
	{ "getegid", "" },
	{ "getegid32", "" },
	{ "geteuid", "" },
	{ "geteuid32", "" },
	{ "getgid", "" },
	{ "getgid32", "" },
	{ "getgroups", "ip" },
	{ "getgroups32", "ip" },
	{ "getitimer", "ip" },
	{ "getpeername", "fpp" },
	{ "getpgid", "i" },
	{ "getpgrp", "" },
	{ "getpid", "" },
	{ "getppid", "" },
	{ "getpriority", "ii" },
	{ "getrandom", "pux" },
	{ "getresgid", "ppp" },
	{ "getresgid32", "ppp" },
	{ "getresuid", "ppp" },
	{ "getresuid32", "ppp" },
	{ "getrlimit", "ip" },
	{ "getrusage", "ip" },
	{ "getsid", "i" },
	{ "getsockname", "fpp" },
	{ "getsockopt", "fiipp" },
	{ "gettid", "" },
	{ "gettimeofday", "pp" },
	{ "getuid", "" },
	{ "getuid32", "" },
	{ "getxattr", "sspu" },
	{ "init_module", "pus" },
	{ "inotify_add_watch", "fsx" },
	{ "inotify_init", "=f" },
	{ "inotify_init1", "x=f" },
	{ "inotify_rm_watch", "fi" },
	{ "io_cancel", "ppp" },
	{ "io_destroy", "p" },
	{ "io_getevents", "pllpp" },
	{ "io_setup", "up" },
	{ "io_submit", "plp" },
	{ "io_uring_enter", "fuuxpu" },
	{ "io_uring_register", "fupu" },
	{ "io_uring_setup", "up=f" },
	{ "ioctl", "fxp" },
	{ "ioperm", "uui" },
	{ "iopl", "i" },
	{ "kcmp", "iiiuu" },
	{ "keyctl", "iuuuu" },
	{ "kill", "ii" },
	{ "landlock_add_rule", "fipx" },
	{ "landlock_create_ruleset", "pux=f" },
	{ "landlock_restrict_self", "fx" },
	{ "lchown", "sii" },
	{ "lchown32", "sii" },
	{ "lgetxattr", "sspu" },
	{ "link", "ss" },
	{ "linkat", "DsDsx" },
	{ "listen", "fi" },
	{ "listxattr", "spu" },
	{ "llistxattr", "spu" },
	{ "lremovexattr", "ss" },
	{ "lseek", "fli" },
	{ "lsetxattr", "sspux" },
	{ "lstat", "sp" },
	{ "lstat64", "sp" },
	{ "madvise", "pui" },
	{ "mbind", "puipux" },
	{ "membarrier", "ixi" },
	{ "memfd_create", "sx=f" },
	{ "memfd_secret", "x=f" },
	{ "mincore", "pup" },
	{ "mkdir", "so" },
	{ "mkdirat", "Dso" },
	{ "mknod", "sox" },
	{ "mknodat", "Dsox" },
	{ "mlock", "pu" },
	{ "mlock2", "pux" },
	{ "mlockall", "x" },
	{ "mmap", "puxxfx=p" },
	{ "mmap2", "puxxfx=p" },
	{ "mount", "sssxp" },
	{ "mount_setattr", "Dsxpu" },
	{ "move_mount", "DsDsx" },
	{ "mprotect", "pux" },
	{ "mq_getsetattr", "ipp" },
	{ "mq_notify", "ip" },
	{ "mq_open", "sxop=f" },
	{ "mq_timedreceive", "fpupp" },
	{ "mq_timedsend", "fpuup" },
	{ "mq_unlink", "s" },
	{ "mremap", "puuxp=p" },
	{ "msgctl", "iip" },
	{ "msgget", "xx" },
	{ "msgrcv", "ipulx" },
	{ "msgsnd", "ipux" },
	{ "msync", "pux" },
	{ "munlock", "pu" },
	{ "munlockall", "" },
	{ "munmap", "pu" },
	{ "name_to_handle_at", "Dsppx" },
	{ "nanosleep", "pp" },
	{ "newfstatat", "Dspx" },
	{ "nice", "i" },
	{ "oldfstat", "fp" },
	{ "oldlstat", "sp" },
	{ "oldstat", "sp" },
	{ "olduname", "p" },
	{ "open", "sxo=f" },
	{ "open_by_handle_at", "fpx=f" },
	{ "open_tree", "Dsx=f" },
	{ "openat", "Dsxo=f" },
	{ "openat2", "Dspu=f" },
	{ "pause", "" },
	{ "perf_event_open", "piifx=f" },
	{ "personality", "x" },
	{ "pidfd_getfd", "ffx=f" },
	{ "pidfd_open", "ix=f" },
	{ "pidfd_send_signal", "fipx" },
	{ "pipe", "p" },
	{ "pipe2", "px" },
	{ "pivot_root", "ss" },
	{ "pkey_alloc", "xx" },
	{ "pkey_free", "i" },
	{ "pkey_mprotect", "puxi" },
	{ "poll", "pui" },
	{ "ppoll", "puppu" },
	{ "ppoll_time64", "puppu" },
	{ "prctl", "ixxxx" },
	{ "pread64", "fpul" },
	{ "preadv", "fpull" },
	{ "preadv2", "fpullx" },
	{ "prlimit64", "iipp" },
	{ "process_madvise", "fpuix" },
	{ "process_mrelease", "fx" },
	{ "process_vm_readv", "ipupux" },
	{ "process_vm_writev", "ipupux" },
	{ "pselect6", "ipppp" },
	{ "pselect6_time64", "ipppp" },
	{ "ptrace", "iipp" },
	{ "pwrite64", "fpul" },
	{ "pwritev", "fpull" },
	{ "pwritev2", "fpullx" },
	{ "quotactl", "xsip" },
	{ "read", "fpu" },
	{ "readahead", "flu" },
	{ "readlink", "spu" },
	{ "readlinkat", "Dspu" },
	{ "readv", "fpi" },
	{ "reboot", "xxxp" },
	{ "recvfrom", "fpuxpp" },
	{ "recvmmsg", "fpuxp" },
	{ "recvmmsg_time64", "fpuxp" },
	{ "recvmsg", "fpx" },
	{ "remap_file_pages", "puxux" },
	{ "removexattr", "ss" },
	{ "rename", "ss" },
	{ "renameat", "DsDs" },
	{ "renameat2", "DsDsx" },
	{ "rmdir", "s" },
	{ "rseq", "puxx" },
	{ "rt_sigaction", "ippu" },
	{ "rt_sigpending", "pu" },
	{ "rt_sigprocmask", "ippu" },
	{ "rt_sigqueueinfo", "iip" },
	{ "rt_sigreturn", "" },
	{ "rt_sigsuspend", "pu" },
	{ "rt_sigtimedwait", "pppu" },
	{ "rt_sigtimedwait_time64", "pppu" },
	{ "rt_tgsigqueueinfo", "iiip" },
	{ "sched_get_priority_max", "i" },
	{ "sched_get_priority_min", "i" },
	{ "sched_getaffinity", "iup" },
	{ "sched_getattr", "ipux" },
	{ "sched_getparam", "ip" },
	{ "sched_getscheduler", "i" },
	{ "sched_rr_get_interval", "ip" },
	{ "sched_setaffinity", "iup" },
	{ "sched_setattr", "ipx" },
	{ "sched_setparam", "ip" },
	{ "sched_setscheduler", "iip" },
	{ "sched_yield", "" },
	{ "seccomp", "xxp" },
	{ "select", "ipppp" },
	{ "semctl", "iiix" },
	{ "semget", "xix" },
	{ "semop", "ipu" },
	{ "semtimedop", "ipup" },
	{ "sendfile", "ffpu" },
	{ "sendfile64", "ffpu" },
	{ "sendmmsg", "fpux" },
	{ "sendmsg", "fpx" },
	{ "sendto", "fpuxpu" },
	{ "set_mempolicy", "xpu" },
	{ "set_robust_list", "pu" },
	{ "set_thread_area", "p" },
	{ "set_tid_address", "p" },
	{ "setdomainname", "su" },
	{ "setfsgid", "i" },
	{ "setfsgid32", "i" },
	{ "setfsuid", "i" },
	{ "setfsuid32", "i" },
	{ "setgid", "i" },
	{ "setgid32", "i" },
	{ "setgroups", "ip" },
	{ "setgroups32", "ip" },
	{ "sethostname", "su" },
	{ "setitimer", "ipp" },
	{ "setns", "fx" },
	{ "setpgid", "ii" },
	{ "setpriority", "iii" },
	{ "setregid", "ii" },
	{ "setregid32", "ii" },
	{ "setresgid", "iii" },
	{ "setresgid32", "iii" },
	{ "setresuid", "iii" },
	{ "setresuid32", "iii" },
	{ "setreuid", "ii" },
	{ "setreuid32", "ii" },
	{ "setrlimit", "ip" },
	{ "setsid", "" },
	{ "setsockopt", "fiipu" },
	{ "settimeofday", "pp" },
	{ "setuid", "i" },
	{ "setuid32", "i" },
	{ "setxattr", "sspux" },
	{ "shmat", "ipx=p" },
	{ "shmctl", "iip" },
	{ "shmdt", "p" },
	{ "shmget", "xux" },
	{ "shutdown", "fi" },
	{ "sigaction", "ipp" },
	{ "sigaltstack", "pp" },
	{ "signal", "ip" },
	{ "signalfd", "fpu=f" },
	{ "signalfd4", "fpux=f" },
	{ "sigpending", "p" },
	{ "sigprocmask", "ipp" },
	{ "sigreturn", "" },
	{ "sigsuspend", "xxx" },
	{ "socket", "iii=f" },
	{ "socketcall", "ip" },
	{ "socketpair", "iiip" },
	{ "splice", "fpfpux" },
	{ "stat", "sp" },
	{ "stat64", "sp" },
	{ "statfs", "sp" },
	{ "statfs64", "sup" },
	{ "statx", "Dsxxp" },
	{ "stime", "p" },
	{ "swapoff", "s" },
	{ "swapon", "sx" },
	{ "symlink", "ss" },
	{ "symlinkat", "sDs" },
	{ "sync", "" },
	{ "sync_file_range", "fllx" },
	{ "syncfs", "f" },
	{ "sysinfo", "p" },
	{ "syslog", "ipi" },
	{ "tee", "ffux" },
	{ "tgkill", "iii" },
	{ "time", "p" },
	{ "timer_create", "ipp" },
	{ "timer_delete", "i" },
	{ "timer_getoverrun", "i" },
	{ "timer_gettime", "ip" },
	{ "timer_gettime64", "ip" },
	{ "timer_settime", "ixpp" },
	{ "timer_settime64", "ixpp" },
	{ "timerfd_create", "ix=f" },
	{ "timerfd_gettime", "fp" },
	{ "timerfd_gettime64", "fp" },
	{ "timerfd_settime", "fxpp" },
	{ "timerfd_settime64", "fxpp" },
	{ "times", "p" },
	{ "tkill", "ii" },
	{ "truncate", "sl" },
	{ "ugetrlimit", "ip" },
	{ "umask", "o=o" },
	{ "umount", "s" },
	{ "umount2", "sx" },
	{ "uname", "p" },
	{ "unlink", "s" },
	{ "unlinkat", "Dsx" },
	{ "unshare", "x" },
	{ "uselib", "s" },
	{ "userfaultfd", "x=f" },
	{ "ustat", "up" },
	{ "utime", "sp" },
	{ "utimensat", "Dspx" },
	{ "utimensat_time64", "Dspx" },
	{ "utimes", "sp" },
	{ "vfork", "" },
	{ "vhangup", "" },
	{ "vmsplice", "fpux" },
	{ "wait4", "ipxp" },
	{ "waitid", "iipxp" },
	{ "waitpid", "ipx" },
	{ "write", "fpu" },
	{ "writev", "fpi" },
};

/*
 * Calls whose arguments on i386 are others: 64-bit values come in two registers
 * there.  In the order of names.
 */
static const struct signature signatures_i386[] = {
	{ "clone", "xpppp" },
	{ "fadvise64", "fuuui" },
	{ "fadvise64_64", "fuuuui" },
	{ "fallocate", "fxuuuu" },
	{ "fanotify_mark", "fxxxDs" },
	{ "ftruncate64", "fuu" },
	{ "mmap", "p=p" },
	{ "pread64", "fpuuu" },
	{ "pwrite64", "fpuuu" },
	{ "readahead", "fuuu" },
	{ "select", "p" },
	{ "sync_file_range", "fuuuux" },
	{ "truncate64", "suu" },
};

static int compare_signature(const void *key, const void *entry)
{
	return strcmp(key, ((const struct signature *)entry)->name);
}

static const char *find_signature(const struct signature *table, size_t nr,
				  const char *name)
{
	const struct signature *found;

	found = bsearch(name, table, nr, sizeof(table[0]), compare_signature);
	return found ? found->args : NULL;
}

const char *linux_syscall_name(enum linux_abi abi, uint64_t nr)
{
	if (abi == LINUX_ABI_I386) {
		/* Linux looks at EAX only. */
		nr = (uint32_t)nr;
		return nr < ARRAY_SIZE(names_i386) ? names_i386[nr] : NULL;
	}
	return nr < ARRAY_SIZE(names_x86_64) ? names_x86_64[nr] : NULL;
}

const char *linux_syscall_signature(enum linux_abi abi, const char *name)
{
	const char *args = NULL;

	if (abi == LINUX_ABI_I386)
		args = find_signature(signatures_i386,
				      ARRAY_SIZE(signatures_i386), name);
	if (!args)
		args = find_signature(signatures, ARRAY_SIZE(signatures), name);
	return args ? args : UNKNOWN_SIGNATURE;
}

unsigned int linux_signature_args(const char *signature)
{
	return strcspn(signature, "=");
}

enum linux_arg linux_signature_result(const char *signature)
{
	const char *result = strchr(signature, '=');

	return result ? (enum linux_arg)result[1] : LINUX_ARG_LONG;
}

bool linux_syscall_ends(const char *name)
{
	return !strcmp(name, "exit") || !strcmp(name, "exit_group") ||
	       !strcmp(name, "rt_sigreturn") || !strcmp(name, "sigreturn");
}

static int64_t signed_result(enum linux_abi abi, uint64_t result)
{
	return abi == LINUX_ABI_I386 ? (int32_t)result : (int64_t)result;
}

bool linux_result_is_error(enum linux_abi abi, uint64_t result)
{
	int64_t val = signed_result(abi, result);

	return val < 0 && val >= -MAX_ERRNO;
}

const char *linux_result_errno(enum linux_abi abi, uint64_t result)
{
	if (!linux_result_is_error(abi, result))
		return NULL;
	return strerrorname_np(-signed_result(abi, result));
}
