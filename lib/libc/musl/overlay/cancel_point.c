/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cancellation points in an image without pthread_cancel(): nothing can be cancelled. With it, the
 * definitions in pthread_cancel.c replace these.
 */
#include <features.h>
#include "syscall.h"

weak const char __uk_cancel_linked = 0;

weak long __uk_cancel_point(syscall_arg_t handler, syscall_arg_t a, syscall_arg_t b,
			    syscall_arg_t c, syscall_arg_t d, syscall_arg_t e, syscall_arg_t f)
{
	return ((uk_musl_handler)handler)(a, b, c, d, e, f);
}
