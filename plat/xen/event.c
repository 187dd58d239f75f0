/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event channels. They come in two forms: in queues (fifo.c), and in Xen's older one, which is here: a bit per port in the shared
 * page says that an event is pending, another masks it, and each CPU has a word of bits for the words with news, its selector
 * (Xen public/xen.h, struct shared_info).
 *
 * Handlers run with interrupts closed. A port belongs to one CPU, which alone looks at its pending bit.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/print.h>
#include <uk/spin.h>
#include <uk/string.h>
#include <uk/xen/event.h>
#include "fifo.h"
#include "xen.h"

#define WORDS 64U /* of bits, in the older form */

#define FIFO  (XEN_FIFO && xen_fifo_on)
#define PORTS (XEN_FIFO ? (uint32_t)EVTCHN_FIFO_NR_CHANNELS : 64 * WORDS)

#define PER_CHUNK 256U
#define FIRST     32U /* ports of small domains, which have their place in the image */

struct handler {
	void (*fn)(void *arg);
	void *arg;
};
UK_STATIC_ASSERT(PER_CHUNK * sizeof(struct handler) == UK_PAGE_SIZE, "a frame each");

#ifdef CONFIG_SMP
/* Ports by the CPU that they are bound to: a word of pending bits holds ports of several. */
static volatile uint64_t mine[UK_CPUS][WORDS];
#define MINE(word) mine[uk_cpu()][word]
#else
#define MINE(word) ~0UL
#endif

static struct handler few[FIRST];
static struct handler *chunks[PORTS / PER_CHUNK];
static struct uk_spinlock lock; /* of the table's growth */

static struct handler *handler_of(uint32_t port)
{
	struct handler *chunk = UK_READ_ONCE(chunks[port / PER_CHUNK]);

	return port < FIRST ? &few[port] : chunk ? &chunk[port % PER_CHUNK] : NULL;
}

static inline bool bit_test(const volatile uint64_t *words, uint32_t bit)
{
	return words[bit / 64] >> bit % 64 & 1;
}

#define PENDING ((volatile uint64_t *)xen_shared->evtchn_pending)
#define MASK    ((volatile uint64_t *)xen_shared->evtchn_mask)

static inline bool is_port(uint32_t port)
{
	return port < (FIFO ? PORTS : 64 * WORDS);
}

static void bind(uint32_t port UK_UNUSED, uint32_t cpu UK_UNUSED)
{
#ifdef CONFIG_SMP
	for (uint32_t i = 0; i < UK_CPUS && port < 64 * WORDS; i++)
		if (i == cpu)
			xen_bit_set(mine[i], port);
		else
			xen_bit_clear(mine[i], port);
#endif
}

static long evtchn(unsigned op, void *arg)
{
	return xen_call2(__HYPERVISOR_event_channel_op, op, arg);
}

/* A port that Xen has given, or the error in place of one. */
static int bound(long err, uint32_t port, uint32_t cpu)
{
	if (err)
		return (int)err;
	bind(port, cpu);
	if (FIFO)
		err = xen_fifo_grow(port);
	if (err)
		uk_xen_event_close(port);
	return err ? (int)err : (int)port;
}

static inline void call(uint32_t port)
{
	const struct handler *h = handler_of(port);
	void (*fn)(void *arg) = h ? __atomic_load_n(&h->fn, __ATOMIC_ACQUIRE) : NULL;

	if (fn)
		fn(h->arg);
}

#ifdef CONFIG_PLAT_XEN_FIFO
void xen_event_call(uint32_t port)
{
	call(port);
}
#endif

void xen_event_dispatch(void)
{
	struct vcpu_info *v = xen_vcpu();

	while (v->evtchn_upcall_pending) {
		uint64_t words, bits;

		xen_take_upcall(v);
		if (FIFO) {
			xen_fifo_dispatch();
			continue;
		}
		words = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
		for (; words; words &= words - 1) {
			uint32_t w = (uint32_t)__builtin_ctzl(words);

			while ((bits = PENDING[w] & ~MASK[w] & MINE(w))) {
				uint32_t port = w * 64 + (uint32_t)__builtin_ctzl(bits);

				xen_bit_clear(PENDING, port);
				call(port);
			}
		}
	}
}

void uk_xen_event_mask(uint32_t port)
{
	if (FIFO) {
		xen_fifo_mask(port);
		return;
	}
	if (is_port(port))
		xen_bit_set(MASK, port);
}

void uk_xen_event_unmask(uint32_t port)
{
	struct evtchn_unmask op = { .port = port };

	if (!is_port(port))
		return;
	if (FIFO) {
		if (!xen_fifo_unmask(port))
			evtchn(EVTCHNOP_unmask, &op);
		return;
	}
	xen_bit_clear(MASK, port);
	/* What came while it was masked is in no selector: Xen puts it there. */
	if (bit_test(PENDING, port)) {
		xen_bit_set(MASK, port);
		evtchn(EVTCHNOP_unmask, &op);
	}
}

bool uk_xen_event_take(uint32_t port)
{
	if (FIFO)
		return xen_fifo_take(port);
	return is_port(port) && bit_test(PENDING, port) && xen_bit_clear(PENDING, port);
}

