// SPDX-License-Identifier: GPL-2.0-only
/*
 * vms.c - the VMs of this host and which one --vm means
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmitap.h>

#include "cli.h"
#include "text.h"
#include "vms.h"

/* Room for a name that is shown; what does not fit is not. */
#define NAME_SHOWN 64

/* Copy the name out of "NAME,opt=..." or "guest=NAME,...". */
static void copy_name(const char *arg, char *buf, size_t size)
{
	const char *guest = strstr(arg, "guest=");
	size_t len;

	if (guest && (guest == arg || guest[-1] == ','))
		arg = guest + strlen("guest=");
	len = strcspn(arg, ",");
	snprintf(buf, size, "%.*s", (int)len, arg);
}

static size_t read_cmdline(pid_t pid, char *buf, size_t size)
{
	char path[40];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len <= 0)
		return 0;
	buf[len] = '\0';
	return len;
}

const char *vms_name(const struct vmitap_vm_info *vm, char *buf, size_t size)
{
	char args[16384], *arg, *next;
	size_t len;

	snprintf(buf, size, "%.*s", (int)sizeof(vm->comm), vm->comm);
	len = read_cmdline(vm->pid, args, sizeof(args));
	if (!vm->pid || !len)
		return buf;
	for (arg = args; arg < args + len; arg = next) {
		next = arg + strlen(arg) + 1;
		if (next >= args + len)
			break;
		if (!strcmp(arg, "-name") || !strcmp(arg, "--name") ||
		    !strcmp(arg, "--id")) {
			copy_name(next, buf, size);
			break;
		}
	}
	return buf;
}

/* The name for a terminal: whoever starts a VM chooses it. */
static const char *plain_name(const struct vmitap_vm_info *vm, char *buf, size_t size)
{
	vms_name(vm, buf, size);
	text_make_plain(buf);
	return buf;
}

static int no_vm(struct vmitap_vm_info *vms, size_t nr, const char *wanted)
{
	const char *words[65], *near;
	char names[64][NAME_SHOWN];
	size_t i;

	for (i = 0; i < nr && i < 64; i++)
		words[i] = plain_name(&vms[i], names[i], sizeof(names[i]));
	words[i] = NULL;
	near = text_nearest(wanted, words);
	if (near)
		return fail(EXIT_NO_VM, "no VM \"%s\", is it \"%s\"? (vmitap"
			    " list shows them)", wanted, near);
	return fail(EXIT_NO_VM, "no VM \"%s\"; vmitap list shows them", wanted);
}

/* A number that is the PID of no VM: say what is wrong with it. */
static int no_pid(const char *wanted)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", wanted);
	file = fopen(path, "re");
	if (!file)
		return fail(EXIT_NO_VM, "there is no process %s", wanted);
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	text_make_plain(comm);
	fclose(file);
	return fail(EXIT_NO_VM, "process %s (%s) has no VM; vmitap list shows"
		    " those that have", wanted, comm);
}

static int which(const struct vmitap_vm_info *vms, size_t nr)
{
	char name[NAME_SHOWN];
	size_t i;

	fail(EXIT_NO_VM, "several VMs match; choose one with --vm PID:");
	for (i = 0; i < nr; i++)
		fprintf(stderr, "  %7u  %s\n", vms[i].pid,
			plain_name(&vms[i], name, sizeof(name)));
	return EXIT_NO_VM;
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

bool vms_parse_pid(const char *text, pid_t *pid)
{
	unsigned long val;

	if (!is_number(text))
		return false;
	errno = 0;
	val = strtoul(text, NULL, 10);
	if (errno || !val || val > INT_MAX)
		return false;
	*pid = val;
	return true;
}

/* A long name matches as a whole, and as far as it is shown. */
static bool is_named(const struct vmitap_vm_info *vm, const char *wanted)
{
	char name[4096];

	vms_name(vm, name, sizeof(name));
	return !strcmp(name, wanted) ||
	       (strlen(wanted) == NAME_SHOWN - 1 &&
		!strncmp(name, wanted, NAME_SHOWN - 1));
}

/* Move the VMs that @wanted means to the front.  Return: how many. */
static size_t match(struct vmitap_vm_info *vms, size_t nr, const char *wanted)
{
	size_t i, found = 0;
	bool by_pid;
	pid_t pid;

	if (!wanted)
		return nr;
	by_pid = vms_parse_pid(wanted, &pid);
	for (i = 0; i < nr; i++) {
		if (by_pid ? vms[i].pid == (uint32_t)pid :
			     is_named(&vms[i], wanted))
			vms[found++] = vms[i];
	}
	return found;
}

int vms_find(struct vmitap_session *tap, const char *wanted, pid_t *pid,
	     char *name, size_t size)
{
	struct vmitap_vm_info *vms;
	size_t nr, found;
	int code;

	code = vms_get(tap, &vms, &nr);
	if (code)
		return code;
	found = match(vms, nr, wanted);
	if (found > 1) {
		code = which(vms, found);
	} else if (found) {
		*pid = vms[0].pid;
		plain_name(&vms[0], name, size);
	} else if (!wanted) {
		code = fail(EXIT_NO_VM, "no VM is running; start one, then try"
			    " again");
	} else if (is_number(wanted)) {
		code = no_pid(wanted);
	} else {
		code = no_vm(vms, nr, wanted);
	}
	free(vms);
	return code;
}

static bool tapped_by(const struct vmitap_vm_info *vm, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < vm->nr_sessions && i < VMITAP_MAX_SESSIONS; i++)
		if (vm->tapper_pids[i] == pid)
			return true;
	return false;
}

int vms_find_own(struct vmitap_session *tap, pid_t *pid, char *name, size_t size)
{
	struct vmitap_vm_info *vms;
	size_t nr, i;
	int code;

	code = vms_get(tap, &vms, &nr);
	if (code)
		return code;
	/* It may be over already. */
	snprintf(name, size, "VM");
	for (i = 0; i < nr; i++) {
		if (!tapped_by(&vms[i], getpid()))
			continue;
		*pid = vms[i].pid;
		plain_name(&vms[i], name, size);
	}
	free(vms);
	return EXIT_OK;
}

int vms_get(struct vmitap_session *tap, struct vmitap_vm_info **vms, size_t *nr)
{
	unsigned int room = 16, found = 0;
	int err;

	for (;;) {
		*vms = calloc(room, sizeof(**vms));
		if (!*vms)
			return fail(EXIT_OTHER, "out of memory");
		err = vmitap_session_list_vms(tap, *vms, sizeof(**vms), room,
					      &found);
		if (err || found <= room)
			break;
		free(*vms);
		room = found + 8;
	}
	*nr = found;
	if (!err)
		return EXIT_OK;
	free(*vms);
	*vms = NULL;
	return fail(err == -ENODEV || err == -EOPNOTSUPP ? EXIT_UNFIT_HOST :
		    EXIT_OTHER, "%s", vmitap_session_error(tap));
}
