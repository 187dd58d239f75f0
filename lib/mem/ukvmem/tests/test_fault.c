/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory on demand: what appears when it is touched, in which contexts, and what that costs. On
 * linuxu anonymous memory is the host's, so there frames are not counted.
 */
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/preempt.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vmem.h>

#define P  UK_PAGE_SIZE
#define RW (UK_VMEM_READ | UK_VMEM_WRITE)

static uint64_t mix(uint64_t i)
{
	return i * 0x9e3779b97f4a7c15;
}

UK_TEST(ukvmem_fault, more_than_there_is)
{
	const size_t len = 64UL << 30;
	struct uk_vmem_stats before, st;
	char *p = uk_vmem_map_anon(0, len, RW, 0);

	UK_REQUIRE(!uk_is_err(p));
	uk_vmem_stats(&before);
	for (size_t i = 0; i < 100; i++)
		*(uint64_t *)(p + len / 100 * i / 8 * 8) = mix(i);
	for (size_t i = 0; i < 100; i++)
		UK_EXPECT_EQ(*(uint64_t *)(p + len / 100 * i / 8 * 8), mix(i));
	uk_vmem_stats(&st);
	if (!uk_plat_demand)
		UK_EXPECT_EQ(st.populated - before.populated, 100 * P);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, len), 0);
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.populated, before.populated);
}

/* Reading is touching, too; a fault brings whole pages of zeroes. */
UK_TEST(ukvmem_fault, zeroes)
{
	char *p = uk_vmem_map_anon(0, 100 * P, RW, 0);
	size_t i;
	bool ok = true;

	UK_REQUIRE(!uk_is_err(p));
	for (i = 100 * P; i; i -= 8)
		ok &= !*(uint64_t *)(p + i - 8);
	UK_EXPECT(ok);
	memset(p, 0xff, 100 * P);
	UK_EXPECT_EQ(uk_vmem_discard((uk_vaddr_t)p + 10 * P, 80 * P), 0);
	for (i = 10 * P; i < 90 * P; i += 8)
		ok &= !*(uint64_t *)(p + i);
	UK_EXPECT(ok && p[10 * P - 1] == -1 && p[90 * P] == -1);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 100 * P), 0);
}

UK_TEST(ukvmem_fault, with_locks_held)
{
	volatile char *p = uk_vmem_map_anon(0, 4 * P, RW, 0);
	bool was;

	UK_REQUIRE(!uk_is_err((void *)p));
	was = uk_irq_save();
	p[0] = 1;
	UK_EXPECT(uk_irq_disabled());
	uk_irq_restore(was);
	uk_preempt_disable();
	p[2 * P] = 2;
	uk_preempt_enable();
	UK_EXPECT_EQ(p[0] + p[P] + p[2 * P], 3);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 4 * P), 0);
}

/* In sequence, pages come several at a time; at random, one by one. */
UK_TEST(ukvmem_fault, more_in_sequence)
{
	const size_t large = 2UL << 20; /* what comes at a time ends where a large page does */
	struct uk_vmem_stats before, st;
	char *p, *area = uk_vmem_map_anon(0, 2 * large, RW, 0);

	UK_REQUIRE(!uk_is_err(area));
	p = (char *)UK_ALIGN_UP((uintptr_t)area, large);
	if (uk_plat_demand)
		UK_TEST_SKIP("the host's");
	uk_vmem_stats(&before);
	for (size_t i = 0; i < 64; i += 7)
		p[i * P] = 1;
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.populated - before.populated, 10 * P);
	UK_EXPECT_EQ(uk_vmem_discard((uk_vaddr_t)p, 64 * P), 0);
	p[0] = 1;
	UK_BARRIER(); /* in this order */
	p[P] = 1;
	UK_EXPECT(!uk_vmem_resident((uk_vaddr_t)p + 3 * P));
	p[3 * P] = 1;
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)p + 4 * P));
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)area, 2 * large), 0);
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.populated, before.populated);
}

