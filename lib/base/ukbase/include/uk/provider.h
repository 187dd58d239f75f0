/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For providers of an API.
 *
 * An API's operations are called by one symbol each (uk_alloc_malloc). If the configuration has a
 * single provider, the build compiles it under the API's own names and the call is direct; the
 * operations struct is then not needed and UK_OPS() drops the reference to it. With several, the
 * symbol belongs to the API's dispatcher, which goes through the struct.
 */
#ifndef UK_PROVIDER_H
#define UK_PROVIDER_H

#include <uk/essentials.h>

#ifdef UK_SOLE_PROVIDER
#define UK_OPS(ops) NULL
#else
#define UK_OPS(ops) (ops)
#endif

/* In an API library: function `op` of the provider that the menu made the default. */
#define UK_DEFAULT(op) UK_CAT3(UK_DEFAULT_PROVIDER, _, op)

#endif
