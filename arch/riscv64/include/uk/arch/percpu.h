/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data with several CPUs: gp, for which nobody else has a use, holds the address of this CPU's struct uk_percpu. A
 * context has none of its own, so it is right wherever a thread goes on. C code uses this by the names of <uk/percpu.h>.
 *
 * A field is read, or written, in one instruction. To add to one takes several, and the thread may be moved in between, but
 * only while it may be moved at all: then the field is 0 on both CPUs.
 */
#ifndef UK_ARCH_PERCPU_H
#define UK_ARCH_PERCPU_H

#include <uk/config.h>

/* Offsets in struct uk_percpu of what is ours: the stack protector's value, and what entry code keeps (<uk/arch/trap.h>). */
#define UK_PERCPU_CANARY 64 /* flags.mk tells the compiler */
#define UK_PERCPU_AREA   72

#ifdef __ASSEMBLER__

#ifdef CONFIG_SMP
#define UK_THIS_CPU(offset) offset(gp)
#else
#define UK_THIS_CPU(offset) uk_percpu_boot + offset
#endif

#else

#define UK_ARCH_PERCPU                                                                             \
	uint64_t canary;                                                                           \
	uint64_t area[13];

#define uk_arch_percpu()                                                                           \
	({                                                                                         \
		struct uk_percpu *p_;                                                              \
		__asm__ volatile("mv %0, gp" : "=r"(p_));                                          \
		p_;                                                                                \
	})

#define UK_ARCH_PERCPU_AT(field) "i"(offsetof(struct uk_percpu, field))

#define uk_arch_this_cpu_get(field)                                                                \
	({                                                                                         \
		__typeof__(((struct uk_percpu *)0)->field + 0) v_;                                 \
		if (sizeof(v_) == 8)                                                               \
			__asm__ volatile("ld %0, %1(gp)" : "=r"(v_) : UK_ARCH_PERCPU_AT(field));   \
		else                                                                               \
			__asm__ volatile("lw %0, %1(gp)" : "=r"(v_) : UK_ARCH_PERCPU_AT(field));   \
		v_;                                                                                \
	})

#define uk_arch_this_cpu_set(field, value)                                                         \
	({                                                                                         \
		__typeof__(((struct uk_percpu *)0)->field + 0) v_ = (value);                       \
		if (sizeof(v_) == 8)                                                               \
			__asm__ volatile("sd %z0, %1(gp)" ::"rJ"(v_), UK_ARCH_PERCPU_AT(field)     \
					 : "memory");                                              \
		else                                                                               \
			__asm__ volatile("sw %z0, %1(gp)" ::"rJ"(v_), UK_ARCH_PERCPU_AT(field)     \
					 : "memory");                                              \
	})

#define uk_arch_this_cpu_add(field, n)                                                             \
	uk_arch_this_cpu_set(field, uk_arch_this_cpu_get(field) + (uint32_t)(n))

#endif
#endif