UK_TEST(ukvmem_fault, populate)
{
	struct uk_vmem_stats before, st;
	char *p = uk_vmem_map_anon(0, 20 * P, RW, UK_VMEM_POPULATE);

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)p + 19 * P));
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 20 * P), 0);
	p = uk_vmem_map_anon(0, 20 * P, RW, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT(!uk_vmem_resident((uk_vaddr_t)p + 7 * P));
	p[5 * P] = 1;
	uk_vmem_stats(&before);
	UK_EXPECT_EQ(uk_vmem_populate((uk_vaddr_t)p + P, 18 * P, true), 0);
	uk_vmem_stats(&st);
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)p + 7 * P) && p[5 * P] == 1);
	if (!uk_plat_demand)
		UK_EXPECT_EQ(st.populated - before.populated, 17 * P);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p, P, UK_VMEM_NONE), 0);
	UK_EXPECT_EQ(uk_vmem_populate((uk_vaddr_t)p, 2 * P, true), -ENOMEM);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 20 * P), 0);
	UK_EXPECT_EQ(uk_vmem_populate((uk_vaddr_t)p, P, true), -ENOMEM);
	/* More than there is fails as a whole, and nothing of it stays. */
	if (!uk_plat_demand) {
		uk_vmem_stats(&before);
		UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(0, (uk_page_left() + 1000) * P, RW,
							 UK_VMEM_POPULATE)),
			     -(long)ENOMEM);
		uk_vmem_stats(&st);
		UK_EXPECT_LE(st.populated, before.populated); /* others gave some */
		UK_EXPECT_EQ(st.mapped, before.mapped);
	}
}

UK_TEST(ukvmem_fault, large_pages)
{
	const size_t large = 2UL << 20;
	struct uk_vmem_stats before, st;
	char *p = uk_vmem_map_anon(0, 4 * large, RW, 0);

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_vmem_advise_huge((uk_vaddr_t)p, 4 * large, true), 0);
	uk_vmem_stats(&before);
	p[2 * large + 12345] = 1;
	uk_vmem_stats(&st);
	if (!uk_plat_demand && uk_page_left() > 2048)
		UK_EXPECT_EQ(st.populated - before.populated, large);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p + 2 * large + P, P), 0);
	UK_EXPECT_EQ(p[2 * large + 12345], 1);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 4 * large), 0);
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.populated, before.populated);
	UK_EXPECT_EQ(uk_vmem_advise_huge((uk_vaddr_t)p, P, true), -ENOMEM);
}

UK_TEST(ukvmem_fault, remap_that_leaves_the_addresses)
{
	char *p = uk_vmem_map_anon(0, 8 * P, RW, 0), *q;

	UK_REQUIRE(!uk_is_err(p));
	p[P] = 5;
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + 4 * P, P, UK_VMEM_READ), 0);
	q = uk_vmem_remap((uk_vaddr_t)p, 4 * P, 4 * P, UK_VMEM_MAYMOVE | UK_VMEM_DONTUNMAP, 0);
	UK_REQUIRE(!uk_is_err(q));
	UK_EXPECT_EQ(q[P], 5);
	UK_EXPECT_EQ(p[P], 0);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_remap((uk_vaddr_t)p, P, 2 * P,
					      UK_VMEM_MAYMOVE | UK_VMEM_DONTUNMAP, 0)),
		     -(long)EINVAL);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 8 * P), 0);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)q, 4 * P), 0);
}

/* ---- an object of four pages ---- */

static uk_paddr_t frames[4];
static unsigned gets, writes, npages, released;
static bool around; /* are pages offered that nobody asked for? */

static int get_page(struct uk_vmem_object *obj, uint64_t index, unsigned how, uk_paddr_t *frame)
{
	if (index >= npages || (how & UK_PAGE_GET_THERE && !around))
		return -EFAULT;
	gets++;
	writes += how & UK_PAGE_GET_WRITE;
	*frame = frames[index];
	uk_page_ref(*frame);
	return 0;
}

static void release_object(struct uk_vmem_object *obj)
{
	released++;
}

