/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an attacker must know of the CPU: the code of an empty function, an instruction that no CPU has, and what is to be
 * done before code that was written (less than a cache line of it) can be run.
 */
#ifndef CPU_H
#define CPU_H

#if defined(__x86_64__)
#define CPU_RETURN          0xc3
#define CPU_UNDEFINED       "ud2"
#define CPU_CODE_IS_NEW(at) ((void)(at))
/* Entered by a return instead of a call: the stack is not aligned as functions expect it. */
#define CPU_RETURNED_TO     __attribute__((__force_align_arg_pointer__))
#elif defined(__aarch64__)
#define CPU_RETURN    0xc0, 0x03, 0x5f, 0xd6
#define CPU_UNDEFINED "udf #0"
#define CPU_CODE_IS_NEW(at)                                                                        \
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(at)       \
			 : "memory")
#define CPU_RETURNED_TO
#elif defined(__riscv)
#define CPU_RETURN          0x82, 0x80
#define CPU_UNDEFINED       "unimp"
#define CPU_CODE_IS_NEW(at) __asm__ volatile("fence.i" ::"r"(at) : "memory")
#define CPU_RETURNED_TO
#else
#error "an attack on this CPU is not written yet"
#endif

#endif
