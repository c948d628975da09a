// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_doctor.c - whether this host is fit for vmitap
 */
#include <stdarg.h>

#include "cli.h"
#include "doctor.h"
#include "json.h"
#include "options.h"
#include "text.h"

static struct json json;
static bool as_json;
static unsigned int counts[FINDING_FAIL + 1];

void doctor_report(enum finding finding, const char *what, const char *fmt, ...)
{
	static const char *const words[] = { "pass", "warn", "FAIL" };
	static const char *const json_words[] = { "pass", "warn", "fail" };
	static const enum text_style styles[] = {
		TEXT_GREEN, TEXT_YELLOW, TEXT_RED
	};
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	counts[finding]++;
	if (as_json) {
		json_begin(&json, NULL, '{');
		json_string(&json, "result", json_words[finding]);
		json_string(&json, "what", what);
		json_string(&json, "text", text);
		json_end(&json, '}');
		return;
	}
	printf("%s%s%s  %-24s %s\n", text_style(stdout, styles[finding]),
	       words[finding], text_style(stdout, TEXT_PLAIN), what, text);
}

static int run_doctor(const struct options *opts, int argc, char **argv)
{
	int code;

	(void)argc;
	(void)argv;
	as_json = opts->json;
	json.out = stdout;
	if (as_json)
		json_begin(&json, NULL, '[');
	doctor_check_kernel();
	doctor_check_cpu();
	doctor_check_config();
	doctor_check_kvm();
	doctor_check_lockdown();
	doctor_check_bpf();
	code = doctor_check_module();
	if (as_json) {
		json_end(&json, ']');
		putchar('\n');
	} else if (counts[FINDING_FAIL]) {
		printf("\n%u to mend before VMs can be tapped.\n",
		       counts[FINDING_FAIL]);
	} else {
		printf("\nThis host is ready%s.\n", counts[FINDING_WARN] ?
		       ", with the warnings above" : "");
	}
	if (code)
		return code;
	return counts[FINDING_FAIL] ? EXIT_UNFIT_HOST : EXIT_OK;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "is this host fit, and what to do if not",
	.about =
"Checks kernel, CPU, KVM, the module and what filters need.  Each line says pass,\n"
"warn (something will not work) or FAIL (VMs cannot be tapped) and what to do.\n"
"The exit code is 0 without a FAIL, 3 or 4 if the module or its device cannot be\n"
"used, else 6.",
	.groups = OPTIONS_JSON,
	.run = run_doctor,
};