static const struct uk_vmem_object_ops test_ops = { .get = get_page, .release = release_object };
static struct uk_vmem_object object;

static bool object_make(void)
{
	around = false;
	gets = writes = released = 0;
	npages = 4;
	object = (struct uk_vmem_object){ .ops = &test_ops, .refs = 1 };
	for (int i = 0; i < 4; i++) {
		frames[i] = uk_page_alloc(1, 0);
		if (frames[i] == UK_PAGE_NONE)
			return false;
		memset(uk_page_to_virt(frames[i]), 'a' + i, P);
	}
	return true;
}

static char *object_map(unsigned prot, unsigned flags)
{
	const struct uk_vmem_backing b = { .kind = UK_VMEM_FILE, .name = "test", .obj = &object };

	return uk_vmem_map(0, 6 * P, prot, flags, &b);
}

static void object_end(void)
{
	uk_vmem_object_put(&object);
	UK_EXPECT_EQ(released, 1U);
	for (int i = 0; i < 4; i++) {
		UK_EXPECT_EQ(uk_page_refs(frames[i]), 1U);
		uk_page_free(frames[i], 1);
	}
}

UK_TEST(ukvmem_fault, shared_object)
{
	struct uk_vmem_area area;
	char *p, *q;

	UK_REQUIRE(object_make());
	p = object_map(RW, UK_VMEM_SHARED);
	q = object_map(UK_VMEM_READ, UK_VMEM_SHARED | UK_VMEM_READ_ONLY);
	UK_REQUIRE(!uk_is_err(p) && !uk_is_err(q));
	UK_EXPECT_EQ(gets, 0U);
	UK_BARRIER(); /* the compiler cannot know that get_page() counts in between */
	UK_EXPECT_EQ(p[0], 'a');
	UK_EXPECT_EQ(q[3 * P], 'd');
	UK_BARRIER();
	UK_EXPECT_EQ(writes, 0U);
	UK_BARRIER();
	p[1] = 'x';
	UK_BARRIER();
	UK_EXPECT_EQ(writes, 1U);
	UK_EXPECT_EQ(q[1], 'x');
	UK_EXPECT_EQ(uk_page_refs(frames[0]), 3U);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)q, P, RW), -EACCES);
	UK_EXPECT_EQ(uk_vmem_find((uk_vaddr_t)p, &area), 0);
	UK_EXPECT(area.kind == UK_VMEM_FILE && area.shared && area.obj == &object && !area.offset &&
		  !uk_strcmp(area.name, "test"));
	/* Splitting and merging keep the offset; moving as well. */
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + P, P, UK_VMEM_NONE), 0);
	UK_EXPECT_EQ(uk_vmem_find((uk_vaddr_t)p + 2 * P, &area), 0);
	UK_EXPECT_EQ(area.offset, 2 * P);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + P, P, RW), 0);
	UK_EXPECT_EQ(uk_vmem_find((uk_vaddr_t)p + 2 * P, &area), 0);
	UK_EXPECT_EQ(area.end - area.start, 6 * P);
	p = uk_vmem_remap((uk_vaddr_t)p, 6 * P, 10 * P, UK_VMEM_MAYMOVE, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(p[2 * P], 'c');
	UK_EXPECT_EQ(uk_vmem_populate((uk_vaddr_t)p, 4 * P, true), 0);
	UK_EXPECT_EQ(uk_vmem_populate((uk_vaddr_t)p, 6 * P, true), -EIO);
	/* The object loses its last two pages. */
	npages = 2;
	uk_vmem_object_zap(&object, 2, UINT64_MAX, true);
	UK_EXPECT(!uk_vmem_resident((uk_vaddr_t)p + 2 * P) && uk_vmem_resident((uk_vaddr_t)p));
	UK_EXPECT_EQ(uk_page_refs(frames[2]), 1U);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 10 * P), 0);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)q, 6 * P), 0);
	UK_EXPECT_EQ(released, 0U);
	object_end();
}

