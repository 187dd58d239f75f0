/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of the sanitizer's shadow, for platforms without a host (uk/plat/shadow.h).
 */
#ifndef UK_ARCH_SHADOW_H
#define UK_ARCH_SHADOW_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/* The shadow can be read from now on. After traps work and before checked code runs. */
void x86_shadow_init(void);

/* A write to `va` has faulted: was it for want of shadow, and is there some now? Traps only. */
bool x86_shadow_fault(uintptr_t va);

UK_API_END

#endif
