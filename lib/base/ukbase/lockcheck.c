/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks of locks: mistakes that would hang the image once in a million runs are found the first time
 * that the code runs at all.
 *
 * Taking B while A is held says "A before B". These sentences, between classes, are the edges of a
 * graph that only grows. As long as it has no cycle, there is an order of all classes that everybody
 * keeps, and no two CPUs can wait for each other. An edge that would close one is reported,
 * with both places for every step of the way, whether or not anybody ever waited.
 */
#include <uk/param.h>
#include <uk/print.h>
#include <uk/string.h>

#include "lock_priv.h"

#define WORDS (LOCK_CLASSES / 64)
#define EDGES 1024 /* of which the places are known, in the order in which they were seen */
#define TEXT  1536

UK_PARAM_BOOL(lock, fatal, false, "stop at the first mistake in the use of locks");

void (*uk_lock_fault_hook)(enum uk_lock_fault what, const char *text);
uint32_t uk_lock_faults[UK_LOCK_FAULTS];

static uint64_t before[LOCK_CLASSES][WORDS]; /* bit b of before[a]: a before b */
static struct {
	const struct uk_lock_site *outer, *inner;
	uint16_t from, to;
} edges[EDGES];
static uint32_t nedges;
static uint32_t changing; /* lock of these, and of what follows */
static char text[TEXT];
static size_t text_len;

/* ---- reports ---- */

static UK_PRINTF(1, 2) void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_len += (size_t)uk_vsnprintf(text + text_len, TEXT - text_len, fmt, ap);
	va_end(ap);
	text_len = UK_MIN(text_len, (size_t)TEXT - 1);
}

static void say_class(const struct uk_lock_class *c)
{
	say("\"%s: %s\"", c ? c->lib : "?", c ? c->name : "a lock of no class");
}

static void say_site(const struct uk_lock_site *s)
{
	say("%s:%d (%s)", s->file, s->line, s->what);
}

static void begin(struct lock_cpu *cpu)
{
	cpu->busy = true;
	lock_raw_acquire(&changing);
	text_len = 0;
}

/* Line by line: the log's lines are short. */
static void print(void)
{
	for (char *line = text, *end; *line; line = end) {
		for (end = line; *end && *end != '\n'; end++)
			;
		if (*end)
			*end++ = 0;
		uk_pr_err("%s", line);
	}
}

/*
 * `dead`: what follows would never end, or break the lock. The console's lock may be among those
 * that are held: so the order of locks is then printed with the risk of a hang, which it reports.
 */
static void end(struct lock_cpu *cpu, enum uk_lock_fault what, bool dead)
{
	__atomic_add_fetch(&uk_lock_faults[what], 1, __ATOMIC_RELAXED);
	if (uk_lock_fault_hook)
		uk_lock_fault_hook(what, text);
	else
		print();
	lock_raw_release(&changing);
	if (!uk_lock_fault_hook && (dead || uk_param_lock_fatal.b))
		uk_panic("a mistake in the use of locks, see above");
	cpu->busy = false;
}

/* ---- order ---- */

static bool has_edge(unsigned a, unsigned b)
{
	return UK_READ_ONCE(before[a][b / 64]) >> b % 64 & 1;
}

/* The way from class a to b, in via[]: each one's predecessor. */
static bool find_way(unsigned a, unsigned b, uint16_t via[LOCK_CLASSES])
{
	static uint16_t todo[LOCK_CLASSES];
	uint64_t seen[WORDS] = { 0 };
	unsigned head = 0, tail = 0;

	todo[tail++] = (uint16_t)a;
	seen[a / 64] |= 1UL << a % 64;
	while (head < tail) {
		unsigned x = todo[head++];

		if (x == b)
			return true;
		for (unsigned y = 0; y < lock_nclasses; y++)
			if (has_edge(x, y) && !(seen[y / 64] >> y % 64 & 1)) {
				seen[y / 64] |= 1UL << y % 64;
				via[y] = (uint16_t)x;
				todo[tail++] = (uint16_t)y;
			}
	}
	return false;
}

static void say_edge(unsigned from, unsigned to)
{
	say("\n  ");
	say_class(&lock_classes[to]);
	say(" was taken after ");
	say_class(&lock_classes[from]);
	for (uint32_t i = 0; i < nedges; i++)
		if (edges[i].from == from && edges[i].to == to) {
			say(": at ");
			say_site(edges[i].inner);
			say(", with that held since ");
			say_site(edges[i].outer);
			return;
		}
}

