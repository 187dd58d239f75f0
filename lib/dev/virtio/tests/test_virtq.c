/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues against a device in software: both layouts, with and without event indices, honest and hostile.
 */
#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/virtq.h>

#define EVENT  UK_BIT(UK_VIRTIO_F_EVENT_IDX)
#define PACKED UK_BIT(UK_VIRTIO_F_RING_PACKED)
#define TABLES UK_BIT(UK_VIRTIO_F_INDIRECT)

#define SIZE   16
#define NEXT   1U
#define WRITE  2U
#define AVAIL  0x80U
#define USED   0x8000U
#define TABLE  4U
#define ROUNDS 20000U

static const uint64_t layouts[] = { 0, EVENT, PACKED, PACKED | EVENT, TABLES, TABLES | PACKED };

/* ---- a transport that only counts ---- */

static unsigned resets, moment;
static bool restless;

static uint8_t status(struct uk_virtio_dev *d UK_UNUSED)
{
	return 0;
}

static void set_status(struct uk_virtio_dev *d UK_UNUSED, uint8_t v)
{
	resets += !v;
}

static uint32_t generation(struct uk_virtio_dev *d UK_UNUSED)
{
	moment += restless;
	return moment;
}

static uint32_t config(struct uk_virtio_dev *d UK_UNUSED, unsigned at, unsigned n UK_UNUSED)
{
	return moment + at;
}

static const struct uk_virtio_ops ops = {
	.status = status,
	.set_status = set_status,
	.generation = generation,
	.config = config,
};
static const struct uk_virtio_driver driver = { .name = "test of rings" };
static struct uk_virtio_dev dev = { .ops = &ops, .driver = &driver, .name = "none" };

/* ---- the device's side ---- */

static struct uk_virtq *q;
static uint32_t bell; /* what the driver writes to notify; not of this value before */

/* What the device has seen and not used: heads (split), or ids (packed), and descriptors of each. */
static struct {
	uint16_t id, n;
	uint32_t room;
} seen[SIZE];
static unsigned nseen;
static uint16_t dev_avail, dev_used;
static bool dev_avail_wrap, dev_used_wrap;

static void forget(void)
{
	nseen = 0;
	dev_avail = dev_used = 0;
	dev_avail_wrap = dev_used_wrap = true;
}

static bool start(uint64_t features)
{
	dev.broken = false;
	resets = 0;
	forget();
	dev.features = features;
	q = uk_virtq_create(&dev, 3, SIZE, features);
	if (!q)
		return false;
	uk_virtq_indirect(q, 3, 4);
	q->notify = &bell;
	q->notify_wide = true;
	bell = ~0U;
	return true;
}

static void stop(void)
{
	while (uk_virtq_drain(q))
		;
	UK_EXPECT_EQ(q->inflight, 0);
	uk_virtio_queue_free(q);
}

static bool rang(void)
{
	bool yes = bell == 3;

	bell = ~0U;
	return yes;
}

/* What an indirect descriptor leads to. */
static uint32_t table_room(uint64_t addr, uint32_t len)
{
	const struct uk_virtq_desc *d = uk_page_to_virt(addr);
	uint32_t sum = 0;

	for (unsigned i = 0; i < len / sizeof(*d); i++) {
		const struct uk_virtq_pdesc *p = (const struct uk_virtq_pdesc *)&d[i];

		if (q->packed) {
			UK_EXPECT(!(p->flags & ~WRITE));
			sum += p->flags & WRITE ? p->len : 0;
			continue;
		}
		UK_EXPECT_EQ(d[i].flags & NEXT, (i + 1) * sizeof(*d) < len ? NEXT : 0);
		UK_EXPECT_EQ(d[i].next, i + 1);
		sum += d[i].flags & WRITE ? d[i].len : 0;
	}
	return sum;
}

