// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_info.c - what a guest is, and how each fact is known
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <vmitap.h>

#include "cli.h"
#include "guest_live.h"
#include "json.h"
#include "linux_tasks.h"
#include "options.h"
#include "session.h"
#include "space.h"
#include "text.h"

/* Where x86-64 Linux is linked to, unless its configuration says otherwise. */
#define LINUX_LINK_ADDRESS 0xffffffff81000000ULL

/*
 * The patterns of the model.  Derivation is from what the hardware itself goes by,
 * so the guest cannot run on while it is false; the rest binds nobody who controls
 * the guest's kernel.
 */
enum pattern {
	DERIVATION,
	OUT_OF_BAND,
};

/**
 * struct info - a report being printed
 * @opts: options of the command
 * @session: the VM
 * @live: its guest
 * @guest: the same, to be read
 * @json: written to with --json
 */
struct info {
	const struct options *opts;
	const struct session *session;
	struct guest_live *live;
	struct guest guest;
	struct json json;
};

/* Print a fact: @name, how it was learned, and what it is. */
static void fact(struct info *info, const char *name, enum pattern pattern,
		 const char *source, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void fact(struct info *info, const char *name, enum pattern pattern,
		 const char *source, const char *fmt, ...)
{
	const char *pattern_name = pattern == DERIVATION ? "derivation" :
							   "out-of-band";
	char val[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(val, sizeof(val), fmt, ap);
	va_end(ap);
	text_make_plain(val);
	if (!info->opts->json) {
		printf("%-10s %s\n%10s %s%s, %s: %s%s\n", name, val, "",
		       text_style(stdout, TEXT_DIM), pattern_name,
		       pattern == DERIVATION ? "binding" : "not binding",
		       source, text_style(stdout, TEXT_PLAIN));
		return;
	}
	json_begin(&info->json, NULL, '{');
	json_string(&info->json, "fact", name);
	json_string(&info->json, "value", val);
	json_string(&info->json, "pattern", pattern_name);
	json_bool(&info->json, "binding", pattern == DERIVATION);
	json_string(&info->json, "source", source);
	json_end(&info->json, '}');
}

static const char *paging_text(const struct guest_regs *regs,
			       const struct guest *guest)
{
	static const char *const names[] = {
		[PAGING_OFF] = "off", [PAGING_32BIT] = "32-bit, 2 levels",
		[PAGING_PAE] = "PAE, 3 levels",
		[PAGING_4LEVEL] = "64-bit, 4 levels",
		[PAGING_5LEVEL] = "64-bit, 5 levels",
	};
	struct paging paging;

	paging_init(&paging, guest, regs);
	return names[paging.mode];
}

/* How many of the vCPUs have the same entry points as one. */
static int count_same(const struct info *info, const struct guest_regs *one)
{
	int nr = guest_nr_vcpus(&info->guest), same = 0, i;
	struct guest_regs regs;

	for (i = 0; i < nr; i++) {
		if (!guest_regs(&info->guest, i, &regs) &&
		    regs.lstar == one->lstar &&
		    regs.idtr_base == one->idtr_base)
			same++;
	}
	return same;
}

/* What hardware alone says, of any guest. */
static int tell_hardware(struct info *info)
{
	struct guest_regs regs;
	int code;

	code = space_guest_regs(info->session, &info->guest, &regs);
	if (code)
		return code;
	fact(info, "paging", DERIVATION, "CR0, CR4 and EFER of a vCPU",
	     "%s", paging_text(&regs, &info->guest));
	fact(info, "entry", DERIVATION, "registers of a vCPU",
	     "system calls 0x%" PRIx64 " (LSTAR), IDT 0x%" PRIx64 "; the same"
	     " on %d of %d vCPUs", regs.lstar, regs.idtr_base,
	     count_same(info, &regs), guest_nr_vcpus(&info->guest));
	return EXIT_OK;
}

static void tell_kernel(struct info *info, const struct kernel *kernel)
{
	const char *anchor = kernel->anchor == KERNEL_ANCHOR_LSTAR ?
			     "LSTAR and page tables" : "IDT and page tables";
	char bytes[TEXT_MAX];

	fact(info, "kernel", DERIVATION, anchor, "0x%" PRIx64 " to 0x%" PRIx64
	     " (%s), from guest-physical 0x%" PRIx64, kernel->text, kernel->end,
	     text_bytes(bytes, kernel->end - kernel->text), kernel->phys);
	fact(info, "PTI", DERIVATION, "CR3 and page tables", "%s",
	     kernel->pti ? "on: a vCPU was found on page tables of user mode" :
	     "not seen");
	if (kernel->lstar_elsewhere)
		fact(info, "WARNING", DERIVATION, "LSTAR and page tables",
		     "system calls are taken by something that is not in the"
		     " kernel's image");
	fact(info, "KASLR", OUT_OF_BAND, "the address Linux is linked to by"
	     " default", "moved by 0x%" PRIx64,
	     kernel->text - (uint64_t)LINUX_LINK_ADDRESS);
}

static void tell_knowledge(struct info *info, const struct linux_guest *lg)
{
	const struct options *opts = info->opts;
	char count[TEXT_MAX], bytes[TEXT_MAX];

	fact(info, "OS", OUT_OF_BAND, "banner in the kernel's image", "%s",
	     lg->banner);
	fact(info, "release", OUT_OF_BAND, "init_uts_ns in guest memory", "%s",
	     lg->release);
	fact(info, "symbols", OUT_OF_BAND, opts->system_map ? opts->system_map :
	     "kallsyms in the kernel's image", "%s",
	     text_count(count, lg->symbols.nr));
	fact(info, "layouts", OUT_OF_BAND, opts->btf ? opts->btf :
	     "BTF in the kernel's image", "%s of type information",
	     text_bytes(bytes, lg->btf.bytes));
}

/* Return: EXIT_OK, or an exit code, reported. */
static int tell_processes(struct info *info, struct linux_guest *lg)
{
	struct linux_tasks list, tree;
	int code = EXIT_OK;

	/* Zeros are what linux_tasks_free() takes, whatever fails. */
	memset(&list, 0, sizeof(list));
	memset(&tree, 0, sizeof(tree));
	if (linux_tasks_list(lg, 0, &list) || linux_pids_list(lg, 0, &tree)) {
		code = fail(EXIT_OTHER, "out of memory");
	} else {
		fact(info, "processes", OUT_OF_BAND, "list of tasks in guest"
		     " memory", "%zu (%s)", list.nr, linux_walk_text(list.walk));
		fact(info, "PIDs", OUT_OF_BAND, "tree of PIDs in guest memory",
		     "%zu (%s)", tree.nr, linux_walk_text(tree.walk));
	}
	linux_tasks_free(&list);
	linux_tasks_free(&tree);
	return code;
}

static int tell_linux(struct info *info)
{
	const struct linux_options options = {
		.btf = info->opts->btf, .system_map = info->opts->system_map,
	};
	struct linux_guest *lg = calloc(1, sizeof(*lg));
	int code, err;

	if (!lg)
		return fail(EXIT_OTHER, "out of memory");
	/* What is read here stays as it is: tables and image of the kernel. */
	guest_live_cache(info->live, true);
	err = linux_open(lg, &info->guest, &options);
	guest_live_cache(info->live, false);
	/* However far it came. */
	if (lg->kernel.text)
		tell_kernel(info, &lg->kernel);
	if (err) {
		code = fail(EXIT_OTHER, "%s", lg->error);
	} else {
		tell_knowledge(info, lg);
		code = tell_processes(info, lg);
	}
	linux_close(lg);
	free(lg);
	return code;
}

static void begin(struct info *info)
{
	struct json *json = &info->json;

	if (!info->opts->json) {
		printf("%s%s (PID %d)%s\n", text_style(stdout, TEXT_BOLD),
		       info->session->name, info->session->pid,
		       text_style(stdout, TEXT_PLAIN));
		return;
	}
	json->out = stdout;
	json_begin(json, NULL, '{');
	json_string(json, "vm", info->session->name);
	json_u64(json, "pid", info->session->pid);
	json_begin(json, "facts", '[');
}

static int tell(struct info *info)
{
	int code, err;

	err = guest_live_open(&info->live, &info->guest, info->session->tap);
	if (err)
		return session_failed(info->session, err, EXIT_OTHER);
	begin(info);
	code = tell_hardware(info);
	if (!code)
		code = tell_linux(info);
	if (info->opts->json) {
		json_end(&info->json, ']');
		json_end(&info->json, '}');
		putchar('\n');
	}
	guest_live_close(info->live);
	return code;
}

static int run_info(const struct options *opts, int argc, char **argv)
{
	struct session session;
	struct info info = { .opts = opts, .session = &session };
	int code;

	(void)argc;
	(void)argv;
	code = session_open_state(&session, opts);
	if (!code)
		code = tell(&info);
	session_close(&session);
	return code;
}

const struct command cmd_info = {
	.name = "info",
	.args = "",
	.summary = "what guest it is, and how that is known",
	.about =
"Finds out what runs in a VM, with no file about its kernel and nothing in the guest:\n"
"paging and entry points, where the kernel is, and of Linux its version, symbols,\n"
"layouts and processes.  Each fact says how it was learned: by derivation, from what\n"
"hardware itself goes by and therefore binding, or out-of-band, from what the kernel\n"
"has in its memory, where an attacker in the kernel can change it.",
	.groups = OPTIONS_VM | OPTIONS_LINUX | OPTIONS_JSON,
	.run = run_info,
};
