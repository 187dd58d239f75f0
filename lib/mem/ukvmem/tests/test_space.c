/* SPDX-License-Identifier: BSD-3-Clause */
/* Address spaces: the same addresses with other contents, and nothing left when one goes. */
#include <uk/config.h>
#ifdef CONFIG_LIBUKVMEM_SPACES
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/stack.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vmem.h>

#define P    UK_PAGE_SIZE
#define RW   (UK_VMEM_READ | UK_VMEM_WRITE)
#define HERE UK_VA_AREAS_WISH

/* Nobody else may come to run in the other space, which is this CPU's: it stays here. */
static struct uk_vmem_space *enter(struct uk_vmem_space *s)
{
	uk_test_one_cpu();
	return uk_vmem_space_switch(s);
}

/* Those that CPUs keep at hand too. */
static uint64_t frames_left(void)
{
	struct uk_page_stats st;

	uk_page_stats(&st);
	return st.free / P;
}

#define NEEDS_SPACES(s)                                                                            \
	do {                                                                                       \
		if (uk_plat_demand) {                                                              \
			UK_EXPECT_EQ(uk_ptr_err(s), -(long)ENOTSUP);                               \
			return;                                                                    \
		}                                                                                  \
		UK_REQUIRE(!uk_is_err(s));                                                         \
	} while (0)

UK_TEST(ukvmem_space, two_with_the_same_addresses)
{
	struct uk_vmem_space *home = uk_vmem_space_current(), *other = uk_vmem_space_create();
	struct uk_vmem_stats st;
	volatile char *p;
	char *heap;

	NEEDS_SPACES(other);
	p = uk_vmem_map_anon(HERE, 8 * P, RW, UK_VMEM_NOREPLACE);
	UK_REQUIRE(p == (char *)HERE);
	p[0] = 1;
	p[5 * P] = 2;
	UK_EXPECT_EQ(enter(other), home);
	UK_EXPECT_EQ(uk_vmem_space_current(), other);
	uk_vmem_stats(&st);
	UK_EXPECT(!st.mapped && !st.areas && !uk_vmem_resident(HERE));
	UK_EXPECT_EQ(uk_vmem_protect(HERE, P, UK_VMEM_READ), -ENOMEM);
	p = uk_vmem_map_anon(HERE, 16 * P, RW, UK_VMEM_NOREPLACE);
	UK_EXPECT(p == (char *)HERE && p[0] == 0 && p[5 * P] == 0);
	p[0] = 3;
	p[15 * P] = 4;
	heap = uk_malloc(100000); /* the heap is the same everywhere */
	UK_EXPECT(heap != NULL);
	memset(heap, 5, 100000);
	enter(home);
	UK_EXPECT(p[0] == 1 && p[5 * P] == 2 && heap[99999] == 5);
	uk_free(heap);
	UK_EXPECT(!uk_vmem_resident(HERE + 15 * P));
	UK_EXPECT_EQ(uk_vmem_unmap(HERE, 8 * P), 0);
	enter(other);
	UK_EXPECT(p[0] == 3 && p[15 * P] == 4);
	UK_EXPECT_EQ(uk_vmem_space_destroy(other), -EBUSY);
	enter(home);
	UK_EXPECT_EQ(uk_vmem_space_destroy(home), -EBUSY);
	UK_EXPECT_EQ(uk_vmem_space_destroy(other), 0);
	UK_EXPECT(!uk_vmem_resident(HERE));
}

/* What is in a space goes with it, whatever it was: no frame and no table stays behind. */
UK_TEST(ukvmem_space, destroying_leaves_nothing)
{
	struct uk_vmem_space *home = uk_vmem_space_current(), *s = uk_vmem_space_create(), *keep;
	uint64_t before = 0;
	volatile char *p;

	NEEDS_SPACES(s);
	keep = uk_vmem_space_create();
	UK_REQUIRE(!uk_is_err(keep));
	enter(keep);
	p = uk_vmem_map_anon(HERE, P, RW, UK_VMEM_FIXED);
	UK_EXPECT_EQ((uk_vaddr_t)p, HERE);
	p[0] = 7;
	enter(home);
	UK_EXPECT_EQ(uk_vmem_space_destroy(s), 0);
	for (int round = 0; round < 20; round++) {
		s = uk_vmem_space_create();
		UK_REQUIRE(!uk_is_err(s));
		enter(s);
		for (int i = 0; i < 10; i++) {
			p = uk_vmem_map_anon(i & 1 ? 0 : 0x1000000UL << i, (3UL << 20) + i * P, RW,
					     0);
			if (uk_is_err((void *)p))
				break;
			uk_vmem_advise_huge((uk_vaddr_t)p, 2UL << 20, true);
			p[0] = p[(2UL << 20) + P] = (char)i;
			if (i % 3 == 0)
				uk_vmem_protect((uk_vaddr_t)p + P, P, UK_VMEM_NONE);
			if (i % 4 == 0)
				uk_vmem_unmap((uk_vaddr_t)p + (1UL << 20), P);
		}
		enter(home);
		UK_EXPECT(!uk_is_err((void *)p));
		UK_EXPECT_EQ(uk_vmem_space_destroy(s), 0);
		if (!round) /* nodes for areas, and what describes frames, may have grown once */
			before = frames_left();
	}
	UK_EXPECT_EQ(frames_left(), before);
	before = frames_left();
	s = uk_vmem_space_create();
	UK_REQUIRE(!uk_is_err(s));
	enter(s);
	p = uk_vmem_map_anon(0, 100 * P, RW, UK_VMEM_POPULATE);
	enter(home);
	UK_EXPECT(!uk_is_err((void *)p));
	UK_EXPECT(before - frames_left() >= 100);
	UK_EXPECT_EQ(uk_vmem_space_destroy(s), 0);
	UK_EXPECT_EQ(frames_left(), before);
	enter(keep);
	UK_EXPECT_EQ(*(volatile char *)HERE, 7);
	enter(home);
	UK_EXPECT_EQ(uk_vmem_space_destroy(keep), 0);
}

