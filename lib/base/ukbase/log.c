/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel messages: formatted on the stack, kept in a ring, handed to the platform's log stream.
 *
 * Each message is one line "[whittle] library: text" and written in one call, so that a runner
 * or a person can tell it from what the application writes.
 */
#include <stdarg.h>
#include <uk/config.h>
#include <uk/irq.h>
#include <uk/spin.h>
#include <uk/log.h>
#include <uk/param.h>
#include <uk/plat/console.h>
#include <uk/plat/power.h>
#include <uk/print.h>
#include <uk/sanitize.h>
#include <uk/string.h>

#define LINE_MAX 240

UK_PARAM_UINT(log, level, UK_LOG_WARN,
	      "messages shown: 0 errors, 1 warnings, 2 information, 3 debug");

static char ring[CONFIG_LIBUKBASE_LOG_RING] UK_NOT_ZEROED;
static size_t ring_end; /* bytes ever written; the ring holds the last sizeof(ring) of them */

static void ring_add(const char *s, size_t n)
{
	while (n--)
		ring[ring_end++ % sizeof(ring)] = *s++;
}

void uk_log_recent(void (*out)(void *arg, const char *s, size_t n), void *arg)
{
	size_t start = ring_end > sizeof(ring) ? ring_end - sizeof(ring) : 0;
	size_t cut = start % sizeof(ring);

	/* Begin at a whole line. */
	if (start)
		while (start < ring_end && ring[(start - 1) % sizeof(ring)] != '\n')
			start++;
	cut = start % sizeof(ring);
	if (ring_end - start > sizeof(ring) - cut) {
		out(arg, ring + cut, sizeof(ring) - cut);
		start += sizeof(ring) - cut;
	}
	out(arg, ring + start % sizeof(ring), ring_end - start);
}

static struct uk_spinlock lock; /* lines do not mix */

static void log_line(bool show, const char *lib, const char *kind, const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	size_t n;
	bool irq;

	n = (size_t)uk_snprintf(line, sizeof(line), "[whittle] %s: %s", lib, kind);
	n += (size_t)uk_vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	n = UK_MIN(n, sizeof(line) - 2);
	line[n++] = '\n';
	irq = uk_spin_lock_save(&lock);
	uk_sanitize_pause_races(1);
	ring_add(line, n);
	if (show)
		uk_plat_console_write(UK_CON_LOG, line, n);
	uk_sanitize_pause_races(-1);
	uk_spin_unlock_restore(&lock, irq);
}

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
	static const char *const kind[] = { "error: ", "warning: ", "", "debug: " };
	va_list ap;

	va_start(ap, fmt);
	log_line((uint64_t)level <= uk_param_log_level.u, lib, kind[level], fmt, ap);
	va_end(ap);
}

void uk_log_asked(const char *lib, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(true, lib, "", fmt, ap);
	va_end(ap);
}

UK_COLD void uk_panic(const char *fmt, ...)
{
	va_list ap;

	uk_irq_disable();
	va_start(ap, fmt);
	log_line(true, "panic", "", fmt, ap);
	va_end(ap);
	uk_plat_crash();
}

UK_COLD void uk_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(true, "error", "", fmt, ap);
	va_end(ap);
	uk_plat_exit(1);
}