/* Is it so that no events of it are delivered? */
static bool is_masked(uint32_t port)
{
	if (FIFO)
		return xen_fifo_masked(port);
	return !is_port(port) || bit_test(MASK, port);
}

void uk_xen_event_notify(uint32_t port)
{
	struct evtchn_send op = { .port = port };

	evtchn(EVTCHNOP_send, &op);
}

int uk_xen_event_alloc(unsigned remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = (domid_t)remote };
	long err = evtchn(EVTCHNOP_alloc_unbound, &op);

	return bound(err, op.port, 0);
}

int uk_xen_event_connect(unsigned remote, uint32_t remote_port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = (domid_t)remote,
					      .remote_port = remote_port };
	long err = evtchn(EVTCHNOP_bind_interdomain, &op);

	return bound(err, op.local_port, 0);
}

int uk_xen_event_virq(unsigned virq, uint32_t cpu)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = cpu };
	long err = evtchn(EVTCHNOP_bind_virq, &op);

	return bound(err, op.port, cpu);
}

int uk_xen_event_move(uint32_t port, uint32_t cpu)
{
	struct evtchn_bind_vcpu op = { .port = port, .vcpu = cpu };
	long err = evtchn(EVTCHNOP_bind_vcpu, &op);

	if (!err) {
		bind(port, cpu);
		/* An event that came meanwhile may be known to the wrong CPU. */
		if (!is_masked(port)) {
			uk_xen_event_mask(port);
			uk_xen_event_unmask(port);
		}
	}
	return (int)err;
}

int uk_xen_event_priority(uint32_t port, unsigned priority)
{
	return FIFO ? xen_fifo_priority(port, priority) : -ENOTSUP;
}

#ifdef CONFIG_SMP
int xen_event_cpu(uint32_t cpu)
{
	return FIFO ? xen_fifo_cpu(cpu) : 0;
}

int xen_event_ipi(uint32_t cpu)
{
	struct evtchn_bind_ipi op = { .vcpu = cpu };
	long err = xen_event_cpu(cpu);

	if (!err)
		err = evtchn(EVTCHNOP_bind_ipi, &op);
	return bound(err, op.port, cpu);
}
#endif

/* Makes the part of the table where the port is. */
static int grow(uint32_t port)
{
	uk_paddr_t frame;
	bool irq;

	if (handler_of(port))
		return 0;
	frame = xen_frame_alloc();
	if (!frame)
		return -ENOMEM;
	irq = uk_spin_lock_save(&lock);
	if (!chunks[port / PER_CHUNK])
		chunks[port / PER_CHUNK] = uk_plat_phys_to_virt(frame);
	uk_spin_unlock_restore(&lock, irq);
	return 0;
}

int uk_xen_event_handler(uint32_t port, void (*fn)(void *arg), void *arg)
{
	struct handler *h;

	if (!is_port(port))
		return -EINVAL;
	if (fn)
		xen_upcall_open();
	uk_xen_event_mask(port);
	if (fn && grow(port))
		return -ENOMEM;
	h = handler_of(port);
	if (!h)
		return 0;
	h->fn = NULL; /* never a function with the other's argument */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	h->arg = arg;
	__atomic_store_n(&h->fn, fn, __ATOMIC_RELEASE);
	if (fn)
		uk_xen_event_unmask(port);
	return 0;
}

void uk_xen_event_close(uint32_t port)
{
	struct evtchn_close op = { .port = port };

	uk_xen_event_handler(port, NULL, NULL);
	evtchn(EVTCHNOP_close, &op);
	uk_xen_event_take(port); /* what came last is for nobody */
}

void xen_event_init(void)
{
#ifdef CONFIG_SMP
	/* Those that the toolstack made. */
	for (unsigned i = 0; i < WORDS; i++)
		mine[0][i] = ~0UL;
#endif
	for (unsigned i = 0; i < WORDS; i++)
		MASK[i] = ~0UL;
	if (XEN_FIFO)
		xen_fifo_init();
}

/* ---- suspended ---- */

static bool has_handler(uint32_t port)
{
	const struct handler *h = handler_of(port);

	return h && h->fn;
}

/*
 * Elsewhere none of our channels is there, and the numbers are given out anew. Drivers still know theirs, and are going to close
 * them: until then something nobody uses takes their places. (Xen gives the lowest number that is free.)
 */
void xen_event_resume(void)
{
	static uint64_t spare[PORTS / 64]; /* too large for a stack */
	uint32_t last = 0;
	int port;

	memset(spare, 0, sizeof(spare));
	xen_event_init();
	for (uint32_t i = 1; i < PORTS; i++)
		if (has_handler(i))
			last = i;
	do {
		port = uk_xen_event_alloc(DOMID_SELF);
		if (port < 0)
			uk_panic("Xen gives no event channels: error %d", -port);
		if (port < (int)PORTS && !has_handler((uint32_t)port))
			spare[port / 64] |= 1UL << port % 64;
	} while (port < (int)last);
	for (uint32_t i = 1; i <= (uint32_t)port; i++)
		if (spare[i / 64] >> i % 64 & 1)
			uk_xen_event_close(i);
}
