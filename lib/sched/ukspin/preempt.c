/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The link from uk_preempt_enable() up to a scheduler that may not be there.
 */
#include <uk/preempt.h>

static void no_scheduler(void)
{
}

void (*uk_preempt_hook)(void) = no_scheduler;
