// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_regs.c - registers of the vCPUs
 */
#include <inttypes.h>
#include <stdlib.h>

#include <vmitap.h>

#include "cli.h"
#include "json.h"
#include "names.h"
#include "options.h"
#include "session.h"
#include "text.h"

#define MAX_VCPUS (OPTIONS_VCPU_WORDS * 64)

/* A register beside the general ones and the segments. */
struct other_reg {
	const char *name;
	uint64_t val;
};

#define NR_OTHERS 14

static void get_others(const struct vmitap_regs *regs,
		       struct other_reg others[NR_OTHERS])
{
	const struct other_reg list[NR_OTHERS] = {
		{ "cr0", regs->out_ctrl.cr0 }, { "cr2", regs->out_ctrl.cr2 },
		{ "cr3", regs->out_cr3 }, { "cr4", regs->out_ctrl.cr4 },
		{ "efer", regs->out_ctrl.efer }, { "star", regs->out_star },
		{ "lstar", regs->out_lstar }, { "cstar", regs->out_cstar },
		{ "sfmask", regs->out_sfmask },
		{ "kernel_gs_base", regs->out_kernel_gs_base },
		{ "sysenter_cs", regs->out_sysenter_cs },
		{ "sysenter_esp", regs->out_sysenter_esp },
		{ "sysenter_eip", regs->out_sysenter_eip },
		{ "rflags", regs->out_ctrl.rflags },
	};
	unsigned int i;

	for (i = 0; i < NR_OTHERS; i++)
		others[i] = list[i];
}

static void print_text(const struct vmitap_regs *regs)
{
	struct other_reg others[NR_OTHERS];
	const struct vmitap_seg *seg;
	unsigned int i;

	get_others(regs, others);
	printf("%svCPU %u%s  %s  CPL %u%s\n", text_style(stdout, TEXT_BOLD),
	       regs->vcpu_id, text_style(stdout, TEXT_PLAIN),
	       name_mode(regs->out_mode), regs->out_cpl,
	       regs->out_nested ? "  nested guest" : "");
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		printf("  %-4s %016" PRIx64 "%s", name_gpr(i),
		       (uint64_t)regs->out_gprs.reg[i], i % 4 == 3 ? "\n" : "");
	printf("  rip  %016" PRIx64 "\n", (uint64_t)regs->out_rip);
	for (i = 0; i < NR_OTHERS; i++)
		printf("  %-14s %016" PRIx64 "%s", others[i].name,
		       others[i].val, i % 3 == 2 ? "\n" : "");
	putchar('\n');
	for (i = 0; i < VMITAP_NR_SEGS; i++) {
		seg = &regs->out_segs.seg[i];
		printf("  %-4s %04x  base %016" PRIx64 "  limit %08x  attrib"
		       " %04x\n", name_segreg(i), seg->selector,
		       (uint64_t)seg->base, seg->limit, seg->attrib);
	}
}

static void print_json(struct json *json, const struct vmitap_regs *regs)
{
	struct other_reg others[NR_OTHERS];
	const struct vmitap_seg *seg;
	unsigned int i;

	get_others(regs, others);
	json_begin(json, NULL, '{');
	json_u64(json, "vcpu", regs->vcpu_id);
	json_string(json, "mode", name_mode(regs->out_mode));
	json_u64(json, "cpl", regs->out_cpl);
	json_bool(json, "nested", regs->out_nested);
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		json_hex(json, name_gpr(i), regs->out_gprs.reg[i]);
	json_hex(json, "rip", regs->out_rip);
	for (i = 0; i < NR_OTHERS; i++)
		json_hex(json, others[i].name, others[i].val);
	for (i = 0; i < VMITAP_NR_SEGS; i++) {
		seg = &regs->out_segs.seg[i];
		json_begin(json, name_segreg(i), '{');
		json_hex(json, "selector", seg->selector);
		json_hex(json, "base", seg->base);
		json_hex(json, "limit", seg->limit);
		json_hex(json, "attrib", seg->attrib);
		json_end(json, '}');
	}
	json_end(json, '}');
}

/* Without --vcpu, all there are.  Return: how many are in @ids. */
static int choose_vcpus(const struct session *session,
			const struct options *opts, uint32_t ids[MAX_VCPUS],
			uint32_t *nr)
{
	unsigned int i;
	int err;

	*nr = 0;
	for (i = 0; i < opts->nr_vcpu_words * 64; i++) {
		if (opts->vcpus[i / 64] >> i % 64 & 1)
			ids[(*nr)++] = i;
	}
	if (*nr)
		return EXIT_OK;
	err = vmitap_session_vcpus(session->tap, ids, MAX_VCPUS, nr);
	if (err)
		return session_failed(session, err, EXIT_OTHER);
	if (*nr > MAX_VCPUS)
		*nr = MAX_VCPUS;
	return EXIT_OK;
}

static int print_regs(const struct session *session, const struct options *opts)
{
	struct vmitap_regs regs = { .size = sizeof(regs) };
	struct json json = { .out = stdout };
	static uint32_t ids[MAX_VCPUS];
	int code, err = 0;
	uint32_t nr, i;

	code = choose_vcpus(session, opts, ids, &nr);
	if (code)
		return code;
	for (i = 0; i < nr && !err; i++) {
		err = vmitap_session_regs(session->tap, ids[i], &regs);
		if (!err && opts->json && !i)
			json_begin(&json, NULL, '[');
		if (!err && opts->json)
			print_json(&json, &regs);
		else if (!err)
			print_text(&regs);
	}
	/* What was begun is ended, so that it can be read. */
	if (opts->json && i > (err ? 1 : 0)) {
		json_end(&json, ']');
		putchar('\n');
	}
	return err ? session_failed(session, err, EXIT_OTHER) : EXIT_OK;
}

static int run_regs(const struct options *opts, int argc, char **argv)
{
	struct session session;
	int code;

	(void)argc;
	(void)argv;
	code = session_open_state(&session, opts);
	if (!code)
		code = print_regs(&session, opts);
	session_close(&session);
	return code;
}

const struct command cmd_regs = {
	.name = "regs",
	.args = "",
	.summary = "registers of the vCPUs",
	.about =
"Prints the registers of each vCPU, or of those that --vcpu names, as the guest\n"
"itself would read them.  Those of one vCPU are of one moment; the guest runs on.",
	.groups = OPTIONS_VM | OPTIONS_VCPU | OPTIONS_JSON,
	.run = run_regs,
};
