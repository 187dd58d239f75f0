/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Phase markers for measurements: a 7-byte NOP that real CPUs ignore and that the counting plugin
 * of tests/bench recognises by its displacement 0x554bNNNN. Costs one instruction. ids below 0x10000.
 */
#ifndef UK_MARK_H
#define UK_MARK_H

#include <uk/arch/mark.h>

#define UK_MARK_ENTRY 1 /* first instruction of the kernel */
#define UK_MARK_MAIN  2 /* the call of main() */

#endif
