// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_kallsyms.c - recover symbols from anything (libFuzzer)
 *
 * Input: the address of the image, then the image.  What is recovered must be as the
 * interface says, however it came about.
 */
#include <stdlib.h>
#include <string.h>

#include "kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct kernel_image *image,
		  const struct kallsyms *kallsyms,
		  const struct symbols *symbols)
{
	const struct symbol *found;
	uint64_t address, before = 0;
	uint32_t i;

	if (symbols->nr != kallsyms->nr ||
	    !kernel_image_has(image, kallsyms->names, symbols->nr) ||
	    !kernel_image_has(image, kallsyms->offsets, symbols->nr * 4))
		abort();
	for (i = 0; i < symbols->nr; i++) {
		address = symbols->list[i].address;
		if (address < before)
			abort();
		before = address;
		found = symbols_at(symbols, address);
		if (!found || found->address != address)
			abort();
		if (symbols_address(symbols,
				    symbol_name(symbols, &symbols->list[i]),
				    &address) || address > before)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symbols symbols = { 0 };
	struct kernel_image image;
	struct kallsyms kallsyms;

	if (size < sizeof(image.base))
		return 0;
	memcpy(&image.base, data, sizeof(image.base));
	image.bytes = size - sizeof(image.base);
	/* A copy has its end where a read behind it is seen. */
	image.data = malloc(image.bytes);
	memcpy(image.data, data + sizeof(image.base), image.bytes);
	if (!kallsyms_find(&kallsyms, &symbols, &image, image.base + 0x80))
		check(&image, &kallsyms, &symbols);
	else if (symbols.list || symbols.names || symbols.hash)
		abort();
	symbols_free(&symbols);
	kernel_image_free(&image);
	return 0;
}
