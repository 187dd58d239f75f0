/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers of system calls against Linux's headers; everything here happens in the compiler. Of other CPUs than the one
 * that compiles this, the headers need not be there: what they say beside asm-generic/unistd.h comes from the command line.
 */
#ifdef GENERIC
#define __ARCH_WANT_NEW_STAT
#define __ARCH_WANT_SET_GET_RLIMIT
#define __ARCH_WANT_SYS_CLONE3
#define __ARCH_WANT_MEMFD_SECRET
#include <asm-generic/unistd.h>
#else
#include <asm/unistd.h>
#endif

#include <uk/syscall_list.h>

#define SAME(nr, name, args) _Static_assert(UK_NR_##name == __NR_##name, #name);
UK_SYSCALL_LIST(SAME)

_Static_assert(UK_NR_read == READ, "the list is this CPU's");
