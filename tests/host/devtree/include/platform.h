/* SPDX-License-Identifier: BSD-3-Clause */
/* In the place of a platform's. */
#ifndef PLATFORM_H
#define PLATFORM_H

enum boot_fixed { BOOT_FIXED_TREE, BOOT_FIXED_TREE_LAST, BOOT_FIXED_N };

#endif
