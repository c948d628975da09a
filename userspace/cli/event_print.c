// SPDX-License-Identifier: GPL-2.0-only
/*
 * event_print.c - one record as a line of text
 */
#include <inttypes.h>

#include <vmitap.h>

#include "event_print.h"
#include "names.h"
#include "stats_print.h"
#include "text.h"

/* Bytes of a message that go into a line; JSON has all of them. */
#define MAX_MESSAGE_TEXT 64

double event_time(struct event_printer *printer,
		  const struct vmitap_record *rec)
{
	if (!printer->first_tsc)
		printer->first_tsc = rec->tsc;
	if (!printer->tsc_khz)
		return 0;
	return (double)(int64_t)(rec->tsc - printer->first_tsc) /
	       (printer->tsc_khz * 1e3);
}

void event_print_head(struct event_printer *printer)
{
	FILE *out = printer->out;

	fprintf(out, "%s%12s %4s %-18s %3s %-8s %-16s %-12s %s%s\n",
		text_style(out, TEXT_BOLD), "SECONDS", "VCPU", "EVENT", "CPL",
		"MODE", "RIP", "CR3", "DETAILS", text_style(out, TEXT_PLAIN));
}

static void print_ctrl(FILE *out, const struct vmitap_ctrl *ctrl)
{
	fprintf(out, " rflags=%" PRIx64 " cr0=%" PRIx64 " cr2=%" PRIx64
		" cr4=%" PRIx64 " efer=%" PRIx64, (uint64_t)ctrl->rflags,
		(uint64_t)ctrl->cr0, (uint64_t)ctrl->cr2, (uint64_t)ctrl->cr4,
		(uint64_t)ctrl->efer);
}

static void print_gprs(FILE *out, const struct vmitap_gprs *gprs)
{
	unsigned int i;

	for (i = 0; i < VMITAP_NR_GPRS; i++)
		fprintf(out, " %s=%" PRIx64, name_gpr(i),
			(uint64_t)gprs->reg[i]);
}

static void print_segs(FILE *out, const struct vmitap_segs *segs)
{
	const struct vmitap_seg *seg;
	unsigned int i;

	for (i = 0; i < VMITAP_NR_SEGS; i++) {
		seg = &segs->seg[i];
		fprintf(out, " %s=%x:%" PRIx64 "+%x/%x", name_segreg(i),
			seg->selector, (uint64_t)seg->base, seg->limit,
			seg->attrib);
	}
}

static void print_insn(FILE *out, const struct vmitap_insn *insn)
{
	unsigned int i;

	fputs(" insn=", out);
	for (i = 0; i < insn->len && i < sizeof(insn->bytes); i++)
		fprintf(out, "%02x", insn->bytes[i]);
	if (!insn->len)
		putc('-', out);
}

static void print_exit(struct event_printer *printer,
		       const struct vmitap_exit *exit)
{
	char reason[NAME_MAX_REASON];
	FILE *out = printer->out;

	fprintf(out, "%-18s %3u %-8s %016" PRIx64 " %-12" PRIx64 " q1=%" PRIx64
		" q2=%" PRIx64,
		name_reason(reason, printer->vendor, exit->reason), exit->cpl,
		name_mode(exit->mode), (uint64_t)exit->rip,
		(uint64_t)exit->cr3, (uint64_t)exit->qual1,
		(uint64_t)exit->qual2);
	/* Bit 31 is "valid" in the encoding of both vendors. */
	if (exit->intr_info >> 31)
		fprintf(out, " delivering=%x:%x", exit->intr_info,
			exit->intr_error);
	if (exit->record.flags & VMITAP_RECORD_NESTED)
		fputs(" nested", out);
	if (exit->record.flags & VMITAP_RECORD_FASTPATH)
		fputs(" fastpath", out);
	if (exit->record.flags & VMITAP_RECORD_TRAP)
		fputs(" trap", out);
	if (vmitap_exit_ctrl(exit))
		print_ctrl(out, vmitap_exit_ctrl(exit));
	if (vmitap_exit_gprs(exit))
		print_gprs(out, vmitap_exit_gprs(exit));
	if (vmitap_exit_segs(exit))
		print_segs(out, vmitap_exit_segs(exit));
	if (vmitap_exit_insn(exit))
		print_insn(out, vmitap_exit_insn(exit));
}

static void print_inject(FILE *out, const struct vmitap_inject *inject)
{
	fprintf(out, "%-18s %3s %-8s %016" PRIx64 " %-12" PRIx64
		" %s vector=%x", "inject", "", "", (uint64_t)inject->rip,
		(uint64_t)inject->cr3, name_inject(inject->kind),
		inject->vector);
	if (inject->has_error)
		fprintf(out, " error=%x", inject->error);
}

