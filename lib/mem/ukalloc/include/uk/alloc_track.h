/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of the default heap's blocks with CONFIG_LIBUKALLOC_CHECK or
 * CONFIG_LIBUKALLOC_OWNERS. Thread context; nothing here blocks or allocates.
 */
#ifndef UK_ALLOC_TRACK_H
#define UK_ALLOC_TRACK_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * Looks at every block in use and in quarantine; panics at the first that was written where it may
 * not be. With CONFIG_LIBUKALLOC_CHECK; takes time in proportion to what is allocated.
 */
void uk_alloc_check(void);

/*
 * Prints blocks and bytes that each library holds, and the places that allocated most, to the log.
 * With CONFIG_LIBUKALLOC_OWNERS.
 */
void uk_alloc_owners(void);

UK_API_END

#endif