static void look_split(void)
{
	for (; dev_avail != q->s.avail[1]; dev_avail++, nseen++) {
		uint16_t id = q->s.avail[2 + dev_avail % SIZE];

		seen[nseen].id = id;
		seen[nseen].n = 1;
		seen[nseen].room = 0;
		for (;; seen[nseen].n++) {
			const struct uk_virtq_desc *d = &q->s.desc[id];

			if (d->flags & WRITE)
				seen[nseen].room += d->len;
			if (d->flags & TABLE)
				seen[nseen].room += table_room(d->addr, d->len);
			if (!(d->flags & NEXT))
				break;
			id = d->next;
		}
	}
}

static void look_packed(void)
{
	for (;; nseen++) {
		volatile struct uk_virtq_pdesc *d = &q->p.desc[dev_avail];
		bool more;

		if (!!(d->flags & AVAIL) != dev_avail_wrap || !!(d->flags & USED) == dev_avail_wrap)
			return;
		seen[nseen].n = 0;
		seen[nseen].room = 0;
		do {
			d = &q->p.desc[dev_avail];
			more = d->flags & NEXT;
			seen[nseen].id = d->id;
			seen[nseen].n++;
			if (d->flags & WRITE)
				seen[nseen].room += d->len;
			if (d->flags & TABLE)
				seen[nseen].room += table_room(d->addr, d->len);
			if (++dev_avail == SIZE) {
				dev_avail = 0;
				dev_avail_wrap = !dev_avail_wrap;
			}
		} while (more);
	}
}

/* The device looks for what is available. */
static void look(void)
{
	(q->packed ? look_packed : look_split)();
}

static void put_used(uint32_t id, uint32_t len, unsigned n)
{
	if (q->packed) {
		volatile struct uk_virtq_pdesc *d = &q->p.desc[dev_used];

		d->id = (uint16_t)id;
		d->len = len;
		d->flags = dev_used_wrap ? AVAIL | USED : 0;
		dev_used = (uint16_t)(dev_used + n);
		if (dev_used >= SIZE) {
			dev_used = (uint16_t)(dev_used - SIZE);
			dev_used_wrap = !dev_used_wrap;
		}
		return;
	}
	((volatile struct uk_virtq_used *)&q->s.used[2])[dev_used % SIZE] =
		(struct uk_virtq_used){ id, len };
	q->s.used[1] = ++dev_used;
}

/* It has done with the i-th of those it has seen. */
static void use(unsigned i, uint32_t len)
{
	put_used(seen[i].id, len, seen[i].n);
	seen[i] = seen[--nseen];
}

/* ---- the driver's side ---- */

static uint8_t there[SIZE * 4]; /* cookies that are in flight */
static uint32_t room[SIZE * 4];

static uint32_t random(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

/* Adds a buffer of a random form if there is room for it; its cookie is an address in there[]. */
static bool add_one(unsigned most)
{
	struct uk_virtq_seg seg[4];
	unsigned out = random() % (most + 1), in = random() % (most + 1 - out), i;

	if (out + in == 0)
		out = 1;
	for (i = 0; there[i]; i++)
		;
	room[i] = 0;
	for (unsigned k = 0; k < out + in; k++) {
		seg[k] = (struct uk_virtq_seg){ 4096 * k, 1 + random() % 2000 };
		room[i] += k >= out ? seg[k].len : 0;
	}
	if (uk_virtq_add(q, seg, out, in, &there[i]))
		return false;
	there[i] = 1;
	return true;
}

/* Takes one back: false if there is none. What comes must have been in flight. */
static bool get_one(void)
{
	uint32_t len = ~0U;
	uint8_t *cookie = uk_virtq_get(q, &len);

	if (!cookie)
		return false;
	UK_EXPECT(cookie >= there && cookie < there + sizeof(there));
	UK_EXPECT_EQ(*cookie, 1);
	UK_EXPECT_LE(len, room[cookie - there]);
	*cookie = 0;
	return true;
}

UK_TEST(virtq, comes_back)
{
	struct uk_virtq_seg seg[2] = { { 0x1000, 10 }, { 0x2000, 20 } };
	int cookie;
	uint32_t len;

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		UK_EXPECT_EQ(uk_virtq_add(q, seg, 1, 1, &cookie), 0);
		look();
		UK_EXPECT_EQ(nseen, 0u); /* not before the kick */
		uk_virtq_kick(q);
		UK_EXPECT(rang());
		look();
		UK_REQUIRE(nseen == 1);
		UK_EXPECT_EQ(seen[0].n, 2);
		UK_EXPECT_EQ(seen[0].room, 20u);
		UK_EXPECT(!uk_virtq_get(q, &len));
		use(0, 7);
		UK_EXPECT(uk_virtq_get(q, &len) == &cookie);
		UK_EXPECT_EQ(len, 7u);
		UK_EXPECT(!uk_virtq_get(q, &len));
		UK_EXPECT_EQ(uk_virtq_room(q), (unsigned)SIZE);
		stop();
	}
}

