/* SPDX-License-Identifier: BSD-3-Clause */
/* x86_64: the marker is `nopl 0x554bNNNN(%rax)`. See uk/mark.h. */
#ifndef UK_ARCH_MARK_H
#define UK_ARCH_MARK_H

#define UK_MARK(id) \
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.word %c0\n\t.byte 0x4b, 0x55" ::"i"(id) : "memory")

#endif
