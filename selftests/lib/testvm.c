// SPDX-License-Identifier: GPL-2.0-only
/*
 * testvm.c - create, run and end a VM
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "limit.h"
#include "testvm.h"
#include "testvm_state.h"
#include "vendor.h"

#define SIG_KICK	SIGUSR1

static void kvm_ioctl(int fd, unsigned long cmd, void *arg, const char *what)
{
	CHECK(ioctl(fd, cmd, arg) >= 0, "%s", what);
}

bool testvm_available(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void on_kick(int sig)
{
	(void)sig;
}

struct testvm *testvm_create(bool irqchip)
{
	struct sigaction action = { .sa_handler = on_kick };
	struct kvm_userspace_memory_region slot = {};
	struct testvm *vm = calloc(1, sizeof(*vm));
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	CHECK(vm, "no memory");
	CHECK(kvm >= 0, "/dev/kvm");
	sigaction(SIG_KICK, &action, NULL);
	vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	CHECK(vm->fd >= 0, "KVM_CREATE_VM");
	close(kvm);
	fcntl(vm->fd, F_SETFD, FD_CLOEXEC);
	kvm_ioctl(vm->fd, KVM_SET_TSS_ADDR, (void *)0xfffbd000ul, "KVM_SET_TSS_ADDR");
	if (irqchip)
		kvm_ioctl(vm->fd, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");

	vm->mem = mmap(NULL, TESTVM_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	CHECK(vm->mem != MAP_FAILED, "guest memory");
	slot.memory_size = TESTVM_BYTES;
	slot.userspace_addr = (unsigned long)vm->mem;
	kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot,
		  "KVM_SET_USER_MEMORY_REGION");
	testvm_fill_tables(vm->mem);
	return vm;
}

void *testvm_add_flash(struct testvm *vm, const void *code, size_t len)
{
	struct kvm_userspace_memory_region slot = {
		.slot = 1, .flags = KVM_MEM_READONLY, .guest_phys_addr = TESTVM_FLASH,
		.memory_size = TESTVM_FLASH_BYTES,
	};
	void *mem = mmap(NULL, TESTVM_FLASH_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(mem != MAP_FAILED, "flash");
	memcpy(mem, code, len);
	slot.userspace_addr = (unsigned long)mem;
	kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot, "KVM_SET_USER_MEMORY_REGION");
	return mem;
}

enum { CPUID_ROOM = 256 };

bool testvm_has_cet(const struct testvm_vcpu *vcpu)
{
	struct kvm_cpuid2 *cpuid;
	bool has = false;
	__u32 i;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ROOM * sizeof(cpuid->entries[0]));
	CHECK(cpuid, "CPUID");
	cpuid->nent = CPUID_ROOM;
	kvm_ioctl(vcpu->fd, KVM_GET_CPUID2, cpuid, "KVM_GET_CPUID2");
	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 7 && !cpuid->entries[i].index)
			has = cpuid->entries[i].ecx >> 7 & 1 ||
			      cpuid->entries[i].edx >> 20 & 1;
	free(cpuid);
	return has;
}

static void set_cpuid(struct testvm_vcpu *vcpu)
{
	struct kvm_cpuid2 *cpuid;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ROOM * sizeof(cpuid->entries[0]));
	CHECK(cpuid && kvm >= 0, "CPUID");
	cpuid->nent = CPUID_ROOM;
	kvm_ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid, "KVM_GET_SUPPORTED_CPUID");
	kvm_ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid, "KVM_SET_CPUID2");
	free(cpuid);
	close(kvm);
}

struct testvm_vcpu *testvm_add_vcpu(struct testvm *vm)
{
	struct testvm_vcpu *vcpu = &vm->vcpus[vm->nr_vcpus];
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	vm->run_bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	close(kvm);
	CHECK(vm->nr_vcpus < TESTVM_MAX_VCPUS, "%d vCPUs", vm->nr_vcpus);
	vcpu->vm = vm;
	vcpu->id = vm->nr_vcpus;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (long)vcpu->id);
	CHECK(vcpu->fd >= 0, "KVM_CREATE_VCPU %d", vcpu->id);
	fcntl(vcpu->fd, F_SETFD, FD_CLOEXEC);
	vcpu->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	CHECK(vcpu->run != MAP_FAILED, "vCPU's shared page");
	set_cpuid(vcpu);
	vm->nr_vcpus++;
	return vcpu;
}

void testvm_destroy(struct testvm *vm)
{
	int i;

	testvm_stop(vm);
	for (i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpus[i].run, vm->run_bytes);
		close(vm->vcpus[i].fd);
	}
	close(vm->fd);
	munmap(vm->mem, TESTVM_BYTES);
	free(vm);
}

void testvm_load(struct testvm *vm, const char *start, const char *end)
{
	CHECK(end - start < 0x10000, "code of %ld bytes", (long)(end - start));
	memcpy(vm->mem + TESTVM_CODE, start, end - start);
	vendor_fix_hypercalls(vm->mem + TESTVM_CODE, end - start);
}

static void answer_read(void *to, const void *value, size_t len)
{
	memcpy(to, value, len < 8 ? len : 8);
}

/* Return: true if the guest is done. */
static bool handle_io(struct testvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (run->io.direction == KVM_EXIT_IO_IN)
		memset((char *)run + run->io.data_offset, TESTVM_IN_BYTE,
		       run->io.size * run->io.count);
	return run->io.direction == KVM_EXIT_IO_OUT &&
	       run->io.port == TESTVM_PORT_DONE;
}

