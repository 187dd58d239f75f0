/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address map of arm64: see <uk/plat/mem.h>.
 */
#ifndef UK_ARCH_VAMAP_H
#define UK_ARCH_VAMAP_H

#include <uk/arch/vamap48.h>

/* Memory above this is not used; the direct map begins at a random place so far below its end. */
#define UK_ARCH_PADDR_LIMIT (1UL << 43)

#endif