/* The columns that all traps have. */
static void print_place(FILE *out, const char *name, unsigned int cpl,
			unsigned int mode, uint64_t rip, uint64_t cr3)
{
	fprintf(out, "%-18s %3u %-8s %016" PRIx64 " %-12" PRIx64, name, cpl,
		name_mode(mode), rip, cr3);
}

static void print_cr3(FILE *out, const struct vmitap_cr3_write *write)
{
	print_place(out, "cr3", write->cpl, write->mode, write->rip,
		    write->new_cr3);
	fprintf(out, " old=%" PRIx64, (uint64_t)write->old_cr3);
}

/* SYSCALL and SYSRET are of CPL 3, but for systems that do what nobody does. */
static void print_syscall(FILE *out, const struct vmitap_syscall *call)
{
	unsigned int i;

	print_place(out, "syscall", 3, call->mode, call->rip, call->cr3);
	fprintf(out, " nr=%" PRIu64 " rsp=%" PRIx64 " args=",
		(uint64_t)call->nr, (uint64_t)call->rsp);
	for (i = 0; i < 6; i++)
		fprintf(out, "%s%" PRIx64, i ? "," : "",
			(uint64_t)call->args[i]);
}

static void print_sysret(FILE *out, const struct vmitap_sysret *ret)
{
	print_place(out, "sysret", 3, ret->mode, ret->rip, ret->cr3);
	fprintf(out, " result=%" PRId64 " rsp=%" PRIx64, (int64_t)ret->result,
		(uint64_t)ret->rsp);
}

/* A guest may send anything: only what is plain ASCII goes to the terminal. */
static void print_data(FILE *out, const unsigned char *data, size_t bytes)
{
	size_t i;

	putc('"', out);
	for (i = 0; i < bytes && i < MAX_MESSAGE_TEXT; i++) {
		if (data[i] == '"' || data[i] == '\\')
			fprintf(out, "\\%c", data[i]);
		else if (data[i] < 0x20 || data[i] >= 0x7f)
			fprintf(out, "\\x%02x", data[i]);
		else
			putc(data[i], out);
	}
	fputs(bytes > i ? "\"..." : "\"", out);
}

static void print_message(FILE *out, const struct vmitap_message *message)
{
	const void *data = vmitap_message_data(message);

	print_place(out, "message", message->cpl, message->mode, message->rip,
		    message->cr3);
	fprintf(out, " tag=%" PRIx64 " bytes=%u+%u/%u ", (uint64_t)message->tag,
		message->offset, message->bytes, message->total);
	if (data)
		print_data(out, data, message->bytes);
	else
		fputs("damaged", out);
}

static void print_lost(FILE *out, const struct vmitap_lost_record *lost)
{
	uint64_t by_reason[VMITAP_NR_LOST];
	unsigned int i;

	for (i = 0; i < VMITAP_NR_LOST; i++)
		by_reason[i] = lost->reason[i];
	fputs(text_style(out, TEXT_RED), out);
	stats_print_lost(out, by_reason);
	for (i = 0; i < VMITAP_MAX_EXIT_CLASSES; i++) {
		if (lost->by_class[i])
			fprintf(out, " %s=%u", vmitap_class_name(i),
				lost->by_class[i]);
	}
	fputs(text_style(out, TEXT_PLAIN), out);
}

void event_print_text(struct event_printer *printer,
		      const struct vmitap_record *rec)
{
	FILE *out = printer->out;

	fprintf(out, "%12.6f ", event_time(printer, rec));
	if (rec->type == VMITAP_RECORD_VM_GONE)
		fprintf(out, "%4s ", "");
	else
		fprintf(out, "%4u ", rec->vcpu);
	switch (rec->type) {
	case VMITAP_RECORD_EXIT:
		print_exit(printer, (const struct vmitap_exit *)rec);
		break;
	case VMITAP_RECORD_INJECT:
		print_inject(out, (const struct vmitap_inject *)rec);
		break;
	case VMITAP_RECORD_LOST:
		print_lost(out, (const struct vmitap_lost_record *)rec);
		break;
	case VMITAP_RECORD_CR3:
		print_cr3(out, (const struct vmitap_cr3_write *)rec);
		break;
	case VMITAP_RECORD_SYSCALL:
		print_syscall(out, (const struct vmitap_syscall *)rec);
		break;
	case VMITAP_RECORD_SYSRET:
		print_sysret(out, (const struct vmitap_sysret *)rec);
		break;
	case VMITAP_RECORD_MESSAGE:
		print_message(out, (const struct vmitap_message *)rec);
		break;
	case VMITAP_RECORD_VCPU_CREATED:
		fputs("vcpu created", out);
		break;
	case VMITAP_RECORD_VCPU_DESTROYED:
		fputs("vcpu destroyed", out);
		break;
	case VMITAP_RECORD_VM_GONE:
		fputs("VM gone", out);
		break;
	default:
		fprintf(out, "record of unknown type %u", rec->type);
	}
	putc('\n', out);
}
