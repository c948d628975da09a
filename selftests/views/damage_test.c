// SPDX-License-Identifier: GPL-2.0-only
/*
 * damage_test.c - a real guest's memory, as an attacker in it could leave it
 *
 * usage: damage_test DIR TMP	DIR is one that selftests/views_image.sh made
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <kselftest.h>

#include "linux_copy.h"
#include "linux_owner.h"
#include "said.h"
#include "tasks.h"

static char tmp_dir[300];
static struct said said;
static struct linux_guest *const lg = &linux_copy.lg;
static const struct linux_tasks *const whole = &linux_copy.tasks;

static void list_both(struct linux_tasks *tasks, struct linux_tasks *pids)
{
	if (linux_tasks_list(lg, 0, tasks) || linux_pids_list(lg, 0, pids))
		ksft_exit_fail_msg("out of memory\n");
}

static const struct linux_task *victim(void)
{
	return tasks_find_comm(whole, "proc-", whole->nr / 2);
}

static void test_hidden_from_list(void)
{
	struct linux_tasks tasks, pids;

	/* As a rootkit does: unlinked, and nothing else. */
	linux_copy_unlink(victim());
	list_both(&tasks, &pids);
	ksft_test_result(tasks.walk == LINUX_WALK_WHOLE &&
			 tasks.nr == whole->nr - 1 &&
			 !tasks_find_pid(&tasks, victim()->pid) &&
			 pids.nr == whole->nr && tasks_find_pid(&pids, victim()->pid),
			 "taken out of the list, still in the tree\n");
	linux_tasks_free(&tasks);
	linux_tasks_free(&pids);
	copy_renew();
}

static void test_loop(void)
{
	uint64_t *links = linux_copy_links(victim());
	struct linux_tasks tasks;

	links[0] = whole->list[10].address + lg->layout.task_tasks.offset;
	linux_tasks_list(lg, 0, &tasks);
	ksft_test_result(tasks.walk == LINUX_WALK_LOOP &&
			 tasks.nr < 4 * whole->nr, "a list that is a circle\n");
	linux_tasks_free(&tasks);
	/* The shortest there is. */
	links[0] = victim()->address + lg->layout.task_tasks.offset;
	linux_tasks_list(lg, 0, &tasks);
	ksft_test_result(tasks.walk == LINUX_WALK_LOOP,
			 "a task that follows itself\n");
	linux_tasks_free(&tasks);
	copy_renew();
}

static void test_broken(void)
{
	uint64_t *links = linux_copy_links(victim());
	const struct linux_task *last;
	struct linux_tasks tasks;
	uint64_t *cred;

	links[0] = 0xdead000000000100ULL;
	linux_tasks_list(lg, 0, &tasks);
	ksft_test_result(tasks.walk == LINUX_WALK_BROKEN && tasks.nr &&
			 tasks_find_pid(&tasks, victim()->pid),
			 "a list that leads nowhere\n");
	linux_tasks_free(&tasks);
	copy_renew();

	cred = linux_copy_at(victim()->address + lg->layout.task_cred.offset);
	*cred = 0;
	linux_tasks_list(lg, 0, &tasks);
	last = &tasks.list[victim() - whole->list];
	ksft_test_result(tasks.walk == LINUX_WALK_WHOLE &&
			 tasks.nr == whole->nr && last->partial &&
			 last->pid == victim()->pid && !last->uid,
			 "a task without credentials\n");
	linux_tasks_free(&tasks);
	copy_renew();
}

/* A list that is wrong while it is first read, and right the second time. */
static void test_changing(void)
{
	uint64_t *links = linux_copy_links(victim());
	struct linux_tasks tasks;

	copy.at = &links[1];
	copy.val = links[1];
	copy.reads_left = whole->nr * 4;
	links[1] ^= 0x40;
	linux_tasks_list(lg, 0, &tasks);
	ksft_test_result(tasks.walk == LINUX_WALK_WHOLE &&
			 tasks.nr == whole->nr, "a list that changed once\n");
	linux_tasks_free(&tasks);
	links[1] ^= 0x40;
	linux_tasks_list(lg, 0, &tasks);
	ksft_test_result(tasks.walk == LINUX_WALK_CHANGED &&
			 tasks.nr == whole->nr, "a list that keeps changing\n");
	linux_tasks_free(&tasks);
	copy_renew();
}

