/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of the machine.
 */
#ifndef UK_PLAT_POWER_H
#define UK_PLAT_POWER_H

#include <uk/api.h>
#include <uk/essentials.h>

UK_API_BEGIN

/*
 * Ends with the application's exit status (0..255), as exactly as the host can see it. Any context.
 */
UK_NORETURN void uk_plat_exit(int status);

/* Ends as failed, after a crash report. The host sees status 134 (as of SIGABRT). Any context. */
UK_NORETURN void uk_plat_crash(void);

/*
 * Have fn(sig) called in interrupt context whenever somebody outside asks for an end: a power button
 * or the host's shutdown request (sig is 15, SIGTERM), or a signal to the process that we are (that
 * signal). Who asks waits a while, and then does not ask any more. Once, in a thread. 0, or -ENOTSUP:
 * this machine has no way to ask.
 */
int uk_plat_power_listen(void (*fn)(int sig));

UK_API_END

#define UK_PLAT_CRASH_STATUS 134

#endif
