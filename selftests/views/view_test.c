// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_test.c - views by derivation, of records and registers made up
 */
#include <stdlib.h>
#include <string.h>

#include <kselftest.h>

#include "records.h"
#include "roots.h"

#define A	0x100000ULL
#define B	0x203000ULL
#define C	0x305000ULL

/* Registers and page tables of a guest with one vCPU, or with another. */
static struct guest_regs regs, other_regs;
static int nr_vcpus = 1;
static uint64_t tables[0x400000 / 8];

static int fake_read(void *arg, uint64_t gpa, void *buf, size_t len)
{
	(void)arg;
	if (gpa >= sizeof(tables) || len > sizeof(tables) - gpa)
		return -EFAULT;
	memcpy(buf, (uint8_t *)tables + gpa, len);
	return 0;
}

static int fake_nr_vcpus(void *arg)
{
	(void)arg;
	return nr_vcpus;
}

/* As with three cores a socket: ids have gaps. */
static uint32_t first_id;

static uint32_t fake_vcpu_id(void *arg, unsigned int vcpu)
{
	(void)arg;
	return first_id + vcpu;
}

static int fake_regs(void *arg, unsigned int vcpu, struct guest_regs *out)
{
	(void)arg;
	*out = vcpu ? other_regs : regs;
	return 0;
}

static const struct guest_ops fake_ops = {
	.read = fake_read,
	.nr_vcpus = fake_nr_vcpus,
	.vcpu_id = fake_vcpu_id,
	.regs = fake_regs,
};
static const struct guest guest = { .ops = &fake_ops };
static struct view_env env = { .tsc_khz = 1000000 };

static struct view_runner runner;
static struct facts facts;
static struct view_report reports[VIEW_MAX];

static void begin(const struct view *view)
{
	const struct view *list[] = { view, NULL };

	view_runner_free(&runner);
	if (view_runner_init(&runner, &env, list))
		ksft_exit_fail_msg("out of memory\n");
}

static const struct fact *find(uint64_t root)
{
	size_t i;

	view_runner_facts(&runner, 10000, &facts, reports);
	for (i = 0; i < facts.nr; i++)
		if (facts.list[i].process.root == root)
			return &facts.list[i];
	return NULL;
}

static void test_time(void)
{
	const struct fact *fact;

	begin(&view_address_spaces);
	put_switch(&runner, 0, 100, A | 7, 1ULL << 63 | B | 9);
	put_switch(&runner, 0, 300, B | 9, A | 7);
	put_switch(&runner, 1, 310, A, C);
	put_exit(&runner, 0, 320, 400, A, 3, VMITAP_CLASS_INTERRUPT);
	put_exit(&runner, 0, 410, 500, A, 0, VMITAP_CLASS_HLT);
	put_exit(&runner, 0, 2000, 2010, A, 0, VMITAP_CLASS_INTERRUPT);
	put_switch(&runner, 1, 2310, C, A);
	fact = find(B);
	ksft_test_result(fact && fact->process.cpu_tsc == 200 &&
			 fact->first_tsc == 100 && fact->last_tsc == 300 &&
			 !fact->process.user_tsc &&
			 fact->process.loaded_tsc == 100,
			 "address-spaces: PCID and flags do not count\n");
	fact = find(A);
	ksft_test_result(fact && fact->process.cpu_tsc == 200 + 10 &&
			 fact->process.user_tsc == 400 &&
			 fact->process.loaded_tsc == 2310 &&
			 fact->last_tsc == 2310,
			 "address-spaces: time halted is not time used\n");
	fact = find(C);
	ksft_test_result(fact && fact->process.cpu_tsc == 2000 &&
			 fact->process.vcpu == 1 && facts.nr == 3,
			 "address-spaces: vCPUs have times of their own\n");
	ksft_test_result(fact->pattern == VIEW_DERIVATION && fact->binding &&
			 !strcmp(fact->view, "address-spaces") &&
			 reports[0].asked && !reports[0].whole,
			 "address-spaces: labels\n");
}

static void test_lost(void)
{
	struct vmitap_lost_record lost = {
		.record = { .type = VMITAP_RECORD_LOST, .size = sizeof(lost),
			    .tsc = 500 },
	};
	struct vmitap_exit nested = {
		.record = { .type = VMITAP_RECORD_EXIT, .size = sizeof(nested),
			    .flags = VMITAP_RECORD_NESTED, .tsc = 950 },
		.cr3 = C, .mode = VMITAP_MODE_LONG64,
	};

	begin(&view_address_spaces);
	put_switch(&runner, 0, 100, A, B);
	view_runner_event(&runner, &lost.record);
	put_exit(&runner, 0, 900, 910, A, 3, VMITAP_CLASS_CPUID);
	view_runner_event(&runner, &nested.record);
	ksft_test_result(find(A)->process.cpu_tsc == 10 &&
			 !find(B)->process.cpu_tsc && !find(C),
			 "address-spaces: nothing is made up for what was lost\n");
}

