/* SPDX-License-Identifier: BSD-3-Clause */
/* Upstream's tests include this name. */
