/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a CPU that starts is given, between smp.c and the architecture's cpustart.S, which goes on in kvm_cpu_entry().
 */
#ifndef KVM_CPUSTART_H
#define KVM_CPUSTART_H

#define CPUSTART_WELCOME 0 /* 1 until the CPU comes, or it is given up: who takes it goes on */
#define CPUSTART_OFFSET  8 /* virtual - physical address of the image */
#define CPUSTART_TABLES  16
#define CPUSTART_PERCPU  24
#define CPUSTART_STACK   32 /* its end */
#define CPUSTART_SIZE    40

#ifndef __ASSEMBLER__
#include <uk/essentials.h>

struct cpustart {
	uint64_t welcome, offset, tables, percpu, stack;
};
UK_STATIC_ASSERT(sizeof(struct cpustart) == CPUSTART_SIZE, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, offset) == CPUSTART_OFFSET, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, tables) == CPUSTART_TABLES, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, percpu) == CPUSTART_PERCPU, "cpustart.S");
UK_STATIC_ASSERT(offsetof(struct cpustart, stack) == CPUSTART_STACK, "cpustart.S");

#pragma GCC visibility push(hidden)
extern const char kvm_cpu_start[];
UK_NORETURN void kvm_cpu_entry(void);
#pragma GCC visibility pop
#endif
#endif
