/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * musl's pthread_cancel.c, with handlers in place of system call numbers.
 *
 * musl's idea stays: SIGCANCEL's handler looks at the interrupted program counter. Between
 * __cp_begin and __cp_end (syscall_cp.S) the call has not had an effect yet, and the thread is
 * diverted to __cp_cancel. The kernel shows the return address of an interrupted call as the program
 * counter, or an address just before it when the call is going to start again (uk/syscall.h), so
 * the two labels mean what they mean around a system call instruction.
 */
#define _GNU_SOURCE
#include <string.h>
#include "pthread_impl.h"
#include "syscall.h"

const char __uk_cancel_linked = 1;

/* In __syscall_cp_c() `nr` is a handler now: call it, and compare it with a handler. */
#undef __syscall
#define __syscall(...)                     __SYSCALL_DISP(uk_musl_call, __VA_ARGS__)
#define uk_musl_call2(n, a, b)             __syscall2(n, a, b)
#define uk_musl_call6(h, a, b, c, d, e, f) ((uk_musl_handler)(h))(a, b, c, d, e, f)
#undef SYS_close
#define SYS_close      ((syscall_arg_t)uk_sys_close)
#define __syscall_cp_c __uk_cancel_point

#include "src/thread/pthread_cancel.c"
