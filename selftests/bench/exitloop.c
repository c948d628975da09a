// SPDX-License-Identifier: GPL-2.0-only
/*
 * exitloop.c - a guest that does nothing but exit, and what an exit costs
 *
 * usage: exitloop cpuid|pio|hlt EXITS [SETTLE]
 *
 * A 16-bit guest loops over one exiting instruction.  Prints the nanoseconds (in
 * a virtual host under -icount shift=0: the instructions) that an exit takes,
 * with the loop's own two instructions in it, after SETTLE exits that are not
 * counted (default 1000).  On "ready" at standard output it waits for a line on
 * standard input before it counts, so that somebody can attach meanwhile.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CODE	0x1000

/* Each ends by OUT to port 0x10, which user space handles. */
static const uint8_t code_cpuid[] = {
	0x66, 0x31, 0xc0,		/* xor eax, eax */
	0x0f, 0xa2,			/* cpuid */
	0x66, 0x4f,			/* dec edi */
	0x75, 0xf7,			/* jnz */
	0xe6, 0x10,			/* out 0x10, al */
	0xeb, 0xfc,			/* jmp to the out */
};

static const uint8_t code_pio[] = {
	0x90, 0x90, 0x90,
	0xe4, 0x61,			/* in al, 0x61: KVM's PIT speaker port */
	0x66, 0x4f,
	0x75, 0xf7,
	0xe6, 0x10,
	0xeb, 0xfc,
};

static const uint8_t code_hlt[] = {
	0x90, 0x90, 0x90, 0x90,
	0xf4,				/* hlt */
	0x66, 0x4f,
	0x75, 0xf7,
	0xe6, 0x10,
	0xeb, 0xfc,
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Run the loop @count times; HLT exits come back by KVM_EXIT_HLT. */
static void run_loop(int vcpu, struct kvm_run *run, uint64_t count)
{
	struct kvm_regs regs = { .rip = CODE, .rflags = 2, .rdi = count };

	if (ioctl(vcpu, KVM_SET_REGS, &regs))
		err(1, "KVM_SET_REGS");
	for (;;) {
		if (ioctl(vcpu, KVM_RUN, 0))
			err(1, "KVM_RUN");
		if (run->exit_reason == KVM_EXIT_HLT)
			continue;
		if (run->exit_reason == KVM_EXIT_IO && run->io.port == 0x10)
			return;
		errx(1, "unexpected exit %u", run->exit_reason);
	}
}

int main(int argc, char **argv)
{
	static const struct { const char *name; const uint8_t *code; size_t len; bool irqchip; }
	kinds[] = {
		{ "cpuid", code_cpuid, sizeof(code_cpuid), false },
		{ "pio", code_pio, sizeof(code_pio), true },
		{ "hlt", code_hlt, sizeof(code_hlt), false },
	};
	struct kvm_userspace_memory_region slot = { .memory_size = 0x10000 };
	/* The speaker port is KVM's only with this flag. */
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	uint64_t count, settle, start, end;
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int kvm, vm, vcpu;
	char line[16];
	size_t kind;
	void *mem;

	if (argc < 3)
		errx(2, "usage: exitloop cpuid|pio|hlt EXITS [SETTLE]");
	for (kind = 0; kind < 3 && strcmp(kinds[kind].name, argv[1]); kind++)
		;
	count = strtoull(argv[2], NULL, 0);
	settle = argc > 3 ? strtoull(argv[3], NULL, 0) : 1000;
	if (kind == 3 || !count || !settle)
		errx(2, "usage: exitloop cpuid|pio|hlt EXITS [SETTLE]");

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		err(1, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		err(1, "KVM_CREATE_VM");
	if (kinds[kind].irqchip &&
	    (ioctl(vm, KVM_CREATE_IRQCHIP, 0) || ioctl(vm, KVM_CREATE_PIT2, &pit)))
		err(1, "KVM_CREATE_IRQCHIP");
	mem = mmap(NULL, slot.memory_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		err(1, "mmap");
	memcpy((uint8_t *)mem + CODE, kinds[kind].code, kinds[kind].len);
	slot.userspace_addr = (uintptr_t)mem;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot))
		err(1, "KVM_SET_USER_MEMORY_REGION");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		err(1, "KVM_CREATE_VCPU");
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "mmap vcpu");
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		err(1, "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs))
		err(1, "KVM_SET_SREGS");

	run_loop(vcpu, run, settle);
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	run_loop(vcpu, run, settle);
	start = now_ns();
	run_loop(vcpu, run, count);
	end = now_ns();
	printf("%.1f\n", (double)(end - start) / count);
	return 0;
}