/* c is taken while h is held, for the first time. */
static void add_edge(struct lock_cpu *cpu, const struct lock_held *h, struct uk_lock_class *c,
		     const struct uk_lock_site *site)
{
	static uint16_t via[LOCK_CLASSES];
	unsigned from = lock_number(h->class), to = lock_number(c);
	bool cycle;

	begin(cpu);
	if (has_edge(from, to)) { /* another CPU was first */
		lock_raw_release(&changing);
		cpu->busy = false;
		return;
	}
	cycle = find_way(to, from, via);
	before[from][to / 64] |= 1UL << to % 64;
	if (nedges < EDGES) {
		edges[nedges].outer = h->site;
		edges[nedges].inner = site;
		edges[nedges].from = (uint16_t)from;
		edges[nedges++].to = (uint16_t)to;
	}
	if (!cycle) {
		lock_raw_release(&changing);
		cpu->busy = false;
		return;
	}
	say("locks in an order that contradicts another:");
	say_edge(from, to);
	for (unsigned x = from; x != to; x = via[x])
		say_edge(via[x], x);
	end(cpu, UK_LOCK_ORDER, false);
}

static void check_same(struct lock_cpu *cpu, const struct lock_held *h, struct uk_lock_class *c,
		       const void *lock, const struct uk_lock_site *site)
{
	if ((uintptr_t)lock > (uintptr_t)h->lock || c->told_same)
		return;
	begin(cpu);
	c->told_same = true;
	say("two locks of class ");
	say_class(c);
	say(", the second below the first in memory:\n  ");
	say_site(site);
	say(", after ");
	say_site(h->site);
	end(cpu, UK_LOCK_SAME, false);
}

void lock_check_order(struct lock_cpu *cpu, struct uk_lock_class *c, const void *lock,
		      const struct uk_lock_site *site)
{
	for (unsigned i = cpu->n; i--;) {
		const struct lock_held *h = &cpu->held[i];

		if (h->lock == lock) {
			begin(cpu);
			say("a lock is taken twice: ");
			say_class(c);
			say("\n  at ");
			say_site(site);
			say(", held since ");
			say_site(h->site);
			end(cpu, UK_LOCK_TWICE, true);
		} else if (h->class == c) {
			check_same(cpu, h, c, lock, site);
		} else if (h->class && !has_edge(lock_number(h->class), lock_number(c))) {
			add_edge(cpu, h, c, site);
		}
	}
}

/* ---- context ---- */

void lock_check_context(struct lock_cpu *cpu, struct uk_lock_class *c,
			const struct uk_lock_site *site, bool open)
{
	if (open && !uk_this_cpu_get(preempt_off) && !uk_in_irq()) {
		begin(cpu);
		say("a spin lock is taken with preemption on: ");
		say_class(c);
		say("\n  at ");
		say_site(site);
		end(cpu, UK_LOCK_PREEMPT, false);
	}
	if (uk_in_irq() && !c->in_irq)
		c->in_irq = site;
	if (open && !uk_in_irq() && !c->irq_open)
		c->irq_open = site;
	if (UK_LIKELY(!c->in_irq || !c->irq_open || c->told_irq))
		return;
	begin(cpu);
	c->told_irq = true;
	say("an interrupt handler takes a lock that is also taken with interrupts open: ");
	say_class(c);
	say("\n  the handler at ");
	say_site(c->in_irq);
	say(", the other at ");
	say_site(c->irq_open);
	end(cpu, UK_LOCK_IRQ, false);
}

void lock_check_not_held(struct lock_cpu *cpu, const void *lock)
{
	begin(cpu);
	say("a lock is released that this CPU does not hold: %p", lock);
	for (unsigned i = 0; i < UK_CPUS; i++)
		for (unsigned k = 0; k < lock_cpus[i].n; k++)
			if (lock_cpus[i].held[k].lock == lock) {
				say("\n  CPU %u holds it, since ", i);
				say_site(lock_cpus[i].held[k].site);
			}
	end(cpu, UK_LOCK_NOT_HELD, true);
}

void lock_check_sleep(struct lock_cpu *cpu)
{
	const struct lock_held *h = &cpu->held[cpu->n - 1];

	begin(cpu);
	say("a thread blocks, and holds ");
	say_class(h->class);
	say("\n  since ");
	say_site(h->site);
	end(cpu, UK_LOCK_SLEEP, false);
}
