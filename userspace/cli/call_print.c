// SPDX-License-Identifier: GPL-2.0-only
/*
 * call_print.c - one system call as a line of text or of JSON
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "call_print.h"
#include "json.h"
#include "names.h"
#include "text.h"

const char *call_name(char buf[CALL_NAME_MAX], const struct call *call)
{
	if (call->name)
		snprintf(buf, CALL_NAME_MAX, "%s", call->name);
	else
		snprintf(buf, CALL_NAME_MAX, "syscall_0x%" PRIx64,
			 (uint64_t)call->enter.nr);
	return buf;
}

static void print_quoted(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	putc('"', out);
	for (; *at; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at == '\n')
			fputs("\\n", out);
		else if (*at < 0x20 || *at >= 0x7f)
			fprintf(out, "\\%03o", *at);
		else
			putc(*at, out);
	}
	putc('"', out);
	if (at - (const unsigned char *)text == CALL_STRING - 1)
		fputs("...", out);
}

static const char *find_string(const struct call *call, unsigned int arg)
{
	unsigned int i;

	for (i = 0; i < CALL_STRINGS; i++) {
		if (call->string_arg[i] == (int)arg)
			return call->strings[i];
	}
	return NULL;
}

static void print_pointer(FILE *out, uint64_t val)
{
	if (val)
		fprintf(out, "0x%" PRIx64, val);
	else
		fputs("NULL", out);
}

/* A register as wide as the caller's. */
static uint64_t register_of(const struct call *call, uint64_t val)
{
	return call->abi == LINUX_ABI_I386 ? (uint32_t)val : val;
}

static void print_value(FILE *out, const struct call *call, enum linux_arg kind,
			uint64_t reg)
{
	uint64_t val = register_of(call, reg);

	switch (kind) {
	case LINUX_ARG_DIRFD:
		if ((int32_t)val == AT_FDCWD) {
			fputs("AT_FDCWD", out);
			return;
		}
		/* fallthrough */
	case LINUX_ARG_FD:
	case LINUX_ARG_INT:
		fprintf(out, "%d", (int32_t)val);
		return;
	case LINUX_ARG_LONG:
		fprintf(out, "%" PRId64, call->abi == LINUX_ABI_I386 ?
			(int64_t)(int32_t)val : (int64_t)val);
		return;
	case LINUX_ARG_SIZE:
		fprintf(out, "%" PRIu64, val);
		return;
	case LINUX_ARG_MODE:
		fprintf(out, "%#o", (uint32_t)val);
		return;
	case LINUX_ARG_FLAGS:
		fprintf(out, val > 9 ? "0x%" PRIx64 : "%" PRIu64, val);
		return;
	case LINUX_ARG_POINTER:
	case LINUX_ARG_STRING:
		print_pointer(out, val);
		return;
	}
}

static void print_args(FILE *out, const struct call *call)
{
	unsigned int i, nr = linux_signature_args(call->signature);
	const char *text;

	for (i = 0; i < nr; i++) {
		if (i)
			fputs(", ", out);
		text = find_string(call, i);
		if (text)
			print_quoted(out, text);
		else if (i == LINUX_SYSCALL_ARGS - 1 && !call->sixth_known)
			putc('?', out);
		else
			print_value(out, call, call->signature[i],
				    call->enter.args[i]);
	}
}

static void print_result(FILE *out, const struct call *call)
{
	const char *errno_name;

	fputs(" = ", out);
	if (!linux_result_is_error(call->abi, call->result)) {
		print_value(out, call, linux_signature_result(call->signature),
			    call->result);
		return;
	}
	errno_name = linux_result_errno(call->abi, call->result);
	fprintf(out, "%s-1 %s", text_style(out, TEXT_RED),
		errno_name ? errno_name : "");
	if (!errno_name)
		fprintf(out, "errno %d", -(int32_t)call->result);
	fputs(text_style(out, TEXT_PLAIN), out);
}

