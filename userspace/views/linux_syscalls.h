/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux_syscalls.h - what Linux means by the number of a system call
 */
#ifndef VMITAP_VIEWS_LINUX_SYSCALLS_H
#define VMITAP_VIEWS_LINUX_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Which table a number is of. */
enum linux_abi {
	LINUX_ABI_X86_64,
	LINUX_ABI_I386,
};

#define LINUX_SYSCALL_ARGS	6

/*
 * What an argument or a result is; a signature is one letter for each argument and,
 * after '=', one for the result, which is LINUX_ARG_LONG without it.
 */
enum linux_arg {
	LINUX_ARG_FD = 'f',		/* file descriptor */
	LINUX_ARG_DIRFD = 'D',		/* the same, or AT_FDCWD */
	LINUX_ARG_INT = 'i',		/* signed, 32 bits */
	LINUX_ARG_LONG = 'l',		/* signed, as wide as a register */
	LINUX_ARG_SIZE = 'u',		/* unsigned, as wide as a register */
	LINUX_ARG_MODE = 'o',		/* permissions */
	LINUX_ARG_FLAGS = 'x',		/* bits */
	LINUX_ARG_POINTER = 'p',	/* address */
	LINUX_ARG_STRING = 's',		/* address of a string, such as a path */
};

/* Return: the name of the call, NULL if there is none with that number. */
const char *linux_syscall_name(enum linux_abi abi, uint64_t nr);

/*
 * The signature of the call with that name; six LINUX_ARG_FLAGS for one that is not
 * known.
 */
const char *linux_syscall_signature(enum linux_abi abi, const char *name);

/* How many arguments a signature has. */
unsigned int linux_signature_args(const char *signature);

enum linux_arg linux_signature_result(const char *signature);

/* Whether it is a call that never returns to where it was made. */
bool linux_syscall_ends(const char *name);

/* Whether a result says that the call failed. */
bool linux_result_is_error(enum linux_abi abi, uint64_t result);

/* Return: as in "ENOENT", NULL for a result that is no error, or not a known one. */
const char *linux_result_errno(enum linux_abi abi, uint64_t result);

#endif /* VMITAP_VIEWS_LINUX_SYSCALLS_H */
