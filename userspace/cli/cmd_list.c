// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_list.c - the VMs of this host
 */
#include <stdlib.h>

#include <vmitap.h>

#include "cli.h"
#include "json.h"
#include "options.h"
#include "session.h"
#include "text.h"
#include "vms.h"

/* Of one that has ended, or is in another PID namespace, nothing is known. */
static void print_tapper(uint32_t pid)
{
	if (pid)
		printf(" %u", pid);
	else
		printf(" ?");
}

static void print_state(const struct vmitap_vm_info *vm)
{
	const char *sep = "";
	unsigned int i;

	if (vm->state & VMITAP_VM_NESTED) {
		printf("nested");
		sep = ", ";
	}
	if (vm->state & VMITAP_VM_PROTECTED) {
		printf("%sprotected", sep);
		sep = ", ";
	}
	if (vm->state & VMITAP_VM_NO_RIGHT) {
		printf("%snot yours", sep);
		sep = ", ";
	}
	if (vm->nr_sessions)
		printf("%stapped by", sep);
	else if (!*sep)
		putchar('-');
	for (i = 0; i < vm->nr_sessions && i < VMITAP_MAX_SESSIONS; i++)
		print_tapper(vm->tapper_pids[i]);
	putchar('\n');
}

static void print_table(const struct vmitap_vm_info *vms, size_t nr)
{
	char name[64], comm[17], bytes[TEXT_MAX];
	size_t i;

	printf("%s%7s  %-24s %5s %10s %5s %-6s %-16s %s%s\n",
	       text_style(stdout, TEXT_BOLD), "PID", "NAME", "VCPUS", "MEMORY",
	       "SLOTS", "VENDOR", "PROCESS", "STATE",
	       text_style(stdout, TEXT_PLAIN));
	for (i = 0; i < nr; i++) {
		vms_name(&vms[i], name, sizeof(name));
		snprintf(comm, sizeof(comm), "%.16s", vms[i].comm);
		text_make_plain(name);
		text_make_plain(comm);
		printf("%7u  %-24.24s %5u %10s %5u %-6s %-16s ", vms[i].pid,
		       name, vms[i].nr_vcpus,
		       text_bytes(bytes, vms[i].mem_bytes), vms[i].nr_slots,
		       vmitap_vendor_name(vms[i].vendor), comm);
		print_state(&vms[i]);
	}
}

static void print_json(const struct vmitap_vm_info *vms, size_t nr)
{
	struct json json = { .out = stdout };
	char name[64], comm[17];
	unsigned int tapper;
	size_t i;

	json_begin(&json, NULL, '[');
	for (i = 0; i < nr; i++) {
		snprintf(comm, sizeof(comm), "%.16s", vms[i].comm);
		json_begin(&json, NULL, '{');
		json_u64(&json, "pid", vms[i].pid);
		json_string(&json, "name", vms_name(&vms[i], name, sizeof(name)));
		json_string(&json, "process", comm);
		json_u64(&json, "vcpus", vms[i].nr_vcpus);
		json_u64(&json, "memory", vms[i].mem_bytes);
		json_u64(&json, "slots", vms[i].nr_slots);
		json_string(&json, "vendor", vmitap_vendor_name(vms[i].vendor));
		json_bool(&json, "nested", vms[i].state & VMITAP_VM_NESTED);
		json_bool(&json, "protected",
			  vms[i].state & VMITAP_VM_PROTECTED);
		json_bool(&json, "permitted",
			  !(vms[i].state & VMITAP_VM_NO_RIGHT));
		json_begin(&json, "tapped_by", '[');
		for (tapper = 0; tapper < vms[i].nr_sessions &&
		     tapper < VMITAP_MAX_SESSIONS; tapper++)
			json_u64(&json, NULL, vms[i].tapper_pids[tapper]);
		json_end(&json, ']');
		json_end(&json, '}');
	}
	json_end(&json, ']');
	putchar('\n');
}

static int run_list(const struct options *opts, int argc, char **argv)
{
	struct vmitap_vm_info *vms = NULL;
	struct session session;
	size_t nr;
	int code;

	(void)argc;
	(void)argv;
	code = session_open_device(&session);
	if (!code)
		code = vms_get(session.tap, &vms, &nr);
	if (!code && opts->json)
		print_json(vms, nr);
	else if (!code && !nr)
		note("no VM is running");
	else if (!code)
		print_table(vms, nr);
	free(vms);
	session_close(&session);
	return code;
}

const struct command cmd_list = {
	.name = "list",
	.args = "",
	.summary = "the VMs of this host",
	.about =
"Lists every VM on this host: its VMM process and name, vCPUs, memory and who\n"
"taps it.  NAME is QEMU's -name or Firecracker's --id, else the process name.",
	.groups = OPTIONS_JSON,
	.run = run_list,
};