UK_TEST(virtq, full_and_empty)
{
	struct uk_virtq_seg seg[3] = { { 0x1000, 1 }, { 0x2000, 1 }, { 0x3000, 1 } };
	uint32_t len;

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned round = 0; round < 50; round++) {
			unsigned n = 0;

			while (!uk_virtq_add(q, seg, 3, 0, &there[n]))
				n++;
			/* With three tables: three entries, and what is left of the ring for chains. */
			UK_EXPECT_EQ(n, layouts[l] & TABLES ? 3 + (SIZE - 3) / 3u : SIZE / 3u);
			UK_EXPECT_EQ(uk_virtq_room(q), 1u);
			uk_virtq_kick(q);
			look();
			while (nseen)
				use(0, 0);
			for (unsigned i = 0; i < n; i++)
				UK_EXPECT(uk_virtq_get(q, &len));
			UK_EXPECT_EQ(len, 0u);
		}
		UK_EXPECT(!dev.broken);
		stop();
	}
}

/* Who asks whether a buffer fits relies on the answer, however little room there is. */
UK_TEST(virtq, what_fits_is_taken)
{
	struct uk_virtq_seg seg[5] = {
		{ 0x1000, 1 }, { 0x2000, 1 }, { 0x3000, 1 }, { 0x4000, 1 }, { 0x5000, 1 }
	};

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++)
		for (unsigned left = 0; left < 5; left++)
			for (unsigned n = 1; n <= UK_ARRAY_SIZE(seg); n++) {
				bool fits;

				UK_REQUIRE(start(layouts[l]));
				for (unsigned i = 0; i < SIZE - left; i++)
					UK_EXPECT_EQ(uk_virtq_add(q, seg, 1, 0, &there[i]), 0);
				fits = uk_virtq_fits(q, n);
				UK_EXPECT(fits || n > left);
				UK_EXPECT_EQ(uk_virtq_add(q, seg, n, 0, &there[SIZE - 1]),
					     fits ? 0 : -ENOSPC);
				stop();
			}
}

/* Whatever state it was in: buffers in flight, some of them used, tables taken, shown or not. */
UK_TEST(virtq, begins_again)
{
	struct uk_virtq_seg seg[3] = { { 0x1000, 1 }, { 0x2000, 1 }, { 0x3000, 1 } };
	uint32_t len;

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned round = 0; round < 20; round++) {
			unsigned n = 0;

			while (!uk_virtq_add(q, seg, 3, 0, &there[n]))
				n++;
			UK_EXPECT_EQ(n, layouts[l] & TABLES ? 3 + (SIZE - 3) / 3u : SIZE / 3u);
			uk_virtq_kick(q);
			look();
			UK_EXPECT_EQ(nseen, n);
			for (unsigned i = 0; i < round % n; i++)
				use(0, 0);
			for (unsigned i = 0; i < round % 3 && i < round % n; i++)
				UK_EXPECT(uk_virtq_get(q, &len));
			uk_virtq_add(q, seg, 1, 0, &there[n]);
			while (uk_virtq_drain(q))
				;
			uk_virtq_renew(q);
			forget();
			UK_EXPECT_EQ(uk_virtq_room(q), (unsigned)SIZE);
			UK_EXPECT(!uk_virtq_get(q, &len));
			bell = ~0U;
			uk_virtq_tell(q);
			UK_EXPECT(!rang());
		}
		UK_EXPECT(!dev.broken);
		stop();
	}
}

