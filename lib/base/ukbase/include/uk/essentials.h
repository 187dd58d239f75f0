/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The small macros that C lacks: compiler attributes, alignment, array size, container_of.
 * Pure preprocessor; usable from assembly where it says so.
 */
#ifndef UK_ESSENTIALS_H
#define UK_ESSENTIALS_H

#define UK_CAT_(a, b)    a##b
#define UK_CAT(a, b)     UK_CAT_(a, b)
#define UK_CAT3(a, b, c) UK_CAT(UK_CAT(a, b), c)
#define UK_STR_(x)       #x
#define UK_STR(x)        UK_STR_(x)

#ifndef __ASSEMBLER__
#include <uk/types.h>

#define UK_LIKELY(x)         __builtin_expect(!!(x), 1)
#define UK_UNLIKELY(x)       __builtin_expect(!!(x), 0)
#define UK_NORETURN          __attribute__((__noreturn__))
#define UK_PACKED            __attribute__((__packed__))
#define UK_ALIGNED(n)        __attribute__((__aligned__(n)))
#define UK_USED              __attribute__((__used__))
#define UK_UNUSED            __attribute__((__unused__))
#define UK_WEAK              __attribute__((__weak__))
#define UK_NOINLINE          __attribute__((__noinline__))
#define UK_ALWAYS_INLINE     inline __attribute__((__always_inline__))
#define UK_COLD              __attribute__((__cold__))
#define UK_NO_SANITIZE       __attribute__((__no_sanitize__("address", "undefined", "thread"))) /* unchecked code */
/*
 * A variable that the platform, the command line or an initialiser sets, and nobody changes once main()
 * runs: it is read-only from then on (CONFIG_HARDEN_RELRO). The first is in the image's file, also if it is
 * zero; the second is not, starts as zero, and is closed on kvm only.
 */
#define UK_RO_AFTER_INIT      UK_SECTION(".uk_ro_init")
#define UK_RO_AFTER_INIT_ZERO UK_SECTION(".bss.uk_ro_init")
/* A large variable that is written before it is read: it need not start as zero, where the image does that itself. */
#define UK_NOT_ZEROED UK_SECTION(".bss.uk_not_zeroed")
/*
 * For a function that must do without a canary: it runs before there is one and returns after that. Or
 * that may, where the cost shows: its variables have addresses that get around, but there is no array
 * among them that could overflow.
 */
#define UK_NO_STACK_PROTECTOR __attribute__((__no_stack_protector__))
/* A function, or a pointer to one in memory that is read-only: calls by address without landing pad. */
#ifdef __CET__
#define UK_NO_LANDING __attribute__((__nocf_check__))
#else
#define UK_NO_LANDING
#endif
#define UK_PRINTF(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#define UK_SECTION(s)        __attribute__((__section__(s)))

/*
 * Of a function that may be in the image or not; its address is NULL then. Hidden at the one who asks, so
 * that the linker makes no stub (procedure linkage table) for what a loader might bring.
 */
#define UK_OPTIONAL __attribute__((__weak__, __visibility__("hidden")))

#define UK_ARRAY_SIZE(a)             (sizeof(a) / sizeof((a)[0]))
#define UK_MIN(a, b)                 ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define UK_MAX(a, b)                 ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define UK_ALIGN_UP(x, a)            (((x) + (__typeof__(x))(a) - 1) & ~((__typeof__(x))(a) - 1))
#define UK_ALIGN_DOWN(x, a)          ((x) & ~((__typeof__(x))(a) - 1))
#define UK_DIV_ROUND_UP(x, y)        (((x) + (y) - 1) / (y))
#define UK_CONTAINER_OF(p, type, m)  ((type *)((char *)(p) - offsetof(type, m)))
#define UK_READ_ONCE(x)              (*(const volatile __typeof__(x) *)&(x))
#define UK_WRITE_ONCE(x, v)          (*(volatile __typeof__(x) *)&(x) = (v))
#define UK_BARRIER()                 __asm__ volatile("" ::: "memory") /* the compiler only */
#define UK_STATIC_ASSERT(cond, text) _Static_assert(cond, text)

#endif /* !__ASSEMBLER__ */
#endif
