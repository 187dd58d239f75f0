/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of x86_64: see <uk/plat/mem.h>.
 */
#ifndef UK_ARCH_VAMAP_H
#define UK_ARCH_VAMAP_H

#include <uk/arch/vamap48.h>

#endif