UK_TEST(virtq, any_form_in_any_order)
{
	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		memset(there, 0, sizeof(there));
		UK_REQUIRE(start(layouts[l]));
		for (unsigned i = 0; i < ROUNDS; i++) {
			switch (random() % 4) {
			case 0:
				add_one(4);
				break;
			case 1:
				uk_virtq_kick(q);
				break;
			case 2:
				look();
				if (nseen)
					use(random() % nseen, random() % 3000);
				break;
			default:
				get_one();
			}
		}
		UK_EXPECT(!dev.broken);
		uk_virtq_kick(q);
		look();
		while (nseen)
			use(0, 0);
		while (get_one())
			;
		UK_EXPECT_EQ(q->inflight, 0);
		UK_EXPECT_EQ(uk_virtq_room(q), (unsigned)SIZE);
		stop();
	}
}

/* Where the device says when it wants to be told: behind the next n (§2.7.10, §2.8.14). */
static void tell_after(unsigned n)
{
	if (q->packed) {
		unsigned at = dev_avail + n - 1;
		bool wrap = dev_avail_wrap ^ (at >= SIZE);

		q->p.device->off_wrap = (uint16_t)(at % SIZE | (wrap ? 0x8000 : 0));
		q->p.device->flags = 2;
	} else {
		q->s.used[2 + 4 * SIZE] = (uint16_t)(dev_avail + n - 1);
	}
}

UK_TEST(virtq, device_is_told_when_it_wants)
{
	struct uk_virtq_seg seg = { 0x1000, 1 };
	uint32_t len;

	for (unsigned l = 1; l < 4; l += 2) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned round = 0; round < 100; round++) {
			tell_after(3);
			for (unsigned i = 1; i <= 4; i++) {
				uk_virtq_add(q, &seg, 1, 0, &seg);
				uk_virtq_kick(q);
				UK_EXPECT_EQ(rang(), i == 3);
			}
			look();
			while (nseen)
				use(0, 0);
			while (uk_virtq_get(q, &len))
				;
			tell_after(5);
			for (unsigned i = 0; i < 6; i++)
				uk_virtq_add(q, &seg, 1, 0, &seg);
			uk_virtq_kick(q);
			UK_EXPECT(rang());
			look();
			while (nseen)
				use(0, 0);
			while (uk_virtq_get(q, &len))
				;
		}
		stop();
	}
}

UK_TEST(virtq, shown_now_and_told_later)
{
	struct uk_virtq_seg seg = { 0x1000, 1 };
	uint32_t len;

	for (unsigned l = 1; l < 4; l += 2) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned round = 0; round < 100; round++) {
			tell_after(2);
			for (unsigned i = 0; i < 3; i++) {
				uk_virtq_add(q, &seg, 1, 0, &seg);
				uk_virtq_show(q);
			}
			UK_EXPECT(!rang());
			uk_virtq_add(q, &seg, 1, 0, &seg); /* not shown, and so not told of */
			uk_virtq_tell(q);
			UK_EXPECT(rang());
			look();
			UK_EXPECT_EQ(nseen, 3u);
			tell_after(1);
			uk_virtq_tell(q);
			UK_EXPECT(!rang()); /* it has been */
			uk_virtq_kick(q);
			UK_EXPECT(rang());
			look();
			UK_EXPECT_EQ(nseen, 4u);
			while (nseen)
				use(0, 0);
			while (uk_virtq_get(q, &len))
				;
		}
		stop();
	}
}

