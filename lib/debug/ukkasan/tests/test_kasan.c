/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every kind of mistake inside the kernel, and next to each the access that is none. This file is
 * compiled with checks, as all libraries are.
 */
#include <uk/alloc.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/kasan.h>
#include <uk/page.h>
#include <uk/stack.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/vmem.h>

#ifdef CONFIG_LIBUKKASAN_LIBS

static char text[200];
static volatile char sink;

/* The statement is reported with a text that begins like this; "" for not at all. */
#define CAUGHT(what, statement)                                                                    \
	do {                                                                                       \
		uk_kasan_catch(text, sizeof(text));                                                \
		statement;                                                                         \
		uk_kasan_catch(NULL, 0);                                                           \
		if (sizeof(what) > 1)                                                              \
			text[sizeof(what) - 1] = 0;                                                \
		UK_EXPECT_STR(text, what);                                                         \
	} while (0)

/* What the compiler cannot see through. */
static void *hide(const void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return (void *)p;
}

#define READ(type, p)  (sink = (char)*(volatile type *)hide(p))
#define WRITE(type, p) (*(volatile type *)hide(p) = 1)

UK_TEST(ukkasan, heap_bounds)
{
	char *p = uk_malloc(13);

	UK_REQUIRE(p != NULL);
	CAUGHT("", READ(char, p + 12));
	CAUGHT("", WRITE(uint64_t, p));
	CAUGHT("heap overflow: read of 1 byte at ", READ(char, p + 13));
	CAUGHT("heap overflow: write of 4 bytes at ", *(volatile uint32_t *)hide(p + 12) = 0);
	CAUGHT("heap overflow: read of 8 bytes at ", READ(uint64_t, p + 8));
	CAUGHT("heap overflow: read of 1 byte at ", READ(char, p - 1));
	CAUGHT("heap overflow: read of 1 byte at ", READ(char, p - 80));
	CAUGHT("heap overflow: read of 16 bytes at ", READ(__int128, p));
	uk_free(p);
}

UK_TEST(ukkasan, all_sizes)
{
	for (size_t n = 1; n <= 70; n++) {
		char *p = uk_malloc(n);

		UK_REQUIRE(p != NULL);
		CAUGHT("", READ(char, p + n - 1));
		CAUGHT("heap overflow: read of 1 byte", READ(char, p + n));
		CAUGHT("", memset(hide(p), 0, n));
		CAUGHT("heap overflow: write of ", memset(hide(p), 0, n + 1));
		uk_free(p);
	}
}

UK_TEST(ukkasan, aligned_blocks)
{
	for (size_t align = 16; align <= 8192; align *= 2) {
		char *p = uk_memalign(align, 100);

		UK_REQUIRE(p != NULL);
		UK_EXPECT_EQ((uintptr_t)p % align, 0UL);
		CAUGHT("", READ(char, p + 99));
		CAUGHT("heap overflow: read of 1 byte", READ(char, p + 100));
		CAUGHT("heap overflow: read of 1 byte", READ(char, p - 1));
		uk_free(p);
	}
}

UK_TEST(ukkasan, use_after_free)
{
	char *p = uk_malloc(64), *q = uk_malloc(64);

	UK_REQUIRE(p != NULL && q != NULL);
	uk_free(p);
	CAUGHT("use after free: read of 1 byte", READ(char, p + 63));
	CAUGHT("use after free: write of 4 bytes", WRITE(uint32_t, p));
	CAUGHT("", READ(char, q + 63));
	uk_free(q);
}

UK_TEST(ukkasan, realloc_moves)
{
	char *p = uk_malloc(10), *q;

	UK_REQUIRE(p != NULL);
	p[9] = 7;
	q = uk_realloc(p, 20);
	UK_REQUIRE(q != NULL);
	UK_EXPECT_EQ(q[9], 7);
	CAUGHT("use after free: ", READ(char, p));
	CAUGHT("heap overflow: ", READ(char, q + 20));
	uk_free(q);
}

UK_TEST(ukkasan, quarantine)
{
	char *p = uk_malloc(1000), *again;
	unsigned i;

	UK_REQUIRE(p != NULL);
	uk_free(p);
	for (i = 0; i < 100; i++) {
		again = uk_malloc(1000);
		UK_EXPECT_NE(again, p);
		uk_free(again);
	}
	uk_alloc_trim(uk_heap); /* when memory is short, it comes back */
	again = uk_malloc(1000);
	CAUGHT("", READ(char, again));
	uk_free(again);
}

UK_TEST(ukkasan, bad_frees)
{
	char *p = uk_malloc(64), *volatile again = p;
	static char global[64];
	char local[64];

	UK_REQUIRE(p != NULL);
	CAUGHT("free of something that is no block: ", uk_free(p + 16));
	CAUGHT("free of something that is no block: ", uk_free(p + 1));
	CAUGHT("free of something that is no block: ", uk_free(global));
	CAUGHT("free of something that is no block: ", uk_free(hide(local)));
	CAUGHT("", uk_free(p));
	CAUGHT("double free of ", uk_free(again));
}

