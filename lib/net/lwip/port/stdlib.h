/* SPDX-License-Identifier: BSD-3-Clause */
/* lwIP includes this name. */
#ifndef LWIP_PORT_STDLIB_H
#define LWIP_PORT_STDLIB_H

/* For netif_find(), which nobody here calls. */
static inline int atoi(const char *s)
{
	int n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (*s++ - '0');
	return n;
}

#endif
