/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only a Xen guest has: the way to call the hypervisor, and the entries of a PV domain: at the start, for traps and for events (Xen public/arch-x86/xen-x86_64.h).
 *
 * A PV domain's code runs in ring 3. The flag of interrupts is evtchn_upcall_mask in memory: Xen sets it when it calls an
 * entry, shows in the frame's IF what it was before, and takes it from there when it is asked to return (iret
 * below). The processor's own iretq returns as well, and leaves it alone.
 */
#include <uk/arch/asm.h>
#include <uk/arch/cpu.h>
#include <uk/arch/regs.h>
#include <uk/arch/trap.h>
#include <uk/mark.h>
#include <uk/percpu.h>

#include "boot.h"
#include "xen_asm.h"

/* ---- calls ---- */

/*
 * Number in eax, arguments in rdi, rsi, rdx, r10, r8; rcx and r11 are lost. These three instructions are what Xen
 * itself would write into a page for them; a page that somebody else writes and we execute is not wanted.
 */
	.section .text.uk_xen_hypercall, "ax"
	.globl	uk_xen_hypercall
	.type	uk_xen_hypercall, @function
uk_xen_hypercall:
	cmpb	$XEN_CALL_VMCALL, xen_call_kind(%rip)
	je	1f
	ja	2f
	syscall
	UK_RET
1:	vmcall
	UK_RET
2:	vmmcall
	UK_RET

/* ---- entry of a PV domain: rsi = start info, all of the image mapped to its physical address ---- */

	.section .text.boot, "ax"
	.globl	xen_pv_entry
xen_pv_entry:
	UK_MARK(UK_MARK_ENTRY)
	cld
	lea	boot_stack + BOOT_STACK_SIZE(%rip), %rsp
	mov	%rsi, %rbx
	mov	%rsi, %rdi
	call	xen_pv_prepare
	mov	$BOOT_MAGIC_XEN_PV, %esi
	jmp	boot_common64

/*
 * ---- traps: Xen has pushed rcx and r11 below what a CPU pushes ----
 *
 * A stub is a call, whose return address tells which it is. No landing: the branches of a PV domain are not tracked.
 */

	.section .text.xen_pv_stubs, "ax"
	.globl	xen_pv_stubs
	.hidden	xen_pv_stubs
xen_pv_stubs:
	.rept	XEN_PV_STUBS
	call	which
	.endr

which:
	pop	%rcx
	lea	xen_pv_stubs + XEN_PV_STUB_SIZE(%rip), %r11
	sub	%r11d, %ecx
	imul	$205, %ecx, %ecx	/* by 5, of which it is a multiple */
	shr	$10, %ecx
	mov	$X86_WITH_ERROR, %r11d
	bt	%ecx, %r11d
	mov	8(%rsp), %r11
	jc	1f
	movq	$0, 8(%rsp)		/* for r11: no error; for rcx: the vector */
	xchg	%rcx, (%rsp)
	jmp	trap
1:	mov	%rcx, 8(%rsp)		/* before the error: the vector */
	pop	%rcx
trap:
	X86_PUSH_REGS
	cld
	mov	%rsp, %rdi
	call	xen_pv_trap
leave:
	X86_POP_REGS
	add	$16, %rsp		/* vector, error */
	push	$0			/* flags: nothing special */
	push	%rcx
	push	%r11
	push	%rax
	mov	$XEN_IRET, %eax
	syscall

/* ---- events ---- */

	.globl	xen_pv_upcall, xen_pv_failsafe
	.hidden	xen_pv_upcall, xen_pv_failsafe
xen_pv_upcall:
	UK_LANDING
	pop	%rcx
	pop	%r11
	cmpl	$0, UK_THIS_CPU(UK_PERCPU_IRQ_OFF)
	jne	1f
	push	$0
	push	$X86_VECTOR_IRQ
	X86_PUSH_REGS
	cld
	mov	%rsp, %rdi
	mov	$X86_VECTOR_IRQ, %esi
	call	x86_irq
	jmp	leave
	/* Masked by software: note it, as arch/x86_64/trap.S does, and leave Xen's mask closed. */
1:	movl	$-((X86_VECTOR_IRQ + 1) * X86_STUB_SIZE), UK_THIS_CPU(UK_PERCPU_IRQ_PENDING)
	orb	$3, 8(%rsp)		/* ring 3, where Xen shows ring 0 for a kernel */
	iretq

/* A segment that cannot be loaded on return: we have none of our own. */
xen_pv_failsafe:
	UK_LANDING
	ud2

	.section .note.GNU-stack, "", @progbits
