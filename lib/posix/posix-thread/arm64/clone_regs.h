/* SPDX-License-Identifier: BSD-3-Clause */
/* x19 to x30, d8 to d15. */
#define CLONE_REGS_WORDS 20
