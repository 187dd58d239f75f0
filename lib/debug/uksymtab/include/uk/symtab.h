/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of the image's functions. Any context, non-maskable included; never blocks.
 */
#ifndef UK_SYMTAB_H
#define UK_SYMTAB_H

#include <uk/api.h>
#include <uk/types.h>

UK_API_BEGIN

/*
 * The function that `pc` lies in, and in *into how far behind its start; NULL for an address that is
 * in no function of the image.
 */
const char *uk_symtab_find(uintptr_t pc, size_t *into);

/*
 * The library that `pc` lies in, by its name in the menu; NULL as above. Only with
 * CONFIG_LIBUKSYMTAB_LIBRARIES.
 */
const char *uk_symtab_library(uintptr_t pc);

UK_API_END

#endif