static void test_pid_tree(void)
{
	uint64_t *head = linux_copy_at(lg->init_pid_ns + lg->layout.pidns_xa_head.offset);
	uint64_t node = *head - 2;
	struct linux_tasks pids;
	uint64_t *slots;

	slots = linux_copy_at(node + lg->layout.node_slots.offset);
	slots[1] = *head;
	linux_pids_list(lg, 0, &pids);
	ksft_test_result(pids.walk == LINUX_WALK_BROKEN && pids.nr < whole->nr,
			 "a tree that has itself in it\n");
	linux_tasks_free(&pids);
	copy_renew();

	*(uint8_t *)linux_copy_at(node + lg->layout.node_shift.offset) = 60;
	linux_pids_list(lg, 0, &pids);
	ksft_test_result(pids.walk == LINUX_WALK_BROKEN && !pids.nr,
			 "a tree that is too high\n");
	linux_tasks_free(&pids);
	copy_renew();

	head = linux_copy_at(lg->init_pid_ns + lg->layout.pidns_xa_head.offset);
	*head = 0;
	linux_pids_list(lg, 0, &pids);
	ksft_test_result(pids.walk == LINUX_WALK_BROKEN && !pids.nr,
			 "a tree without a root\n");
	linux_tasks_free(&pids);
	copy_renew();
}

/* Pointers in tasks to anywhere: no result is right, but each comes. */
static void test_random(void)
{
	struct linux_tasks tasks, pids;
	const struct linux_task *task;
	struct linux_task owner;
	unsigned int i, bounded = 0;
	uint64_t *word;

	srand(1);
	for (i = 0; i < 100; i++) {
		task = &whole->list[rand() % whole->nr];
		word = linux_copy_at(task->address + (lg->layout.task_lowest +
			  rand() % lg->layout.task_bytes) / 8 * 8);
		*word = whole->list[rand() % whole->nr].address + rand() % 4096;
		word = linux_copy_links(&whole->list[rand() % whole->nr]);
		word[rand() % 2] = whole->list[rand() % whole->nr].address +
				   lg->layout.task_tasks.offset;
		if (linux_tasks_list(lg, LINUX_TASKS_THREADS, &tasks) ||
		    linux_pids_list(lg, LINUX_TASKS_THREADS, &pids))
			ksft_exit_fail_msg("out of memory\n");
		linux_owner(lg, task->pgd, &owner);
		bounded += tasks.nr < 100000 && pids.nr < 100000;
		linux_tasks_free(&tasks);
		linux_tasks_free(&pids);
	}
	ksft_test_result(bounded == i, "anything in tasks\n");
	copy_renew();
}

/* Open once more; the first one's result stays in lg. */
static bool opens(const struct linux_options *options, const char *error)
{
	struct linux_guest again;
	struct linux_tasks tasks;
	bool good;
	int err;

	err = linux_open(&again, &copy_guest, options);
	if (error) {
		good = err && strstr(again.error, error);
		if (!good)
			ksft_print_msg("%d: %s\n", err, again.error);
	} else {
		good = !err && !linux_tasks_list(&again, 0, &tasks) &&
		       tasks.nr == whole->nr;
		if (!err)
			linux_tasks_free(&tasks);
		else
			ksft_print_msg("%s\n", again.error);
	}
	linux_close(&again);
	return good;
}

/* The top table of the kernel that the vCPU has, which is one of a process. */
static uint64_t *top_table(void)
{
	uint64_t root = lg->kernel.pti ? copy.regs[0].cr3 & ~0x1000ULL :
					copy.regs[0].cr3;

	return (uint64_t *)(copy.memory + (root & ~0xfffULL));
}

