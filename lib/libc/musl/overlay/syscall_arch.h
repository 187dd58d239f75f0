/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's way into the kernel, replaced: a system call is a function call.
 *
 * Found before musl's own file of this name because its folder comes first on the compiler's path;
 * so musl stays unpatched. The numbers are constants at nearly all places: each becomes a direct
 * call of its handler, and the image gets the handlers it uses (uk/syscall_direct.h).
 *
 * Cancellation points are the exception in musl: __syscall_cp() takes the number at run
 * time, which would pull in every handler there is. The inline function here takes its place:
 * src/internal/syscall.h declares the same name afterwards, which in C refers to this one.
 */
#ifndef UK_MUSL_SYSCALL_ARCH_H
#define UK_MUSL_SYSCALL_ARCH_H

#include <uk/syscall_direct.h>

#define UK_MUSL_INLINE static __inline __attribute__((__always_inline__, __unused__)) long

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define IPC_64 0

/* musl casts arguments with this; defined here because syscall_arg_t is needed below. */
typedef long syscall_arg_t;
#define __scc(x) ((long)(x))

UK_MUSL_INLINE __syscall0(long n)
{
	return uk_syscall(n, 0, 0, 0, 0, 0, 0);
}

UK_MUSL_INLINE __syscall1(long n, long a)
{
	return uk_syscall(n, a, 0, 0, 0, 0, 0);
}

UK_MUSL_INLINE __syscall2(long n, long a, long b)
{
	return uk_syscall(n, a, b, 0, 0, 0, 0);
}

UK_MUSL_INLINE __syscall3(long n, long a, long b, long c)
{
	return uk_syscall(n, a, b, c, 0, 0, 0);
}

UK_MUSL_INLINE __syscall4(long n, long a, long b, long c, long d)
{
	return uk_syscall(n, a, b, c, d, 0, 0);
}

UK_MUSL_INLINE __syscall5(long n, long a, long b, long c, long d, long e)
{
	return uk_syscall(n, a, b, c, d, e, 0);
}

UK_MUSL_INLINE __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return uk_syscall(n, a, b, c, d, e, f);
}

/* ---- results ---- */

__attribute__((__visibility__("hidden"), __cold__)) long __uk_syscall_failed(unsigned long result);

/* In line, since nearly all calls succeed; musl's declaration of this name refers to this one too. */
UK_MUSL_INLINE __syscall_ret(unsigned long result)
{
	if (__builtin_expect(result > -4096UL, 0))
		return __uk_syscall_failed(result);
	return (long)result;
}

/* ---- cancellation points ---- */

typedef long (*uk_musl_handler)(long, long, long, long, long, long);

/* The handler of a constant number. Too many arguments do it no harm: they are in registers. */
UK_MUSL_INLINE uk_musl_handler_of(long n)
{
	switch (n) {
#define UK_SYSCALL_X(nr, name, args) \
	case nr:                     \
		return (long)uk_sys_##name;
	UK_SYSCALL_LIST(UK_SYSCALL_X)
#undef UK_SYSCALL_X
	}
	return 0;
}

/*
 * Nonzero if pthread_cancel() is in the image. Weak and 0 in cancel_point.c, so that without it a
 * cancellation point costs one comparison more than any other system call.
 */
extern __attribute__((__visibility__("hidden"))) const char __uk_cancel_linked;

/* pthread_cancel.c: the call `handler`, which a cancellation request ends early. */
__attribute__((__visibility__("hidden"))) long
__uk_cancel_point(syscall_arg_t handler, syscall_arg_t, syscall_arg_t, syscall_arg_t, syscall_arg_t,
		  syscall_arg_t, syscall_arg_t);

UK_MUSL_INLINE
__syscall_cp(syscall_arg_t n, syscall_arg_t a, syscall_arg_t b, syscall_arg_t c, syscall_arg_t d,
	     syscall_arg_t e, syscall_arg_t f)
{
	if (__builtin_expect(__uk_cancel_linked, 0))
		return __uk_cancel_point(uk_musl_handler_of(n), a, b, c, d, e, f);
	return uk_syscall_direct(n, a, b, c, d, e, f);
}

#endif
