/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - write JSON
 *
 * Every function takes the name of the member it adds, or NULL for an element of
 * an array and for the outermost value.  Commas are put by the writer.
 */
#ifndef VMITAP_CLI_JSON_H
#define VMITAP_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma;
};

void json_begin(struct json *json, const char *name, char bracket);
void json_end(struct json *json, char bracket);
void json_u64(struct json *json, const char *name, uint64_t val);
void json_hex(struct json *json, const char *name, uint64_t val);
void json_real(struct json *json, const char *name, double val, int decimals);
void json_bool(struct json *json, const char *name, bool val);
void json_null(struct json *json, const char *name);
void json_string(struct json *json, const char *name, const char *val);

#endif /* VMITAP_CLI_JSON_H */