UK_TEST(ukkasan, stack)
{
	char a[20], b[7];
	volatile char *p = hide(b), *q = hide(a);

	CAUGHT("", p[6] = 1);
	CAUGHT("stack overflow of a variable: write of 1 byte", p[7] = 1);
	CAUGHT("stack overflow of a variable: read of 1 byte", sink = p[-1]);
	CAUGHT("stack overflow of a variable: read of 1 byte", sink = q[20]);
	CAUGHT("stack overflow of a variable: write of 21 bytes", memset(hide(a), 0, 21));
}

UK_TEST(ukkasan, scope)
{
	volatile char *p;

	for (int i = 0; i < 2; i++) {
		char inner[30];

		p = hide(inner);
		CAUGHT("", p[29] = 1);
	}
	CAUGHT("use after scope: read of 1 byte", sink = p[0]);
}

UK_TEST(ukkasan, alloca)
{
	volatile size_t n = 21;
	volatile char *p = hide(__builtin_alloca(n));

	CAUGHT("", p[20] = 1);
	CAUGHT("stack overflow of a variable: read of 1 byte", sink = p[21]);
	CAUGHT("stack overflow of a variable: read of 1 byte", sink = p[-1]);
}

static char bss_of_20[20], data_of_9[9] = { 1 };
static const char constant_of_11[11] = { 1 };

UK_TEST(ukkasan, globals)
{
	CAUGHT("", WRITE(char, bss_of_20 + 19));
	CAUGHT("overflow of a global variable: write of 1 byte", WRITE(char, bss_of_20 + 20));
	CAUGHT("overflow of a global variable: read of 4 bytes", READ(uint32_t, data_of_9 + 8));
	CAUGHT("overflow of a global variable: read of 1 byte", READ(char, constant_of_11 + 11));
}

UK_TEST(ukkasan, memory_functions)
{
	char *p = uk_malloc(50), local[50];

	UK_REQUIRE(p != NULL);
	CAUGHT("", memcpy(hide(local), p, 50));
	CAUGHT("heap overflow: read of 50 bytes", memcpy(hide(local), hide(p + 1), 50));
	CAUGHT("heap overflow: write of 50 bytes", memcpy(hide(p + 1), hide(local), 50));
	CAUGHT("heap overflow: write of 50 bytes", memmove(hide(p + 1), hide(p), 50));
	CAUGHT("heap overflow: read of 50 bytes",
	       sink = (char)memcmp(hide(p + 1), hide(local), 50));
	memset(p, 'x', 50);
	CAUGHT("heap overflow: read of 1 byte", sink = (char)uk_strlen(hide(p)));
	uk_free(p);
}

UK_TEST(ukkasan, frames)
{
	uk_paddr_t pa = uk_page_alloc(1, 0);
	char *p;

	UK_REQUIRE(pa != UK_PAGE_NONE);
	p = uk_page_to_virt(pa);
	CAUGHT("", WRITE(char, p + 4095));
	uk_page_free(pa, 1);
	CAUGHT("use of a free page frame: read of 1 byte", READ(char, p + 4095));
}

/* Ends in the middle of calls, with zones around its variables. */
static void UK_NOINLINE ends_inside(void *arg)
{
	char local[100];

	hide(local);
	uk_thread_exit();
}

static void uses_much(void *arg)
{
	char local[3000];

	memset(hide(local), 0, sizeof(local));
	*(bool *)arg = true;
}

UK_TEST(ukkasan, stacks_are_used_again)
{
	bool done = false;

	CAUGHT("", ({
		       for (int i = 0; i < 4; i++) {
			       struct uk_thread *t;

			       t = uk_thread_create(uk_thread_current()->sched, "zones",
						    i & 1 ? uses_much : ends_inside, &done, NULL);
			       if (!uk_is_err(t))
				       uk_thread_join(t, UK_NSEC_MAX);
		       }
	       }));
	UK_EXPECT(done);
}

/* Whoever had it may have left without a word. */
UK_TEST(ukkasan, stacks_are_handed_out_open)
{
	const size_t size = 24576;
	char *p = uk_stack_alloc(size), *q;

	UK_REQUIRE(p != NULL);
	uk_sanitize_close(p + 8192, 4096, UK_KASAN_HEAP);
	CAUGHT("use of free heap memory", READ(char, p + 8192));
	uk_stack_free(p, size);
	q = uk_stack_alloc(size);
	UK_EXPECT_EQ(q, p);
	CAUGHT("", memset(hide(q), 0, size));
	uk_stack_free(q, size);
}

UK_TEST(ukkasan, areas_are_used_again)
{
	char *p = uk_vmem_map_anon(0, 8192, UK_VMEM_READ | UK_VMEM_WRITE, 0);

	UK_REQUIRE(!uk_is_err(p));
	uk_sanitize_close(p, 4096, UK_KASAN_HEAP); /* as a stack in it might */
	CAUGHT("use of free heap memory", READ(char, p));
	uk_vmem_unmap((uk_vaddr_t)p, 8192);
	UK_EXPECT_EQ(uk_vmem_map_anon((uk_vaddr_t)p, 8192, UK_VMEM_READ | UK_VMEM_WRITE,
				      UK_VMEM_FIXED),
		     (void *)p);
	CAUGHT("", WRITE(char, p));
	uk_vmem_unmap((uk_vaddr_t)p, 8192);
}

#endif