/* Its process ends when it has been read for so long, and it goes to somebody else. */
static void test_end_of_process(void)
{
	static const unsigned int after[] = { 20, 100, 1000 };
	unsigned int i, opened = 0;

	for (i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		copy.at = &top_table()[511];
		copy.val = 0;
		copy.reads_left = after[i];
		opened += opens(NULL, NULL) && !top_table()[511];
		copy_renew();
	}
	ksft_test_result(opened == i, "the process that ran has ended meanwhile\n");
}

/* Map 2 MiB of what is at @gpa below the end of the kernel's gigabyte. */
static uint64_t map_elsewhere(uint64_t gpa)
{
	uint64_t *table, address = KERNEL_MAP_END - (2 << 20);

	table = (uint64_t *)(copy.memory + (top_table()[511] & 0xffffffffff000ULL));
	table = (uint64_t *)(copy.memory + (table[510] & 0xffffffffff000ULL));
	/* Present, and a large page. */
	table[511] = gpa | 0x81;
	return address;
}

/* Physical address of a page in the image that has none of its code, or no more. */
static uint64_t find_no_code(void)
{
	const struct kernel *kernel = &lg->kernel;
	struct paging_page page;
	uint64_t gva;

	for (gva = kernel->text; gva < kernel->end; gva += 4096)
		if (paging_translate(&lg->kernel.paging, gva, &page) || !page.executable)
			return kernel->phys + (gva - kernel->text);
	ksft_exit_fail_msg("all of the image is code\n");
	return 0;
}

static void test_registers(void)
{
	struct guest_regs before = copy.regs[0];
	uint64_t no_code = find_no_code();
	struct kernel kernel;

	copy.regs[0].lstar = 0xffffffffc0123450ULL;
	ksft_test_result(!kernel_find(&kernel, &copy_guest) &&
			 kernel.anchor == KERNEL_ANCHOR_IDT &&
			 kernel.text == lg->kernel.text &&
			 kernel.lstar_elsewhere && opens(NULL, NULL),
			 "LSTAR in a module: found from the IDT, and told\n");
	/* Kernels without KASLR have modules where others have the image. */
	copy.regs[0].lstar = map_elsewhere(0) + 0x80;
	ksft_test_result(!kernel_find(&kernel, &copy_guest) &&
			 kernel.anchor == KERNEL_ANCHOR_IDT &&
			 kernel.text == lg->kernel.text &&
			 kernel.lstar_elsewhere,
			 "LSTAR in a module beside the image\n");
	copy.regs[0].lstar = map_elsewhere(lg->kernel.phys) + 0x80;
	ksft_test_result(!kernel_find(&kernel, &copy_guest) &&
			 kernel.text == lg->kernel.text &&
			 kernel.syscall_entry == lg->kernel.text + 0x80 &&
			 !kernel.lstar_elsewhere,
			 "LSTAR in a page of the image that is mapped twice\n");
	copy.regs[0].lstar = map_elsewhere(no_code & ~0x1fffffULL) +
			       (no_code & 0x1fffff);
	ksft_test_result(!kernel_find(&kernel, &copy_guest) &&
			 kernel.text == lg->kernel.text && kernel.lstar_elsewhere,
			 "LSTAR in a page that the image had and a module has\n");
	copy.regs[0].lstar = 0;
	ksft_test_result(!kernel_find(&kernel, &copy_guest) &&
			 kernel.text == lg->kernel.text &&
			 !kernel.lstar_elsewhere, "LSTAR not known\n");
	copy.regs[0].idtr_base = 0;
	ksft_test_result(opens(NULL, "no kernel found"),
			 "neither LSTAR nor IDT\n");
	copy.regs[0] = before;
	copy.regs[0].cr3 = 0x123000;
	ksft_test_result(opens(NULL, "no kernel found"), "CR3 is wrong\n");
	copy.regs[0] = before;
	copy.regs[0].cr0 = 0;
	ksft_test_result(opens(NULL, "no kernel found"), "no paging yet\n");
	copy.regs[0] = before;
	copy_renew();
}

