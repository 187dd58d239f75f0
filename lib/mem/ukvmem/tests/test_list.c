/* SPDX-License-Identifier: BSD-3-Clause */
/* What listings say: each kind of area, each mapped as it is said, none overlapping another. */
#include <uk/alloc.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/stack.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vmem.h>

#define P  UK_PAGE_SIZE
#define RW (UK_VMEM_READ | UK_VMEM_WRITE)

static int variable = 1;
static const int constant[1024] = { 1 };

static bool holds(const void *p, enum uk_vmem_kind kind, unsigned prot)
{
	struct uk_vmem_area a;
	uk_vaddr_t va = (uk_vaddr_t)p;

	return !uk_vmem_find(va, &a) && a.start <= va && a.end > va && a.kind == kind &&
	       a.prot == prot;
}

UK_TEST(ukvmem_list, every_kind)
{
	const struct uk_vmem_backing file = { .kind = UK_VMEM_FILE, .name = "f" };
	char *anon = uk_vmem_map_anon(0, P, RW, 0), *reserved, *named;
	void *heap = uk_malloc(100), *stack = uk_stack_alloc(4 * P);

	reserved = uk_vmem_map_anon(0, 8 * P, UK_VMEM_NONE, 0);
	named = uk_vmem_map(0, P, UK_VMEM_READ, 0, &file);
	UK_REQUIRE(!uk_is_err(anon) && !uk_is_err(reserved) && !uk_is_err(named) && heap && stack);
	UK_EXPECT(holds((void *)(uintptr_t)holds, UK_VMEM_CODE, UK_VMEM_READ | UK_VMEM_EXEC));
	UK_EXPECT(holds(&variable, UK_VMEM_DATA, RW));
	UK_EXPECT(holds(constant, UK_VMEM_DATA, UK_VMEM_READ));
	UK_EXPECT(holds(heap, UK_VMEM_HEAP, RW));
	UK_EXPECT(holds(stack, UK_VMEM_STACK, RW));
	UK_EXPECT(holds(__builtin_frame_address(0), UK_VMEM_STACK, RW));
	UK_EXPECT(holds(anon, UK_VMEM_ANON, RW));
	UK_EXPECT(holds(named, UK_VMEM_FILE, UK_VMEM_READ));
	UK_EXPECT(holds(reserved + P, UK_VMEM_RESERVED, UK_VMEM_NONE));
	/* Part of the reservation is committed; the rest stays one. */
	UK_EXPECT_EQ(uk_vmem_protect((uk_vaddr_t)reserved + P, P, RW), 0);
	UK_EXPECT(holds(reserved + P, UK_VMEM_ANON, RW));
	UK_EXPECT(holds(reserved + 2 * P, UK_VMEM_RESERVED, UK_VMEM_NONE));
	UK_EXPECT(!uk_strcmp(uk_vmem_kind_name(UK_VMEM_RESERVED), "reserved") &&
		  !uk_strcmp(uk_vmem_kind_name(UK_VMEM_HEAP), "heap"));
	uk_stack_free(stack, 4 * P);
	uk_free(heap);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)anon, P), 0);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)named, P), 0);
	UK_EXPECT_EQ(uk_vmem_unmap((uk_vaddr_t)reserved, 8 * P), 0);
}

UK_TEST(ukvmem_list, whole)
{
	unsigned n = 0, devices = 0, kinds = 0;
	struct uk_vmem_area a;
	uk_paddr_t pa;

	for (uk_vaddr_t va = 0; !uk_vmem_find(va, &a) && n < 10000; va = a.end, n++) {
		UK_REQUIRE(a.start >= va && a.end > a.start && !((a.start | a.end) & UK_PAGE_MASK));
		kinds |= 1U << a.kind;
		if (a.kind == UK_VMEM_DEVICE) {
			devices++;
			UK_EXPECT(a.name && !uk_plat_lookup(a.start, &pa, NULL));
		}
		UK_EXPECT((a.prot & (UK_VMEM_WRITE | UK_VMEM_EXEC)) !=
			  (UK_VMEM_WRITE | UK_VMEM_EXEC));
	}
	UK_EXPECT(n > 5 && n < 10000);
	UK_EXPECT((kinds & (1U << UK_VMEM_CODE)) && (kinds & (1U << UK_VMEM_DATA)));
	/* A machine has an interrupt controller; a process has no registers to see, and Xen's control domain nothing else. */
#ifndef CONFIG_WHOLE_STACKS
	UK_EXPECT(uk_plat_demand ? !devices : devices > 0);
#endif
}

/* Nobody maps over them, unmaps them, or opens them. */
UK_TEST(ukvmem_list, not_to_be_changed)
{
	const uk_vaddr_t here[] = { UK_ALIGN_DOWN((uk_vaddr_t)(uintptr_t)holds, P),
				    UK_ALIGN_DOWN((uk_vaddr_t)&variable, P),
				    UK_ALIGN_DOWN((uk_vaddr_t)constant, P) + P,
				    UK_ALIGN_DOWN((uk_vaddr_t)uk_heap, P) };

	for (size_t i = 0; i < UK_ARRAY_SIZE(here); i++) {
		/* A host may place the image where applications may ask for memory: there they have none. */
		const bool theirs = here[i] >= UK_VMEM_FIXED_START && here[i] < UK_VMEM_FIXED_END;

		UK_EXPECT_EQ(uk_ptr_err(uk_vmem_map_anon(here[i], P, RW, UK_VMEM_FIXED)),
			     -(long)ENOMEM);
		UK_EXPECT_EQ(uk_vmem_unmap(here[i], P), theirs ? 0 : -EINVAL);
		UK_EXPECT_EQ(uk_vmem_protect(here[i], P, RW), -ENOMEM);
		UK_EXPECT_EQ(uk_vmem_discard(here[i], P), -ENOMEM);
		UK_EXPECT_EQ(uk_ptr_err(uk_vmem_remap(here[i], P, 2 * P, UK_VMEM_MAYMOVE, 0)),
			     theirs ? -(long)EFAULT : -(long)EINVAL);
	}
	UK_EXPECT_EQ(variable, 1);
	UK_EXPECT_EQ(*(volatile const int *)constant, 1);
}