/* Return: true if the guest is done. */
static bool handle_exit(struct testvm_vcpu *vcpu)
{
	static const __u64 value = TESTVM_MMIO_VALUE;
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return handle_io(vcpu);
	case KVM_EXIT_MMIO:
		if (!run->mmio.is_write)
			answer_read(run->mmio.data, &value, run->mmio.len);
		return false;
	case KVM_EXIT_HLT:
		vcpu->halts++;
		return false;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return false;
	default:
		CHECK(false, "vCPU %d: KVM exit reason %u, suberror %u",
		      vcpu->id, run->exit_reason, run->internal.suberror);
	}
}

/* Return: true if the guest is done. */
static bool run_once(struct testvm_vcpu *vcpu)
{
	if (!ioctl(vcpu->fd, KVM_RUN, 0))
		return handle_exit(vcpu);
	CHECK(errno == EINTR || errno == EAGAIN, "KVM_RUN of vCPU %d", vcpu->id);
	return false;
}

void testvm_run(struct testvm_vcpu *vcpu)
{
	while (!run_once(vcpu))
		;
	/* Let KVM finish the OUT, without entering the guest again. */
	vcpu->run->immediate_exit = 1;
	CHECK(ioctl(vcpu->fd, KVM_RUN, 0) < 0 && errno == EINTR, "KVM_RUN");
	vcpu->run->immediate_exit = 0;
	__atomic_fetch_add(&vcpu->rounds, 1, __ATOMIC_RELEASE);
}

static void *run_thread(void *arg)
{
	struct testvm_vcpu *vcpu = arg;

	__atomic_store_n(&vcpu->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&vcpu->stop, __ATOMIC_ACQUIRE))
		if (run_once(vcpu))
			__atomic_fetch_add(&vcpu->rounds, 1, __ATOMIC_RELEASE);
	return NULL;
}

void testvm_start(struct testvm *vm)
{
	int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		struct testvm_vcpu *vcpu = &vm->vcpus[i];

		if (vcpu->thread)
			continue;
		vcpu->stop = false;
		CHECK(!pthread_create(&vcpu->thread, NULL, run_thread, vcpu),
		      "thread of vCPU %d", i);
	}
	for (i = 0; i < vm->nr_vcpus; i++)
		while (!__atomic_load_n(&vm->vcpus[i].tid, __ATOMIC_ACQUIRE))
			usleep(1000);
}

void testvm_stop(struct testvm *vm)
{
	int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		struct testvm_vcpu *vcpu = &vm->vcpus[i];

		if (!vcpu->thread)
			continue;
		__atomic_store_n(&vcpu->stop, true, __ATOMIC_RELEASE);
		vcpu->run->immediate_exit = 1;
		pthread_kill(vcpu->thread, SIG_KICK);
		pthread_join(vcpu->thread, NULL);
		vcpu->run->immediate_exit = 0;
		vcpu->thread = 0;
		vcpu->tid = 0;
	}
}

void testvm_wait_rounds(struct testvm *vm, unsigned long rounds)
{
	unsigned long goal[TESTVM_MAX_VCPUS];
	int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		goal[i] = __atomic_load_n(&vm->vcpus[i].rounds, __ATOMIC_ACQUIRE) + rounds;
	for (i = 0; i < vm->nr_vcpus; i++)
		CHECK(comes_true(__atomic_load_n(&vm->vcpus[i].rounds, __ATOMIC_ACQUIRE) >=
				 goal[i]), "vCPU %d does not get on", i);
}
