/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first instructions, for all boot protocols, and the way to 64-bit code.
 *
 * One address is everybody's entry. It is reached in one of two states:
 *	PVH, Multiboot 1 and 2: 32-bit, paging off, ebx = information, eax = magic (Multiboot)
 *	Linux 64-bit: long mode, identity-mapped, rsi = boot parameters
 * The image lies at IMAGE_PADDR. It begins with the boot stack and three pages for tables, without
 * bytes in the file (image.lds), so that their addresses are constants and nothing here needs a
 * relocation. All labels are reached relative to the program counter.
 *
 * What is built here maps the image to its physical address in 2 MiB pages, for early.c, which makes
 * the final mapping at a random address. Then we jump there and never come back.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/paging.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/mark.h>

#include "boot.h"

#define PML4 (IMAGE_PADDR + BOOT_STACK_SIZE)
#define PDPT (PML4 + 0x1000)
#define PD   (PML4 + 0x2000)

	.section .boot.stack, "aw", @nobits
	.balign 4096
	.skip BOOT_STACK_SIZE
	.globl kvm_root_table, kvm_spare_pages
	.hidden kvm_root_table, kvm_spare_pages
kvm_root_table:
	.skip 0x1000
kvm_spare_pages:		/* PDPT and PD, free once we have left the identity mapping */
	.skip 0x2000

	.section .text.boot, "ax"
	.globl kvm_entry
	.code32
kvm_entry:
	UK_MARK(UK_MARK_ENTRY)
	cli
	cld
	/*
	 * Which mode is this? The byte 0x41 is `inc %ecx` in 32-bit mode, and in 64-bit mode a
	 * prefix of the next instruction, which it turns into one on r9.
	 */
	xorl	%ecx, %ecx
	.byte	0x41
	movl	%ecx, %ecx
	jecxz	from_long_mode
	movl	%eax, %esi	/* magic of the protocol, if it has one */
	jmp	start32

	.code64
	/* Back to 32-bit mode with paging off: one path for all. */
from_long_mode:
	lea	boot_gdt(%rip), %rax
	mov	$(IMAGE_PADDR + BOOT_STACK_SIZE), %rsp
	push	%rax
	pushw	$(boot_gdt_end - boot_gdt - 1)
	lgdt	(%rsp)
	mov	%esi, %ebx
	mov	$BOOT_MAGIC_LINUX64, %esi
	lea	6f(%rip), %rax
	push	$SEL_CODE32
	push	%rax
	lretq
	.code32
6:	movl	$X86_SEL_DATA, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movl	%cr0, %eax
	andl	$~X86_CR0_PG, %eax
	movl	%eax, %cr0

start32:
	movl	$(IMAGE_PADDR + BOOT_STACK_SIZE), %esp
	call	1f
1:	popl	%ebp		/* where label 1 is; from here on other labels relative to it */

	movl	$0x80000000, %eax
	pushl	%ebx
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	popl	%ebx
	btl	$29, %edx
	jnc	no_long_mode

	/* The tables' memory may hold anything: clear it. */
	movl	$PML4, %edi
	movl	$(0x3000 / 4), %ecx
	xorl	%eax, %eax
	rep stosl
	movl	$(PDPT | X86_PTE_P | X86_PTE_W), PML4
	movl	$(PD | X86_PTE_P | X86_PTE_W), PDPT
	leal	(uk_image_end - 1b)(%ebp), %ecx
	addl	$0x1fffff, %ecx
	shrl	$21, %ecx	/* 2 MiB pages up to the image's end */
	movl	$PD, %edi
	movl	$(X86_PTE_P | X86_PTE_W | X86_PTE_PS), %eax
2:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	2b

	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PML4, %eax
	movl	%eax, %cr3
	/* No-execute, if the CPU has it; early.c looks at EFER to see. */
	movl	$X86_EFER_LME, %eax
	btl	$20, %edx
	jnc	3f
	orl	$X86_EFER_NXE, %eax
3:	movl	$X86_MSR_EFER, %ecx
	xorl	%edx, %edx
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_PE | X86_CR0_NE | X86_CR0_MP | X86_CR0_WP), %eax
	movl	%eax, %cr0

	/* Into 64-bit code, through a GDT that only has to last until trap.c loads its own. */
	leal	(boot_gdt - 1b)(%ebp), %eax
	pushl	%eax
	pushw	$(boot_gdt_end - boot_gdt - 1)
	lgdt	(%esp)
	leal	(start64 - 1b)(%ebp), %eax
	pushl	$X86_SEL_CODE
	pushl	%eax
	lret

no_long_mode:
	leal	(no_long_mode_text - 1b)(%ebp), %esi
	movw	$0x3f8, %dx
4:	lodsb
	outb	%al, %dx
	testb	%al, %al
	jnz	4b
	movb	$1, %al
	outb	%al, $0xf4	/* as in power.c */
5:	hlt
	jmp	5b

	.code64
start64:
	movl	$X86_SEL_DATA, %eax
	movl	%eax, %ss
	mov	%esi, %esi	/* upper halves are undefined after the switch */
	mov	%ebx, %ebx
	mov	$(IMAGE_PADDR + BOOT_STACK_SIZE), %rsp
	push	%rsi
	push	%rbx
	mov	%esi, %edi
	call	kvm_early	/* returns virtual - physical address of the image */
	pop	%rsi
	pop	%rdi
	add	%rax, %rsp
	lea	7f(%rip), %rdx
	add	%rax, %rdx
	jmp	*%rdx
7:	xor	%ebp, %ebp
	call	kvm_start	/* (magic, information) */
	ud2

	.section .rodata.boot, "a"
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* X86_SEL_CODE */
	.quad	0x00cf93000000ffff	/* X86_SEL_DATA */
	.quad	0x00cf9b000000ffff	/* SEL_CODE32 */
boot_gdt_end:
no_long_mode_text:
	.asciz	"[whittle] error: this CPU has no 64-bit mode\n"

	.section .note.GNU-stack, "", @progbits
