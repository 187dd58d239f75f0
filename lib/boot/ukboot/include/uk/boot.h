/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one path from a platform's entry code to main(), and the way back out.
 */
#ifndef UK_BOOT_H
#define UK_BOOT_H

#include <uk/api.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>

UK_API_BEGIN

/*
 * What the loader told the platform; valid from the first initialiser on, for ever.
 */
extern struct uk_bootinfo *uk_bootinfo;

/*
 * Called by the platform, once, on the boot CPU: with its own page tables, trap handlers and
 * console in place and interrupts masked (uk/irq.h). Becomes the main thread.
 */
UK_NORETURN void uk_boot(struct uk_bootinfo *bi);

/*
 * End the image: run the teardown of every initialiser that had succeeded, last first, and
 * power off with `status` (0 to 255), which the host sees. Thread context; may block.
 */
UK_NORETURN void uk_exit(int status);

/* Where main()'s stack lies, as far as it can grow. Any context, when main() runs. */
void uk_boot_stack(uk_vaddr_t *low, uk_vaddr_t *high);

/*
 * The C library's: calls main() with the application's arguments and passes what it returns to
 * uk_exit(). The libraries' initialisers have run. (Provider API, see Makefile.uk.)
 */
void uk_boot_main(int argc, char **argv);

UK_API_END

#endif
