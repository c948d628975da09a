/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot sector of the virtual Intel host.  Bochs has put the kernel into memory
 * already; go to its real-mode entry.
 *
 * Bochs gives out its memory block by block, in the order of first use, but reads an
 * image that is longer than a block as if the blocks lay behind each other.  So they
 * have to: use each for the first time in the order of addresses.  The first block
 * and the last are in use, by images before (see bochsrc.in).
 *
 * MEMORY (bytes) and BLOCK are defined on the assembler's command line.
 */
	.code16
	.globl	_start
_start:
	cli
	xor	%ax, %ax
	mov	%ax, %ds

	/* The A20 gate. */
	in	$0x92, %al
	or	$2, %al
	out	%al, $0x92

	/* A data segment of 4 GiB stays when protected mode is left again. */
	lgdtl	gdtr
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	mov	$8, %bx
	mov	%bx, %ds
	and	$0xfe, %al
	mov	%eax, %cr0

	mov	$BLOCK, %ebx
1:	mov	(%ebx), %al
	add	$BLOCK, %ebx
	cmp	$MEMORY, %ebx
	jb	1b

	mov	$0x9000, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %fs
	mov	%ax, %gs
	mov	%ax, %ss
	mov	$0xe000, %sp
	ljmp	$0x9020, $0

	.balign	8
gdt:	.quad	0
	.quad	0x00cf92000000ffff
gdtr:	.word	. - gdt - 1
	.long	gdt

	.org	510
	.word	0xaa55
	.org	1474560			/* the floppy disk */
