/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack may reach a page that it has no memory for yet in any function, also in those that bring memory: as if each began
 * a little above the end of the last page.
 */
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/plat/mem.h>
#include <uk/stack.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/vmem.h>

#define STEP  16UL
#define DEEP  (UK_PAGE_SIZE / STEP) /* one page of stack for each distance */
#define STACK ((DEEP + 4) * UK_PAGE_SIZE)

static unsigned failures;

static void map_and_unmap(void)
{
	char *p = uk_vmem_map_anon(0, 3 * UK_PAGE_SIZE, UK_VMEM_READ | UK_VMEM_WRITE, 0);

	if (uk_is_err(p)) {
		failures++;
		return;
	}
	p[UK_PAGE_SIZE] = 1;
	failures += p[UK_PAGE_SIZE] != 1;
	failures += uk_vmem_unmap((uk_vaddr_t)p, 3 * UK_PAGE_SIZE) != 0;
}

static void get_frames(void)
{
	uk_paddr_t pa = uk_page_alloc(1, 0), run = uk_page_alloc(8, 0);

	failures += pa == UK_PAGE_NONE || run == UK_PAGE_NONE;
	if (pa != UK_PAGE_NONE)
		uk_page_free(pa, 1);
	if (run != UK_PAGE_NONE)
		uk_page_free(run, 8);
}

static void do_nothing(void)
{
}

/* Calls act() with the stack pointer n steps above a page that nothing has touched, then goes on to the next page. */
static UK_NOINLINE UK_NO_SANITIZE void climb_down(void (*act)(void), size_t n, size_t last)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t next = UK_ALIGN_DOWN(here, UK_PAGE_SIZE) - UK_PAGE_SIZE;
	size_t len = here - next - n * STEP;
	volatile char *room = __builtin_alloca(len);

	room[len / 2] = (char)n;
	act();
	if (n < last)
		climb_down(act, n + 1, last);
	failures += room[len / 2] != (char)n;
}

static void with(void *act)
{
	climb_down((void (*)(void))(uintptr_t)act, 1, DEEP - 1);
}

static struct uk_thread *on_a_stack_of_its_own(void (*fn)(void *), void (*act)(void),
					       unsigned flags)
{
	const struct uk_thread_attr attr = { .stack_size = STACK, .flags = flags };

	failures = 0;
	return uk_thread_create(NULL, "climber", fn, (void *)(uintptr_t)act, &attr);
}

static void act_everywhere(void (*act)(void))
{
	struct uk_thread *t = on_a_stack_of_its_own(with, act, 0);

	UK_REQUIRE(t);
	uk_thread_join(t, UK_NSEC_MAX);
	UK_EXPECT_EQ(failures, 0U);
}

UK_TEST(ukstack, grows_in_the_middle_of_mapping)
{
	act_everywhere(map_and_unmap);
}

UK_TEST(ukstack, grows_in_the_middle_of_getting_frames)
{
	act_everywhere(get_frames);
}

/* Some pages only: frames that are kept for who may not wait. */
static void a_few(void *act)
{
	climb_down((void (*)(void))(uintptr_t)act, 1, 4);
}

UK_TEST(ukstack, grows_when_memory_is_short)
{
	struct uk_thread *t = on_a_stack_of_its_own(a_few, do_nothing, UK_THREAD_SUSPENDED);
	uk_paddr_t pa, *taken = NULL;

	UK_REQUIRE(t);
	while (uk_page_left() > 12) {
		pa = uk_page_alloc(1, UK_PAGE_EASY);
		if (pa == UK_PAGE_NONE)
			break;
		*(uk_paddr_t **)uk_page_to_virt(pa) = taken;
		taken = uk_page_to_virt(pa);
	}
	uk_thread_wake(t);
	uk_thread_join(t, UK_NSEC_MAX);
	while (taken) {
		uk_paddr_t *next = *(uk_paddr_t **)taken;

		uk_page_free(uk_page_from_virt(taken), 1);
		taken = next;
	}
	UK_EXPECT_EQ(failures, 0U);
}
