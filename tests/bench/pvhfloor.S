/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest guest that QEMU's -kernel boots: entered by PVH (Xen's boot protocol, an ELF note
 * names the 32-bit entry point), it writes "!\n" to the first serial port and leaves QEMU. What it
 * takes is the floor of every boot: QEMU's own start and nothing else. Linked by pvhfloor.ld.
 */
	.macro mark id
	.byte 0x0f, 0x1f, 0x80
	.short \id
	.byte 0x4b, 0x55
	.endm

	.section .note.pvh, "a", @note
	.long 4, 4, 18				/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long _start

	.text
	.code32
	.globl _start
_start:
	mark 1					/* as UK_MARK_ENTRY */
	movw $0x3f8, %dx
	movb $'!', %al
	outb %al, %dx
	movb $'\n', %al
	outb %al, %dx
	mark 2					/* as UK_MARK_MAIN */
	movw $0xf4, %dx				/* isa-debug-exit */
	movb $0, %al
	outb %al, %dx
1:	hlt
	jmp 1b
