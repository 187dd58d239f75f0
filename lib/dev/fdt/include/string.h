/* SPDX-License-Identifier: BSD-3-Clause */
/* For libfdt, which includes this name: the kernel's own. */
#ifndef FDT_STRING_H
#define FDT_STRING_H

#include <uk/string.h>

#define memchr  uk_memchr
#define strlen  uk_strlen
#define strnlen uk_strnlen
#define strrchr uk_strrchr

#endif
