/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into a signal's handler and back: frame.h says how. a0 is a system call's result; the frame lies at sp, also that of a
 * handler that has returned. gp is the kernel's and stays as it is.
 */
#include <sigframe.h>

#define X(n) SIGFRAME_MCONTEXT + UK_MCONTEXT_X(n)(sp)

	/* s0 to s11 */
	.macro each_callee_saved op
	\op	s0, X(8)
	\op	s1, X(9)
	\op	s2, X(18)
	\op	s3, X(19)
	\op	s4, X(20)
	\op	s5, X(21)
	\op	s6, X(22)
	\op	s7, X(23)
	\op	s8, X(24)
	\op	s9, X(25)
	\op	s10, X(26)
	\op	s11, X(27)
	.endm

	/* What a call may change, but ra, t0, t1 and the registers of arguments. */
	.macro each_temporary op
	\op	t2, X(7)
	\op	t3, X(28)
	\op	t4, X(29)
	\op	t5, X(30)
	\op	t6, X(31)
	.endm

	.macro each_argument op
	\op	a0, X(10)
	\op	a1, X(11)
	\op	a2, X(12)
	\op	a3, X(13)
	\op	a4, X(14)
	\op	a5, X(15)
	\op	a6, X(16)
	\op	a7, X(17)
	.endm

	/* The frame of a call that returns to ra: what a C function has to preserve, and the caller's own place. Loses t0. */
	.macro save_call
	mv	t0, sp
	addi	sp, sp, -SIGFRAME_SIZE
	andi	sp, sp, -16
	each_callee_saved sd
	sd	t0, X(2)
	sd	gp, X(3)
	sd	tp, X(4)
	sd	ra, X(1)
	sd	ra, X(0)		/* the program counter */
	sd	zero, X(5)
	sd	zero, X(6)
	sd	zero, SIGFRAME_FPU(sp)
	.endm

	function uk_syscall_leave_slow
	addi	sp, sp, -16
	sd	ra, 8(sp)
	sd	a0, 0(sp)
	mv	a0, sp
	call	posix_signal_full
	mv	t1, a0
	ld	ra, 8(sp)
	ld	a0, 0(sp)
	addi	sp, sp, 16
	bnez	t1, no_room
	save_call
	li	a1, 0
	li	a2, 0
	li	a3, 0
	li	a4, 0
	li	a5, 0
	li	a6, 0
	li	a7, 0
	each_argument sd
	sd	zero, SIGFRAME_RESTART(sp)
	lla	t1, posix_signal_leave
	j	decide_with_t1
no_room:
	mv	sp, t1
	j	posix_signal_no_room
	.size uk_syscall_leave_slow, . - uk_syscall_leave_slow

	function uk_syscall_restart
	addi	sp, sp, -64
	sd	ra, 56(sp)
	sd	a0, 0(sp)
	sd	a1, 8(sp)
	sd	a2, 16(sp)
	sd	a3, 24(sp)
	sd	a4, 32(sp)
	sd	a5, 40(sp)
	mv	a0, sp
	call	posix_signal_full
	mv	t1, a0
	ld	ra, 56(sp)
	ld	a0, 0(sp)
	ld	a1, 8(sp)
	ld	a2, 16(sp)
	ld	a3, 24(sp)
	ld	a4, 32(sp)
	ld	a5, 40(sp)
	addi	sp, sp, 64
	bnez	t1, 9f
	save_call
	li	a6, 0
	li	a7, 0
	each_argument sd
	lla	t1, posix_signal_leave_restart
	j	decide_with_t1
9:	mv	sp, t1
	j	posix_signal_no_room
	.size uk_syscall_restart, . - uk_syscall_restart

	function posix_signal_diverted
	.hidden posix_signal_diverted
	addi	sp, sp, -SIGFRAME_SIZE	/* it was aligned, and what it was is noted */
	sd	t0, X(5)
	sd	t1, X(6)
	sd	ra, X(1)
	sd	gp, X(3)
	sd	tp, X(4)
	each_callee_saved sd
	each_temporary sd
	each_argument sd
	sd	zero, SIGFRAME_RESTART(sp)
	sd	zero, SIGFRAME_FPU(sp)
	lla	t1, posix_signal_after_divert
	j	decide_with_t1_saved
	.size posix_signal_diverted, . - posix_signal_diverted

/*
 * There was no room for a frame on the alternate stack: the end. It begins at the top again, since
 * nobody returns to the handlers there.
 */
	function posix_signal_no_room
	.hidden posix_signal_no_room
	andi	sp, sp, -16
	call	signal_no_room
	.size posix_signal_no_room, . - posix_signal_no_room

	function uk_sys_rt_sigreturn
	lla	t1, posix_signal_return
	j	decide_with_t1_saved
	.size uk_sys_rt_sigreturn, . - uk_sys_rt_sigreturn

/* sp: the frame; t1: struct resume { frame, handler } fn(frame). */
	.section .text.uk_sys_signal.decide, "ax", @progbits
	.type decide_with_t1, @function
	/* For debuggers: who was interrupted stands in the frame that sp points to. Column 64 is for a program counter. */
	.cfi_sections .debug_frame
decide_with_t1:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_return_column 64
	.cfi_def_cfa sp, 0
	.cfi_offset 64, SIGFRAME_MCONTEXT + UK_MCONTEXT_PC
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset \n, SIGFRAME_MCONTEXT + UK_MCONTEXT_X(\n)
	.endr
	li	t2, 0
	li	t3, 0
	li	t4, 0
	li	t5, 0
	li	t6, 0
	each_temporary sd
decide_with_t1_saved:
	mv	a0, sp
	jalr	t1
	beqz	a0, restore
	mv	sp, a0
	mv	t1, a1
	ld	ra, SIGFRAME_RESTORER(sp)
	lw	a0, SIGFRAME_INFO(sp)
	addi	a1, sp, SIGFRAME_INFO
	addi	a2, sp, SIGFRAME_UC
	li	fp, 0
	jr	t1

/* The frame, at sp, has served. Program counter and stack pointer change in one step, as the CPU, or the platform, does that. */
restore:
	addi	a0, sp, SIGFRAME_UC
	j	riscv_resume
	.cfi_endproc
	.size decide_with_t1, . - decide_with_t1

	.section .note.GNU-stack, "", @progbits
