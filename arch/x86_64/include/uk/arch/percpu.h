/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data on x86: the base of gs is this CPU's struct uk_percpu. An access to a field is one
 * instruction, so no interrupt can move the thread to another CPU in the middle of it. C code uses
 * this with several CPUs only, by the names of <uk/percpu.h>.
 */
#ifndef UK_ARCH_PERCPU_H
#define UK_ARCH_PERCPU_H

#include <uk/config.h>

#ifdef __ASSEMBLER__

#ifdef CONFIG_SMP
#define UK_THIS_CPU(offset) % gs : offset
#else
#define UK_THIS_CPU(offset) uk_percpu_boot + offset(% rip)
#endif

#else

#define UK_ARCH_PERCPU_AT(field) "i"(offsetof(struct uk_percpu, field))

#define uk_arch_percpu()                                                                           \
	({                                                                                         \
		struct uk_percpu *p_;                                                              \
		__asm__ volatile("mov %%gs:%c1, %0" : "=r"(p_) : UK_ARCH_PERCPU_AT(self));         \
		p_;                                                                                \
	})

#define uk_arch_this_cpu_get(field)                                                                \
	({                                                                                         \
		__typeof__(((struct uk_percpu *)0)->field + 0) v_;                                 \
		__asm__ volatile("mov %%gs:%c1, %0" : "=r"(v_) : UK_ARCH_PERCPU_AT(field));        \
		v_;                                                                                \
	})

#define uk_arch_this_cpu_set(field, value)                                                         \
	({                                                                                         \
		__typeof__(((struct uk_percpu *)0)->field + 0) v_ = (value);                       \
		__asm__ volatile("mov %0, %%gs:%c1" ::"r"(v_), UK_ARCH_PERCPU_AT(field)            \
				 : "memory");                                                      \
	})

#define uk_arch_this_cpu_add(field, n)                                                             \
	({                                                                                         \
		__asm__ volatile("addl %0, %%gs:%c1" ::"i"(n), UK_ARCH_PERCPU_AT(field)            \
				 : "memory", "cc");                                                \
	})

#endif
#endif
