/* SPDX-License-Identifier: BSD-3-Clause */
/* lwIP includes this name and uses nothing of it. */
