/* SPDX-License-Identifier: BSD-3-Clause */
/* The floating point registers of a context need nothing but what <sigframe.h> says. */