static void print_process(FILE *out, const struct call *call)
{
	const unsigned char *at = (const unsigned char *)call->comm;

	fputs(text_style(out, TEXT_CYAN), out);
	if (call->pid) {
		fprintf(out, "[%u ", call->pid);
		/* The guest chooses names; they may not move the cursor. */
		for (; *at; at++)
			putc(*at < 0x20 || *at >= 0x7f ? '?' : *at, out);
		putc(']', out);
	} else {
		fprintf(out, "[cr3 0x%" PRIx64 "]", (uint64_t)call->enter.cr3);
	}
	fprintf(out, "%s ", text_style(out, TEXT_PLAIN));
}

void call_print_text(FILE *out, const struct call *call,
		     enum call_outcome outcome)
{
	const char *prefix = call->abi == LINUX_ABI_I386 ? "i386:" : "";
	char name[CALL_NAME_MAX];

	call_name(name, call);
	print_process(out, call);
	if (call->shown_pending && outcome != CALL_PENDING) {
		fprintf(out, "<... %s%s resumed>", prefix, name);
	} else {
		fprintf(out, "%s%s(", prefix, name);
		print_args(out, call);
		putc(')', out);
	}
	switch (outcome) {
	case CALL_RETURNED:
		print_result(out, call);
		break;
	case CALL_ENDS:
		fputs(" = ?", out);
		break;
	case CALL_PENDING:
		fputs(" <unfinished ...>", out);
		break;
	case CALL_UNSEEN:
		fputs(" = ? <no return seen>", out);
		break;
	case CALL_UNFINISHED:
		fputs(" = ? <capture ended>", out);
		break;
	}
	putc('\n', out);
}

static void json_args(struct json *json, const struct call *call)
{
	unsigned int i, nr = linux_signature_args(call->signature);
	const char *text;

	json_begin(json, "args", '[');
	for (i = 0; i < nr; i++) {
		if (i == LINUX_SYSCALL_ARGS - 1 && !call->sixth_known)
			json_null(json, NULL);
		else
			json_hex(json, NULL,
				 register_of(call, call->enter.args[i]));
	}
	json_end(json, ']');
	json_begin(json, "strings", '[');
	for (i = 0; i < nr; i++) {
		text = find_string(call, i);
		if (text)
			json_string(json, NULL, text);
		else
			json_null(json, NULL);
	}
	json_end(json, ']');
}

static void json_outcome(struct json *json, const struct call *call,
			 enum call_outcome outcome, uint32_t tsc_khz)
{
	static const char *const words[] = {
		[CALL_RETURNED] = "returned", [CALL_ENDS] = "ends",
		[CALL_PENDING] = "pending", [CALL_UNSEEN] = "unseen",
		[CALL_UNFINISHED] = "unfinished",
	};
	const char *errno_name;

	json_string(json, "outcome", words[outcome]);
	if (outcome != CALL_RETURNED)
		return;
	json_hex(json, "result", register_of(call, call->result));
	errno_name = linux_result_errno(call->abi, call->result);
	if (errno_name)
		json_string(json, "errno", errno_name);
	json_real(json, "ns", call_ns(call, tsc_khz), 0);
}

void call_print_json(FILE *out, const struct call *call,
		     enum call_outcome outcome, uint32_t tsc_khz)
{
	struct json json = { .out = out };
	char name[CALL_NAME_MAX];

	if (outcome == CALL_PENDING)
		return;
	json_begin(&json, NULL, '{');
	json_hex(&json, "tsc", call->enter.record.tsc);
	json_u64(&json, "vcpu", call->enter.record.vcpu);
	json_hex(&json, "cr3", call->enter.cr3);
	json_hex(&json, "rip", call->enter.rip);
	json_hex(&json, "rsp", call->enter.rsp);
	json_string(&json, "mode", name_mode(call->enter.mode));
	json_hex(&json, "nr", call->enter.nr);
	json_string(&json, "name", call_name(name, call));
	if (call->pid) {
		json_u64(&json, "pid", call->pid);
		json_string(&json, "comm", call->comm);
	}
	json_args(&json, call);
	json_outcome(&json, call, outcome, tsc_khz);
	json_begin(&json, "patterns", '{');
	json_string(&json, "call", "derivation");
	json_string(&json, "names", "out-of-band");
	json_end(&json, '}');
	json_end(&json, '}');
	putc('\n', out);
}
