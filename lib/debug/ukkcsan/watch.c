/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The idea, which is that of Linux's KCSAN: two accesses race if they happen at the same time, so make one
 * of them last longer. One access of some thousand is chosen; its CPU notes address and size in a
 * watchpoint, does nothing for some microseconds, and goes on. Every access of every CPU looks for a
 * watchpoint first. Who finds one that it is in conflict with, leaves there who it is, for the report.
 * Code that is not compiled with checks changes the value, and that is seen too, if not who it was.
 *
 * No order between CPUs has to be known for this: what a lock protects does not happen while another CPU
 * stands still inside the lock. So every report is true, and what is not reported may still be wrong.
 *
 * Interrupts are masked while a CPU watches: a handler that uses the same bytes on the same CPU is no race.
 */
#include <uk/arch/relax.h>
#include <uk/callers.h>
#include <uk/init.h>
#include <uk/irq.h>
#include <uk/param.h>
#include <uk/plat/clock.h>
#include <uk/plat/mem.h>
#include <uk/plat/trap.h>
#include <uk/print.h>
#include <uk/smp.h>
#include <uk/string.h>

#include "internal.h"

UK_PARAM_UINT(kcsan, skip, 2000, "accesses between two that are watched, on the average");
UK_PARAM_UINT(kcsan, delay, 20000, "nanoseconds for which an access is watched, at most");

/*
 * A watchpoint, in one word: its first address, its size from bit 48 on, and in bit 63 whether it is for a
 * write. Or 0, or one of those below. The page decides which slot it is, so who looks looks once.
 * (What crosses into another page is looked for in the first only.)
 */
#define SLOTS      64
#define WATCH_MAX  8
#define SKIP_MAX   (1UL << 31)
#define SIZE_SHIFT 48
#define WRITE_BIT  (1UL << 63)
#define FOUND      1UL /* somebody came, and is writing into `other` */
#define TOLD       2UL /* has written it */

static struct {
	uint64_t word;
	struct access other;
} UK_CPU_ALIGNED slots[SLOTS];

static struct {
	int32_t skip; /* below 0: the thread that counted was moved to another CPU before it watched */
	uint32_t random;
	bool busy; /* watches or reports: what it does for that is not looked at */
	uint32_t paused;
} UK_CPU_ALIGNED cpus[UK_CPUS];

bool kcsan_on;

static uint32_t random_below(uint32_t cpu, uint64_t n)
{
	uint32_t x = cpus[cpu].random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	cpus[cpu].random = x;
	return (uint32_t)((uint64_t)x * n >> 32);
}

static uint64_t value_at(uintptr_t va, size_t n)
{
	switch (n) {
	case 1:
		return *(const volatile uint8_t *)va;
	case 2:
		return *(const volatile uint16_t *)va;
	case 4:
		return *(const volatile uint32_t *)va;
	case 8:
		return *(const volatile uint64_t *)va;
	default: /* the first byte is enough, of sizes as rare as these */
		return *(const volatile uint8_t *)va;
	}
}

static void note(struct access *a, uintptr_t va, size_t n, unsigned how, const void *fp)
{
	a->va = va;
	a->n = n;
	a->how = how;
	a->cpu = uk_cpu();
	uk_strscpy(a->thread, uk_trap_thread_name(), NAME);
	uk_callers(a->pc, CALLERS, fp);
}

static bool conflicts(uint64_t w, uintptr_t va, size_t n, unsigned how)
{
	uintptr_t start = w & ((1UL << SIZE_SHIFT) - 1);
	size_t size = (w & ~WRITE_BIT) >> SIZE_SHIFT;

	return va < start + size && start < va + n && (w & WRITE_BIT || how & WRITE);
}

/* Tells who watches: it waits for that, so no interrupt comes between. */
static UK_NOINLINE void found(uint64_t *word, struct access *other, uint64_t w, uintptr_t va,
			      size_t n, unsigned how, const void *fp)
{
	bool irq = uk_irq_save();

	if (__atomic_compare_exchange_n(word, &w, FOUND, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED)) {
		note(other, va, n, how, fp);
		__atomic_store_n(word, TOLD, __ATOMIC_RELEASE);
	}
	uk_irq_restore(irq);
}

