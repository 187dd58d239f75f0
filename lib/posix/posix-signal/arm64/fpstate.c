/* SPDX-License-Identifier: BSD-3-Clause */
/* The floating point and vector registers of a context need nothing but what <sigframe.h> says. */
