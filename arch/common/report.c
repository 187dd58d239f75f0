/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps in words: what happened, where, the registers, and how the code came there.
 *
 * The kernel is compiled without frame pointers (about 2 % smaller and faster), so the backtrace
 * looks at every word of the stack and takes those for return addresses that point into the text
 * behind a call instruction. It may show a call that has ended already, but misses none. With
 * CONFIG_FRAME_POINTER the chain of frames is followed instead, and is exact.
 *
 * Addresses in the image are printed as image+0x...: that is what the .dbg file has, whatever the
 * random base. Everything goes to the crash stream, a line at a time.
 */
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/crash.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/linked.h>
#include <uk/plat/mem.h>
#include <uk/plat/power.h>
#include <uk/plat/trap.h>

#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#include <uk/smp.h>
#include <uk/spin.h>
#endif

#include "report.h"
#ifdef CONFIG_LIBUKKASAN
#include <uk/arch/shadow.h>
#endif

#define DEPTH      24   /* lines of a backtrace */
#define DEPTH_CPU  6    /* ... of what another CPU did */
#define SCAN_WORDS 2048 /* how far up the stack to look for them */

#ifdef CONFIG_SMP
static uint32_t reporter; /* the CPU that reports, plus 1 */
const struct uk_regs *volatile uk_crash_cpu_regs[UK_CPUS];

/*
 * True for the first, and then nobody else runs any more. A CPU that comes later waits to be stopped as
 * all others are, and only a trap in the report itself returns false.
 */
