/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Areas: placement, splitting and merging, protection, moving, on the real page tables. Where frames
 * are looked at, a page has one only after it was touched, and only where no host provides it.
 */
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vmem.h>

#define P  UK_PAGE_SIZE
#define RW (UK_VMEM_READ | UK_VMEM_WRITE)

static bool is_mapped(const void *va)
{
	uk_paddr_t pa;

	return !uk_plat_lookup((uk_vaddr_t)va, &pa, NULL);
}

static unsigned prot_of(const void *va)
{
	unsigned prot = ~0U;
	uk_paddr_t pa;

	uk_plat_lookup((uk_vaddr_t)va, &pa, &prot);
	return prot;
}

/* The same for data: without no-execute, all that can be read can be executed. */
static unsigned data_prot_of(const void *va)
{
#ifdef CONFIG_HARDEN_NX
	return prot_of(va);
#else
	return prot_of(va) & ~UK_PROT_EXEC;
#endif
}

UK_TEST(ukvmem, map_and_unmap)
{
	struct uk_vmem_stats before, st;
	struct uk_vmem_area area;
	char *p, *q;
	size_t i;

	uk_vmem_stats(&before);
	p = uk_vmem_map_anon(0, 10 * P - 5, RW, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT((uk_vaddr_t)p >= UK_VA_AREAS && (uk_vaddr_t)p < UK_VA_AREAS_END);
	for (i = 0; i < 10 * P; i += 512)
		UK_EXPECT_EQ(p[i], 0);
	memset(p, 1, 10 * P);
	q = uk_vmem_map_anon(0, P, RW, 0);
	UK_REQUIRE(!uk_is_err(q));
	UK_EXPECT_EQ(uk_vmem_find((uk_vaddr_t)p, &area), 0);
	UK_EXPECT(area.start <= (uk_vaddr_t)p && area.end >= (uk_vaddr_t)p + 10 * P);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p + 3 * P, 4 * P), 0);
	UK_EXPECT(is_mapped(p + 3 * P - 1) && !is_mapped(p + 3 * P) && !is_mapped(p + 7 * P - 1) &&
		  is_mapped(p + 7 * P));
	UK_EXPECT_EQ(p[2 * P], 1);
	UK_EXPECT_EQ(p[7 * P], 1);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 10 * P), 0); /* with a hole in it */
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)q, P), 0);
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.mapped, before.mapped);
	UK_EXPECT_EQ(st.areas, before.areas);
	UK_EXPECT_EQ(st.populated, before.populated);
}

UK_TEST(ukvmem, fixed_replaces)
{
	char *p = uk_vmem_map_anon(0, 8 * P, RW, 0), *q;

	UK_REQUIRE(!uk_is_err(p));
	memset(p, 7, 8 * P);
	q = uk_vmem_map_anon((uk_vaddr_t)p + 2 * P, 2 * P, RW, UK_VMEM_NOREPLACE);
	UK_EXPECT_EQ(uk_ptr_err(q), -(long)EEXIST);
	q = uk_vmem_map_anon((uk_vaddr_t)p + 2 * P, 2 * P, RW, UK_VMEM_FIXED);
	UK_EXPECT_EQ(q, p + 2 * P);
	UK_EXPECT_EQ(p[2 * P], 0);
	UK_EXPECT_EQ(p[4 * P], 7);
	UK_EXPECT_EQ(p[2 * P - 1], 7);
	q = uk_vmem_map_anon((uk_vaddr_t)p + 2 * P, 2 * P, RW, 0); /* a wish that cannot be met */
	UK_EXPECT(!uk_is_err(q) && q != p + 2 * P);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)q, 2 * P), 0);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 8 * P), 0);
	q = uk_vmem_map_anon(UK_VA_AREAS_WISH, P, RW, 0);
	UK_EXPECT_EQ(q, (char *)UK_VA_AREAS_WISH);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)q, P), 0);
}

