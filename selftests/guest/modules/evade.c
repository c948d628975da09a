// SPDX-License-Identifier: GPL-2.0-only
/*
 * evade.c - do what a kernel may do with the registers that make system calls work
 *
 * The guest owns EFER and LSTAR.  Whoever traps system calls by them must show it
 * its own values and stay unnoticed; so this reads, clears, sets, moves them and
 * looks at what they are after each.  Prints "evade: ok", or what was wrong.
 *
 * hold_ms=N	leave LSTAR of the loader's CPU on the trampoline for so long, with
 *		processes running; not with page-table isolation, which does not map
 *		modules for user mode
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <asm/ibt.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>

static unsigned int hold_ms;
module_param(hold_ms, uint, 0444);
MODULE_PARM_DESC(hold_ms, "leave LSTAR moved for so long");

/* Where LSTAR leads for a while; no register changes on the way. */
u64 evade_entry;
void evade_trampoline(void);
asm(".pushsection .text\n"
    ".globl evade_trampoline\n"
    ".type evade_trampoline, @function\n"
    "evade_trampoline:\n"
    ASM_ENDBR
    ANNOTATE_RETPOLINE_SAFE
    "	jmp *evade_entry(%rip)\n"
    ".size evade_trampoline, . - evade_trampoline\n"
    ".popsection\n");

static unsigned int nr_wrong;

static void expect(const char *what, u64 want, u64 got)
{
	if (want == got)
		return;
	pr_alert("evade: %s: %llx, not %llx\n", what, got, want);
	nr_wrong++;
}

static u64 read_msr(u32 msr)
{
	u32 low, high;

	rdmsr(msr, low, high);
	return low | (u64)high << 32;
}

static u64 write_and_read(u32 msr, u64 val)
{
	wrmsr(msr, lower_32_bits(val), upper_32_bits(val));
	return read_msr(msr);
}

/* Nothing can call meanwhile: this CPU is here, with interrupts off. */
static void play_with_efer(void)
{
	unsigned long flags;
	u64 efer, off, on, again;

	local_irq_save(flags);
	efer = read_msr(MSR_EFER);
	off = write_and_read(MSR_EFER, efer & ~EFER_SCE);
	on = write_and_read(MSR_EFER, efer);
	again = write_and_read(MSR_EFER, efer);
	local_irq_restore(flags);
	pr_info("evade: EFER %llx, SCE %d\n", efer, !!(efer & EFER_SCE));
	expect("SCE at first", EFER_SCE, efer & EFER_SCE);
	expect("EFER without SCE", efer & ~EFER_SCE, off);
	expect("EFER set again", efer, on);
	expect("EFER written unchanged", efer, again);
}

static void move_lstar(void)
{
	u64 moved, back, target = (unsigned long)evade_trampoline;

	migrate_disable();
	evade_entry = read_msr(MSR_LSTAR);
	moved = write_and_read(MSR_LSTAR, target);
	if (hold_ms)
		msleep(hold_ms);
	back = write_and_read(MSR_LSTAR, evade_entry);
	migrate_enable();
	pr_info("evade: LSTAR %llx\n", evade_entry);
	expect("LSTAR moved", target, moved);
	expect("LSTAR moved back", evade_entry, back);
}

static void rewrite_others(void)
{
	static const u32 msrs[] = { MSR_STAR, MSR_CSTAR, MSR_SYSCALL_MASK };
	unsigned long flags;
	u64 val, got;
	int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		local_irq_save(flags);
		val = read_msr(msrs[i]);
		got = write_and_read(msrs[i], val);
		local_irq_restore(flags);
		expect("MSR written unchanged", val, got);
	}
}

static int __init evade_init(void)
{
	play_with_efer();
	move_lstar();
	rewrite_others();
	if (nr_wrong)
		return -EIO;
	pr_alert("evade: ok\n");
	return 0;
}

static void __exit evade_exit(void)
{
}

module_init(evade_init);
module_exit(evade_exit);
MODULE_DESCRIPTION("Changes EFER and LSTAR, for tests of what traps system calls");
MODULE_LICENSE("GPL");