/* Would an honest device interrupt for what it has used from place `old` on? */
static bool interrupts(uint16_t old, bool old_wrap)
{
	uint16_t event, now = dev_used;

	if (!q->packed) {
		event = q->s.avail[2 + SIZE];
		return q->event_idx ? (uint16_t)(now - event - 1) < (uint16_t)(now - old)
				    : !(q->s.avail[0] & 1);
	}
	if (q->p.driver->flags != 2)
		return q->p.driver->flags == 0;
	event = q->p.driver->off_wrap & 0x7fff;
	if (!!(q->p.driver->off_wrap & 0x8000) != dev_used_wrap)
		event = (uint16_t)(event - SIZE);
	if (old_wrap != dev_used_wrap)
		old = (uint16_t)(old - SIZE);
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

/* It uses one; does it interrupt? */
static bool use_interrupts(void)
{
	uint16_t old = dev_used;
	bool wrap = dev_used_wrap;

	use(0, 0);
	return interrupts(old, wrap);
}

UK_TEST(virtq, interrupts_when_asked_for)
{
	struct uk_virtq_seg seg = { 0x1000, 1 };
	uint32_t len;

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned round = 0; round < 100; round++) {
			unsigned after = round % 3 + 1;

			for (unsigned i = 0; i < 7; i++)
				uk_virtq_add(q, &seg, 1, 0, &seg);
			uk_virtq_kick(q);
			look();
			UK_EXPECT(!use_interrupts());
			UK_EXPECT(!use_interrupts());
			UK_EXPECT(uk_virtq_get(q, &len));
			UK_EXPECT(uk_virtq_get(q, &len));
			UK_EXPECT(!uk_virtq_irq_on(q, after));
			for (unsigned i = 1; i <= 5; i++)
				UK_EXPECT_EQ(use_interrupts(), i == after || !q->event_idx);
			UK_EXPECT(uk_virtq_irq_on(q, 1)); /* there is something already */
			while (uk_virtq_get(q, &len))
				;
			uk_virtq_irq_off(q);
		}
		stop();
	}
}

/* What only goes out, many at a time; every third of two segments. */
UK_TEST(virtq, sent)
{
	struct uk_virtq_seg seg[2] = { { 0x1000, 1 }, { 0x2000, 1 } };
	void *cookies[SIZE];
	unsigned n, before;

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned round = 0; round < 50; round++) {
			for (unsigned i = 0; i < 9; i++)
				if (i % 3)
					uk_virtq_add_one(q, 0x1000, 1, &there[i]);
				else
					uk_virtq_add(q, seg, 2, 0, &there[i]);
			uk_virtq_kick(q);
			look();
			UK_REQUIRE(nseen == 9);
			UK_EXPECT(!uk_virtq_has_used(q, 1));
			UK_EXPECT_EQ(uk_virtq_get_sent(q, cookies, SIZE), 0u);
			for (unsigned i = 0; i < 7; i++)
				use(random() % nseen, 0);
			UK_EXPECT(uk_virtq_has_used(q, 1));
			UK_EXPECT(!uk_virtq_has_used(q, 12));
			memset(there, 0, sizeof(there));
			before = 0;
			while ((n = uk_virtq_get_sent(q, cookies, 3))) {
				UK_EXPECT_LE(n, 3u);
				before += n;
				while (n--)
					UK_EXPECT_EQ(++*(uint8_t *)cookies[n], 1);
			}
			UK_EXPECT_EQ(before, 7u);
			use(1, 0);
			use(0, 0);
			while ((n = uk_virtq_get_sent(q, cookies, SIZE)))
				while (n--)
					UK_EXPECT_EQ(++*(uint8_t *)cookies[n], 1);
			UK_EXPECT_EQ(uk_virtq_room(q), (unsigned)SIZE);
		}
		stop();
	}
}

/* ---- a device that does not keep to the rules ---- */

static void add_some(unsigned n)
{
	memset(there, 0, sizeof(there));
	while (n--)
		add_one(2);
	uk_virtq_kick(q);
	look();
}

static void expect_broken(void)
{
	static bool sent;
	void *cookies[SIZE];
	uint32_t len;

	sent = !sent; /* either way to get them finds it */
	if (sent)
		UK_EXPECT_EQ(uk_virtq_get_sent(q, cookies, SIZE), 0u);
	else
		UK_EXPECT(!uk_virtq_get(q, &len));
	UK_EXPECT(dev.broken);
	UK_EXPECT_EQ(resets, 1u);
	UK_EXPECT(!uk_virtq_get(q, &len)); /* and says it once */
	UK_EXPECT_EQ(resets, 1u);
	rang();
	add_one(1);
	uk_virtq_kick(q);
	UK_EXPECT(!rang()); /* nobody is there */
	stop();
}

