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
 * Bits are those of poll(2): UK_POLLIN, OUT, PRI, ERR, HUP, RDHUP.
 */
#ifndef UK_EVENT_H
#define UK_EVENT_H

#include <uk/abi/poll.h>
#include <uk/api.h>
#include <uk/list.h>
#include <uk/waitq.h>

struct uk_event_source {
	volatile uint32_t ready;
	struct uk_list links; /* of struct uk_event_link */
	struct uk_waitq waiters;
};

/* A subscription. Set `fn` and `mask`; it belongs to the subscriber, who may not free it while subscribed. */
struct uk_event_link {
	struct uk_list node;
	uint32_t mask;
	/*
	 * Bits of `mask` were set; `ready` is all that is ready. Runs in the producer's context,
	 * maybe an interrupt, interrupts masked: note and wake, nothing else.
	 */
	void (*fn)(struct uk_event_link *link, uint32_t ready);
};

UK_API_BEGIN

void uk_event_init(struct uk_event_source *src, uint32_t ready);

/*
 * Make bits ready, wake who waits, tell links whose mask meets `bits`. Also called when the
 * bits are set already and something new arrived (edge-triggered subscribers want to know).
 * Any context but non-maskable.
 */
void uk_event_set(struct uk_event_source *src, uint32_t bits);

/* The bits are no longer ready. Any context but non-maskable. */
void uk_event_clear(struct uk_event_source *src, uint32_t bits);

/* Start and end a subscription. Once _remove() returns, fn runs no more. Any context. */
void uk_event_add(struct uk_event_source *src, struct uk_event_link *link);
void uk_event_remove(struct uk_event_source *src, struct uk_event_link *link);

/*
 * Wait until one of `bits` is ready (ERR and HUP count if they are asked for) or the monotonic
 * clock reaches `deadline` (UK_NSEC_MAX: never). 0, -ETIMEDOUT, or -EINTR when the thread
 * was interrupted. Threads only, blocks.
 */
int uk_event_wait(struct uk_event_source *src, uint32_t bits, uk_nsec deadline);

UK_API_END

#endif
