/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a signal handler returns to: the handler of rt_sigreturn finds the frame at the stack
 * pointer, as the system call would.
 */
	.text
	.global __restore, __restore_rt
	.hidden __restore, __restore_rt
	.type __restore, @function
	.type __restore_rt, @function
	nop			/* unwinders look one byte before a return address */
__restore:
__restore_rt:
	b	uk_sys_rt_sigreturn
	.size __restore_rt, . - __restore_rt
	.section .note.GNU-stack, "", @progbits