UK_TEST(ukvmem_fault, private_object)
{
	char *p;

	UK_REQUIRE(object_make());
	p = object_map(RW, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(p[0], 'a');
	UK_EXPECT_EQ(uk_page_refs(frames[0]), 2U);
	p[0] = 'x'; /* after it was read */
	UK_EXPECT_EQ(uk_page_refs(frames[0]), 1U);
	p[P + 1] = 'y'; /* at once */
	UK_EXPECT(p[0] == 'x' && p[1] == 'a' && p[P] == 'b' && p[P + 1] == 'y');
	UK_EXPECT_EQ(*(char *)uk_page_to_virt(frames[0]), 'a');
	UK_EXPECT_EQ(((char *)uk_page_to_virt(frames[1]))[1], 'b');
	UK_EXPECT_EQ(writes, 0U);
	/* The copies survive a change of protection, and a page that is shared stays so. */
	UK_EXPECT_EQ(p[2 * P], 'c');
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p, 4 * P, UK_VMEM_NONE), 0);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p, 4 * P, RW), 0);
	p[2] = 'z';
	p[2 * P] = 'w';
	UK_EXPECT(p[0] == 'x' && p[2] == 'z' && p[2 * P] == 'w' && p[2 * P + 1] == 'c');
	UK_EXPECT_EQ(*(char *)uk_page_to_virt(frames[2]), 'c');
	/* What was changed goes with MADV_DONTNEED. */
	UK_EXPECT_EQ(uk_vmem_discard((uk_vaddr_t)p, P), 0);
	UK_EXPECT_EQ(p[0], 'a');
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 6 * P), 0);
	object_end();
}

/* Reading one page brings those of its 64 KiB that exist; writing does not. */
UK_TEST(ukvmem_fault, pages_around)
{
	const uk_vaddr_t at = UK_VA_AREAS_WISH + (1UL << 30);
	const struct uk_vmem_backing b = { .kind = UK_VMEM_FILE, .obj = &object };
	unsigned got;
	char *p;

	UK_REQUIRE(object_make());
	around = true;
	p = uk_vmem_map(at, 6 * P, RW, UK_VMEM_NOREPLACE, &b);
	UK_REQUIRE((uk_vaddr_t)p == at);
	p[P] = 'x';
	UK_BARRIER();
	got = gets;
	UK_EXPECT(got == 1 && !uk_vmem_resident(at) && !uk_vmem_resident(at + 2 * P));
	UK_EXPECT_EQ(p[2 * P], 'c');
	UK_BARRIER();
	got = gets;
	UK_EXPECT_EQ(got, 5U); /* itself and three others, of which one is a copy already */
	UK_EXPECT(uk_vmem_resident(at) && uk_vmem_resident(at + 3 * P));
	UK_EXPECT(!uk_vmem_resident(at + 4 * P));
	UK_EXPECT_EQ(uk_page_refs(frames[0]), 2U);
	UK_EXPECT_EQ(uk_page_refs(frames[1]), 1U);
	UK_EXPECT(p[0] == 'a' && p[P] == 'x' && p[P + 1] == 'b' && p[3 * P] == 'd');
	UK_BARRIER();
	got = gets;
	UK_EXPECT_EQ(got, 5U);
	p[3 * P] = 'y'; /* still a copy of its own */
	UK_EXPECT_EQ(*(char *)uk_page_to_virt(frames[3]), 'd');
	UK_EXPECT_EQ(uk_vmem_unmap(at, 6 * P), 0);
	/* Not beyond the area, at either end. */
	p = uk_vmem_map(at + 2 * P, P, UK_VMEM_READ, UK_VMEM_NOREPLACE,
			&(struct uk_vmem_backing){ .obj = &object, .offset = P });
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(p[0], 'b');
	UK_EXPECT_EQ(uk_page_refs(frames[0]) + uk_page_refs(frames[2]), 2U);
	UK_EXPECT_EQ(uk_vmem_unmap(at + 2 * P, P), 0);
	object_end();
}