UK_TEST(virtq_hostile, id_that_cannot_be)
{
	static const uint32_t bad[] = { SIZE, 0xffff, 0x10000, 0xffffffff };

	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++)
		for (unsigned i = 0; i < (layouts[l] & PACKED ? 2u : 4u); i++) {
			UK_REQUIRE(start(layouts[l]));
			add_some(3);
			put_used(bad[i], 0, 1);
			expect_broken();
		}
}

UK_TEST(virtq_hostile, id_that_is_not_in_flight)
{
	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		add_some(1);
		put_used(SIZE - 1, 0, 1);
		expect_broken();
	}
}

UK_TEST(virtq_hostile, id_used_twice)
{
	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		uint16_t id, n;

		UK_REQUIRE(start(layouts[l]));
		add_some(3);
		id = seen[0].id;
		n = seen[0].n;
		put_used(id, 0, n);
		UK_EXPECT(get_one());
		put_used(id, 0, n);
		expect_broken();
	}
}

UK_TEST(virtq_hostile, longer_than_there_was_room)
{
	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		UK_REQUIRE(start(layouts[l]));
		for (unsigned i = 0; i < 50; i++) {
			add_some(1);
			use(0, i & 1 ? 0xffffffff : seen[0].room + 1);
			UK_EXPECT(get_one()); /* which looks at the length */
		}
		UK_EXPECT(!dev.broken);
		stop();
	}
}

UK_TEST(virtq_hostile, index_that_jumps)
{
	static const uint16_t jumps[] = { 4, 17, 300, 0x8000, 0xffff };

	for (unsigned l = 0; l < 2; l++)
		for (unsigned i = 0; i < UK_ARRAY_SIZE(jumps); i++) {
			UK_REQUIRE(start(layouts[l]));
			add_some(3);
			q->s.used[1] = jumps[i];
			expect_broken();
		}
}

UK_TEST(virtq_hostile, rings_that_are_written_over)
{
	for (unsigned l = 0; l < UK_ARRAY_SIZE(layouts); l++) {
		unsigned broken = 0;

		memset(there, 0, sizeof(there));
		UK_REQUIRE(start(layouts[l]));
		for (unsigned i = 0; i < ROUNDS / 20;
		     i++) { /* each time it says so; fuzzing goes on longer */
			volatile uint8_t *ring = uk_page_to_virt(q->frames);
			volatile struct uk_virtq_pdesc *next;

			switch (random() % 4) {
			case 0:
				add_one(3);
				break;
			case 1:
				uk_virtq_kick(q);
				uk_virtq_irq_on(q, 1 + random() % 3);
				break;
			case 2:
				ring[random() % (SIZE * 40)] = (uint8_t)random();
				if (!q->packed) {
					q->s.used[2 + 4 * (q->s.used_idx % SIZE)] =
						random() % (SIZE + 1);
					q->s.used[1] = (uint16_t)(q->s.used_idx + random() % 3);
					break;
				}
				next = &q->p.desc[q->p.used_idx];
				next->id = random() % (SIZE + 1);
				next->flags = q->p.used_flags ^ (random() & 1);
				break;
			default:
				get_one();
			}
			UK_EXPECT_LE(q->nfree, SIZE);
			UK_EXPECT_LE(q->inflight, SIZE);
			if (dev.broken) {
				broken++;
				stop();
				memset(there, 0, sizeof(there));
				UK_REQUIRE(start(layouts[l]));
			}
		}
		UK_EXPECT_GT(broken, 10u);
		stop();
	}
}

UK_TEST(virtio, configuration_of_one_moment)
{
	uint32_t field[2] = { 0 };

	restless = false;
	uk_virtio_config(&dev, 8, field, 8, 4);
	UK_EXPECT_EQ(field[1], field[0] + 4);
	restless = true;
	uk_virtio_config(&dev, 8, field, 8, 4); /* ends, and says that it could not */
	restless = false;
}
