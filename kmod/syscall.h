/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall.h - SYSCALL and SYSRET done in the guest's place
 */
#ifndef VMITAP_SYSCALL_H
#define VMITAP_SYSCALL_H

#include <linux/kvm_host.h>
#include <linux/vmitap.h>

#include "trap.h"

/* No instruction is longer. */
#define VMITAP_INSN_BYTES	15

/**
 * struct vmitap_caller - a vCPU at a system call or behind its return
 * @cr3: guest CR3
 * @rip: guest RIP
 * @rsp: guest RSP
 * @cpl: privilege level
 * @mode: enum vmitap_mode
 */
struct vmitap_caller {
	u64 cr3;
	u64 rip;
	u64 rsp;
	u8 cpl;
	u8 mode;
};

/**
 * struct vmitap_syscall_msrs - where system calls go
 * @star: STAR
 * @lstar: LSTAR
 * @cstar: CSTAR
 * @sfmask: SFMASK
 */
struct vmitap_syscall_msrs {
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
};

/**
 * struct vmitap_switch - what is to be loaded into a vCPU to change its privilege
 * @rip: RIP
 * @rflags: RFLAGS
 * @cs: selector of CS
 * @ss: selector of SS
 * @cs_attrib: attributes of CS as in struct vmitap_seg; base 0, limit 4 GiB
 * @ss_attrib: the same of SS
 * @cpl: privilege level
 */
struct vmitap_switch {
	u64 rip;
	u64 rflags;
	u16 cs;
	u16 ss;
	u16 cs_attrib;
	u16 ss_attrib;
	u8 cpl;
};

bool vmitap_syscall_are_on(const struct kvm_vcpu *vcpu);
bool vmitap_syscall_trappable(const struct kvm_vcpu *vcpu, u64 cr4);
struct vmitap_trap vmitap_syscall_decode(const u8 *bytes, size_t len, bool long64);
struct vmitap_switch vmitap_syscall_enter(struct kvm_vcpu *vcpu,
					  const struct vmitap_syscall_msrs *msrs,
					  u64 next_rip, u64 rflags, bool long64);
struct vmitap_switch vmitap_syscall_return(struct kvm_vcpu *vcpu, u64 star,
					   bool to_long64);
bool vmitap_syscall_step(struct kvm_vcpu *vcpu, u64 rflags);
void vmitap_syscall_record(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			   const struct vmitap_caller *caller, u64 tsc);
void vmitap_sysret_record(struct vmitap_tap *tap, struct kvm_vcpu *vcpu,
			  const struct vmitap_caller *caller, u64 tsc);

#endif /* VMITAP_SYSCALL_H */
