/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time: the host's clocks, and a POSIX timer that sends SIGALRM as the one-shot timer.
 *
 * The monotonic clock is the host's own, so that deadlines pass to the host unchanged. Reading it
 * goes through the vDSO, code of the host kernel that is mapped into every process and that reads
 * the clock without a system call. Finding its function costs as much as a dozen system calls, and
 * short runs read the clock a few times only: so the search waits for the 32nd reading.
 */
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/string.h>

#include "linuxu.h"

#define CALLS_BEFORE_VDSO 32

/* Of uktime, if the image has it. */
void uk_timer_interrupt(void) UK_OPTIONAL;

typedef int clock_fn(int clock, struct host_timespec *ts);

static int clock_by_syscall(int clock, struct host_timespec *ts)
{
	return (int)host_syscall3(HOST_NR_clock_gettime, clock, (long)ts, 0);
}

static clock_fn *read_clock; /* NULL: not decided yet */

/* ---- the vDSO: a small ELF shared object (ELF-64 Object File Format, 1.5; gABI, ch. 5) ---- */

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_dynamic {
	uint64_t tag, value;
};

struct elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};

enum { PT_LOAD = 1, PT_DYNAMIC = 2 };
enum { DT_HASH = 4, DT_STRTAB = 5, DT_SYMTAB = 6, DT_GNU_HASH = 0x6ffffef5 };

/* How many symbols a DT_GNU_HASH table knows: one more than the last of the longest chain. */
static uint32_t gnu_hash_symbols(const uint32_t *h)
{
	uint32_t nbuckets = h[0], first = h[1], bloom_words = h[2], last = 0;
	const uint32_t *buckets = h + 4 + 2 * bloom_words;
	const uint32_t *chains = buckets + nbuckets;

	for (uint32_t i = 0; i < nbuckets; i++)
		last = UK_MAX(last, buckets[i]);
	if (last < first)
		return first;
	while (!(chains[last - first] & 1))
		last++;
	return last + 1;
}

static clock_fn *find_in_vdso(const char *name)
{
	const uint8_t *base = linuxu_auxv.vdso;
	const struct elf_header *eh = (const void *)base;
	const struct elf_dynamic *dyn = NULL;
	const struct elf_symbol *sym = NULL;
	const char *str = NULL;
	const uint32_t *hash = NULL, *gnu_hash = NULL;
	uint64_t slide = 0;
	bool loaded = false;
	uint32_t n;

	if (!base)
		return NULL;
	for (unsigned i = 0; i < eh->phnum; i++) {
		const struct elf_segment *ph = (const void *)(base + eh->phoff + i * eh->phentsize);

		if (ph->type == PT_DYNAMIC)
			dyn = (const void *)(base + ph->offset);
		if (ph->type == PT_LOAD && !loaded) {
			slide = (uintptr_t)base + ph->offset - ph->vaddr;
			loaded = true;
		}
	}
	for (; dyn && dyn->tag; dyn++) {
		const void *p = (const void *)(uintptr_t)(slide + dyn->value);

		if (dyn->tag == DT_STRTAB)
			str = p;
		else if (dyn->tag == DT_SYMTAB)
			sym = p;
		else if (dyn->tag == DT_HASH)
			hash = p;
		else if (dyn->tag == DT_GNU_HASH)
			gnu_hash = p;
	}
	if (!str || !sym || (!hash && !gnu_hash))
		return NULL;
	n = hash ? hash[1] : gnu_hash_symbols(gnu_hash);
	for (uint32_t i = 1; i < n; i++)
		if (sym[i].section && !uk_strcmp(str + sym[i].name, name))
			return (clock_fn *)(uintptr_t)(slide + sym[i].value);
	return NULL;
}

static uk_nsec clock_read(int clock)
{
	static unsigned int calls;
	struct host_timespec ts = { 0, 0 };

	if (UK_LIKELY(read_clock)) {
		read_clock(clock, &ts);
	} else {
		clock_by_syscall(clock, &ts);
		if (++calls >= CALLS_BEFORE_VDSO) {
			clock_fn *fn = find_in_vdso(LINUXU_VDSO_CLOCK);

			read_clock = fn ? fn : clock_by_syscall;
		}
	}
	return (uk_nsec)ts.sec * UK_NSEC_PER_SEC + (uk_nsec)ts.nsec;
}

uk_nsec uk_plat_clock_monotonic(void)
{
	return clock_read(HOST_CLOCK_MONOTONIC);
}

uk_nsec uk_plat_clock_wall(void)
{
	return clock_read(HOST_CLOCK_REALTIME);
}

uk_nsec uk_plat_clock_wall_coarse(void)
{
	return clock_read(HOST_CLOCK_REALTIME_COARSE);
}

/* ---- the timer ---- */

static struct {
	int id; /* the host's timer */
	bool there;
	bool armed; /* it will fire */
} timers[UK_CPUS];

static void create(int *id)
{
	struct host_sigevent ev = { .signo = HOST_SIGALRM, .notify = HOST_SIGEV_SIGNAL };
	long err;

#ifdef CONFIG_SMP
	ev.notify = HOST_SIGEV_THREAD_ID;
	ev.tid = (uint32_t)host_gettid();
#endif
	linuxu_irq_attach(HOST_SIGALRM);
	err = host_syscall3(HOST_NR_timer_create, HOST_CLOCK_MONOTONIC, (long)&ev, (long)id);
	if (err < 0)
		linuxu_fail("no timer (is `ulimit -i` used up?)", (int)err);
}

void uk_plat_timer_set(uk_nsec deadline)
{
	struct host_itimerspec when = { { 0, 0 }, { 0, 0 } };
	unsigned cpu = uk_cpu();

	if (deadline == UK_NSEC_MAX && !timers[cpu].armed)
		return;
	if (!timers[cpu].there) {
		create(&timers[cpu].id);
		timers[cpu].there = true;
	}
	timers[cpu].armed = deadline != UK_NSEC_MAX;
	if (timers[cpu].armed) {
		/* 0 would switch it off; the host refuses seconds beyond 2^63. */
		when.value.sec = (int64_t)(deadline / UK_NSEC_PER_SEC);
		when.value.nsec = deadline ? (int64_t)(deadline % UK_NSEC_PER_SEC) : 1;
	}
	host_syscall4(HOST_NR_timer_settime, timers[cpu].id, HOST_TIMER_ABSTIME, (long)&when, 0);
}

void linuxu_timer_fired(void)
{
	timers[uk_cpu()].armed = false;
	if (uk_timer_interrupt)
		uk_timer_interrupt();
}