/* The kernel's part is one: what is mapped there in one space is there in all. */
UK_TEST(ukvmem_space, the_kernel_is_in_all)
{
	struct uk_vmem_space *home = uk_vmem_space_current(), *s = uk_vmem_space_create();
	const uk_vaddr_t va = UK_VA_STACKS_END - (1UL << 30), far = UK_VA_SHADOW - (1UL << 40);
	uk_paddr_t pa = uk_page_alloc(1, UK_PAGE_ZERO), seen;
	volatile char *stack;

	NEEDS_SPACES(s);
	UK_REQUIRE(pa != UK_PAGE_NONE);
	enter(s);
	stack = uk_stack_alloc(1UL << 20); /* grows in one space, is there in the other */
	UK_REQUIRE(stack);
	stack[1000] = 1;
	UK_EXPECT_EQ(uk_plat_map(va, pa, P, RW), 0);
	UK_EXPECT_EQ(uk_plat_map(far, pa, P, RW), 0); /* needs an entry in the root */
	*(volatile char *)far = 9;
	enter(home);
	UK_EXPECT(stack[1000] == 1 && *(volatile char *)va == 9 && *(volatile char *)far == 9);
	UK_EXPECT_EQ(uk_plat_unmap(far, P), 0);
	UK_EXPECT_EQ(uk_plat_unmap(va, P), 0);
	enter(s);
	UK_EXPECT_EQ(uk_plat_lookup(far, &seen, NULL), -EFAULT);
	UK_EXPECT_EQ(uk_plat_lookup(va, &seen, NULL), -EFAULT);
	uk_stack_free((void *)stack, 1UL << 20);
	enter(home);
	uk_page_free(pa, 1);
	UK_EXPECT_EQ(uk_vmem_space_destroy(s), 0);
}

struct one_page {
	struct uk_vmem_object obj;
	uk_paddr_t frame;
	bool released;
};

static int get_page(struct uk_vmem_object *obj, uint64_t index, unsigned how UK_UNUSED,
		    uk_paddr_t *frame)
{
	struct one_page *o = UK_CONTAINER_OF(obj, struct one_page, obj);

	if (index)
		return -EIO;
	uk_page_ref(o->frame);
	*frame = o->frame;
	return 0;
}

static void release_page(struct uk_vmem_object *obj)
{
	UK_CONTAINER_OF(obj, struct one_page, obj)->released = true;
}

/* One object in two spaces: the same page, taken out of both, released by the last. */
UK_TEST(ukvmem_space, an_object_in_two)
{
	static const struct uk_vmem_object_ops ops = { .get = get_page, .release = release_page };
	struct one_page o = { .obj = { .ops = &ops, .refs = 1 } };
	const struct uk_vmem_backing b = { .kind = UK_VMEM_FILE, .obj = &o.obj };
	struct uk_vmem_space *home = uk_vmem_space_current(), *s = uk_vmem_space_create();
	volatile char *p, *q;

	NEEDS_SPACES(s);
	o.frame = uk_page_alloc(1, UK_PAGE_ZERO);
	UK_REQUIRE(o.frame != UK_PAGE_NONE);
	p = uk_vmem_map(0, P, RW, UK_VMEM_SHARED, &b);
	enter(s);
	q = uk_vmem_map(HERE, P, RW, UK_VMEM_SHARED, &b);
	UK_REQUIRE(!uk_is_err((void *)p) && !uk_is_err((void *)q));
	q[0] = 'x';
	enter(home);
	UK_EXPECT_EQ(p[0], 'x');
	UK_EXPECT_EQ(uk_page_refs(o.frame), 3U);
	uk_vmem_object_zap(&o.obj, 0, 1, true);
	UK_EXPECT_EQ(uk_page_refs(o.frame), 1U);
	enter(s);
	UK_EXPECT_EQ(q[0], 'x');
	enter(home);
	uk_vmem_object_put(&o.obj);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, P), 0);
	UK_EXPECT(!o.released);
	UK_EXPECT_EQ(uk_vmem_space_destroy(s), 0);
	UK_EXPECT(o.released);
	UK_EXPECT_EQ(uk_page_refs(o.frame), 1U);
	uk_page_free(o.frame, 1);
}
#endif
