/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The archive that CONFIG_LIBUKCPIO_EMBED_FILE names, as read-only data. On a page boundary, so that
 * its pages hold nothing else.
 */
#include <uk/config.h>

	.section .rodata.ukcpio_embedded, "a", %progbits
	.balign 4096
	.globl ukcpio_embedded, ukcpio_embedded_end
	.hidden ukcpio_embedded, ukcpio_embedded_end
ukcpio_embedded:
	.incbin CONFIG_LIBUKCPIO_EMBED_FILE
ukcpio_embedded_end:
	.balign 4096

	.section .note.GNU-stack, "", %progbits
