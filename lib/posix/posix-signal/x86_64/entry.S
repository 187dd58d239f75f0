/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Into a signal's handler and back: frame.h says how. rdi is a system call's result; the second word of a frame whose handler
 * has returned is at rsp. A frame lies at an address that is 8 modulo 16.
 */
#include <sigframe.h>

#define M(reg) SIGFRAME_MCONTEXT + UK_MCONTEXT_##reg(%rsp)

/*
 * Room for vector registers below `top` (a register, lost), and the frame below them: rsp.
 */
	.macro make_frame top
	sub %rax, \top
	and $-64, \top
	lea -(SIGFRAME_SIZE + 8)(\top), %rsp
	mov \top, SIGFRAME_FPU(%rsp)
	movq $0, M(FPSTATE)
	.endm

/* What a C function has to preserve, and the caller's own place. Loses rax, r10, r11. */
	.macro save_call
	mov %rsp, %r10
	mov %rsp, %r11
	mov uk_arch_fpu_size(%rip), %eax
	add $SIGFRAME_FPU_TAIL, %rax
	make_frame %r10
	mov %rbx, M(RBX)
	mov %rbp, M(RBP)
	mov %r12, M(R12)
	mov %r13, M(R13)
	mov %r14, M(R14)
	mov %r15, M(R15)
	lea 8(%r11), %rax
	mov %rax, M(RSP)
	mov (%r11), %rax
	mov %rax, M(RIP)
	pushfq
	popq M(EFLAGS)
	xor %eax, %eax
	mov %rax, M(R11)
	.endm

	function uk_syscall_leave_slow
	push %rdi
	mov %rsp, %rdi
	call posix_signal_full
	pop %rdi
	test %rax, %rax
	jnz 9f
	save_call
	mov %rax, M(RDI)
	mov %rax, M(RSI)
	mov %rax, M(RDX)
	mov %rax, M(RCX)
	mov %rax, M(R8)
	mov %rax, M(R9)
	mov %rax, M(R10)
	mov %rax, SIGFRAME_RESTART(%rsp)
	mov %rdi, M(RAX)
	lea posix_signal_leave(%rip), %rax
	jmp decide
9:	mov %rax, %rsp
	jmp posix_signal_no_room
	.size uk_syscall_leave_slow, . - uk_syscall_leave_slow

	function uk_syscall_restart
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %r8
	push %r9
	push %rax /* for the alignment */
	mov %rsp, %rdi
	call posix_signal_full
	pop %r9
	pop %r9
	pop %r8
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	test %rax, %rax
	jnz 9f
	save_call
	mov %rax, M(RAX)
	mov %rdi, M(RDI)
	mov %rsi, M(RSI)
	mov %rdx, M(RDX)
	mov %rcx, M(RCX)
	mov %rcx, M(R10) /* where a system call instruction has its fourth argument */
	mov %r8, M(R8)
	mov %r9, M(R9)
	lea posix_signal_leave_restart(%rip), %rax
	jmp decide
9:	mov %rax, %rsp
	jmp posix_signal_no_room
	.size uk_syscall_restart, . - uk_syscall_restart

	function posix_signal_diverted
	.hidden posix_signal_diverted
	lea -SIGFRAME_REDZONE(%rsp), %rsp
	push %rax
	push %rbx
	push %rcx
	mov %rsp, %rbx
	mov %rsp, %rcx
	mov uk_arch_fpu_size(%rip), %eax
	add $SIGFRAME_FPU_TAIL, %rax
	make_frame %rcx
	mov (%rbx), %rax
	mov %rax, M(RCX)
	mov 8(%rbx), %rax
	mov %rax, M(RBX)
	mov 16(%rbx), %rax
	mov %rax, M(RAX)
	mov %rdx, M(RDX)
	mov %rsi, M(RSI)
	mov %rdi, M(RDI)
	mov %rbp, M(RBP)
	mov %r8, M(R8)
	mov %r9, M(R9)
	mov %r10, M(R10)
	mov %r11, M(R11)
	mov %r12, M(R12)
	mov %r13, M(R13)
	mov %r14, M(R14)
	mov %r15, M(R15)
	movq $0, SIGFRAME_RESTART(%rsp)
	lea posix_signal_after_divert(%rip), %rax
	jmp decide
	.size posix_signal_diverted, . - posix_signal_diverted

