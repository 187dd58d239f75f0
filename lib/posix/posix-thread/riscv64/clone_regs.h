/* SPDX-License-Identifier: BSD-3-Clause */
/* The return address, s0 to s11, fs0 to fs11; and one more, since a stack is aligned to 16. */
#define CLONE_REGS_WORDS 26