static void test_given_btf(void)
{
	struct linux_options options = { .btf = NULL };
	char path[500];
	const void *raw;
	uint32_t bytes;
	FILE *file;

	memset(linux_copy_at(lg->btf.gva), 0, 4);
	ksft_test_result(opens(NULL, "--btf FILE"), "no BTF\n");
	snprintf(path, sizeof(path), "%s/btf", tmp_dir);
	raw = btf__raw_data(lg->btf.btf, &bytes);
	file = fopen(path, "we");
	fwrite(raw, 1, bytes, file);
	fclose(file);
	options.btf = path;
	ksft_test_result(opens(&options, NULL), "BTF given\n");
	if (truncate(path, bytes / 2))
		ksft_exit_fail_msg("truncate\n");
	ksft_test_result(opens(&options, "no BTF in it"),
			 "what is given is no BTF\n");
	unlink(path);
	copy_renew();
}

static void write_map(const char *path, uint64_t distance)
{
	FILE *file = fopen(path, "we");
	uint64_t address;
	size_t i;

	for (i = 0; i < said.nr_symbols; i++) {
		address = said.symbols[i].address;
		if (address >= KERNEL_MAP_START)
			address -= distance;
		fprintf(file, "%016llx %c %s\n", (unsigned long long)address,
			said.symbols[i].type, said.symbols[i].name);
	}
	fclose(file);
}

static void test_given_map(void)
{
	struct linux_options options = { .btf = NULL };
	char path[500];
	size_t i;

	memset(linux_copy_at(lg->kallsyms.token_index), 0xff, 512);
	ksft_test_result(opens(NULL, "--system-map FILE"), "no kallsyms\n");
	snprintf(path, sizeof(path), "%s/System.map", tmp_dir);
	options.system_map = path;
	/* As it was linked, wherever the guest has put itself. */
	write_map(path, lg->kernel.text - 0xffffffff81000000ULL);
	ksft_test_result(opens(&options, NULL), "System.map given\n");
	/* _text is elsewhere there, and by that all the others are. */
	for (i = said.nr_symbols / 2; strlen(said.symbols[i].name) < 6; )
		i++;
	strcpy(said.symbols[i].name, "_text");
	for (i = 0; strcmp(said.symbols[i].name, "_text"); )
		i++;
	strcpy(said.symbols[i].name, "other");
	write_map(path, 0);
	ksft_test_result(opens(&options, "both of this kernel"),
			 "a System.map of another kernel\n");
	unlink(path);
	copy_renew();
}

static void test_no_banner(void)
{
	struct kernel_image image;
	const uint8_t *found;

	if (kernel_copy_image(&lg->kernel, &image))
		ksft_exit_fail_msg("out of memory\n");
	while ((found = memmem(image.data, image.bytes, "Linux version ", 14))) {
		memset(image.data + (found - image.data), 'x', 14);
		memset(linux_copy_at(image.base + (found - image.data)), 'x', 14);
	}
	kernel_image_free(&image);
	ksft_test_result(opens(NULL, "is not Linux"), "no banner\n");
	copy_renew();
}

int main(int argc, char **argv)
{
	if (argc != 3)
		ksft_exit_fail_msg("usage: damage_test DIR TMP\n");
	snprintf(tmp_dir, sizeof(tmp_dir), "%s", argv[2]);
	ksft_print_header();
	ksft_set_plan(27);
	said_read(&said, argv[1]);
	linux_copy_open(argv[1], 1);
	test_hidden_from_list();
	test_loop();
	test_broken();
	test_changing();
	test_pid_tree();
	test_random();
	test_end_of_process();
	test_registers();
	test_given_btf();
	test_given_map();
	test_no_banner();
	linux_copy_close();
	ksft_finished();
}
