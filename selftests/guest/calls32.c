// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls32.c - as calls64.c, for a 32-bit program that calls by SYSCALL
 *
 * Built with -m32 and no C library, which would have to be one of 32 bits.  Calls go
 * through the kernel's vDSO, which uses SYSCALL on AMD processors.
 */

enum {
	NR_EXIT = 1, NR_WRITE = 4, NR_OPEN = 5, NR_CLOSE = 6, NR_GETPID = 20,
	NR_MKDIR = 39, NR_RMDIR = 40, NR_NANOSLEEP = 162, NR_MMAP2 = 192,
	NR_NONE = 999,
};

#define ENOENT	2
#define EBADF	9
#define EINVAL	22
#define ENOSYS	38

#define AT_SYSINFO	32

/*
 * The sixth argument of all calls: it is on the stack, from where an observer may
 * read it when the next call is under way.
 */
#define SIXTH		0x50

static unsigned long vsyscall;
static char list[8192];
static unsigned long used;

static long call(long nr, long a, long b, long c, long d, long e)
{
	long ret, args[7] = { a, b, c, d, e, SIXTH, (long)vsyscall }, *in = args;

	asm volatile("push %%ebp\n"
		     "push %%ebx\n"
		     "push 24(%%edi)\n"
		     "mov (%%edi), %%ebx\n"
		     "mov 4(%%edi), %%ecx\n"
		     "mov 8(%%edi), %%edx\n"
		     "mov 12(%%edi), %%esi\n"
		     "mov 20(%%edi), %%ebp\n"
		     "mov 16(%%edi), %%edi\n"
		     "call *(%%esp)\n"
		     "add $4, %%esp\n"
		     "pop %%ebx\n"
		     "pop %%ebp\n"
		     : "=a" (ret), "+D" (in)
		     : "0" (nr) : "ecx", "edx", "esi", "memory");
	return ret;
}

static void put(const char *text)
{
	while (*text)
		list[used++] = *text++;
}

static void put_number(long val)
{
	char digits[12];
	int i = 0;

	if (val < 0) {
		put("-");
		val = -val;
	}
	do {
		digits[i++] = '0' + val % 10;
		val /= 10;
	} while (val);
	while (i)
		list[used++] = digits[--i];
}

/* Note a call and what it should return; say so if it does not. */
static void say(const char *text, long result, long want, const char *error)
{
	put("calls: i386:");
	put(text);
	put(" = ");
	if (error) {
		put("-1 ");
		put(error);
	} else {
		put_number(result);
	}
	if (want != result) {
		put(" # returned ");
		put_number(result);
	}
	put("\n");
}

static char directory[] = "/tmp/dir-32", nowhere[] = "/tmp/nowhere";
static const long ts[2] = { 0, 250000000 };

static void make_calls(void)
{
	long ret;

	ret = call(NR_GETPID, 0, 0, 0, 0, 0);
	say("getpid()", ret, ret, 0);
	ret = call(NR_MKDIR, (long)directory, 0700, 0, 0, 0);
	say("mkdir(\"/tmp/dir-32\", 0700)", ret, 0, 0);
	ret = call(NR_RMDIR, (long)directory, 0, 0, 0, 0);
	say("rmdir(\"/tmp/dir-32\")", ret, 0, 0);
	ret = call(NR_OPEN, (long)nowhere, 0, 0, 0, 0);
	say("open(\"/tmp/nowhere\", 0, 0)", ret, -ENOENT, "ENOENT");
	ret = call(NR_CLOSE, 999, 0, 0, 0, 0);
	say("close(999)", ret, -EBADF, "EBADF");
	ret = call(NR_MMAP2, 0, 0, 1, 2, -1);
	say("mmap2(NULL, 0, 1, 2, -1, 0x50)", ret, -EBADF, "EBADF");
	ret = call(NR_NONE, 0, 0, 0, 0, 0);
	say("syscall_0x3e7(0, 0, 0, 0, 0, 0x50)", ret, -ENOSYS, "ENOSYS");
}

/* @stack is as the kernel makes it: argc, argv, 0, environment, 0, auxiliary vector. */
__attribute__((used))
static void start(const unsigned long *stack)
{
	const unsigned long *at = stack + stack[0] + 2;
	int i;

	while (*at++)
		;
	for (; at[0]; at += 2) {
		if (at[0] == AT_SYSINFO)
			vsyscall = at[1];
	}
	for (i = 0; i < 4; i++)
		call(NR_NANOSLEEP, (long)ts, 0, 0, 0, 0);
	call(NR_CLOSE, -2, 0, 0, 0, 0);
	make_calls();
	call(NR_CLOSE, -3, 0, 0, 0, 0);
	put("calls: end\n");
	call(NR_WRITE, 1, (long)list, used, 0, 0);
	/* What the arguments point to is there for a while. */
	call(NR_NANOSLEEP, (long)ts, 0, 0, 0, 0);
	call(NR_EXIT, 0, 0, 0, 0, 0);
}

asm(".globl _start\n"
    "_start: mov %esp, %eax\n"
    "and $-16, %esp\n"
    "sub $12, %esp\n"
    "push %eax\n"
    "call start\n");
