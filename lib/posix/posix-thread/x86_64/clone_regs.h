/* SPDX-License-Identifier: BSD-3-Clause */
/* rbx, rbp, r12 to r15 and the return address. */
#define CLONE_REGS_WORDS 7
