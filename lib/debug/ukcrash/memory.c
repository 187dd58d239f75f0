/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory in use: page frames. (The heap's own figures would need its lock, and a walk of its lists.)
 */
#include <uk/config.h>
#include <uk/crash.h>
#include <uk/page.h>
#ifdef CONFIG_LIBUKVMEM
#include <uk/vmem.h>
#endif

static UK_COLD void memory(const struct uk_trap_info *info UK_UNUSED,
			   const struct uk_regs *regs UK_UNUSED)
{
	struct uk_page_stats st;

	uk_page_stats(&st);
	uk_crash_say(
		"  memory: %lu KiB of %lu KiB in use, at most %lu KiB so far; %lu requests failed",
		(st.total - st.free) >> 10, st.total >> 10, st.peak >> 10, st.failures);
#ifdef CONFIG_LIBUKVMEM
	struct uk_vmem_stats vm;

	uk_vmem_stats(&vm);
	uk_crash_say("  areas: %lu, with %lu KiB mapped; they and the stacks hold %lu KiB",
		     vm.areas, vm.mapped >> 10, vm.populated >> 10);
#endif
}
UK_CRASH_SECTION("30", memory);
