/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event sources: what is ready now, and who waits for it.
 *
 * Every object that can make somebody wait has one (or one per end, as a pipe has). The producer
 * keeps `ready` true to the facts with uk_event_set() and uk_event_clear(); a blocking call
 * waits with uk_event_wait(); poll and epoll subscribe a link. So readiness is a word that is
 * always current, never a question asked of a driver, and an object that is always ready (a
 * regular file) has no source at all.
 *
 * Bits are those of poll(2): UK_POLLIN, OUT, PRI, ERR, HUP, RDHUP. All zero is a source with
 * nothing ready and nobody waiting.
 */
#ifndef UK_EVENT_H
#define UK_EVENT_H

#include <uk/abi/poll.h>
#include <uk/api.h>
#include <uk/waitq.h>

struct uk_event_source {
	uint32_t ready;
	bool taken; /* the present wake-up has a taker among those that want only one */
	struct uk_waitq waiters; /* blocked threads and links */
};

/* A subscription, owned by the subscriber. */
struct uk_event_link {
	struct uk_waiter waiter;
	struct uk_event_source *src;
	uint32_t mask; /* bits of interest; add ERR and HUP, which poll always reports */
	/*
	 * Something of `mask` became ready, or more of it arrived, and nothing else. In the producer's context, maybe
	 * an interrupt, with interrupts masked: take note and wake a thread, touch no wait queue.
	 */
	void (*notify)(struct uk_event_link *link);
};

/*
 * Input that nobody brings: a network stack that polls its devices leaves that to the threads that wait for
 * input. So who is about to block, on whatever can become ready, looks for input first:
 *
 *	while (!ready() && !uk_event_fetch(true))
 *		block;			// may end for nothing: then look again, and fetch again
 *	uk_event_fetched();
 *
 * uk_event_wait(), poll and epoll do.
 */
struct uk_event_input {
	/*
	 * Take what has arrived. True: something has, so events may be ready by now. False: nothing;
	 * and if `wait`, the calling thread may block, and is woken when something comes.
	 */
	bool (*fetch)(bool wait);
	/* The calling thread blocks no more. */
	void (*done)(void);
#ifdef CONFIG_SMP
	/*
	 * Before fetch(true), for who sees by a queue that something has become ready: look for a while, if that is worth while, until something
	 * arrives, the queue has something, or the deadline has come. True: one of the first two. NULL: there is no such thing.
	 */
	bool (*look)(const struct uk_queue *ready, uk_nsec deadline);
#endif
};

UK_API_BEGIN

/* Set once, at boot, by who has such input; or NULL. */
extern const struct uk_event_input *uk_event_input;

/* What uk_event_set() does when somebody waits. */
void uk_event_wake(struct uk_event_source *src, uint32_t bits);

/* Start a subscription with src, mask and notify set. What is ready already is not told. Any context. */
void uk_event_subscribe(struct uk_event_link *link);
/* End it: notify runs no more. Any context. */
void uk_event_unsubscribe(struct uk_event_link *link);
/*
 * The first subscription for which `match` is true, or NULL. `match` runs with the source locked and
 * interrupts masked, so that no subscription ends meanwhile. Any context.
 */
struct uk_event_link *uk_event_find(struct uk_event_source *src,
				    bool (*match)(struct uk_event_link *link, void *arg),
				    void *arg);

/*
 * Wait until one of `bits` is ready or the monotonic clock reaches `deadline` (UK_NSEC_MAX: never).
 * 0, -ETIMEDOUT, or -EINTR when the thread was interrupted. Threads only, blocks.
 */
int uk_event_wait(struct uk_event_source *src, uint32_t bits, uk_nsec deadline);

UK_API_END

/* See struct uk_event_input. Threads, without locks that a network stack takes; may block for its lock. */
static inline bool uk_event_fetch(bool wait)
{
	return UK_UNLIKELY(uk_event_input != NULL) && uk_event_input->fetch(wait);
}

/* See `look` there; the same context. */
static inline bool uk_event_look(const struct uk_queue *ready UK_UNUSED, uk_nsec deadline UK_UNUSED)
{
#ifdef CONFIG_SMP
	return UK_UNLIKELY(uk_event_input != NULL) && uk_event_input->look &&
	       uk_event_input->look(ready, deadline);
#else
	return false;
#endif
}

static inline void uk_event_fetched(void)
{
	if (UK_UNLIKELY(uk_event_input != NULL))
		uk_event_input->done();
}

static inline uint32_t uk_event_ready(const struct uk_event_source *src)
{
	return __atomic_load_n(&src->ready, __ATOMIC_ACQUIRE);
}

/*
 * Make bits ready and wake whoever waits. Also called when they are set already and more arrived:
 * edge-triggered subscribers want to know. Any context.
 */
static inline void uk_event_set(struct uk_event_source *src, uint32_t bits)
{
	/*
	 * Sequentially consistent: whoever queues itself after this test sees the bits, because
	 * a waiter looks at them only once it is queued.
	 */
	__atomic_or_fetch(&src->ready, bits, __ATOMIC_SEQ_CST);
	if (UK_UNLIKELY(!uk_waitq_empty(&src->waiters)))
		uk_event_wake(src, bits);
}

/* The bits are no longer ready. Any context. */
static inline void uk_event_clear(struct uk_event_source *src, uint32_t bits)
{
	__atomic_and_fetch(&src->ready, ~bits, __ATOMIC_SEQ_CST);
}

#endif
