/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is the same for all providers.
 */
#include <uk/alloc.h>

/* The constructor of the provider that the menu made the default. */
UK_API_BEGIN
struct uk_alloc *UK_DEFAULT(create)(void *base, size_t len, const struct uk_alloc_source *source);
UK_API_END

struct uk_alloc *uk_alloc_create(void *base, size_t len, const struct uk_alloc_source *source)
{
	return UK_DEFAULT(create)(base, len, source);
}

void *uk_alloc_realloc_move(struct uk_alloc *a, void *p, size_t size)
{
	void *new = uk_alloc_malloc(a, size);

	if (!new)
		return NULL;
	memcpy(new, p, UK_MIN(uk_alloc_usable_size(a, p), size));
	uk_alloc_free(a, p);
	return new;
}
