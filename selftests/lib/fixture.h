/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fixture.h - one tapped VM for one test
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "harness.h"
#include "limit.h"
#include "ringreader.h"
#include "session.h"
#include "testvm.h"

/* Skip the test unless both KVM and the module are there. */
#define REQUIRE_TAP(statement)						\
	do {								\
		if (!testvm_available())				\
			SKIP(statement, "/dev/kvm cannot be opened");	\
		if (!session_available())				\
			SKIP(statement, SESSION_DEVICE " cannot be opened"); \
	} while (0)

/*
 * As long as some vCPU has no local APIC, KVM does not patch its static branch for that
 * whenever one comes or goes, which the virtual host's emulator may not survive: it goes
 * on executing the breakpoint that is there meanwhile.  So there is one all along, in the
 * process that the tests are children of; it ends with it.  A test to which it
 * matters how many VMs there are defines COUNTS_VMS before it includes this.
 */
#ifndef COUNTS_VMS
static void __attribute__((constructor)) keep_vcpu_without_apic(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (kvm < 0)
		return;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm >= 0)
		ioctl(vm, KVM_CREATE_VCPU, 0);
	close(kvm);
}
#endif

/**
 * struct tapped - a VM of one vCPU, and a session on it
 * @vm: the VM
 * @vcpu: its vCPU
 * @fd: session, capture on
 * @ring: the vCPU's ring
 */
struct tapped {
	struct testvm *vm;
	struct testvm_vcpu *vcpu;
	int fd;
	struct ring ring;
};

/* Tap @vm, whose only vCPU is there already. */
static inline void tapped_attach(struct tapped *tapped, __u32 ring_bytes,
				 __u64 classes, __u32 fields)
{
	tapped->fd = session_tap(tapped->vm, ring_bytes, classes, fields);
	ring_map(&tapped->ring, tapped->fd, 0);
}

static inline void tapped_create(struct tapped *tapped, bool irqchip)
{
	tapped->vm = testvm_create(irqchip);
	tapped->vcpu = testvm_add_vcpu(tapped->vm);
	tapped->fd = -1;
}

static inline void tapped_end(struct tapped *tapped)
{
	if (tapped->fd >= 0) {
		ring_unmap(&tapped->ring);
		close(tapped->fd);
	}
	if (tapped->vm)
		testvm_destroy(tapped->vm);
}

/* A fixture that has a VM in @t, not tapped yet, and nothing else. */
#define TAPPED_FIXTURE(name)						\
	FIXTURE(name)							\
	{								\
		struct tapped t;					\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		memset(self, 0, sizeof(*self));				\
		self->t.fd = -1;					\
		REQUIRE_TAP(return);					\
		tapped_create(&self->t, false);				\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		tapped_end(&self->t);					\
	}

/* A fixture that has a VM of one vCPU, and a session attached to it, capture off. */
#define ATTACHED_FIXTURE(name, ring_bytes)				\
	FIXTURE(name)							\
	{								\
		struct testvm *vm;					\
		int fd;							\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		self->vm = NULL;					\
		self->fd = -1;						\
		REQUIRE_TAP(return);					\
		self->vm = testvm_create(false);			\
		testvm_add_vcpu(self->vm);				\
		self->fd = session_attach(self->vm, ring_bytes);	\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		if (self->fd >= 0)					\
			close(self->fd);				\
		if (self->vm)						\
			testvm_destroy(self->vm);			\
	}

#endif /* FIXTURE_H */
