/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entry from page faults and interrupts where stacks may be partly missing: linked only where
 * uk_plat_page_faults_start() is called.
 *
 * The CPU cannot push its frame on a stack whose page is missing, and an interrupt that it cannot
 * deliver is lost. So both enter on small stacks of their own (IST, Intel SDM vol. 3 §6.14.5). A
 * page fault is dealt with there, unless it is none of ukvmem's; everything else moves to the
 * stack that was interrupted, and goes on as if it had been delivered there. (Interrupts have none where the platform
 * says x86_page_faults_only().)
 */
#include <uk/arch/asm.h>
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/percpu.h>

#include "fault.h"

	.section .text.x86_fault, "ax"
	.globl x86_fault_stubs, x86_fault_entry
	.hidden x86_fault_stubs, x86_fault_entry

/*
 * With rcx and rax pushed: copies the CPU's frame and the word below it (error code) from this stack
 * to the interrupted one, aligned as the CPU does, and goes there; rcx and rax as they were.
 */
	.macro move_frame
	mov	48(%rsp), %rax
	and	$-16, %rax
	.irp	offset, 56, 48, 40, 32, 24, 16	/* ss, rsp, rflags, cs, rip, error code */
	mov	\offset(%rsp), %rcx
	mov	%rcx, \offset - 64(%rax)
	.endr
	sub	$48, %rax
	mov	%rax, 16(%rsp)
	pop	%rcx
	pop	%rax
	mov	(%rsp), %rsp
	.endm

x86_fault_entry:			/* the CPU has pushed its frame and the error code */
	UK_LANDING
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	mov	%cr2, %rdi
	mov	72(%rsp), %rsi		/* error code */
	mov	104(%rsp), %rdx		/* interrupted stack pointer */
	mov	UK_THIS_CPU(UK_PERCPU_IRQ_OFF), %eax
	push	%rax			/* which also aligns the stack */
	movl	$1, UK_THIS_CPU(UK_PERCPU_IRQ_OFF)
	cld
	call	x86_fault
	pop	%rcx
	mov	%ecx, UK_THIS_CPU(UK_PERCPU_IRQ_OFF)
	mov	%eax, %ecx
	cmp	$1, %ecx		/* sets the flags for both branches below */
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	jb	3f			/* X86_FAULT_DONE */
	ja	2f			/* X86_FAULT_HERE: the stack itself is the problem */
	/* X86_FAULT_MOVE */
	push	%rcx
	move_frame
	jmp	4f
2:	pop	%rax
4:	push	%rax			/* in the place of the stub's return address: */
	lea	x86_stubs + (VEC_PF + 1) * X86_STUB_SIZE(%rip), %rax
	xchg	%rax, (%rsp)
	jmp	x86_entry_frame_with_error
3:	pop	%rax
	add	$8, %rsp
	iretq

	.section .text.x86_fault_irq, "ax"
/* As the stubs of trap.S, for interrupts. */
x86_fault_stubs:
	.rept X86_VECTORS - X86_VECTOR_IRQ
	UK_LANDING
	.byte 0xe8
	.long irq_entry - . - 4
	.endr

irq_entry:
	push	%rax
	push	%rcx
	mov	16(%rsp), %rax
	lea	x86_fault_stubs(%rip), %rcx
	sub	%rcx, %rax		/* which vector, in units of stubs */
	cmpl	$0, UK_THIS_CPU(UK_PERCPU_IRQ_OFF)
	je	1f
	/* Masked: note it, and leave the hardware off. */
	neg	%rax
	sub	$(X86_VECTOR_IRQ * X86_STUB_SIZE), %eax
	pop	%rcx
	jmp	x86_irq_note
1:	lea	x86_stubs + X86_VECTOR_IRQ * X86_STUB_SIZE(%rip), %rcx
	add	%rax, %rcx		/* what trap.S expects as the return address */
	mov	%rcx, 16(%rsp)		/* in the place of an error code */
	move_frame
	jmp	x86_entry_frame

	.section .note.GNU-stack, "", @progbits
