/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between smp.c and cpustart.S.
 */
#ifndef KVM_CPUSTART_H
#define KVM_CPUSTART_H

/* A page below 1 MiB that boot_memory_done() keeps: the start vector is its number. */
#define KVM_CPU_START 0x8000

/* What is told to the CPU behind the code: struct cpustart. */
#define CPUSTART_CR3   0
#define CPUSTART_EFER  4
#define CPUSTART_STACK 8
#define CPUSTART_ENTRY 16
#define CPUSTART_SIZE  24

#endif
