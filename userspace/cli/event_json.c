// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_json.c - one record as a line of JSON
 *
 * 64-bit values are strings in hexadecimal: readers that keep numbers as doubles
 * would round them.
 */
#include <vmitap.h>

#include "event_print.h"
#include "json.h"
#include "names.h"

static void json_ctrl(struct json *json, const struct vmitap_ctrl *ctrl)
{
	json_begin(json, "ctrl", '{');
	json_hex(json, "rflags", ctrl->rflags);
	json_hex(json, "cr0", ctrl->cr0);
	json_hex(json, "cr2", ctrl->cr2);
	json_hex(json, "cr4", ctrl->cr4);
	json_hex(json, "efer", ctrl->efer);
	json_end(json, '}');
}

static void json_gprs(struct json *json, const struct vmitap_gprs *gprs)
{
	unsigned int i;

	json_begin(json, "gprs", '{');
	for (i = 0; i < VMITAP_NR_GPRS; i++)
		json_hex(json, name_gpr(i), gprs->reg[i]);
	json_end(json, '}');
}

static void json_segs(struct json *json, const struct vmitap_segs *segs)
{
	const struct vmitap_seg *seg;
	unsigned int i;

	json_begin(json, "segs", '{');
	for (i = 0; i < VMITAP_NR_SEGS; i++) {
		seg = &segs->seg[i];
		json_begin(json, name_segreg(i), '{');
		json_u64(json, "selector", seg->selector);
		json_hex(json, "base", seg->base);
		json_u64(json, "limit", seg->limit);
		json_u64(json, "attrib", seg->attrib);
		json_end(json, '}');
	}
	json_end(json, '}');
}

