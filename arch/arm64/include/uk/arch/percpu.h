/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data in assembly. With one CPU it is a variable; this architecture has no images for several yet.
 */
#ifndef UK_ARCH_PERCPU_H
#define UK_ARCH_PERCPU_H

#include <uk/config.h>

#ifdef CONFIG_SMP
#error "arm64: no images for several CPUs yet"
#endif

#endif
