/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler calls: before each access that might be shared, and in place of each atomic
 * operation. It does so for ThreadSanitizer (-fsanitize=thread; gcc: gcc/sanitizer.def, tsan.cc; clang:
 * ThreadSanitizer.cpp), whose own run time is another program.
 *
 * Atomic operations are done here, all with the strongest order: which one was asked for is a constant
 * where the call was, but not here, and x86 has only one for all that write.
 */
#include "internal.h"

#define FRAME __builtin_frame_address(0)

#define DECLARE(...)                                                                               \
	UK_API_BEGIN                                                                               \
	__VA_ARGS__;                                                                               \
	UK_API_END

#define ACCESS(name, n, how)                                                                       \
	DECLARE(void __tsan_##name(uintptr_t va))                                                  \
	void __tsan_##name(uintptr_t va)                                                           \
	{                                                                                          \
		kcsan_access(va, n, how, FRAME);                                                   \
	}

/* Which bytes they touch counts, not whether they are aligned. */
#define SIZE(n)                                                                                    \
	ACCESS(read##n, n, READ)                                                                   \
	ACCESS(write##n, n, WRITE)                                                                 \
	ACCESS(read_write##n, n, WRITE)                                                            \
	ACCESS(unaligned_read##n, n, READ)                                                         \
	ACCESS(unaligned_write##n, n, WRITE)                                                       \
	ACCESS(unaligned_read_write##n, n, WRITE)                                                  \
	ACCESS(volatile_read##n, n, READ | MARKED)                                                 \
	ACCESS(volatile_write##n, n, WRITE | MARKED)                                               \
	ACCESS(unaligned_volatile_read##n, n, READ | MARKED)                                       \
	ACCESS(unaligned_volatile_write##n, n, WRITE | MARKED)

SIZE(1)
SIZE(2)
SIZE(4)
SIZE(8)
SIZE(16)

DECLARE(void __tsan_init(void))
void __tsan_init(void)
{
}

DECLARE(void __tsan_func_entry(void *pc))
void __tsan_func_entry(void *pc UK_UNUSED)
{
}

DECLARE(void __tsan_func_exit(void))
void __tsan_func_exit(void)
{
}

DECLARE(void __tsan_read_range(uintptr_t va, size_t n))
void __tsan_read_range(uintptr_t va, size_t n)
{
	kcsan_access(va, n, READ, FRAME);
}

DECLARE(void __tsan_write_range(uintptr_t va, size_t n))
void __tsan_write_range(uintptr_t va, size_t n)
{
	kcsan_access(va, n, WRITE, FRAME);
}

/* C++: an object gets the table of virtual functions of a class derived, or base. */
DECLARE(void __tsan_vptr_update(void **p, void *v))
void __tsan_vptr_update(void **p, void *v UK_UNUSED)
{
	kcsan_access((uintptr_t)p, sizeof(*p), WRITE, FRAME);
}

DECLARE(void __tsan_vptr_read(void **p))
void __tsan_vptr_read(void **p)
{
	kcsan_access((uintptr_t)p, sizeof(*p), READ, FRAME);
}

#define CHANGE(bits, name, builtin)                                                                \
	DECLARE(uint##bits##_t __tsan_atomic##bits##_##name(uint##bits##_t *p, uint##bits##_t v,   \
							    int order))                            \
	uint##bits##_t __tsan_atomic##bits##_##name(uint##bits##_t *p, uint##bits##_t v,           \
						    int order UK_UNUSED)                           \
	{                                                                                          \
		kcsan_access((uintptr_t)p, sizeof(*p), WRITE | MARKED, FRAME);                     \
		return builtin(p, v, __ATOMIC_SEQ_CST);                                            \
	}

#define EXCHANGE_IF(bits, name, weak)                                                              \
	DECLARE(int __tsan_atomic##bits##_compare_exchange_##name(                                 \
		uint##bits##_t *p, uint##bits##_t *old, uint##bits##_t v, int order, int failed))  \
	int __tsan_atomic##bits##_compare_exchange_##name(uint##bits##_t *p, uint##bits##_t *old,  \
							  uint##bits##_t v, int order UK_UNUSED,   \
							  int failed UK_UNUSED)                    \
	{                                                                                          \
		kcsan_access((uintptr_t)p, sizeof(*p), WRITE | MARKED, FRAME);                     \
		return __atomic_compare_exchange_n(p, old, v, weak, __ATOMIC_SEQ_CST,              \
						   __ATOMIC_SEQ_CST);                              \
	}

#define ATOMIC(bits)                                                                               \
	DECLARE(uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *p, int order))     \
	uint##bits##_t __tsan_atomic##bits##_load(const uint##bits##_t *p, int order UK_UNUSED)    \
	{                                                                                          \
		kcsan_access((uintptr_t)p, sizeof(*p), READ | MARKED, FRAME);                      \
		return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                       \
	}                                                                                          \
	DECLARE(void __tsan_atomic##bits##_store(uint##bits##_t *p, uint##bits##_t v, int order))  \
	void __tsan_atomic##bits##_store(uint##bits##_t *p, uint##bits##_t v, int order UK_UNUSED) \
	{                                                                                          \
		kcsan_access((uintptr_t)p, sizeof(*p), WRITE | MARKED, FRAME);                     \
		__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                          \
	}                                                                                          \
	CHANGE(bits, exchange, __atomic_exchange_n)                                                \
	CHANGE(bits, fetch_add, __atomic_fetch_add)                                                \
	CHANGE(bits, fetch_sub, __atomic_fetch_sub)                                                \
	CHANGE(bits, fetch_and, __atomic_fetch_and)                                                \
	CHANGE(bits, fetch_or, __atomic_fetch_or)                                                  \
	CHANGE(bits, fetch_xor, __atomic_fetch_xor)                                                \
	CHANGE(bits, fetch_nand, __atomic_fetch_nand)                                              \
	EXCHANGE_IF(bits, strong, false)                                                           \
	EXCHANGE_IF(bits, weak, true)                                                              \
	DECLARE(uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                         \
		uint##bits##_t *p, uint##bits##_t old, uint##bits##_t v, int order, int failed))   \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(uint##bits##_t *p,               \
								  uint##bits##_t old,              \
								  uint##bits##_t v,                \
								  int order UK_UNUSED,             \
								  int failed UK_UNUSED)            \
	{                                                                                          \
		kcsan_access((uintptr_t)p, sizeof(*p), WRITE | MARKED, FRAME);                     \
		__atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST,                   \
					    __ATOMIC_SEQ_CST);                                     \
		return old;                                                                        \
	}

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

DECLARE(void __tsan_atomic_thread_fence(int order))
void __tsan_atomic_thread_fence(int order UK_UNUSED)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

DECLARE(void __tsan_atomic_signal_fence(int order))
void __tsan_atomic_signal_fence(int order UK_UNUSED)
{
	UK_BARRIER();
}
