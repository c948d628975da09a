// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * error.c - failures in words
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "session.h"

/* Return: @err, for return. */
static int set(struct vmitap_session *session, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int set(struct vmitap_session *session, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(session->error, sizeof(session->error), fmt, ap);
	va_end(ap);
	return err;
}

const char *vmitap_session_error(const struct vmitap_session *session)
{
	return session ? session->error : "out of memory";
}

int vmitap_error_open(struct vmitap_session *session, int err)
{
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return set(session, err, "no /dev/vmitap: the module is not"
			   " loaded; modprobe vmitap, or insmod vmitap.ko");
	case -EACCES:
	case -EPERM:
		return set(session, err, "/dev/vmitap: %s; run as root, or have"
			   " a udev rule give you the device", strerror(-err));
	}
	return set(session, err, "/dev/vmitap: %s", strerror(-err));
}

int vmitap_error_query(struct vmitap_session *session, int err)
{
	if (!err)
		return 0;
	return set(session, err, "the module does not answer: %s; program and"
		   " module may be of different versions", strerror(-err));
}

int vmitap_error_attach(struct vmitap_session *session, int err,
			const char *who, uint32_t ring_bytes,
			const char *refusal)
{
	if (err && *refusal)
		return set(session, err, "this host cannot be tapped: %s", refusal);
	switch (err) {
	case 0:
		return 0;
	case -EPERM:
	case -EACCES:
		return set(session, err, "no permission to tap the VM of %s: it"
			   " takes the right to trace that process; run as root,"
			   " or as its owner", who);
	case -ESRCH:
	case -EPIPE:
		return set(session, err, "%s ended before its VM could be"
			   " tapped", who);
	case -ENXIO:
		return set(session, err, "%s has no VM", who);
	case -ENOTUNIQ:
		return set(session, err, "%s has several VMs; only the library"
			   " can choose one, by its descriptor", who);
	case -ENODEV:
		return set(session, err, "this host cannot be tapped: KVM is not"
			   " loaded; modprobe kvm_amd or kvm_intel");
	case -EOPNOTSUPP:
		return set(session, err, "the VM of %s cannot be tapped: hardware"
			   " hides its state (SEV-ES, SEV-SNP, TDX), or its vCPUs"
			   " are not as expected; the kernel log says which", who);
	case -EBUSY:
		return set(session, err, "the VM of %s is busy: a vCPU is being"
			   " created or KVM is at work on it, try again; or"
			   " this session has a VM already", who);
	case -EUSERS:
		return set(session, err, "too many sessions tap the VM of %s"
			   " already; end one of them", who);
	case -ENOMEM:
		return set(session, err, "no memory for rings of %u bytes;"
			   " choose smaller ones", ring_bytes);
	case -EINVAL:
		return set(session, err, "rings of %u bytes are not possible;"
			   " choose a power of two within the module's limits",
			   ring_bytes);
	}
	return set(session, err, "cannot tap the VM of %s: %s", who,
		   strerror(-err));
}

int vmitap_error_list(struct vmitap_session *session, int err,
		      const char *refusal)
{
	if (err && *refusal)
		return set(session, err, "this host cannot be tapped: %s", refusal);
	return vmitap_error_other(session, err, "list the VMs");
}

int vmitap_error_config(struct vmitap_session *session, int err)
{
	if (err == -EOPNOTSUPP)
		return set(session, err, "cannot configure the capture: this"
			   " module has not got all that was asked for, see what"
			   " its query says; or hardware hides the guest's memory"
			   " (SEV), which syscall, message and the section insn"
			   " need");
	if (err == -EINVAL)
		return set(session, err, "cannot configure the capture: a value is"
			   " not possible, such as a vCPU id that this host's KVM"
			   " does not have");
	return vmitap_error_other(session, err, "configure the capture");
}

int vmitap_error_regs(struct vmitap_session *session, int err,
		      uint32_t vcpu_id)
{
	switch (err) {
	case -ENOENT:
		return set(session, err, "there is no vCPU %u", vcpu_id);
	case -EBUSY:
		return set(session, err, "vCPU %u does not come to rest: its"
			   " thread stays in KVM; try again", vcpu_id);
	case -EOPNOTSUPP:
		return set(session, err, "the hardware hides the registers of"
			   " vCPU %u: the guest is protected", vcpu_id);
	}
	return vmitap_error_other(session, err, "get the registers");
}

int vmitap_error_memory(struct vmitap_session *session, int err)
{
	switch (err) {
	case -EFAULT:
		return set(session, err, "the guest has no memory there");
	case -EPERM:
	case -EACCES:
		return set(session, err, "no permission to read the guest's"
			   " memory: it takes the right to trace the VMM");
	case -EOPNOTSUPP:
		return set(session, err, "the hardware hides the guest's memory:"
			   " the guest is protected (SEV, SEV-ES, SEV-SNP, TDX)");
	case -ENOTUNIQ:
		return set(session, err, "cannot tell whose process's memory the"
			   " guest has: attach by PID");
	}
	return vmitap_error_other(session, err, "read the guest's memory");
}

int vmitap_error_pause(struct vmitap_session *session, int err, const char *what)
{
	if (err == -EOPNOTSUPP)
		return set(session, err, "cannot %s: it has a vCPU that could not"
			   " be tapped and would run on; attach again", what);
	return vmitap_error_other(session, err, what);
}

int vmitap_error_filter(struct vmitap_session *session, int err)
{
	switch (err) {
	case -EINVAL:
	case -EBADF:
		return set(session, err, "the module refuses the filter: it is"
			   " no program of type raw_tracepoint, or one that may"
			   " sleep");
	}
	return vmitap_error_other(session, err, "set the filter");
}

int vmitap_error_ring(struct vmitap_session *session, unsigned int index)
{
	return set(session, -EPROTO, "what ring %u holds makes no sense; close"
		   " the session, and see that program and module are of the"
		   " same version", index);
}

int vmitap_error_other(struct vmitap_session *session, int err,
		       const char *what)
{
	switch (err) {
	case 0:
		return 0;
	case -ENOTCONN:
		return set(session, err, "cannot %s: no VM is attached yet",
			   what);
	case -EPIPE:
		if (vmitap_session_awaits(session))
			return set(session, err, "cannot %s: process %d ended, or"
				   " executed another program, before it had a VM",
				   what, (int)session->awaits);
		return set(session, err, "cannot %s: the VM is gone", what);
	case -ENODEV:
		return set(session, err, "cannot %s: KVM is not loaded; modprobe"
			   " kvm_amd or kvm_intel", what);
	case -EOPNOTSUPP:
		return set(session, err, "cannot %s: this module has not got all"
			   " that was asked for; see what its query says", what);
	case -ENOTTY:
	case -E2BIG:
		return set(session, err, "cannot %s: the module is older than"
			   " this program", what);
	}
	return set(session, err, "cannot %s: %s", what, strerror(-err));
}
