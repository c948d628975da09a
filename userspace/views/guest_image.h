/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest_image.h - a guest that is a memory image and a text file of registers
 *
 * The text file has a word and its values on each line; numbers are decimal or
 * hexadecimal with 0x.  Empty lines and lines that begin with # do not count.
 *
 *	vmitap-image 1			first line: format and its version
 *	region GPA BYTES OFFSET		guest-physical memory, and where in the
 *					image; none means one region from 0
 *	vcpu NUMBER			the registers that follow are this one's;
 *					numbers go up from 0
 *	REGISTER VALUE			a member of struct guest_regs
 *
 * A q35 machine of 4 GiB, whose memory goes on above 4 GiB after the first 2:
 *
 *	vmitap-image 1
 *	region 0x0 0x80000000 0x0
 *	region 0x100000000 0x80000000 0x80000000
 *	vcpu 0
 *	cr3 0x5c20000
 *	...
 */
#ifndef VMITAP_VIEWS_GUEST_IMAGE_H
#define VMITAP_VIEWS_GUEST_IMAGE_H

#include "guest.h"

struct guest_image;

/**
 * guest_image_open() - open an image
 * @image: the image; guest_image_close() it
 * @guest: state to read, valid until then
 * @memory: path of the memory image
 * @regs: path of the text file
 * @error: gets a message when it fails
 * @size: of @error
 *
 * The image may be one that a VMM still writes to.
 *
 * Return: 0, -EINVAL for a text file that is no such file, or what the file
 * system says.
 */
int guest_image_open(struct guest_image **image, struct guest *guest,
		     const char *memory, const char *regs, char *error,
		     size_t size);
void guest_image_close(struct guest_image *image);

#endif /* VMITAP_VIEWS_GUEST_IMAGE_H */