static void json_insn(struct json *json, const struct vmitap_insn *insn)
{
	char text[2 * sizeof(insn->bytes) + 1] = "";
	unsigned int i;

	for (i = 0; i < insn->len && i < sizeof(insn->bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", insn->bytes[i]);
	json_string(json, "insn", text);
}

static void json_exit(struct json *json, const struct vmitap_exit *exit,
		      uint32_t vendor)
{
	char reason[NAME_MAX_REASON];

	json_hex(json, "entry_tsc", exit->entry_tsc);
	json_string(json, "name", name_reason(reason, vendor, exit->reason));
	json_hex(json, "reason", exit->reason);
	json_string(json, "class", vmitap_class_name(exit->class_id));
	json_u64(json, "cpl", exit->cpl);
	json_string(json, "mode", name_mode(exit->mode));
	json_bool(json, "nested", exit->record.flags & VMITAP_RECORD_NESTED);
	json_bool(json, "fastpath",
		  exit->record.flags & VMITAP_RECORD_FASTPATH);
	json_bool(json, "trap", exit->record.flags & VMITAP_RECORD_TRAP);
	json_hex(json, "qual1", exit->qual1);
	json_hex(json, "qual2", exit->qual2);
	/* Without the valid bit, hardware has left something old there. */
	json_hex(json, "intr_info", exit->intr_info >> 31 ? exit->intr_info : 0);
	json_hex(json, "intr_error", exit->intr_info >> 31 ? exit->intr_error : 0);
	json_hex(json, "rip", exit->rip);
	json_hex(json, "cr3", exit->cr3);
	if (vmitap_exit_ctrl(exit))
		json_ctrl(json, vmitap_exit_ctrl(exit));
	if (vmitap_exit_gprs(exit))
		json_gprs(json, vmitap_exit_gprs(exit));
	if (vmitap_exit_segs(exit))
		json_segs(json, vmitap_exit_segs(exit));
	if (vmitap_exit_insn(exit))
		json_insn(json, vmitap_exit_insn(exit));
}

static void json_inject(struct json *json, const struct vmitap_inject *inject)
{
	json_string(json, "kind", name_inject(inject->kind));
	json_u64(json, "vector", inject->vector);
	if (inject->has_error)
		json_hex(json, "error", inject->error);
	json_hex(json, "rip", inject->rip);
	json_hex(json, "cr3", inject->cr3);
}

static void json_lost(struct json *json, const struct vmitap_lost_record *lost)
{
	unsigned int i;

	json_hex(json, "first_tsc", lost->first_tsc);
	json_u64(json, "count", lost->count);
	json_begin(json, "by_reason", '{');
	for (i = 0; i < VMITAP_NR_LOST; i++)
		json_u64(json, name_lost_key(i), lost->reason[i]);
	json_end(json, '}');
	json_begin(json, "by_class", '{');
	for (i = 0; i < VMITAP_MAX_EXIT_CLASSES; i++) {
		if (lost->by_class[i])
			json_u64(json, vmitap_class_name(i), lost->by_class[i]);
	}
	json_end(json, '}');
}

static void json_cr3(struct json *json, const struct vmitap_cr3_write *write)
{
	json_hex(json, "old_cr3", write->old_cr3);
	json_hex(json, "new_cr3", write->new_cr3);
	json_hex(json, "rip", write->rip);
	json_u64(json, "cpl", write->cpl);
	json_string(json, "mode", name_mode(write->mode));
}

static void json_syscall(struct json *json, const struct vmitap_syscall *call)
{
	unsigned int i;

	json_hex(json, "cr3", call->cr3);
	json_hex(json, "rip", call->rip);
	json_hex(json, "rsp", call->rsp);
	json_hex(json, "nr", call->nr);
	json_begin(json, "args", '[');
	for (i = 0; i < 6; i++)
		json_hex(json, NULL, call->args[i]);
	json_end(json, ']');
	json_string(json, "mechanism", name_mechanism(call->mechanism));
	json_string(json, "mode", name_mode(call->mode));
}

static void json_sysret(struct json *json, const struct vmitap_sysret *ret)
{
	json_hex(json, "cr3", ret->cr3);
	json_hex(json, "rip", ret->rip);
	json_hex(json, "rsp", ret->rsp);
	json_hex(json, "result", ret->result);
	json_string(json, "mechanism", name_mechanism(ret->mechanism));
	json_string(json, "mode", name_mode(ret->mode));
}

static void json_message(struct json *json,
			 const struct vmitap_message *message)
{
	const unsigned char *data = vmitap_message_data(message);
	char text[2 * VMITAP_MESSAGE_CHUNK + 1] = "";
	unsigned int i;

	json_hex(json, "cr3", message->cr3);
	json_hex(json, "rip", message->rip);
	json_u64(json, "cpl", message->cpl);
	json_string(json, "mode", name_mode(message->mode));
	json_hex(json, "tag", message->tag);
	json_u64(json, "total", message->total);
	json_u64(json, "offset", message->offset);
	for (i = 0; data && i < message->bytes; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	if (data)
		json_string(json, "data", text);
	else
		json_null(json, "data");
}

/* What a record of its type has besides the head. */
static void json_members(struct json *json, const struct vmitap_record *rec,
			 uint32_t vendor)
{
	switch (rec->type) {
	case VMITAP_RECORD_EXIT:
		json_exit(json, (const struct vmitap_exit *)rec, vendor);
		break;
	case VMITAP_RECORD_INJECT:
		json_inject(json, (const struct vmitap_inject *)rec);
		break;
	case VMITAP_RECORD_LOST:
		json_lost(json, (const struct vmitap_lost_record *)rec);
		break;
	case VMITAP_RECORD_CR3:
		json_cr3(json, (const struct vmitap_cr3_write *)rec);
		break;
	case VMITAP_RECORD_SYSCALL:
		json_syscall(json, (const struct vmitap_syscall *)rec);
		break;
	case VMITAP_RECORD_SYSRET:
		json_sysret(json, (const struct vmitap_sysret *)rec);
		break;
	case VMITAP_RECORD_MESSAGE:
		json_message(json, (const struct vmitap_message *)rec);
		break;
	}
}

void event_print_json(struct event_printer *printer,
		      const struct vmitap_record *rec)
{
	struct json json = { .out = printer->out };

	/* Types of a newer module. */
	if (!rec->type || rec->type > VMITAP_RECORD_MESSAGE)
		return;
	json_begin(&json, NULL, '{');
	json_string(&json, "type", name_record(rec->type));
	json_real(&json, "seconds", event_time(printer, rec), 9);
	json_hex(&json, "tsc", rec->tsc);
	json_u64(&json, "vcpu", rec->vcpu);
	json_u64(&json, "seq", rec->seq);
	json_members(&json, rec, printer->vendor);
	json_end(&json, '}');
	putc('\n', printer->out);
}
