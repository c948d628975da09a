/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real-mode part of a kernel, to be at 0x90000, with what a boot loader fills in
 * (Documentation/x86/boot.rst of the kernel), and the command line.
 *
 * Files: vmlinuz, cmdline.  Defined on the assembler's command line: SETUP, the bytes
 * of the real-mode part; KERNEL, where the rest is; INITRD, INITRD_BYTES.
 */
	.incbin	"vmlinuz", 0, 0x1fa
	.word	0xffff			/* vid_mode: normal */
	.incbin	"vmlinuz", 0x1fc, 0x210 - 0x1fc
	.byte	0xff			/* type_of_loader: none of the known */
	.byte	0x81			/* loadflags: LOADED_HIGH, CAN_USE_HEAP */
	.word	0x8000			/* setup_move_size, of old kernels */
	.long	KERNEL			/* code32_start */
	.long	INITRD			/* ramdisk_image */
	.long	INITRD_BYTES		/* ramdisk_size */
	.long	0
	.word	0xde00			/* heap_end_ptr */
	.byte	0, 0
	.long	0x9e000			/* cmd_line_ptr */
	.incbin	"vmlinuz", 0x22c, SETUP - 0x22c
	.org	0xe000
	.incbin	"cmdline"
	.byte	0
