/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multiboot 2 header (specification 2.0 §3.1): no requests, GRUB takes everything else from the ELF
 * headers. (The header of Multiboot 1 must lie at one of ten places in the file, so that QEMU does
 * not see it; support/tools/stripimage.py puts it there.)
 */
	.section .boot.header, "a"
	.balign 8
header:
	.long	0xe85250d6
	.long	0		/* protected mode i386: the state at entry */
	.long	header_end - header
	.long	-(0xe85250d6 + 0 + (header_end - header))
	.short	0, 0		/* the last tag */
	.long	8
header_end:

	.section .note.GNU-stack, "", @progbits
