/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into a signal's handler and back: frame.h says how. x0 is a system call's result; the frame lies at sp, also that of a
 * handler that has returned.
 */
#include <sigframe.h>

#define X(n)      [sp, #SIGFRAME_MCONTEXT + UK_MCONTEXT_X(n)]
#define M(field)  [sp, #SIGFRAME_MCONTEXT + UK_MCONTEXT_##field]

	/* x19 to x28: pairs of words at 304 and more above sp are in reach up to 504. */
	.macro each_callee_saved op
	\op	x19, x20, X(19)
	\op	x21, x22, X(21)
	\op	x23, x24, X(23)
	.endm
	.macro each_callee_saved_far op
	\op	x25, X(25)
	\op	x26, X(26)
	\op	x27, X(27)
	\op	x28, X(28)
	\op	x29, X(29)
	.endm

	.macro each_argument op
	\op	x0, x1, X(0)
	\op	x2, x3, X(2)
	\op	x4, x5, X(4)
	.endm

	/* What else a call may change, but x16, x17 and x30. */
	.macro each_temporary op
	\op	x6, x7, X(6)
	\op	x8, x9, X(8)
	\op	x10, x11, X(10)
	\op	x12, x13, X(12)
	\op	x14, x15, X(14)
	.endm

	.macro each_zero
	stp	xzr, xzr, X(6)
	stp	xzr, xzr, X(8)
	stp	xzr, xzr, X(10)
	stp	xzr, xzr, X(12)
	stp	xzr, xzr, X(14)
	stp	xzr, xzr, X(16)
	.endm

	.macro room
	sub	sp, sp, #SIGFRAME_SIZE & ~0xfff
	sub	sp, sp, #SIGFRAME_SIZE & 0xfff
	.endm

	/* The frame of a call that returns to x30: what a C function has to preserve, and the caller's own place. Loses x16. */
	.macro save_call
	mov	x16, sp
	room
	each_callee_saved stp
	each_callee_saved_far str
	str	x18, X(18)
	str	x16, M(SP)
	str	x30, X(30)
	str	x30, M(PC)
	str	xzr, M(PSTATE)
	str	xzr, [sp, #SIGFRAME_FPU]
	each_zero
	.endm

	function uk_syscall_leave_slow
	stp	x0, x30, [sp, #-16]!
	mov	x0, sp
	bl	posix_signal_full
	mov	x17, x0
	ldp	x0, x30, [sp], #16
	cbnz	x17, no_room
	save_call
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	mov	x4, xzr
	mov	x5, xzr
	each_argument stp
	str	xzr, [sp, #SIGFRAME_RESTART]
	adrp	x17, posix_signal_leave
	add	x17, x17, :lo12:posix_signal_leave
	b	decide_with_x17
no_room:
	mov	sp, x17
	b	posix_signal_no_room
	.size uk_syscall_leave_slow, . - uk_syscall_leave_slow

	function uk_syscall_restart
	stp	x0, x1, [sp, #-64]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	str	x30, [sp, #48]
	mov	x0, sp
	bl	posix_signal_full
	mov	x17, x0
	ldr	x30, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp], #64
	cbnz	x17, 9f
	save_call
	each_argument stp
	adrp	x17, posix_signal_leave_restart
	add	x17, x17, :lo12:posix_signal_leave_restart
	b	decide_with_x17
9:	mov	sp, x17
	b	posix_signal_no_room
	.size uk_syscall_restart, . - uk_syscall_restart

	function posix_signal_diverted
	.hidden posix_signal_diverted
	UK_LANDING_ANY			/* between a jump and where it lands, this is the landing */
	room				/* sp was aligned, and what it was is noted */
	each_argument stp
	each_temporary stp
	stp	x16, x17, X(16)
	str	x18, X(18)
	each_callee_saved stp
	each_callee_saved_far str
	str	x30, X(30)
	mrs	x0, nzcv
	str	x0, M(PSTATE)
	str	xzr, [sp, #SIGFRAME_RESTART]
	str	xzr, [sp, #SIGFRAME_FPU]
	adrp	x17, posix_signal_after_divert
	add	x17, x17, :lo12:posix_signal_after_divert
	b	decide_with_x17
	.size posix_signal_diverted, . - posix_signal_diverted

/*
 * There was no room for a frame on the alternate stack: the end. It begins at the top again, since
 * nobody returns to the handlers there.
 */
	function posix_signal_no_room
	.hidden posix_signal_no_room
	mov	x16, sp
	and	sp, x16, #~15
	bl	signal_no_room
	.size posix_signal_no_room, . - posix_signal_no_room

	function uk_sys_rt_sigreturn
	adrp	x17, posix_signal_return
	add	x17, x17, :lo12:posix_signal_return
	b	decide_with_x17
	.size uk_sys_rt_sigreturn, . - uk_sys_rt_sigreturn

/* sp: the frame; x17: struct resume { frame, handler } fn(frame). */
	.section .text.uk_sys_signal.decide, "ax", @progbits
	.type decide_with_x17, @function
	/* For debuggers: who was interrupted stands in the frame that sp points to. Column 32 is the program counter. */
	.cfi_sections .debug_frame
decide_with_x17:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_return_column 32
	.cfi_def_cfa sp, 0
	.cfi_offset sp, SIGFRAME_MCONTEXT + UK_MCONTEXT_SP
	.cfi_offset 32, SIGFRAME_MCONTEXT + UK_MCONTEXT_PC
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	.cfi_offset \n, SIGFRAME_MCONTEXT + UK_MCONTEXT_X(\n)
	.endr
	mov	x0, sp
	blr	x17
	cbz	x0, restore
	mov	sp, x0
	mov	x17, x1
	ldr	x30, [sp, #SIGFRAME_RESTORER]
	ldr	w0, [sp, #SIGFRAME_INFO]
	add	x1, sp, #SIGFRAME_INFO
	add	x2, sp, #SIGFRAME_UC
	mov	x29, xzr
	br	x17

/*
 * The frame, at sp, has served. Program counter, flags and stack pointer change in one step, as the CPU, or the platform, does that. The
 * frame was just looked at, so no access to it faults.
 */
restore:
	add	x0, sp, #SIGFRAME_UC
	b	arm_resume
	.cfi_endproc
	.size decide_with_x17, . - decide_with_x17

	.section .note.GNU-stack, "", @progbits
