/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the compiler calls: before each access (or, with inline checks, when one has failed), for
 * variables that come and go on the stack, and for alloca().
 *
 * gcc: gcc/sanitizer.def, asan.cc; clang: AddressSanitizer.cpp. "noabort" says that the code goes on
 * if the call returns.
 */
#include "internal.h"

/* How far up a stack is searched for zones: so far, and on as long as the next is not so far away. */
#define STACK_REACH (256UL << 10)
#define STACK_GAP   (32UL << 10)
#define ALTERNATES  16U

static UK_ALWAYS_INLINE void check(uintptr_t va, size_t n, bool write)
{
	uint8_t s;

	/* The common case of accesses that lie in one granule. */
	if (__builtin_constant_p(n) && n <= GRANULE) {
		if (UK_UNLIKELY(!kasan_ready || va >= VA_LIMIT))
			return;
		s = *kasan_shadow(va);
		if (UK_LIKELY(!s && (va % GRANULE) + n <= GRANULE))
			return;
	}
	if (UK_LIKELY(!kasan_ready || !kasan_first_bad(va, n)))
		return;
	kasan_report_access(va, n, write, __builtin_frame_address(0));
}

void uk_kasan_check(const void *p, size_t n, bool write)
{
	/* In this order: a CPU that starts clears tables before it can tell which one it is. */
	if (kasan_ready && kasan_first_bad((uintptr_t)p, n) && !kasan_suspended())
		kasan_report_access((uintptr_t)p, n, write, __builtin_frame_address(0));
}

#define ACCESS(n)                                                                                  \
	UK_API_BEGIN                                                                               \
	void __asan_load##n##_noabort(uintptr_t va);                                               \
	void __asan_store##n##_noabort(uintptr_t va);                                              \
	void __asan_report_load##n##_noabort(uintptr_t va);                                        \
	void __asan_report_store##n##_noabort(uintptr_t va);                                       \
	UK_API_END                                                                                 \
	void __asan_load##n##_noabort(uintptr_t va)                                                \
	{                                                                                          \
		check(va, n, false);                                                               \
	}                                                                                          \
	void __asan_store##n##_noabort(uintptr_t va)                                               \
	{                                                                                          \
		check(va, n, true);                                                                \
	}                                                                                          \
	void __asan_report_load##n##_noabort(uintptr_t va)                                         \
	{                                                                                          \
		kasan_report_access(va, n, false, __builtin_frame_address(0));                     \
	}                                                                                          \
	void __asan_report_store##n##_noabort(uintptr_t va)                                        \
	{                                                                                          \
		kasan_report_access(va, n, true, __builtin_frame_address(0));                      \
	}

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

UK_API_BEGIN
void __asan_loadN_noabort(uintptr_t va, size_t n);
void __asan_storeN_noabort(uintptr_t va, size_t n);
void __asan_report_load_n_noabort(uintptr_t va, size_t n);
void __asan_report_store_n_noabort(uintptr_t va, size_t n);
void __asan_handle_no_return(void);
void __asan_poison_stack_memory(uintptr_t va, size_t n);
void __asan_unpoison_stack_memory(uintptr_t va, size_t n);
void __asan_alloca_poison(uintptr_t va, size_t n);
void __asan_allocas_unpoison(uintptr_t from, uintptr_t to);
void __asan_register_globals(const void *globals, size_t n);
void __asan_unregister_globals(const void *globals, size_t n);
void __asan_before_dynamic_init(const char *module);
void __asan_after_dynamic_init(void);
UK_API_END

void __asan_loadN_noabort(uintptr_t va, size_t n)
{
	check(va, n, false);
}

void __asan_storeN_noabort(uintptr_t va, size_t n)
{
	check(va, n, true);
}

void __asan_report_load_n_noabort(uintptr_t va, size_t n)
{
	kasan_report_access(va, n, false, __builtin_frame_address(0));
}

void __asan_report_store_n_noabort(uintptr_t va, size_t n)
{
	kasan_report_access(va, n, true, __builtin_frame_address(0));
}

static bool is_stack(uint8_t s)
{
	return s == STACK_LEFT || s == STACK_MID || s == STACK_RIGHT || s == STACK_SCOPE ||
	       s == ALLOCA_LEFT || s == ALLOCA_RIGHT;
}

