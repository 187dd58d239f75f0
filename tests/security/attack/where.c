/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows 10 and 17: the addresses of everything, and the canary, for comparison over many boots. A
 * line each: a name and a number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <uk/config.h>
#include <uk/plat/mem.h>
#include "attack.h"

static int data = 1;

static void line(const char *name, const void *p)
{
	printf("%s %p\n", name, p);
}

void where(void)
{
	line("code", (void *)(uintptr_t)where);
	line("data", &data);
	line("stack", __builtin_frame_address(0));
	line("heap", malloc(64));
	line("heap-large", malloc(512 << 10));
	line("direct", (void *)uk_plat_direct_base);
	line("canary", (void *)canary());
#ifdef CONFIG_APPATTACK_PROGRAM
	where_program();
#endif
}

/* For somebody who looks at the image from outside. */
void wait_for_ever(void)
{
	for (puts("waiting");;)
		hide(NULL);
}
