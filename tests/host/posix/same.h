/* SPDX-License-Identifier: BSD-3-Clause */
/* What our structures and constants are compared with another header's by: the compiler refuses what differs. */
#ifndef SAME_H
#define SAME_H

#include <stddef.h>

#define SIZE(a, b)     _Static_assert(sizeof(a) == sizeof(b), #a)
#define AT(a, f, b, g) _Static_assert(offsetof(a, f) == offsetof(b, g), #a "." #f)
#define FIELD(a, b, f) AT(struct a, f, struct b, f)
#define SAME(name)     _Static_assert((unsigned long)(UK_##name) == (unsigned long)(name), #name)

#endif
