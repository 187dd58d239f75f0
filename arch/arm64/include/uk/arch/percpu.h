/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data with several CPUs: TPIDR_EL1 holds the address of this CPU's struct uk_percpu. C code uses this by the names
 * of <uk/percpu.h>.
 *
 * A field is read, or written, by two instructions: the one that reads TPIDR_EL1, and right behind it the access. A thread that is interrupted
 * between them may go on on another CPU; so it goes on with the first of them (../../../trap.c), and what it does is right wherever it
 * runs. To add to a field takes more, and the thread may be moved in between, but only while it may be moved at all: then the
 * field is 0 on both CPUs.
 */
#ifndef UK_ARCH_PERCPU_H
#define UK_ARCH_PERCPU_H

/* Offsets in struct uk_percpu of what is ours: the stack protector's value, and what entry code keeps (arch/arm64/fault.h). */
#define UK_PERCPU_CANARY 64 /* flags.mk tells the compiler */
#define UK_PERCPU_AREA   72

#ifndef __ASSEMBLER__

#define UK_ARCH_PERCPU                                                                             \
	uint64_t canary;                                                                           \
	uint64_t area[4];

#define uk_arch_percpu()                                                                           \
	({                                                                                         \
		struct uk_percpu *p_;                                                              \
		__asm__ volatile("mrs %0, tpidr_el1" : "=r"(p_));                                  \
		p_;                                                                                \
	})

#define UK_ARCH_PERCPU_AT(field) "i"(offsetof(struct uk_percpu, field))

#define uk_arch_this_cpu_get(field)                                                                \
	({                                                                                         \
		__typeof__(((struct uk_percpu *)0)->field + 0) v_;                                 \
		if (sizeof(v_) == 8)                                                               \
			__asm__ volatile("mrs %x0, tpidr_el1\n\tldr %x0, [%x0, %1]"                \
					 : "=r"(v_)                                                \
					 : UK_ARCH_PERCPU_AT(field));                              \
		else                                                                               \
			__asm__ volatile("mrs %x0, tpidr_el1\n\tldr %w0, [%x0, %1]"                \
					 : "=r"(v_)                                                \
					 : UK_ARCH_PERCPU_AT(field));                              \
		v_;                                                                                \
	})

#define uk_arch_this_cpu_set(field, value)                                                         \
	({                                                                                         \
		__typeof__(((struct uk_percpu *)0)->field + 0) v_ = (value);                       \
		uintptr_t at_;                                                                     \
		if (sizeof(v_) == 8)                                                               \
			__asm__ volatile("mrs %0, tpidr_el1\n\tstr %x1, [%0, %2]"                  \
					 : "=&r"(at_)                                              \
					 : "rZ"(v_), UK_ARCH_PERCPU_AT(field)                      \
					 : "memory");                                              \
		else                                                                               \
			__asm__ volatile("mrs %0, tpidr_el1\n\tstr %w1, [%0, %2]"                  \
					 : "=&r"(at_)                                              \
					 : "rZ"(v_), UK_ARCH_PERCPU_AT(field)                      \
					 : "memory");                                              \
	})

/*
 * Does `pc`, in the image's code, point between the two? The first is `first`, but for the register that it writes, in the lowest
 * 5 bits. The second loads or stores a word or two at an immediate offset, by the register in bits 5 to 9.
 */
static inline bool arm_between_access(uintptr_t pc, uint32_t first)
{
	const uint32_t *next = (const uint32_t *)pc;

	return next[-1] >> 5 == first >> 5 && (next[0] & 0xbf800000) == 0xb9000000 &&
	       (next[0] >> 5 & 31) == (next[-1] & 31);
}

#define uk_arch_this_cpu_add(field, n)                                                             \
	uk_arch_this_cpu_set(field, uk_arch_this_cpu_get(field) + (uint32_t)(n))

#endif
#endif