static UK_COLD bool begin(void)
{
	uint32_t nobody = 0, self = uk_cpu() + 1;

	uk_this_cpu_set(irq_off, 1);
	if (!__atomic_compare_exchange_n(&reporter, &nobody, self, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		if (nobody == self)
			return false;
		for (unsigned turns = 0;; turns++) {
			uk_arch_relax();
			uk_smp_poll(turns);
		}
	}
	uk_smp_stop_others();
	uk_spin_break();
	return true;
}

static inline bool is_reporting(void)
{
	return UK_READ_ONCE(reporter) == uk_cpu() + 1;
}

static UK_COLD void say_cpu(void)
{
	if (uk_smp_cpus() > 1)
		uk_crash_say("  on CPU %u of %u", uk_cpu(), uk_smp_cpus());
}
#else
static bool reporting;

static inline bool begin(void)
{
	if (reporting)
		return false;
	reporting = true;
	uk_percpu()->irq_off = 1;
	return true;
}

static inline bool is_reporting(void)
{
	return reporting;
}

static inline void say_cpu(void)
{
}
#endif

/* For debuggers, and the runner that writes a core file: the registers of the trap. */
static const struct uk_regs *volatile UK_USED uk_crash_regs;

/* Those of lib/debug/uksymtab, where the image has it. */
const char *uk_symtab_find(uintptr_t pc, size_t *into) UK_OPTIONAL;

/* Of lib/debug/ukcrash, likewise: the sections of <uk/crash.h>. */
void uk_crash_sections(const struct uk_trap_info *info, const struct uk_regs *regs) UK_OPTIONAL;

static bool in(uintptr_t va, const char *start, const char *end)
{
	return va >= (uintptr_t)start && va < (uintptr_t)end;
}

static UK_COLD void say_at(uintptr_t pc)
{
	size_t into;
	const char *name = uk_symtab_find ? uk_symtab_find(pc, &into) : NULL;

	if (name)
		uk_crash_say("  at image+%#lx %s+%#lx", pc - (uintptr_t)uk_image_start, name, into);
	else if (in(pc, uk_image_start, uk_image_end))
		uk_crash_say("  at image+%#lx", pc - (uintptr_t)uk_image_start);
	else
		uk_crash_say("  at %#lx, outside of the image", pc);
}

static UK_COLD bool readable(uintptr_t va)
{
	uk_paddr_t pa;
	unsigned prot;

	return !(va & 7) && !uk_plat_lookup(va, &pa, &prot) && (prot & UK_PROT_READ);
}

/* What is the architecture's, in the order of its first use: the file begins with a list. */
#include "describe.h"

/* A return address as it is saved. */
#ifndef RETURN_AT
#define RETURN_AT(p) (*(const uintptr_t *)(p))
#endif

static UK_COLD void backtrace(uintptr_t pc, uintptr_t sp, uintptr_t fp, unsigned most)
{
	unsigned depth = 0;

	if (pc)
		say_at(pc);
#ifdef CONFIG_FRAME_POINTER
	/* A leaf, or one that has just begun, has no frame: its return address is on top. */
	if (pc && readable(sp) && after_call(RETURN_AT(sp)))
		say_at(RETURN_AT(sp));
	while (depth++ < most && readable(fp) && fp >= sp) {
		uintptr_t ret = FRAME_RETURN(fp);

		if (!ret)
			break;
		say_at(ret);
		sp = fp;
		fp = FRAME_NEXT(fp);
	}
#else
	(void)fp;
	if (!readable(sp)) /* it overflowed: begin at its last page */
		sp = UK_ALIGN_UP(sp, UK_PAGE_SIZE);
	for (unsigned i = 0; i < SCAN_WORDS && depth < most; i++, sp += 8) {
		if ((!i || !(sp & UK_PAGE_MASK)) && !readable(sp))
			break;
		if (after_call(RETURN_AT(sp))) {
			say_at(RETURN_AT(sp));
			depth++;
		}
	}
#endif
}

#ifdef REGS_LINK
/* Where the innermost call that left its return address on the stack returns to; 0: nowhere near. */
static UK_COLD uintptr_t first_call(uintptr_t sp)
{
	for (unsigned i = 0; i < SCAN_WORDS && readable(sp); i++, sp += 8)
		if (after_call(RETURN_AT(sp)))
			return RETURN_AT(sp);
	return 0;
}
#endif

UK_COLD void ARCH(backtrace)(uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
	backtrace(pc, sp, fp, DEPTH);
}

#ifdef CONFIG_SMP
UK_COLD void uk_crash_say_where(const struct uk_regs *r)
{
	backtrace(uk_regs_pc(r), uk_regs_sp(r), regs_fp(r), DEPTH_CPU);
}
#endif

static UK_COLD void say_cause(const struct uk_regs *r, const struct uk_trap_info *info)
{
	const char *thread = uk_trap_thread_name();

#ifdef CONFIG_HARDEN_PAC
	if (say_authentication(r, thread))
		return;
#endif
	if (is_access(r) && (uk_trap_is_guard(info->addr) || uk_trap_is_guard(uk_regs_sp(r) - 8)))
		uk_crash_say("CRASH: stack overflow in thread `%s` (access to %#lx)", thread,
			     info->addr);
	else if (is_page_fault(r))
		uk_crash_say("CRASH: page fault in thread `%s`: %s %#lx, %s", thread,
			     info->access & UK_TRAP_EXEC    ? "execution at"
			     : info->access & UK_TRAP_WRITE ? "write to"
							    : "read of",
			     info->addr,
			     is_corrupt_table(r)         ? "corrupt page table"
			     : info->addr < UK_PAGE_SIZE ? "where nothing is mapped (null pointer)"
#ifdef CONFIG_LIBUKVMEM
			     : info->cause == UK_TRAP_BUS ? "behind the end of a mapped file"
			     : (info->access & (UK_TRAP_PRESENT | UK_TRAP_DENIED)) == UK_TRAP_DENIED
				     ? "which its area forbids"
#endif
			     : !(info->access & UK_TRAP_PRESENT) ? "where nothing is mapped"
			     : info->access & UK_TRAP_EXEC       ? "which is not executable"
			     : info->access & UK_TRAP_WRITE      ? "which is read-only"
								 : "which is not readable");
#ifdef CONFIG_LIBUKUBSAN_TRAP
	else if (is_undefined(r) && in(uk_regs_pc(r), uk_text_start, uk_text_end))
		uk_crash_say("CRASH: undefined behaviour at image+%#lx in thread `%s`",
			     uk_regs_pc(r) - (uintptr_t)uk_image_start, thread);
#endif
	else
		say_exception(r, thread);
}

static UK_COLD UK_NOINLINE void say_more(const struct uk_trap_info *info,
					 const struct uk_regs *regs)
{
	if (uk_crash_sections)
		uk_crash_sections(info, regs);
}

UK_COLD void ARCH(crash_report)(void)
{
	if (!begin())
		return;
	uk_crash_say("CRASH: in thread `%s`", uk_trap_thread_name());
	say_cpu();
	ARCH(backtrace)
	(0, (uintptr_t)__builtin_frame_address(0) & ~7UL, (uintptr_t)__builtin_frame_address(0));
	say_more(NULL, NULL);
}

static UK_COLD UK_NORETURN void report(const struct uk_regs *r, const struct uk_trap_info *info)
{
	if (begin()) {
		uk_crash_regs = r;
		say_cause(r, info);
		say_cpu();
		say_registers(r);
#ifdef REGS_LINK
		say_at(uk_regs_pc(r));
		if (after_call(REGS_LINK(r)) && REGS_LINK(r) != first_call(uk_regs_sp(r)))
			say_at(REGS_LINK(r));
		ARCH(backtrace)(0, uk_regs_sp(r), regs_fp(r));
#else
		ARCH(backtrace)(uk_regs_pc(r), uk_regs_sp(r), regs_fp(r));
#endif
		say_more(info, r);
	} else {
		uk_crash_say("CRASH: a trap in the report itself");
		say_at(uk_regs_pc(r));
	}
	uk_plat_crash();
}

/* A page that is missing, and a handler in thread context is not needed for. */
static UK_COLD bool resolve(struct uk_percpu *c, const struct uk_regs *r, struct uk_trap_info *info)
{
	bool masked = uk_irq_save();
	unsigned how = masked || c->irq_depth || c->preempt_off ? 0 : UK_PAGE_FAULT_FREE;
	int err = is_corrupt_table(r) ? -EFAULT : uk_page_fault_hook(info->addr, info->access, how);

	if (err == -EIO)
		info->cause = UK_TRAP_BUS;
	else if (err == -EACCES)
		info->access |= UK_TRAP_DENIED;
	uk_irq_restore(masked);
	return !err;
}

/* With interrupts open the thread may be moved: then that CPU's data are somebody else's. */
static inline bool stays_here(bool own UK_UNUSED)
{
#ifdef CONFIG_SMP
	return !own;
#else
	return true;
#endif
}

/*
 * The hook is for threads: nobody can answer for an interrupt handler. On another stack than the
 * thread's there may be no switch to another one meanwhile, which would fault there, too.
 */
static UK_COLD bool ask(struct uk_percpu *c, struct uk_regs *r, const struct uk_trap_info *info)
{
	bool own = on_own_stack(r), open = own && irq_was_open(r), done;

	if (c->irq_depth || is_reporting())
		return false;
	if (open)
		ARCH(irq_open)();
	if (stays_here(own))
		c->irq_depth += !own;
	done = uk_trap_hook(info, r);
	if (stays_here(own))
		c->irq_depth -= !own;
	if (open)
		ARCH(irq_close)();
	return done;
}

UK_COLD void ARCH(trap)(struct uk_regs *r)
{
	struct uk_percpu *c = uk_percpu();
	struct uk_trap_info info;

#ifdef CONFIG_LIBUKKASAN
	if (is_page_fault(r) && is_write(r) && ARCH(shadow_fault)(ARCH(fault_addr)()))
		return;
#endif
	classify(r, &info);
	if (is_page_fault(r) && resolve(c, r, &info))
		return;
	if (was_expected(r))
		return;
	if (may_be_repaired(r) && ask(c, r, &info))
		return;
	report(r, &info);
}