static void test_isolation(void)
{
	uint64_t tsc = 1000;
	unsigned int i;

	begin(&view_address_spaces);
	for (i = 0; i < 200; i++) {
		put_switch(&runner, 0, tsc += 10, A, A | ROOTS_USER_HALF);
		put_exit(&runner, 0, tsc, tsc + 5, A | ROOTS_USER_HALF, 3,
			 VMITAP_CLASS_INTERRUPT);
		put_switch(&runner, 0, tsc += 10, A | ROOTS_USER_HALF, A);
		put_switch(&runner, 0, tsc += 10, A, 0x202000);
		put_switch(&runner, 0, tsc += 10, 0x202000, A);
	}
	ksft_test_result(find(A) && !find(A | ROOTS_USER_HALF) &&
			 find(A)->process.split && find(A)->process.user_tsc &&
			 facts.nr == 2 &&
			 find(A)->process.cpu_tsc == 200 * 30 - 10,
			 "address-spaces: halves of a pair are one, and it says so\n");
	put_switch(&runner, 0, tsc, A, B);
	ksft_test_result(find(A | ROOTS_USER_HALF) && !find(A)->process.split,
			 "address-spaces: a root that has no pair: no isolation\n");
}

static void test_flood(void)
{
	uint64_t i, before;

	begin(&view_address_spaces);
	for (i = 0; i < 100000; i++)
		put_switch(&runner, 0, i, i << 13, (i + 1) << 13);
	before = 100000ULL << 13;
	ksft_test_result(find(before) && facts.nr == ROOTS_MAX &&
			 reports[0].refused > 80000 && reports[0].why[0],
			 "address-spaces: any number of roots, a table with a limit\n");
}

static void test_sample(void)
{
	begin(&view_address_spaces);
	env.guest = &guest;
	env.paused = true;
	regs = (struct guest_regs){
		.cr0 = 1ULL << 31, .efer = 1 << 10, .cr3 = A, .cpl = 3,
	};
	tables[A / 8 + 5] = 0x1067;
	put_switch(&runner, 0, 4000, C, B);
	/* Another thread of the same process is in the kernel. */
	other_regs = regs;
	other_regs.cpl = 0;
	nr_vcpus = 2;
	view_runner_sample(&runner, 5000, true);
	nr_vcpus = 1;
	ksft_test_result(find(A)->process.running == FACT_IN_USER &&
			 find(A)->process.known & FACT_MAPPED &&
			 find(A)->process.mapped &&
			 find(A)->process.user_tsc == 5000,
			 "address-spaces: what runs when the VM is paused\n");
	ksft_test_result(find(B)->process.running == FACT_OFF_CPU &&
			 find(B)->process.known & FACT_MAPPED &&
			 !find(B)->process.mapped,
			 "address-spaces: page tables without user memory\n");
	/* The second page has the same user memory as the first. */
	regs.cr3 = A | ROOTS_USER_HALF;
	tables[(A | ROOTS_USER_HALF) / 8 + 5] = 0x1067;
	view_runner_sample(&runner, 6000, true);
	ksft_test_result(find(A)->process.split && find(A)->process.mapped &&
			 find(A)->process.running == FACT_IN_USER &&
			 !find(A | ROOTS_USER_HALF),
			 "address-spaces: halves of a pair by their memory\n");
	regs.cr0 = 0;
	view_runner_sample(&runner, 7000, true);
	ksft_test_result(find(A)->process.running == FACT_OFF_CPU,
			 "address-spaces: no page tables without paging\n");
	first_id = 6;
	regs.cr0 = 1ULL << 31;
	view_runner_sample(&runner, 7500, true);
	ksft_test_result(find(A)->process.vcpu == 6,
			 "address-spaces: vCPUs by their ids\n");
	first_id = 0;
	/* Another guest's page tables and user mode, on a vCPU of this one. */
	regs = (struct guest_regs){
		.cr0 = 1ULL << 31, .efer = 1 << 10, .cr3 = 0x380000, .cpl = 3,
		.nested = true,
	};
	view_runner_sample(&runner, 8000, true);
	ksft_test_result(!find(0x380000),
			 "address-spaces: nothing of a nested guest\n");
	env.guest = NULL;
	env.paused = false;
}

static void test_calls(void)
{
	unsigned int i;

	begin(&view_system_calls);
	ksft_test_result(!find(A) && !reports[0].asked && reports[0].why[0],
			 "system-calls: none seen says nothing\n");
	for (i = 0; i < 10; i++)
		put_call(&runner, 0, 100 + i, A | 3, i);
	put_call(&runner, 1, 200, B, 1);
	ksft_test_result(find(A)->process.calls == 10 &&
			 find(A)->process.user_tsc == 109 &&
			 find(B)->process.calls == 1 && facts.nr == 2,
			 "system-calls: counted by address space\n");
}

