/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loader's own PVH entry, and the ways into the image.
 */
	.section .note.pvh, "a", @note
	.long	4, 4, 18	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start

	.text
	.globl	start, enter32, enter64
start:
	mov	$stack_top, %esp
	push	%ebx
	call	loader
	hlt

enter32:
	mov	4(%esp), %edx
	mov	8(%esp), %eax
	mov	12(%esp), %ebx
	jmp	*%edx

/* The state that the Linux 64-bit boot protocol asks for: paging on, selectors 0x10 and 0x18. */
enter64:
	mov	4(%esp), %edx
	mov	8(%esp), %esi
	mov	12(%esp), %eax
	mov	%eax, %cr3
	mov	$0x20, %eax
	mov	%eax, %cr4
	push	%edx
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	pop	%edx
	mov	$0x80000001, %eax
	mov	%eax, %cr0
	lgdt	gdtr
	mov	$0x18, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	ljmp	$0x10, $1f
	.code64
1:	mov	%edx, %edx
	jmp	*%rdx

	.data
	.balign	8
gdt:	.quad	0, 0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdtr:	.short	31
	.long	gdt
	.bss
	.balign	16
	.skip	4096
stack_top:
	.section .note.GNU-stack, "", @progbits
