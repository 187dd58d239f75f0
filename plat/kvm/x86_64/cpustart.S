/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where another CPU wakes up: in real mode, at the page KVM_CPU_START, to which smp.c has copied this. From
 * there straight to 64-bit mode (Intel SDM vol. 3 §10.8.5), and to kvm_cpu_entry().
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>

#include "boot.h"
#include "kvm_cpustart.h"

	.section .rodata.kvm_cpu_start, "a", @progbits
	.globl	kvm_cpu_start, kvm_cpu_start_end
	.hidden	kvm_cpu_start, kvm_cpu_start_end
	.code16
kvm_cpu_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer - kvm_cpu_start
	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	args - kvm_cpu_start + CPUSTART_CR3, %eax
	movl	%eax, %cr3
	movl	args - kvm_cpu_start + CPUSTART_EFER, %eax
	xorl	%edx, %edx
	movl	$X86_MSR_EFER, %ecx
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_PE | X86_CR0_NE | X86_CR0_MP | X86_CR0_WP), %eax
	movl	%eax, %cr0
	ljmpl	$X86_SEL_CODE, $(KVM_CPU_START + (1f - kvm_cpu_start))

	.code64
1:	mov	$X86_SEL_DATA, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	args + CPUSTART_STACK(%rip), %rsp
	mov	args + CPUSTART_ENTRY(%rip), %rax
	xor	%ebp, %ebp
	push	%rbp
	jmp	*%rax

	.balign	8
start_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* X86_SEL_CODE */
	.quad	0x00cf93000000ffff	/* X86_SEL_DATA */
gdt_pointer:
	.short	. - start_gdt - 1
	.long	KVM_CPU_START + (start_gdt - kvm_cpu_start)
	.balign	8
args:
	.skip	CPUSTART_SIZE
kvm_cpu_start_end:

	.section .note.GNU-stack, "", @progbits
