/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The phase marker on x86: nopl 0x554bNNNN(%rax), NNNN being the id. See <uk/mark.h>.
 */
#ifndef UK_ARCH_MARK_H
#define UK_ARCH_MARK_H

#ifdef __ASSEMBLER__
#define UK_MARK(id)                                                                                \
	.byte 0x0f, 0x1f, 0x80;                                                                    \
	.word id;                                                                                  \
	.byte 0x4b, 0x55
#else
#define UK_MARK(id)                                                                                \
	__asm__ volatile(".byte 0x0f,0x1f,0x80\n\t.word %c0\n\t.byte 0x4b,0x55" ::"i"(id)          \
			 : "memory")
#endif

#endif