static void wait(uint64_t *word, uint64_t w, uint32_t cpu)
{
	uk_nsec until = uk_plat_clock_monotonic() + random_below(cpu, uk_param_kcsan_delay.u);

	do
		uk_arch_relax();
	while (__atomic_load_n(word, __ATOMIC_RELAXED) == w && uk_plat_clock_monotonic() < until);
}

static UK_NOINLINE void watch(uintptr_t va, size_t n, unsigned how, const void *fp)
{
	size_t size = UK_MIN(n, (size_t)WATCH_MAX), slot = va / UK_PAGE_SIZE % SLOTS;
	uint64_t w = va | size << SIZE_SHIFT | (how & WRITE ? WRITE_BIT : 0);
	uint64_t *word = &slots[slot].word, before, after, none = 0, was = w;
	uint32_t cpu;
	bool irq;

	value_at(va,
		 size); /* if there is no page yet it comes now, and not with interrupts masked */
	irq = uk_irq_save();
	cpu = uk_cpu();
	cpus[cpu].skip =
		(int32_t)random_below(cpu, UK_MIN(uk_param_kcsan_skip.u * 2 + 1, SKIP_MAX));
	if (cpus[cpu].busy || cpus[cpu].paused)
		goto out;
	before = value_at(va, size);
	if (!__atomic_compare_exchange_n(word, &none, w, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		goto out;
	cpus[cpu].busy = true;
	wait(word, w, cpu);
	after = value_at(va, size);
	if (__atomic_compare_exchange_n(word, &was, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (UK_UNLIKELY(before != after)) {
			struct access self;

			note(&self, va, n, how, fp);
			kcsan_report(&self, NULL, before, after);
		}
	} else {
		struct access self;

		note(&self, va, n, how, fp);
		while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != TOLD)
			uk_arch_relax();
		kcsan_report(&self, &slots[slot].other, before, value_at(va, size));
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	}
	cpus[cpu].busy = false;
out:
	uk_irq_restore(irq);
}

void kcsan_access(uintptr_t va, size_t n, unsigned how, const void *fp)
{
	size_t slot = va / UK_PAGE_SIZE % SLOTS;
	uint64_t w;

	if (UK_UNLIKELY(!kcsan_on))
		return;
	w = UK_READ_ONCE(slots[slot].word);
	if (UK_UNLIKELY(w) && conflicts(w, va, n, how))
		found(&slots[slot].word, &slots[slot].other, w, va, n, how, fp);
	else if (!(how & MARKED) && UK_UNLIKELY(cpus[uk_cpu()].skip-- <= 0))
		watch(va, n, how, fp);
}

void uk_kcsan_check(const void *p, size_t n, bool write)
{
	uintptr_t va = (uintptr_t)p;

	while (n) { /* page by page: each has its slot */
		size_t part = UK_MIN(n, UK_PAGE_SIZE - va % UK_PAGE_SIZE);

		kcsan_access(va, part, write, __builtin_frame_address(0));
		va += part;
		n -= part;
	}
}

void uk_kcsan_pause(int by)
{
	cpus[uk_cpu()].paused += (uint32_t)by;
}

bool uk_kcsan_active(void)
{
	return kcsan_on;
}

static int start(void)
{
	/* Here and not when one is needed: the clock takes locks, and waiting for one is checked code. */
	uint32_t seed = (uint32_t)uk_plat_clock_monotonic();

	for (uint32_t cpu = 0; cpu < UK_CPUS; cpu++)
		cpus[cpu].random = (seed + cpu) * 2654435761U | 1;
	kcsan_on = uk_smp_cpus() > 1;
	if (!kcsan_on)
		uk_pr_warn("one CPU: no data races will be found");
	return 0;
}
UK_INIT(UK_INIT_DEV, "1", start, NULL);
