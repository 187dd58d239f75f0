/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first instructions, for all boot protocols, and the way to 64-bit code.
 *
 * One address is everybody's entry. It is reached in one of two states:
 *	PVH, Multiboot 1 and 2: 32-bit, paging off, ebx = information, eax = magic (Multiboot)
 *	Linux 64-bit: long mode, identity-mapped, rsi = boot parameters
 * The image lies at IMAGE_PADDR. Nothing here needs a relocation: labels are reached relative to
 * the program counter. What is built here maps the image to its physical address in 2 MiB pages,
 * for early.c, which makes the final mapping at a random address. Then we jump there and never come
 * back.
 *
 * If there is less memory than the image needs, it is not all there. This file and its texts lie in
 * the first page, and look for themselves.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/pte.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/mark.h>

#include "boot.h"

#define COM1        0x3f8
#define COM1_LSR    0x3fd
#define CHANNEL     0xe9	/* see console.c */
#define DEBUG_EXIT  0xf4	/* see power.c */

	.section .boot.stack, "aw", @nobits
	.balign 4096
	.globl boot_stack
	.hidden boot_stack
boot_stack:
	.skip BOOT_STACK_SIZE
boot_stack_top:

	.section .boot.tables, "aw", @nobits
	.balign 4096
	.globl boot_root_table, boot_spare_pages
	.hidden boot_root_table, boot_spare_pages
boot_root_table:
	.skip 0x1000
boot_spare_pages:		/* two tables, free once we have left the identity mapping; and two more */
	.skip 0x4000
#define PDPT boot_spare_pages
#define PD   boot_spare_pages + 0x1000

	.section .text.boot, "ax"
	.globl boot_entry
	.code32
boot_entry:
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
	lea	boot_stack_top(%rip), %rsp
	lea	boot_gdt(%rip), %rax
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
	/*
	 * Where are we? The return address goes into unused bytes of the ELF header,
	 * e_ident[12..15].
	 */
	movl	$(IMAGE_PADDR + 16), %esp
	call	1f
1:	popl	%ebp		/* the address of label 1; others are reached from it */

	/* Is there memory at the image's last word? Writes to nothing are lost. */
	leal	(uk_image_end - 4 - 1b)(%ebp), %edi
	movl	$0x5aa5c33c, (%edi)
	cmpl	$0x5aa5c33c, (%edi)
	movl	$(boot_too_small - 1b), %eax
	jne	die
	leal	(boot_stack_top - 1b)(%ebp), %esp

	pushl	%ebx
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	popl	%ebx
	btl	$29, %edx
	jnc	no_long_mode

	/* The tables' memory may hold anything: clear it. */
	leal	(boot_root_table - 1b)(%ebp), %edi
	movl	%edi, %cr3
	movl	$(0x3000 / 4), %ecx
	xorl	%eax, %eax
	rep stosl
	leal	-0x2000 + X86_PTE_P + X86_PTE_W(%edi), %eax
	movl	%eax, -0x3000(%edi)	/* root table -> PDPT */
	addl	$0x1000, %eax
	movl	%eax, -0x2000(%edi)	/* PDPT -> PD */
	subl	$0x1000, %edi
	leal	(uk_image_end - 1b)(%ebp), %ecx
	addl	$0x1fffff, %ecx
	shrl	$21, %ecx	/* 2 MiB pages up to the image's end */
	movl	$(X86_PTE_P | X86_PTE_W | X86_PTE_PS), %eax
2:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	2b

	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$X86_EFER_LME, %eax
#ifdef CONFIG_HARDEN_NX
	/* No-execute, if the CPU has it; early.c looks at EFER to see. */
	btl	$20, %edx
	jnc	3f
	orl	$X86_EFER_NXE, %eax
#endif
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
	movl	$(no_long_mode_text - 1b), %eax
	/* To the runner as records, or without one to the serial line as text. */
die:
	leal	(%ebp, %eax), %esi
#ifdef BOOT_PLAIN_CHANNEL
	/* There it is the hypervisor's own, for text. */
	movzwl	1(%esi), %ecx
	addl	$3, %esi
	movw	$CHANNEL, %dx
	rep outsb
	jmp	3f
#endif
	inb	$CHANNEL, %al
	cmpb	$'W', %al
	movzwl	1(%esi), %ecx
	jne	2f
	addl	$(3 + 4), %ecx
	movw	$CHANNEL, %dx
	rep outsb
	jmp	3f
2:	addl	$3, %esi
4:	movw	$COM1_LSR, %dx
	inb	%dx, %al
	testb	$0x20, %al
	jz	4b
	movw	$COM1, %dx
	outsb
	loop	4b
3:	movb	$1, %al
	outb	%al, $DEBUG_EXIT
	/* A trap without descriptor tables resets the machine. */
	pushl	$0
	pushl	$0
	lidt	(%esp)
	int3

	.code64
start64:
	movl	$X86_SEL_DATA, %eax
	movl	%eax, %ss
	mov	%esi, %esi	/* upper halves are undefined after the switch */
	mov	%ebx, %ebx
	.globl	boot_common64
	.hidden	boot_common64
boot_common64:			/* with esi = magic, ebx = information, from any 64-bit entry */
	lea	boot_stack_top(%rip), %rsp
	push	%rsi
	push	%rbx
	mov	%esi, %edi
	call	boot_early	/* returns virtual - physical address of the image */
boot_relocated:			/* where debuggers learn it: support/tools/runner/gdb.py */
	pop	%rsi
	pop	%rdi
	lea	STACK_SHIFT(%rsp, %rax), %rsp
	lea	7f(%rip), %rdx
	add	%rax, %rdx
	jmp	*%rdx
7:	xor	%ebp, %ebp
	push	%rbp		/* no return address: backtraces end here */
	jmp	boot_start	/* (magic, information) */

	/* Here and not in .rodata: see above. */
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* X86_SEL_CODE */
	.quad	0x00cf93000000ffff	/* X86_SEL_DATA */
	.quad	0x00cf9b000000ffff	/* SEL_CODE32 */
boot_gdt_end:

	/* Records of the side channel: a message, and exit status 1. */
no_long_mode_text:
	.byte	'K'
	.short	9f - 8f
8:	.ascii	"[whittle] error: this CPU has no 64-bit mode\n"
9:	.byte	'X', 1, 0, 1

	/* The linker script adds the number, then .text.boot.number_end. */
	.globl	boot_too_small
	.hidden	boot_too_small
boot_too_small:
	.byte	'K'
	.short	9f - 8f + TOO_SMALL_DIGITS + 5
8:	.ascii	"[whittle] error: memory too small: this image needs at least "
9:
	.section .text.boot.number_end, "ax"
	.ascii	" KiB\n"
	.byte	'X', 1, 0, 1

	.section .note.GNU-stack, "", @progbits
