/* SPDX-License-Identifier: BSD-3-Clause */
	.text
	.globl	add_by_x18
	.type	add_by_x18, @function
add_by_x18:
	mov	x18, x0
	add	x0, x18, x1
	ret
	.size	add_by_x18, . - add_by_x18

	.section .note.GNU-stack, "", @progbits
