/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An application without signals, which sleeps until somebody ends the image, and a teardown that
 * tells whether it was gone through.
 */
#include <stdio.h>
#include <uk/init.h>
#include <uk/thread.h>
#include <uk/time.h>

static int begin(void)
{
	return 0;
}

static void end(void)
{
	puts("torn down");
}
UK_INIT(UK_INIT_APP, "5", begin, end);

int main(void)
{
	puts("ready");
	for (;;)
		uk_sleep(UK_NSEC_PER_SEC);
}