/*
 * There was no room for a frame on the alternate stack: the end. It begins at the top again, since
 * nobody returns to the handlers there.
 */
	function posix_signal_no_room
	.hidden posix_signal_no_room
	and $-16, %rsp
	call signal_no_room
	.size posix_signal_no_room, . - posix_signal_no_room

	function uk_sys_rt_sigreturn
	sub $8, %rsp
	lea posix_signal_return(%rip), %rax
	jmp decide
	.size uk_sys_rt_sigreturn, . - uk_sys_rt_sigreturn

/* rsp: the frame; rax: struct resume { frame, handler } fn(frame). */
	.section .text.uk_sys_signal.decide, "ax", @progbits
	.type decide, @function
	/* For debuggers: who was interrupted stands in the frame that rbx points to. */
	.cfi_sections .debug_frame
#define SAVED(dwarf, reg) .cfi_offset dwarf, SIGFRAME_MCONTEXT + UK_MCONTEXT_##reg
decide:
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_def_cfa rbx, 0
	SAVED(0, RAX)
	SAVED(1, RDX)
	SAVED(2, RCX)
	SAVED(3, RBX)
	SAVED(4, RSI)
	SAVED(5, RDI)
	SAVED(6, RBP)
	SAVED(7, RSP)
	SAVED(8, R8)
	SAVED(9, R9)
	SAVED(10, R10)
	SAVED(11, R11)
	SAVED(12, R12)
	SAVED(13, R13)
	SAVED(14, R14)
	SAVED(15, R15)
	SAVED(16, RIP)
	mov %rsp, %rbx
	mov %rsp, %rdi
	sub $8, %rsp
	UK_CALL(rax)
	test %rax, %rax
	jz restore
	mov %rax, %rsp
	mov %rdx, %rcx
	mov SIGFRAME_INFO(%rsp), %edi
	lea SIGFRAME_INFO(%rsp), %rsi
	lea SIGFRAME_UC(%rsp), %rdx
	xor %eax, %eax
	UK_JMP(rcx)

/*
 * The frame, at rbx, has served: program counter, flags and stack pointer go to where `iretq` takes
 * them from, so that all three change in one step and nothing is written to the stack that is
 * returned to. It may be another one than the handler was called on. (In user mode `iretq` works
 * as well.)
 */
restore:
	mov %rbx, %rsp
	mov M(RIP), %rax
	mov %rax, SIGFRAME_INFO(%rsp)
	mov %cs, %eax
	mov %rax, SIGFRAME_INFO + 8(%rsp)
	mov M(EFLAGS), %rax
	mov %rax, SIGFRAME_INFO + 16(%rsp)
	mov M(RSP), %rax
	mov %rax, SIGFRAME_INFO + 24(%rsp)
	mov %ss, %eax
	mov %rax, SIGFRAME_INFO + 32(%rsp)
	mov M(RDI), %rdi
	mov M(RSI), %rsi
	mov M(RDX), %rdx
	mov M(RCX), %rcx
	mov M(RAX), %rax
	mov M(RBX), %rbx
	mov M(RBP), %rbp
	mov M(R8), %r8
	mov M(R9), %r9
	mov M(R10), %r10
	mov M(R11), %r11
	mov M(R12), %r12
	mov M(R13), %r13
	mov M(R14), %r14
	mov M(R15), %r15
	lea SIGFRAME_INFO(%rsp), %rsp
	iretq UK_AFTER_JUMP
	.cfi_endproc
	.size decide, . - decide

	.section .note.GNU-stack, "", @progbits