UK_TEST(ukvmem, protection)
{
	struct uk_vmem_stats before, st;
	char *p;

	uk_vmem_stats(&before);
	p = uk_vmem_map_anon(0, 6 * P, UK_VMEM_NONE, 0);
	UK_REQUIRE(!uk_is_err(p));
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.populated, before.populated); /* reserved only */
	UK_EXPECT(!uk_vmem_resident((uk_vaddr_t)p));
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + P, 4 * P, RW), 0);
	for (int i = 1; i < 5; i++)
		p[i * P] = 9;
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)p + P) && !uk_vmem_resident((uk_vaddr_t)p + 5 * P));
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + 2 * P, P, UK_VMEM_READ), 0);
	UK_EXPECT_EQ(data_prot_of(p + 2 * P), UK_PROT_READ);
	UK_EXPECT_EQ(data_prot_of(p + 3 * P), UK_PROT_READ | UK_PROT_WRITE);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + P, P, UK_VMEM_NONE), 0);
	UK_EXPECT_EQ(prot_of(p + P), UK_PROT_NONE);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + P, P, RW), 0);
	UK_EXPECT_EQ(p[P], 9); /* what was there is there again */
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 6 * P), 0);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p, P, RW), -ENOMEM);
	uk_vmem_stats(&st);
	UK_EXPECT_EQ(st.populated, before.populated);
	UK_EXPECT_EQ(st.areas, before.areas);
}

UK_TEST(ukvmem, writable_and_executable_is_refused)
{
	char *p = uk_vmem_map_anon(0, P, RW, 0);

	UK_REQUIRE(!uk_is_err(p));
#ifndef CONFIG_LIBUKVMEM_WX
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(0, P, RW | UK_VMEM_EXEC, 0)), -(long)EACCES);
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p, P, RW | UK_VMEM_EXEC), -EACCES);
#endif
	p[0] = 1;
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p, P, UK_VMEM_READ | UK_VMEM_EXEC), 0);
	UK_EXPECT_EQ(prot_of(p), UK_PROT_READ | UK_PROT_EXEC);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, P), 0);
}

UK_TEST(ukvmem, remap)
{
	char *p = uk_vmem_map_anon(0, 4 * P, RW, 0), *q, *r;

	UK_REQUIRE(!uk_is_err(p));
	memset(p, 3, 4 * P);
	UK_REQUIRE(uk_vmem_remap((uk_vaddr_t)p, 4 * P, 2 * P, 0, 0) == (void *)p);
	UK_EXPECT(!is_mapped(p + 2 * P));
	UK_REQUIRE(uk_vmem_remap((uk_vaddr_t)p, 2 * P, 3 * P, 0, 0) == (void *)p);
	UK_EXPECT_EQ(p[2 * P - 1], 3);
	UK_EXPECT_EQ(p[2 * P], 0);
	q = uk_vmem_map_anon((uk_vaddr_t)p + 3 * P, P, UK_VMEM_READ, UK_VMEM_NOREPLACE);
	UK_REQUIRE(!uk_is_err(q));
	r = uk_vmem_remap((uk_vaddr_t)p, 3 * P, 5 * P, 0, 0);
	UK_EXPECT_EQ(uk_ptr_err(r), -(long)ENOMEM); /* q is in the way */
	r = uk_vmem_remap((uk_vaddr_t)p, 3 * P, 5 * P, UK_VMEM_MAYMOVE, 0);
	UK_REQUIRE(!uk_is_err(r));
	UK_EXPECT(!is_mapped(p) && r[0] == 3 && r[2 * P - 1] == 3 && r[5 * P - 1] == 0);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_remap((uk_vaddr_t)r, 5 * P, 5 * P,
					      UK_VMEM_MAYMOVE | UK_VMEM_FIXED, (uk_vaddr_t)r + P)),
		     -(long)EINVAL); /* onto itself */
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)q, P), 0);
	q = uk_vmem_map_anon(0, 10 * P, UK_VMEM_READ, 0);
	UK_REQUIRE(!uk_is_err(q));
	p = uk_vmem_remap((uk_vaddr_t)r, 5 * P, 2 * P, UK_VMEM_MAYMOVE | UK_VMEM_FIXED,
			  (uk_vaddr_t)q);
	UK_REQUIRE(p == q);
	UK_EXPECT(!is_mapped(r) && p[0] == 3 && p[2 * P - 1] == 3 && p[2 * P] == 0);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_remap((uk_vaddr_t)r, P, 2 * P, UK_VMEM_MAYMOVE, 0)),
		     -(long)EFAULT);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, 10 * P), 0);
}