static void test_entry_points(void)
{
	const struct fact *fact;

	begin(&view_entry_points);
	env.guest = &guest;
	view_runner_facts(&runner, 1, &facts, reports);
	ksft_test_result(!reports[0].asked && !facts.nr,
			 "entry-points: not read yet\n");
	regs = (struct guest_regs){ .idtr_base = 0x5000 };
	view_runner_sample(&runner, 100, true);
	regs.lstar = 0xffffffff81000000;
	view_runner_sample(&runner, 200, true);
	view_runner_facts(&runner, 1, &facts, reports);
	ksft_test_result(facts.nr == 1 && !facts.list[0].entry.changes &&
			 facts.list[0].entry.lstar == 0xffffffff81000000,
			 "entry-points: set for the first time\n");
	regs.idtr_base += 0x1000;
	view_runner_sample(&runner, 250, true);
	view_runner_facts(&runner, 1, &facts, reports);
	ksft_test_result(!facts.list[0].entry.changes,
			 "entry-points: not settled yet\n");
	regs.lstar += 0x40;
	view_runner_sample(&runner, 6000000000, true);
	view_runner_facts(&runner, 1, &facts, reports);
	fact = &facts.list[0];
	ksft_test_result(fact->entry.changes == 1 &&
			 fact->entry.changed_tsc == 6000000000 && fact->binding,
			 "entry-points: changed\n");
	regs = (struct guest_regs){ .idtr_base = 0x400 };
	view_runner_sample(&runner, 12000000000, true);
	view_runner_facts(&runner, 1, &facts, reports);
	ksft_test_result(facts.list[0].entry.changes == 1,
			 "entry-points: a reset is no change\n");
	/* The first vCPU is unplugged, and the next one moves up. */
	first_id = 6;
	regs.lstar = 0xffffffff81000080;
	view_runner_sample(&runner, 18000000000, true);
	view_runner_facts(&runner, 1, &facts, reports);
	ksft_test_result(facts.nr == 1 && facts.list[0].entry.vcpu == 6 &&
			 !facts.list[0].entry.changes,
			 "entry-points: vCPUs by their ids, not by their places\n");
	first_id = 0;
	env.guest = NULL;
}

/* Looks of one second each at an LSTAR.  Return: changes. */
static unsigned int enter(uint64_t *now, unsigned int looks, uint64_t lstar,
			  bool nested)
{
	regs.lstar = lstar;
	regs.nested = nested;
	while (looks--)
		view_runner_sample(&runner, *now += 1000000000, true);
	view_runner_facts(&runner, 1, &facts, reports);
	return facts.list[0].entry.changes;
}

static void test_nested_entry_points(void)
{
	const uint64_t own = 0xffffffff81000000, its = 0xffffffff92000000;
	unsigned int changes;
	uint64_t now = 0;

	begin(&view_entry_points);
	env.guest = &guest;
	regs = (struct guest_regs){ .idtr_base = 0x5000 };
	enter(&now, 10, own, false);
	changes = enter(&now, 10, its, true);
	ksft_test_result(!changes && facts.list[0].entry.lstar == own &&
			 !enter(&now, 10, own, false),
			 "entry-points: those of a nested guest are no change\n");
	/* Just before it runs, or after. */
	changes = enter(&now, 2, its, false);
	changes += enter(&now, 1, its, true);
	changes += enter(&now, 2, its, false);
	ksft_test_result(!changes && !enter(&now, 10, own, false),
			 "entry-points: nor when they are loaded for it\n");
	enter(&now, 1, 0, false);
	ksft_test_result(!enter(&now, 10, own, false),
			 "entry-points: nor is a reset on such a vCPU\n");
	ksft_test_result(enter(&now, 10, own + 0x40, false) == 1,
			 "entry-points: what stays on such a vCPU is a change\n");
	env.guest = NULL;
}

static void test_runner(void)
{
	unsigned int i;
	bool named = true;

	for (i = 0; views[i]; i++)
		named &= view_find(views[i]->name) == views[i] &&
			 views[i]->knowledge;
	ksft_test_result(named && !view_find("nonsense"),
			 "views are found by name\n");
	view_runner_free(&runner);
	if (view_runner_init(&runner, &env, views))
		ksft_exit_fail_msg("out of memory\n");
	view_runner_sample(&runner, 1, true);
	view_runner_facts(&runner, 1, &facts, reports);
	for (i = 0, named = true; i < runner.nr; i++)
		named &= !reports[i].asked && reports[i].why[0];
	ksft_test_result(named && view_runner_classes(&runner) &
			 VMITAP_CLASS_MASK(VMITAP_CLASS_MESSAGE),
			 "without a guest each says what is missing\n");
	put_switch(&runner, 0, 100, A, B);
	view_runner_restart(&runner);
	ksft_test_result(!find(A), "a restart forgets\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(29);
	test_time();
	test_lost();
	test_isolation();
	test_flood();
	test_sample();
	test_calls();
	test_entry_points();
	test_nested_entry_points();
	test_runner();
	view_runner_free(&runner);
	facts_free(&facts);
	ksft_finished();
}