/* Removes what looks like zones of frames, and nothing else. Where the last of them was, or 0. */
static uintptr_t sweep(uintptr_t from, uintptr_t to)
{
	uint8_t *s = kasan_shadow(from), *end = kasan_shadow(UK_MIN(to, VA_LIMIT)), *last = NULL;

	uk_plat_shadow_refresh((uintptr_t)s, (uintptr_t)end);
	for (; s < end; s++) {
		while (!((uintptr_t)s % 8) && s + 8 < end && !*(uint64_t *)s)
			s += 8;
		if (is_stack(*s) || (*s && *s < GRANULE && is_stack(s[1]))) {
			*s = 0;
			last = s;
		}
	}
	return last ? ((uintptr_t)last - UK_VA_SHADOW) * GRANULE : 0;
}

/* From a stack pointer up, over a recursion of any depth. */
static void sweep_up(uintptr_t sp)
{
	uintptr_t from = sp, to = sp + STACK_REACH, last;

	while (from < to) {
		last = sweep(from, to);
		from = to;
		to = last + STACK_GAP;
	}
}

/* Alternate stacks, and where the stack was that was left for them. Of each thread's the last. */
static struct {
	uintptr_t start, end, left;
} alternate[ALTERNATES];

void uk_kasan_stack(const void *p, size_t n, uintptr_t left)
{
	static unsigned turn;
	unsigned i = 0;

	if (!kasan_ready)
		return;
	sweep((uintptr_t)p, (uintptr_t)p + n);
	if (!left)
		return;
	while (i < ALTERNATES && alternate[i].start != (uintptr_t)p)
		i++;
	if (i == ALTERNATES)
		i = turn++ % ALTERNATES;
	alternate[i].start = (uintptr_t)p;
	alternate[i].end = (uintptr_t)p + n;
	alternate[i].left = left;
}

/*
 * A function that does not return leaves zones of the frames above it behind (longjmp, the end of a
 * thread), where other frames will be. How far the stack goes is not known here; and from a signal
 * handler on an alternate stack it may be the interrupted one that is gone back to.
 */
void __asan_handle_no_return(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	if (!kasan_ready)
		return;
	sweep_up(sp);
	for (unsigned i = 0; i < ALTERNATES; i++)
		if (sp - alternate[i].start < alternate[i].end - alternate[i].start)
			sweep_up(alternate[i].left);
}

void __asan_poison_stack_memory(uintptr_t va, size_t n)
{
	uk_kasan_set((void *)va, UK_ALIGN_UP(n, GRANULE), STACK_SCOPE);
}

void __asan_unpoison_stack_memory(uintptr_t va, size_t n)
{
	uk_kasan_set((void *)va, n, 0);
}

/* 32 bytes before [va, va + n), and what fills up to 32 behind, and 32 more, are the compiler's. */
void __asan_alloca_poison(uintptr_t va, size_t n)
{
	uintptr_t behind = UK_ALIGN_UP(va + n, GRANULE);

	uk_kasan_set((void *)(va - 32), 32, ALLOCA_LEFT);
	uk_kasan_set((void *)behind, UK_ALIGN_UP(va + n, 32) + 32 - behind, ALLOCA_RIGHT);
	uk_kasan_set((void *)va, n, 0);
}

void __asan_allocas_unpoison(uintptr_t from, uintptr_t to)
{
	if (from && from < to)
		uk_kasan_set((void *)from, to - from, 0);
}

/* The shadow of global variables was set at boot: constructors run too late, if at all. */

void __asan_register_globals(const void *globals UK_UNUSED, size_t n UK_UNUSED)
{
}

void __asan_unregister_globals(const void *globals UK_UNUSED, size_t n UK_UNUSED)
{
}

void __asan_before_dynamic_init(const char *module UK_UNUSED)
{
}

void __asan_after_dynamic_init(void)
{
}

/* clang writes longer stretches of shadow by calls. */
#define SET_SHADOW(value)                                                                          \
	UK_API_BEGIN                                                                               \
	void __asan_set_shadow_##value(uint8_t *s, size_t n);                                      \
	UK_API_END                                                                                 \
	void __asan_set_shadow_##value(uint8_t *s, size_t n)                                       \
	{                                                                                          \
		while (n--)                                                                        \
			*s++ = 0x##value;                                                          \
	}

SET_SHADOW(00)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f5)
SET_SHADOW(f8)
