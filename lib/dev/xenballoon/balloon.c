/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The balloon: how much memory the host wants us to have is a number in xenstore, memory/target, in KiB. What is more than that is
 * allocated here as page frames, so that nobody uses it, and given back to Xen; when the number grows, it comes back. A thread follows
 * the number, in small parts.
 *
 * It takes what is free, asks nobody to give memory back, and leaves some: the image works on, with less to come. Nothing comes in
 * addition to what the domain had when it started.
 */
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/page.h>
#include <uk/print.h>
#include <uk/thread.h>
#include <uk/time.h>
#include <uk/waitq.h>
#include <uk/xen/frames.h>
#include <uk/xenstore.h>

#define FOLDER "memory"
#define AGAIN  UK_NSEC_PER_SEC /* when something was in the way */
#define LEAST  256U            /* frames that stay free, or ... */
#define PART   16U             /* ... this part of all, if that is more */

#define PAGE_KIB (UK_PAGE_SIZE >> 10)

/* Frames without memory, by their addresses. */
static struct list {
	struct list *next;
	uint64_t n;
	uk_paddr_t frame[(UK_PAGE_SIZE - 16) / sizeof(uk_paddr_t)];
} * away;
UK_STATIC_ASSERT(sizeof(struct list) == UK_PAGE_SIZE, "a frame each");

static uint64_t all;    /* frames, were none away: what memory/target is compared with */
static uint64_t naway;  /* the thread's */
static uint64_t target; /* frames; 0: not known yet */
static struct uk_waitq changed;

/* ---- less ---- */

static uint64_t may_take(void)
{
	struct uk_page_stats st;
	uint64_t keep, left = uk_page_left();

	uk_page_stats(&st);
	keep = UK_MAX((st.total >> UK_PAGE_SHIFT) / PART, LEAST);
	return left > keep ? left - keep : 0;
}

static bool make_room(void)
{
	uk_paddr_t pa;
	struct list *l;

	if (away && away->n < UK_ARRAY_SIZE(away->frame))
		return true;
	pa = uk_page_alloc(1, UK_PAGE_EASY);
	if (pa == UK_PAGE_NONE)
		return false;
	l = uk_page_to_virt(pa);
	l->next = away;
	l->n = 0;
	away = l;
	return true;
}

static void drop_room(void)
{
	while (away && !away->n) {
		struct list *l = away;

		away = l->next;
		uk_page_free(uk_page_from_virt(l), 1);
	}
}

/* Gives away at most n frames: as many as have gone. */
static unsigned give(uint64_t n)
{
	unsigned given;
	uk_paddr_t pa = UK_PAGE_NONE;
	uk_paddr_t *at;

	if (!make_room())
		return 0;
	at = &away->frame[away->n];
	n = UK_MIN(n, UK_MIN(UK_ARRAY_SIZE(away->frame) - away->n, UK_XEN_FRAMES_MAX));
	for (; n; n /= 2) { /* one run, if there is one */
		pa = uk_page_alloc_run(n, UK_PAGE_EASY);
		if (pa != UK_PAGE_NONE)
			break;
	}
	for (uint64_t i = 0; i < n; i++)
		at[i] = pa + i * UK_PAGE_SIZE;
	given = uk_xen_frames_give(at, (unsigned)n);
	if (given < n)
		uk_page_free_run(pa + given * UK_PAGE_SIZE, n - given);
	away->n += given;
	naway += given;
	uk_page_away(given);
	return given;
}

/* ---- more ---- */

static unsigned get(uint64_t n)
{
	unsigned got;
	uk_paddr_t *at;

	drop_room();
	if (!away)
		return 0;
	n = UK_MIN(n, UK_MIN(away->n, UK_XEN_FRAMES_MAX));
	at = &away->frame[away->n - n];
	got = uk_xen_frames_get(at, (unsigned)n);
	if (!got)
		return 0;
	uk_page_away(-(int64_t)got);
	for (unsigned i = 0; i < got; i++)
		uk_page_free(at[i], 1);
	/* Xen gave the first ones memory: the others stay in the list. */
	for (unsigned i = got; i < n; i++)
		at[i - got] = at[i];
	away->n -= got;
	naway -= got;
	drop_room();
	return got;
}

/* ---- the thread ---- */

static void say(const char *why, uint64_t wanted)
{
	uk_pr_warn("%lu KiB of memory, where the host wants %lu: %s", (all - naway) * PAGE_KIB,
		   wanted * PAGE_KIB, why);
}

/* One part of the way. False: not now; `why` says what is in the way. */
static bool step(uint64_t wanted, const char **why)
{
	uint64_t have = all - naway, n;

	if (wanted < have) {
		n = UK_MIN(have - wanted, may_take());
		*why = n ? "no more frames are free, or Xen does not take them"
			 : "the rest is in use, or kept for use";
		return n && give(n);
	}
	*why = "Xen has no more";
	if (get(wanted - have))
		return true;
	if (!naway)
		*why = "it cannot be more than at the start";
	return false;
}

static void follow(void *arg UK_UNUSED)
{
	uint64_t seen = 0; /* the target that was said to be out of reach */
	const char *why = "";

	for (;;) {
		uint64_t wanted = UK_READ_ONCE(target);

		if (wanted && wanted != all - naway) {
			if (step(wanted, &why))
				continue;
			if (seen != wanted)
				say(why, wanted);
			seen = wanted;
			UK_WAIT(&changed, UK_READ_ONCE(target) != wanted, uk_deadline(AGAIN));
			continue;
		}
		if (wanted)
			uk_pr_info("%lu KiB of memory, of %lu", wanted * PAGE_KIB, all * PAGE_KIB);
		seen = 0;
		UK_WAIT(&changed, UK_READ_ONCE(target) != wanted, UK_NSEC_MAX);
	}
}

static void target_changed(struct uk_xenstore_watch *w UK_UNUSED)
{
	uint64_t kib;
	int rc;

	if (!all) { /* a PVH domain's: with what no part of the sum is memory of its own */
		rc = uk_xenstore_read_uint(0, FOLDER, "static-max", &kib);
		if (rc || !kib) {
			uk_pr_err(
				"%s/static-max says no size (error %d): the memory stays as it is",
				FOLDER, -rc);
			return;
		}
		all = kib / PAGE_KIB;
	}
	rc = uk_xenstore_read_uint(0, FOLDER, "target", &kib);
	if (rc) {
		uk_pr_err("%s/target is no size (error %d): the memory stays as it is", FOLDER,
			  -rc);
		return;
	}
	UK_WRITE_ONCE(target, UK_MAX(kib / PAGE_KIB, 1UL));
	uk_waitq_wake_all(&changed);
}

static struct uk_xenstore_watch watch = { .path = FOLDER "/target", .fn = target_changed };

static void start(void *arg)
{
	int rc;

	all = uk_xen_frames_all();
	rc = uk_xenstore_watch(&watch);
	if (rc == -ENODEV) /* the control domain's: nobody tells it anything */
		return;
	if (rc)
		uk_pr_err("%s cannot be watched, so the memory stays as it is: xenstore says error "
			  "%d",
			  watch.path, -rc);
	else
		follow(arg);
}

static int balloon_init(void)
{
	const struct uk_thread_attr attr = { .flags = UK_THREAD_DETACHED };

	return uk_thread_create(NULL, "xenballoon", start, NULL, &attr) ? 0 : -ENOMEM;
}

UK_INIT(UK_INIT_DEV, "4", balloon_init, NULL);
