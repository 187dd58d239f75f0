/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the platform to main() and back, in one function to read from top to bottom.
 *
 * What a line of it means is up to the libraries that are configured: memory, clock, scheduler and
 * devices are initialisers (uk/init.h), which the link sorts by level. The code running here
 * turns into the main thread when the scheduler's initialiser adopts it.
 */
#include <uk/arch/ctx.h>
#include <uk/boot.h>
#include <uk/config.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/irq.h>
#ifdef CONFIG_LIBUKKASAN
#include <uk/kasan.h>
#endif
#include <uk/param.h>
#include <uk/plat/mem.h>
#include <uk/plat/power.h>
#include <uk/print.h>
#ifdef CONFIG_LIBUKVMEM
#include <uk/stack.h>
#endif

UK_TABLE_DECLARE(const struct uk_init, init);

struct uk_bootinfo *uk_bootinfo;

/* Initialisers below this one have succeeded and will be torn down at exit. */
static const struct uk_init *init_done = uk_tab_init_start;

/* Whoever starts the image with too little memory shall read how much is too little. */
static UK_COLD UK_NORETURN void init_failed(const char *name, int err)
{
	uint64_t memory = 0;

	for (unsigned i = 0; i < uk_bootinfo->nregions; i++)
		if (uk_bootinfo->regions[i].type <= UK_MEM_INITRD)
			memory += uk_bootinfo->regions[i].len;
	if (err == ENOMEM)
		uk_fatal("memory too small: %s needs more than these %lu KiB: start it with more",
			 name, memory >> 10);
	uk_fatal("%s failed (error %d)", name, err);
}

static void run_initialisers(void)
{
	for (; init_done != uk_tab_init_end; init_done++) {
		int rc = init_done->start();

		if (rc < 0)
			init_failed(init_done->name, -rc);
	}
}

static UK_USED UK_NORETURN void run_main(void)
{
	uk_boot_main(uk_app_argc, uk_app_argv);
	__builtin_unreachable();
}

#ifdef CONFIG_LIBUKVMEM
static void *main_stack UK_RO_AFTER_INIT_ZERO;

/* The boot's stack is small, unless a host lets it grow: main() gets one that does. */
static void choose_stack(void)
{
	uk_vaddr_t low, high;

	if (uk_plat_stack(&low, &high))
		return;
	main_stack = uk_stack_alloc(CONFIG_LIBUKBOOT_STACK_SIZE);
	if (!main_stack)
		uk_fatal("memory too small: the stack of main() has %u KiB (LIBUKBOOT_STACK_SIZE): "
			 "start it with more",
			 (unsigned)(CONFIG_LIBUKBOOT_STACK_SIZE >> 10));
}
#endif

void uk_boot_stack(uk_vaddr_t *low, uk_vaddr_t *high)
{
	uk_plat_stack(low, high);
#ifdef CONFIG_LIBUKVMEM
	if (main_stack) {
		*low = (uk_vaddr_t)main_stack;
		*high = *low + UK_ALIGN_UP(CONFIG_LIBUKBOOT_STACK_SIZE, UK_PAGE_SIZE);
	}
#endif
}

UK_NORETURN UK_NO_SANITIZE void uk_boot(struct uk_bootinfo *bi)
{
#ifdef CONFIG_LIBUKKASAN
	uk_kasan_start(bi); /* before code that is checked */
#endif
	uk_bootinfo = bi;
	if (bi->argv) /* a process has its words apart already */
		uk_param_parse_argv(bi->argc, bi->argv);
	else
		uk_param_parse(bi->cmdline);
	uk_percpu()->preempt_off = 0; /* one context so far: nothing to switch to */
	uk_irq_enable();              /* traps and interrupt controller: set up by the platform */
	run_initialisers();           /* heap, clock, scheduler, devices, files, system calls */
#ifdef CONFIG_LIBUKVMEM
	choose_stack();
#endif
#ifdef CONFIG_HARDEN_RELRO
	uk_plat_seal(); /* tables and pointers that nobody writes from here on */
#endif
#ifdef CONFIG_LIBUKVMEM
	if (main_stack)
		uk_arch_leave_stack((char *)main_stack +
					    UK_ALIGN_UP(CONFIG_LIBUKBOOT_STACK_SIZE, UK_PAGE_SIZE),
				    run_main);
#endif
	run_main();
}

UK_NORETURN void uk_exit(int status)
{
	while (init_done != uk_tab_init_start) {
		init_done--; /* before the call: a teardown that exits must not run again */
		if (init_done->stop)
			init_done->stop();
	}
	uk_plat_exit(status & 0xff);
}
