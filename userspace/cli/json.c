// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - write JSON
 */
#include <inttypes.h>

#include "json.h"

/* Bytes beyond ASCII are taken as Latin-1, so the output is valid anyhow. */
static void quote(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	putc('"', out);
	for (; *at; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < 0x20 || *at >= 0x7f)
			fprintf(out, "\\u%04x", *at);
		else
			putc(*at, out);
	}
	putc('"', out);
}

static void start(struct json *json, const char *name)
{
	if (json->comma)
		putc(',', json->out);
	json->comma = true;
	if (name) {
		quote(json->out, name);
		putc(':', json->out);
	}
}

void json_begin(struct json *json, const char *name, char bracket)
{
	start(json, name);
	putc(bracket, json->out);
	json->comma = false;
}

void json_end(struct json *json, char bracket)
{
	putc(bracket, json->out);
	json->comma = true;
}

void json_u64(struct json *json, const char *name, uint64_t val)
{
	start(json, name);
	fprintf(json->out, "%" PRIu64, val);
}

void json_hex(struct json *json, const char *name, uint64_t val)
{
	start(json, name);
	fprintf(json->out, "\"0x%" PRIx64 "\"", val);
}

void json_real(struct json *json, const char *name, double val, int decimals)
{
	start(json, name);
	fprintf(json->out, "%.*f", decimals, val);
}

void json_bool(struct json *json, const char *name, bool val)
{
	start(json, name);
	fputs(val ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *name)
{
	start(json, name);
	fputs("null", json->out);
}

void json_string(struct json *json, const char *name, const char *val)
{
	start(json, name);
	quote(json->out, val);
}
