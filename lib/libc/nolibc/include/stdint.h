/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nolibc: the compiler's own integer types. gcc keeps them under another name for hosted code,
 * where it expects the C library to have this file.
 */
#ifndef NOLIBC_STDINT_H
#define NOLIBC_STDINT_H

#if __has_include(<stdint-gcc.h>)
#include <stdint-gcc.h>
#else
#include_next <stdint.h>
#endif

#endif
