/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of the process. The terminal is given back first, whatever the reason. And requests for
 * it: the host's signals that mean one are interrupts, if somebody listens; else they just end us.
 */
#include <uk/config.h>
#include <uk/param.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/plat/power.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "linuxu.h"

UK_PARAM_BOOL(linuxu, core, false, "stop (SIGSTOP) before an end as by a signal, for a core file");

#ifdef CONFIG_SMP
/* Whose registers are saved, for who writes the core file, by their names: the CPU, the host's thread. */
static const struct uk_percpu *UK_USED uk_core_percpu;
static int UK_USED linuxu_core_tid;
#endif

void linuxu_core_stop(void)
{
	if (!uk_param_linuxu_core.b)
		return;
	linuxu_arch_save_regs();
	/* Whoever reads our memory continues us. */
#ifdef CONFIG_SMP
	uk_core_percpu = uk_percpu();
	linuxu_core_tid = linuxu_tid[uk_cpu()];
	uk_smp_stop_others();
	if (uk_smp_cpus() >
	    1) /* to this thread: else another may take it, and we go on meanwhile */
		host_tgkill(linuxu_pid, linuxu_tid[uk_cpu()], HOST_SIGSTOP);
	else
#endif
		host_kill(linuxu_pid, HOST_SIGSTOP);
}

static uint64_t passed_on; /* requests for the end that went to the listener */

UK_NORETURN void uk_plat_exit(int status)
{
	int sig = (status & 0xff) - 128;

	linuxu_console_restore();
	if (sig > 0)
		linuxu_core_stop();
	/* It died of what the host had sent: so do we, for who looks at that. */
	if (sig > 0 && sig <= 64 && (passed_on & HOST_SIGBIT(sig)))
		linuxu_end_by_signal(sig);
	host_exit(status & 0xff);
}

UK_NORETURN void uk_plat_crash(void)
{
	linuxu_arch_report();
	uk_plat_exit(UK_PLAT_CRASH_STATUS);
}

static void (*listener)(int sig);
static uint64_t heard;          /* the signals that go to it */
static volatile uint64_t asked; /* those that have come; written with the host's mask closed */

/*
 * Who asks again, a second after nobody could be told, is not to wait for a CPU that has its interrupts
 * masked for ever. (No two at once: they may be one wish.)
 */
void linuxu_stop_note(int sig)
{
	static uk_nsec since;
	uk_nsec now = uk_plat_clock_monotonic();

	if (!asked)
		since = now;
	else if (asked & HOST_SIGBIT(sig) && now - since > UK_NSEC_PER_SEC)
		linuxu_end_by_signal(sig);
	asked |= HOST_SIGBIT(sig);
}

bool linuxu_stop_is_heard(int sig)
{
	return heard & HOST_SIGBIT(sig);
}

void linuxu_stop_fired(void)
{
	uint64_t which = asked;

	asked = 0;
	passed_on |= which;
	for (; which; which &= which - 1)
		listener(__builtin_ctzl(which) + 1);
}

int uk_plat_power_listen(void (*fn)(int sig))
{
	static const uint8_t requests[] = { HOST_SIGTERM, HOST_SIGINT, HOST_SIGHUP };

	listener = fn;
	for (unsigned i = 0; i < UK_ARRAY_SIZE(requests); i++)
		if (!host_signal_ignored(requests[i])) { /* nohup: it stays so */
			heard |= HOST_SIGBIT(requests[i]);
			linuxu_irq_attach(requests[i]);
		}
	return 0;
}
