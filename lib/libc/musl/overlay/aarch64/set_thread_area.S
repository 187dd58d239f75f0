/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * int __set_thread_area(void *): the thread pointer is a register that programs may set, and the kernel finds it there.
 */
	.text
	.global __set_thread_area
	.hidden __set_thread_area
	.type __set_thread_area, @function
__set_thread_area:
	msr	tpidr_el0, x0
	mov	w0, #0
	ret
	.size __set_thread_area, . - __set_thread_area
	.section .note.GNU-stack, "", @progbits
