/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A race in words: which bytes, and both accesses with the calls that led there.
 *
 * The CPU that watched reports, with interrupts masked, in any context, with any lock held but those that
 * a message needs: inside these nobody watches (uk_sanitize_pause_races()). Each pair of places is
 * reported once.
 */
#include <uk/linked.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/spin.h>
#include <uk/string.h>
#include <uk/symtab.h>

#include "internal.h"

#define PAIRS 128
#define TEXT  200

UK_PARAM_BOOL(kcsan, stop, false, "end with a crash report at the first data race");

static struct uk_spinlock lock; /* of what follows; reports do not mix */
static uint64_t told[PAIRS];
static unsigned reports, silent;
static struct {
	uintptr_t va;
	size_t n;
	char text[TEXT];
} caught;

void uk_kcsan_catch(const void *va, size_t n)
{
	bool irq = uk_spin_lock_save(&lock);

	caught.va = (uintptr_t)va;
	caught.n = n;
	caught.text[0] = 0;
	uk_spin_unlock_restore(&lock, irq);
}

void uk_kcsan_caught(char *buf, size_t size)
{
	bool irq = uk_spin_lock_save(&lock);

	uk_kcsan_pause(1); /* a report would take the lock again */
	uk_strscpy(buf, caught.text, size);
	uk_kcsan_pause(-1);
	uk_spin_unlock_restore(&lock, irq);
}

unsigned uk_kcsan_reports(void)
{
	return __atomic_load_n(&reports, __ATOMIC_RELAXED);
}

/* Not again of the same two places, in whichever order. */
static bool known(uint32_t a, uint32_t b)
{
	uint64_t pair = (uint64_t)UK_MIN(a, b) << 32 | UK_MAX(a, b);
	unsigned i;

	for (i = 0; i < PAIRS && told[i]; i++)
		if (told[i] == pair)
			return true;
	if (i == PAIRS) {
		if (!silent++)
			uk_pr_err("more data races at other places are not reported");
		return true;
	}
	told[i] = pair;
	return false;
}

static size_t words(char *text, size_t size, const struct access *a)
{
	return (size_t)uk_snprintf(text, size, "%s%s of %lu byte%s on CPU %u, thread `%s`",
				   a->how & MARKED ? "marked " : "",
				   a->how & WRITE ? "write" : "read", (unsigned long)a->n,
				   a->n == 1 ? "" : "s", a->cpu, a->thread);
}

static void say_calls(const struct access *a)
{
	for (unsigned i = 0; i < CALLERS && a->pc[i]; i++) {
		/* Where a call returns to: a byte before that is inside it. */
		uint32_t pc = a->pc[i] - 1;
		size_t into;
		const char *name = uk_symtab_find((uintptr_t)uk_image_start + pc, &into);

		uk_pr_err("    %s+%#lx (image+%#x)", name ? name : "?", name ? into : 0UL, pc);
	}
}

static void say(const struct access *a, const struct access *b, uint64_t before, uint64_t after)
{
	char text[TEXT];

	uk_pr_err("data race at %#lx, in:", b ? UK_MAX(a->va, b->va) : a->va);
	words(text, sizeof(text), a);
	uk_pr_err("  %s", text);
	say_calls(a);
	if (b) {
		words(text, sizeof(text), b);
		uk_pr_err("  %s", text);
		say_calls(b);
	} else {
		/* Also what looked for a watchpoint just before there was one. */
		uk_pr_err("  a write that was not seen: of code that is not checked, or a moment "
			  "ago");
	}
	if (before != after)
		uk_pr_err("  the value was %#lx and became %#lx", before, after);
}

void kcsan_report(const struct access *a, const struct access *b, uint64_t before, uint64_t after)
{
	uk_spin_acquire(&lock);
	if (a->va < caught.va + caught.n && caught.va < a->va + a->n) {
		size_t n = words(caught.text, TEXT, a);

		if (b) {
			n += (size_t)uk_snprintf(caught.text + n, TEXT - n, "; ");
			words(caught.text + n, TEXT - n, b);
		}
	} else if (!known(a->pc[0], b ? b->pc[0] : 0)) {
		__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED);
		say(a, b, before, after);
		if (uk_param_kcsan_stop.b)
			uk_panic("a data race, and kcsan.stop");
	}
	uk_spin_release(&lock);
}
