/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entry from traps and interrupts.
 *
 * A stub per vector is one `call`, with a landing pad before it: the return address that it pushes
 * tells C code which vector it was. It lies where the error code would, and is pushed again as the
 * vector; for vectors with an error code of the CPU's own (Intel SDM vol. 3 §6.13) it is the vector
 * as it is.
 *
 * An interrupt that arrives while they are masked by software is only noted: hardware interrupts
 * stay off in what was interrupted, until uk_irq_enable() replays it (see <uk/irq.h>).
 */
#include <uk/arch/asm.h>
#include <uk/arch/cpu.h>
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>
#include <uk/percpu.h>

	.section .text.x86_entry, "ax"
	.globl x86_stubs
	.hidden x86_stubs
x86_stubs:
	vector = 0
	.rept X86_VECTORS
	UK_LANDING	/* events are tracked as well (Intel SDM vol. 1 §17.3.6) */
	.if vector >= X86_VECTOR_IRQ
	.byte 0xe8		/* spelt out: the assembler must not shorten it */
	.long irq_entry - . - 4
	.elseif X86_WITH_ERROR >> vector & 1
	.byte 0xe8
	.long x86_entry_frame_with_error - . - 4
	.else
	.byte 0xe8
	.long x86_entry_frame - . - 4
	.endif
	vector = vector + 1
	.endr

irq_entry:
	cmpl	$0, UK_THIS_CPU(UK_PERCPU_IRQ_OFF)
	je	x86_entry_frame
	push	%rax
	lea	x86_stubs(%rip), %rax
	sub	8(%rsp), %rax	/* negative, hence not 0 */
	/* From fault.S as well: rax is pushed, the vector in it; above it the stub's return address and the CPU's frame. */
	.globl	x86_irq_note
	.hidden	x86_irq_note
x86_irq_note:
	mov	%eax, UK_THIS_CPU(UK_PERCPU_IRQ_PENDING)
	lea	halt(%rip), %rax
	cmp	%rax, 16(%rsp)
	jne	1f
	incq	16(%rsp)	/* it has waited, and must not with interrupts off */
1:	pop	%rax
	andl	$~X86_RFLAGS_IF, 24(%rsp)
	add	$8, %rsp
	iretq

/*
 * x86_wait(): `sti` takes effect after the next instruction, so what comes in between wakes the `hlt`. Not all that
 * emulate a CPU within another one keep to that: then it comes before the `hlt`, which is left out above.
 */
	.globl	x86_wait
x86_wait:
	sti
halt:	hlt
	ret

	.globl	x86_entry_frame, x86_entry_frame_with_error
	.hidden	x86_entry_frame, x86_entry_frame_with_error
x86_entry_frame:
	push	(%rsp)
x86_entry_frame_with_error:
	X86_PUSH_REGS
	cld
	mov	%rsp, %rdi	/* struct uk_regs; aligned to 16, since the CPU aligns its frame */
	call	x86_entry
	X86_POP_REGS
	add	$16, %rsp	/* vector, error */
	iretq

	.section .note.GNU-stack, "", @progbits
