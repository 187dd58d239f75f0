/* SPDX-License-Identifier: BSD-3-Clause */
/* libfdt includes this name, and uses nothing of it. */