/* In pieces that are large pages where there are such. */
UK_TEST(ukvmem, large_mappings)
{
	const size_t len = 6UL << 20;
	char *p = uk_vmem_map_anon(0, len, RW, 0);
	size_t i;
	bool ok = true;

	if (uk_is_err(p))
		UK_TEST_SKIP("too little memory");
	for (i = 0; i < len; i += P) {
		ok &= !p[i];
		*(size_t *)(p + i) = i;
	}
	/* Cut through the middle of what may be large pages. */
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)p + (1UL << 20), 2UL << 20, UK_VMEM_READ), 0);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p + (4UL << 20) + P, P), 0);
	for (i = 0; i < len; i += P)
		ok &= i == (4UL << 20) + P ? !is_mapped(p + i) : *(size_t *)(p + i) == i;
	UK_EXPECT(ok);
	UK_EXPECT_EQ(uk_vmem_discard((uk_vaddr_t)p, 1UL << 20), 0);
	UK_EXPECT_EQ(*(size_t *)(p + P), 0UL);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, len), 0);
}

UK_TEST(ukvmem, impossible_requests)
{
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(0, 0, RW, 0)), -(long)EINVAL);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(0, SIZE_MAX, RW, 0)), -(long)ENOMEM);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(0, 1UL << 44, RW, 0)), -(long)ENOMEM);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(0x1000, P, RW, UK_VMEM_FIXED)), -(long)ENOMEM);
	UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(UK_VA_AREAS_WISH + 1, P, RW, UK_VMEM_FIXED)),
		     -(long)EINVAL);
	UK_EXPECT_EQ(uk_vmem_unmap(1, P), -EINVAL);
	UK_EXPECT_EQ(uk_vmem_unmap(UK_VA_DIRECT, P), -EINVAL);
}

/* More than there is: an error, and everything is as before. */
UK_TEST(ukvmem, out_of_memory)
{
	const size_t much = (UK_VA_AREAS_END - UK_VA_AREAS) / 2;
	struct uk_vmem_stats before, after;
	void *p;

	uk_vmem_stats(&before);
	p = uk_vmem_map_anon(0, much, UK_VMEM_NONE, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)p, much), 0);
	uk_vmem_stats(&after);
	UK_EXPECT_EQ(after.mapped, before.mapped);
	UK_EXPECT_EQ(after.populated, before.populated);
}

/* Random calls, against one byte of model per page. */
UK_TEST(ukvmem, stress)
{
	enum { PAGES = 64 };
	static unsigned char mapped[PAGES], value[PAGES];
	unsigned random = 1, i, first, n, rounds = 3000;
	char *base = uk_vmem_map_anon(0, PAGES * P, UK_VMEM_NONE, 0);
	bool ok = true;

	UK_REQUIRE(!uk_is_err(base));
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)base, PAGES * P), 0);
	memset(mapped, 0, sizeof(mapped));
	while (rounds-- && ok) {
		random = random * 1664525 + 1013904223;
		first = (random >> 8) % PAGES;
		n = 1 + (random >> 16) % 16;
		n = UK_MIN(n, PAGES - first);
		switch (random >> 30) {
		case 0:
			ok &= !uk_vmem_unmap((uk_vaddr_t)base + first * P, n * P);
			memset(&mapped[first], 0, n);
			break;
		case 1:
		case 2:
			UK_REQUIRE(!uk_is_err(uk_vmem_map_anon((uk_vaddr_t)base + first * P, n * P,
							       RW, UK_VMEM_FIXED)));
			for (i = first; i < first + n; i++) {
				mapped[i] = 1;
				ok &= base[i * P] == 0;
				value[i] = base[i * P] = (char)(random >> 12);
			}
			break;
		case 3: /* there and back */
			for (i = first; i < first + n && mapped[i];)
				i++;
			if (i < first + n)
				break;
			ok &= !uk_vmem_protect((uk_vaddr_t)base + first * P, n * P, UK_VMEM_READ);
			ok &= !uk_vmem_protect((uk_vaddr_t)base + first * P, n * P, RW);
			break;
		}
		for (i = 0; i < PAGES; i++)
			ok &= is_mapped(base + i * P) == mapped[i] &&
			      (!mapped[i] || (unsigned char)base[i * P] == value[i]);
	}
	UK_EXPECT(ok);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)base, PAGES * P), 0);
}
