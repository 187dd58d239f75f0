/* SPDX-License-Identifier: BSD-3-Clause */
/* For libfdt, which includes this name: the compiler's own wants a C library's behind it. */
#ifndef FDT_LIMITS_H
#define FDT_LIMITS_H

#define INT_MAX  __INT_MAX__
#define UINT_MAX (2U * __INT_MAX__ + 1)

#endif
